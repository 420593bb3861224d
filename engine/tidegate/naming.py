"""What a name may be: part of a path, so without a slash, and it does not begin with a dot."""

import re

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
NAME_WORDS = "a name of up to 32 letters, digits and . _ -"
