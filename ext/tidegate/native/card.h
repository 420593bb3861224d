/* What goes to the card and comes back: a command of one cache line, a response of half of one.
 * ARCHITECTURE.md, "FPGA backend", says what each command does. A field that a command does not
 * use is 0. Amounts, prices and lots beyond the widths below are MALFORMED, never cut. */
#ifndef TIDEGATE_CARD_H
#define TIDEGATE_CARD_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* "TIDECARD" */
#define CARD_IDENTITY UINT64_C(0x4452414345444954)
#define CARD_LAYOUT_VERSION 1

/* Handles start at 1. card_pkg.sv has the same numbers. */
#define CARD_ACCOUNTS 256
#define CARD_INSTRUMENTS 16
#define CARD_SESSIONS 64
/* Money left under each of 16 scenarios, and under none. */
#define CARD_SCENARIOS 16
#define CARD_LANES 17
#define CARD_LATENCY 16

/* Bits: money of a lane, lots of a credit and prices are signed, all others are not. */
#define CARD_LANE_BITS 56
#define CARD_CREDIT_BITS 36
#define CARD_MONEY_BITS 54
#define CARD_RATE_BITS 36
#define CARD_PRICE_BITS 36
#define CARD_QTY_BITS 18
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

/* Tells layouts apart, FNV-1a: each width and size above, and where each field stands. */
static inline uint64_t card_layout_hash(void)
{
    static const uint64_t numbers[] = {
        CARD_ACCOUNTS, CARD_INSTRUMENTS, CARD_SESSIONS, CARD_SCENARIOS, CARD_LANES, CARD_LATENCY,
        CARD_LANE_BITS, CARD_CREDIT_BITS, CARD_MONEY_BITS, CARD_RATE_BITS, CARD_PRICE_BITS,
        CARD_QTY_BITS, CARD_TIME_BITS, CARD_FRACTION_BITS,
        offsetof(card_command, tag), offsetof(card_command, price), offsetof(card_command, amount),
        offsetof(card_command, order_qty), offsetof(card_command, lots),
        offsetof(card_command, account), offsetof(card_command, instrument),
        offsetof(card_command, session), offsetof(card_command, op), offsetof(card_command, side),
        offsetof(card_command, kind), offsetof(card_command, index), sizeof(card_command),
        offsetof(card_response, tag), offsetof(card_response, verdict),
        offsetof(card_response, margin), offsetof(card_response, available),
        sizeof(card_response),
    };
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    size_t i;
    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        hash = (hash ^ numbers[i]) * UINT64_C(0x100000001b3);
    return hash;
}

#endif
