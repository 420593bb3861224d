"""Reconciliation: a venue's own report of our master accounts against risk's books.

What is compared of a master, with what its venue states of it, is in figures.py; when a
difference counts as one, in sightings.py. Nothing here changes a book: an operator decides.
"""
