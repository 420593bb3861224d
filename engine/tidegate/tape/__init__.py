"""Recorded markets in one file format: importers write tapes, the venue simulator plays them."""
