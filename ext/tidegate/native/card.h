/* What goes to the card and comes back: a command of one cache line, a response of half of one.
 * ARCHITECTURE.md, "FPGA backend", says what each command does. A field that a command does not
 * use is 0. Amounts, prices and lots beyond the widths below are MALFORMED, never cut. */
#ifndef TIDEGATE_CARD_H
#define TIDEGATE_CARD_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define CARD_LAYOUT_VERSION 1

/* Handles start at 1. card_pkg.sv has the same numbers. */
#define CARD_ACCOUNTS 256
#define CARD_INSTRUMENTS 16
#define CARD_SESSIONS 64
/* Money left under each of 16 scenarios, and under none. */
#define CARD_SCENARIOS 16
#define CARD_LANES 17
#define CARD_LATENCY 18

/* Bits: money of a lane and lots of a credit are signed, all others are not. */
#define CARD_LANE_BITS 56
#define CARD_CREDIT_BITS 36
#define CARD_MONEY_BITS 54
#define CARD_RATE_BITS 36
#define CARD_QTY_BITS 31
#define CARD_TIME_BITS 62
#define CARD_FRACTION_BITS 31

typedef struct {
    uint64_t tag;
    int64_t price, amount;
    uint32_t order_qty, lots, account;
    uint16_t instrument, session;
    uint8_t op, side, kind, index;
    uint8_t pad[20];
} card_command;

typedef struct {
    uint64_t tag, verdict;
    int64_t margin, available;
} card_response;

static_assert(sizeof(card_command) == 64, "a command is one cache line");
static_assert(offsetof(card_command, op) == 40, "no pads between the fields");
static_assert(sizeof(card_response) == 32, "two responses a cache line");

#endif
