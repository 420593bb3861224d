"""A journal's segments as files: made, mapped, marked and released.

A segment is allocated whole before it has its name, so that a full disk shows when it is made and
never when a record is stored.
"""
from libc.errno cimport EINTR, errno
from libc.stdint cimport uint32_t, uint64_t
from libc.stdio cimport snprintf
from libc.string cimport memset

from tidegate.native.records import LAYOUT_HASH

from tidegate.native.checksum cimport crc32c
from tidegate.native.records cimport TG_LAYOUT_VERSION, TG_RECORD_SIZE


cdef extern from "journal.h" nogil:
    int O_RDWR, O_CREAT, O_TRUNC, O_CLOEXEC
    int PROT_READ, PROT_WRITE, MAP_SHARED
    void* MAP_FAILED
    int openat(int directory, const char* name, int flags, int mode)
    int renameat(int old_directory, const char* old, int new_directory, const char* name)
    int unlinkat(int directory, const char* name, int flags)
    int posix_fallocate(int fd, long offset, long size)
    long pwrite(int fd, const void* data, size_t size, long offset)
    void* mmap(void* address, size_t size, int protection, int flags, int fd, long offset)
    int munmap(void* address, size_t size)
    int madvise(void* address, size_t size, int advice)
    int fsync(int fd)
    int c_close "close"(int fd)
    void tg_touch(uint32_t* word)
    int TG_MADV_POPULATE_WRITE


cdef uint64_t layout_hash = LAYOUT_HASH
cdef const char* NEXT = b"next.segment"
NEXT_NAME = "next.segment"


cdef int make_segment(int directory_fd, uint64_t number, uint64_t first_sequence,
                      uint64_t segment_records, bint is_durable, segment* made) noexcept nogil:
    cdef journal_header header
    cdef int code = 0
    cdef int fd = openat(directory_fd, NEXT, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    if fd < 0:
        return errno
    memset(&header, 0, sizeof(header))
    header.magic = TG_JOURNAL_MAGIC
    header.layout_version = TG_LAYOUT_VERSION
    header.header_size = TG_JOURNAL_HEADER_SIZE
    header.layout_hash = layout_hash
    header.segment_number = number
    header.segment_records = segment_records
    header.first_sequence = first_sequence
    header.is_durable = is_durable
    seal(&header)
    if pwrite(fd, &header, sizeof(header), 0) != sizeof(header):
        code = errno
    if code == 0:
        code = map_segment(fd, segment_records, made)
    if code != 0:
        # What was allocated goes back, or a full disk stays full.
        unlinkat(directory_fd, NEXT, 0)
        c_close(fd)
        return code
    code = publish(directory_fd, number, is_durable, fd)
    if code != 0:
        release_segment(made, segment_records)
    return code


# The pages that mapping has made are synced with the header: then a sync of records has no
# blocks to find any more.
cdef int publish(int directory_fd, uint64_t number, bint is_durable, int fd) noexcept nogil:
    cdef char name[32]
    cdef int code = 0
    snprintf(name, sizeof(name), b"%08llu.journal", <unsigned long long>number)
    if is_durable and fsync(fd) != 0:
        code = errno
    elif renameat(directory_fd, NEXT, directory_fd, name) != 0:
        code = errno
    elif is_durable and fsync(directory_fd) != 0:
        code = errno
        unlinkat(directory_fd, name, 0)
    if code != 0:
        unlinkat(directory_fd, NEXT, 0)
    return code


cdef int map_segment(int fd, uint64_t segment_records, segment* made) noexcept nogil:
    cdef size_t size = segment_size(segment_records)
    cdef void* address
    cdef int code = EINTR
    while code == EINTR:
        code = posix_fallocate(fd, 0, <long>size)
    if code != 0:
        return code
    address = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
    if address == MAP_FAILED:
        return errno
    # Faults the pages in here, off the step. An older kernel refuses: then append faults.
    madvise(address, size, TG_MADV_POPULATE_WRITE)
    made.fd = fd
    made.rows = <record*>(<char*>address + TG_JOURNAL_HEADER_SIZE)
    return 0


cdef void release_segment(segment* done, uint64_t segment_records) noexcept nogil:
    if done.rows != NULL:
        munmap(base_of(done), segment_size(segment_records))
        c_close(done.fd)
        done.rows = NULL


cdef inline char* base_of(const segment* s) noexcept nogil:
    return <char*>s.rows - TG_JOURNAL_HEADER_SIZE


cdef inline void seal(journal_header* header) noexcept nogil:
    header.checksum = crc32c(header, sizeof(journal_header) - sizeof(header.checksum))


cdef void set_durable(segment* s, bint is_durable) noexcept nogil:
    cdef journal_header* header = <journal_header*>base_of(s)
    header.is_durable = is_durable
    seal(header)


cdef void write_mark(segment* s, int slot, uint64_t synced) noexcept nogil:
    cdef journal_mark mark
    memset(&mark, 0, sizeof(mark))
    mark.synced = synced
    mark.checksum = crc32c(&mark, sizeof(mark) - sizeof(mark.checksum))
    mark_of(s, slot)[0] = mark


cdef void clear_marks(segment* s) noexcept nogil:
    memset(mark_of(s, 0), 0, sizeof(journal_mark))
    memset(mark_of(s, 1), 0, sizeof(journal_mark))


cdef inline journal_mark* mark_of(const segment* s, int slot) noexcept nogil:
    return <journal_mark*>(base_of(s) + TG_JOURNAL_MARK_OFFSET + slot * TG_JOURNAL_MARK_STRIDE)


cdef void touch_rows(segment* s, uint64_t first, uint64_t last) noexcept nogil:
    cdef uint64_t row
    for row in range(first, last):
        tg_touch(&s.rows[row].checksum)


cdef void clear_rows(segment* s, uint64_t first, uint64_t segment_records) noexcept nogil:
    memset(&s.rows[first], 0, (segment_records - first) * TG_RECORD_SIZE)
