/* What a lane's sender keeps in the first row of its region; the ring of records is behind it.
 *
 *   1 ... | acked | acked+1 ...... next_unsent ...... next_number-1 | next_number
 *   taken by the  | kept: sent, perhaps taken | not yet sent
 *   other end
 */
#ifndef TIDEGATE_LANES_H
#define TIDEGATE_LANES_H

#include <assert.h>
#include <stdint.h>

/* The two numbers of `last` move by one store, so that no crash is seen between them. */
typedef union {
    struct {
        uint32_t next_number;  /* what the next record gets; 0 = a fresh region */
        uint32_t given;        /* the last that its sender's step gave; 0 = none */
    };
    uint64_t word;
} lane_last;

typedef struct {
    lane_last last;
    uint32_t acked;            /* the other end has this and all before */
    uint32_t answered;         /* ref_seq_num of the last record that no step gave */
    uint32_t answering;        /* the same of the one that gets number answering_number */
    uint32_t answering_number;
    uint64_t pad[13];
} lane_head;

static_assert(sizeof(lane_last) == 8, "one store");
static_assert(sizeof(lane_head) == 128, "one row of the ring");

/* Stores before it are seen by whoever maps the file next, however this process ends. */
#define TG_SEAL(place, value) __atomic_store_n(&(place), (value), __ATOMIC_RELEASE)

#define TG_POPULATE_WRITE 23 /* madvise, Linux 5.14; older C libraries do not name it */

#endif
