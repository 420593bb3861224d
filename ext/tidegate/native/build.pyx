"""The profile that these modules were compiled in (setup.py), so that a bench can refuse debug."""

cdef extern from *:
    """
    #ifndef TG_PROFILE
    #error "TG_PROFILE is given by setup.py"
    #endif
    """
    const char* TG_PROFILE

PROFILE = (<bytes> TG_PROFILE).decode()
