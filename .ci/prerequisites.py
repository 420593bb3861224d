"""Names in one line what this machine lacks to build Tidegate. Runs on old Pythons too."""

import os
import shlex
import shutil
import sys
import sysconfig

OLDEST = (3, 11)


def missing():
    """Returns what is missing first, or None."""
    if sys.version_info < OLDEST:
        found = "%d.%d" % sys.version_info[:2]
        return "Python 3.11 or newer (%s is %s; try make PYTHON=python3.11)" % (
            sys.executable,
            found,
        )
    if not sys.platform.startswith("linux"):
        return "Linux (this is %s)" % sys.platform
    # Python 2, which must get as far as the line above, has no importlib.util.
    import importlib.util

    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            return "Python's %s module (Debian, Ubuntu: apt-get install python3-venv)" % module
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[0]
    if shutil.which(compiler) is None:
        return "a C compiler (%s; Debian, Ubuntu: apt-get install gcc)" % compiler
    header = os.path.join(sysconfig.get_path("include"), "Python.h")
    if not os.path.exists(header):
        return "Python's C headers (%s; Debian, Ubuntu: apt-get install python3-dev)" % header
    return None


if __name__ == "__main__":
    lack = missing()
    if lack is not None:
        sys.exit("missing: " + lack)
