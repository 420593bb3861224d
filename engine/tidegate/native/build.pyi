"""The profile that these modules were compiled in (setup.py), so that a bench can refuse debug."""

PROFILE: str
