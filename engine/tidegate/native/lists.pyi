# Called from Cython alone.
