"""Finds libzmq's entry points in the library that pyzmq loaded, once, at import."""
import os
import sys
from pathlib import Path

import zmq
import zmq.backend

from tidegate.errors import LibraryError


cdef extern from "<dlfcn.h>" nogil:
    ctypedef struct Dl_info:
        const char* dli_fname
    int RTLD_NOW
    int RTLD_NOLOAD
    void* dlopen(const char* path, int flags)
    void* dlsym(void* handle, const char* name)
    int dladdr(const void* address, Dl_info* info)


cdef void* module = NULL


cdef void* entry(name) except NULL:
    cdef bytes symbol = name.encode()
    cdef void* address = dlsym(module, symbol)
    if address == NULL:
        raise LibraryError(
            f"libzmq {zmq.zmq_version()} of pyzmq {zmq.pyzmq_version()} has no symbol {name}"
        )
    return address


cdef void* socket_pointer(object socket) except NULL:
    if socket.closed:
        raise LibraryError("the socket is closed")
    return <void*><size_t>socket.underlying


def library_path():
    """The file that the entry points are in."""
    cdef Dl_info info
    if dladdr(entry("zmq_msg_send"), &info) == 0:
        raise LibraryError("the dynamic linker does not know where zmq_msg_send is")
    return os.path.realpath(os.fsdecode(info.dli_fname))


def require(name):
    """Raise LibraryError unless libzmq has this symbol."""
    entry(name)


def refuse_second_library():
    """Raise LibraryError when another libzmq is mapped into this process."""
    mapped = {library_path()}
    for line in Path("/proc/self/maps").read_text().splitlines():
        fields = line.split(maxsplit=5)
        if len(fields) == 6 and os.path.basename(fields[5]).startswith("libzmq"):
            mapped.add(os.path.realpath(fields[5]))
    if len(mapped) > 1:
        raise LibraryError(
            f"{len(mapped)} libzmq are mapped, expected only pyzmq's: {', '.join(sorted(mapped))}"
        )


def _open_module():
    global module
    path = getattr(sys.modules[zmq.backend.Socket.__module__], "__file__", None) or ""
    module = dlopen(os.fsencode(path), RTLD_NOW | RTLD_NOLOAD)
    if not path or module == NULL:
        raise LibraryError(
            f"pyzmq's backend {zmq.backend.Socket.__module__} ({path or 'no file'}) is not a "
            "loaded shared library; expected its Cython backend"
        )


def _load():
    lib.failure = <int (*)() noexcept nogil>entry("zmq_errno")
    lib.send = <int (*)(void*, const void*, size_t, int) noexcept nogil>entry("zmq_send")
    lib.recv = <int (*)(void*, void*, size_t, int) noexcept nogil>entry("zmq_recv")
    lib.poll = <int (*)(zmq_pollitem*, int, long) noexcept nogil>entry("zmq_poll")
    lib.frame_init = <int (*)(zmq_frame*) noexcept nogil>entry("zmq_msg_init")
    lib.frame_init_size = (
        <int (*)(zmq_frame*, size_t) noexcept nogil>entry("zmq_msg_init_size")
    )
    lib.frame_send = <int (*)(zmq_frame*, void*, int) noexcept nogil>entry("zmq_msg_send")
    lib.frame_recv = <int (*)(zmq_frame*, void*, int) noexcept nogil>entry("zmq_msg_recv")
    lib.frame_close = <int (*)(zmq_frame*) noexcept nogil>entry("zmq_msg_close")
    lib.frame_data = <void* (*)(zmq_frame*) noexcept nogil>entry("zmq_msg_data")
    lib.frame_size = <size_t (*)(const zmq_frame*) noexcept nogil>entry("zmq_msg_size")
    lib.frame_more = <int (*)(const zmq_frame*) noexcept nogil>entry("zmq_msg_more")
    lib.frame_gets = (
        <const char* (*)(const zmq_frame*, const char*) noexcept nogil>entry("zmq_msg_gets")
    )
    lib.getsockopt = (
        <int (*)(void*, int, void*, size_t*) noexcept nogil>entry("zmq_getsockopt")
    )


_open_module()
_load()
refuse_second_library()
