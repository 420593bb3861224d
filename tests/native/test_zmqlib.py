"""The libzmq that lanes call is the very one that pyzmq loaded, or nothing works."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tidegate.errors import LibraryError
from tidegate.native import zmqlib


def test_a_missing_symbol_is_named() -> None:
    zmqlib.require("zmq_msg_recv")
    with pytest.raises(LibraryError, match="has no symbol zmq_no_such_call"):
        zmqlib.require("zmq_no_such_call")


def test_the_library_is_mapped_into_this_process() -> None:
    assert zmqlib.library_path() in Path("/proc/self/maps").read_text()
    zmqlib.refuse_second_library()


def test_a_second_libzmq_is_refused(tmp_path: Path) -> None:
    copy = tmp_path / "libzmq.so.5"
    shutil.copy(zmqlib.library_path(), copy)
    program = f"""
import ctypes, zmq
libraries = __import__("pathlib").Path(zmq.__file__).parent.parent / "pyzmq.libs"
for path in sorted(libraries.glob("libsodium*")):
    ctypes.CDLL(str(path))
ctypes.CDLL({str(copy)!r})
from tidegate.errors import LibraryError
try:
    import tidegate.native.zmqlib
except LibraryError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "2 libzmq are mapped, expected only pyzmq's" in done.stdout
    assert str(copy) in done.stdout
