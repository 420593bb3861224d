/* A journal segment: this header in the first 4096 bytes, then segment_records records. */
#ifndef TIDEGATE_JOURNAL_H
#define TIDEGATE_JOURNAL_H

#include <assert.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#define TG_JOURNAL_MAGIC UINT64_C(0x4c414e524f4a4754) /* "TGJORNAL" */
#define TG_JOURNAL_HEADER_SIZE 4096
#define TG_MADV_POPULATE_WRITE 23 /* Linux 5.14; older C libraries do not name it */

typedef struct {
    uint64_t magic;
    uint32_t layout_version;
    uint32_t header_size;
    uint64_t layout_hash;
    uint64_t segment_number;
    uint64_t segment_records;
    uint64_t first_sequence;
    uint32_t pad[3];
    uint32_t checksum;
} journal_header;

static_assert(sizeof(journal_header) == 64, "the journal header has no hidden padding");

#endif
