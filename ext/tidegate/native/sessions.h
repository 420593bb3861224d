/* The gateway's state: one row a session, in the region "sessions", and one row of counters.
 * The gateway's agent alone writes them. Row 0 is nobody: never logged on.
 *
 *   client -> gateway   next_expected
 *   gateway -> client   next_sent <= next_out; reports next_out-capacity .. next_out-1 are kept
 */
#ifndef TIDEGATE_SESSIONS_H
#define TIDEGATE_SESSIONS_H

#include <assert.h>
#include <stdint.h>

#define TG_REASONS 128

typedef struct {
    uint64_t peer;             /* routing id of its connection; 0 = none */
    int64_t heard_ns;
    int64_t sent_ns;
    int64_t heartbeat_ns;
    uint32_t next_expected;    /* the client's next number */
    uint32_t next_out;         /* the number that the next report gets */
    uint32_t next_sent;        /* the next report to hand to the socket */
    uint32_t sent_end;         /* below: handed over before, so POSS_DUP when sent again */
    uint32_t asked_from;       /* where the gap begins that a resend was asked for; 0 = no gap */
    uint16_t handle;
    uint8_t state;
    uint8_t is_cancel_due;     /* mass_cancel_type of what is not yet with risk; 0 = none */
    uint64_t forwarded;
    uint64_t refused;
    uint64_t duplicates;
    uint64_t gaps;
    uint64_t resends;
    uint64_t stalls;
    uint64_t logons;
    uint64_t disconnects;
    int64_t dead_man_ns;       /* when its orders are canceled unless it is heard of; 0 = off */
} session_row;

typedef struct {
    uint64_t frames;
    uint64_t records;
    uint64_t forwarded;
    uint64_t reports;
    uint64_t reports_unroutable;
    uint64_t duplicates;
    uint64_t gaps;
    uint64_t resends;
    uint64_t stalls;           /* a client that does not read: its reports wait in the outbox */
    uint64_t lost_peers;
    uint64_t logons;
    uint64_t logouts;
    uint64_t disconnects;
    uint64_t mass_cancels;
    uint64_t requests;
    uint64_t answers_lost;     /* to peers that were gone or did not read */
    uint64_t cancels_reserved; /* held in the reserve while the lane was full */
    uint64_t dead_man_timers;  /* that ran out */
    uint64_t pad[6];
    uint64_t refused[TG_REASONS];
} gateway_row;

static_assert(sizeof(session_row) == 128, "hidden padding");
static_assert(sizeof(gateway_row) == 24 * 8 + TG_REASONS * 8, "hidden padding");

#endif
