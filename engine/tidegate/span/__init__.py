"""Exact margin off the hot path: SPAN from PA2 files, rates from tables; integers and Fractions.

Read by the command line and by whoever derives a hot-path table. Nothing here rounds, except where
a rule says so; nothing here knows a clock, a region or a record.
"""
