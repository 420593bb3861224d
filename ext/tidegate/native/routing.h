/* The router's tables. It alone writes them; all but the codes lie in regions.
 *
 *   routes[]    one row an order, at index = low half of its order_id
 *   channels[]  one row a venue's channel, at index = the venue's handle; row 0 = no channel
 *   router      one row: how far the router is, and the step that it is in
 *   venue_code  the venue's own number of an instrument or an account, by our handle
 */
#ifndef TIDEGATE_ROUTING_H
#define TIDEGATE_ROUTING_H

#include <assert.h>
#include <stdint.h>

/* A message costs this much of throttle_level; a nanosecond gives back message_rate of it. */
#define TG_MESSAGE_COST 1000000000LL

/* A request is pending while its number (.._seq_num, as the channel was given it) is not 0. */
typedef struct {
    uint64_t order_id;         /* generation << 32 | index; 0 = never used */
    uint64_t venue_order_id;
    uint64_t cl_ord_id;
    uint64_t cancel_cl_ord_id;
    uint64_t replace_cl_ord_id;
    int64_t price;
    int64_t order_qty;
    int64_t cum_qty;
    int64_t received_ns;       /* of the request whose kind is `stamped`, with its stamps */
    uint64_t exec_id;          /* of the last report that is noted here */
    uint32_t sequenced_delta;
    uint32_t decided_delta;
    uint32_t routed_delta;
    uint32_t account;
    uint32_t instrument;
    uint32_t new_seq_num;
    uint32_t cancel_seq_num;
    uint32_t replace_seq_num;
    uint16_t session;
    uint16_t channel;
    uint8_t side;
    uint8_t ord_type;
    uint8_t time_in_force;
    uint8_t position_effect;
    uint8_t state;
    uint8_t stamped;           /* 0 = of none */
    uint8_t pad[6];
} route_row;

/* A step is written down before its first effect and cleared after its last, so that a router
 * which comes after one that was killed finishes it or forgets it. */
typedef struct {
    int64_t born_ns;           /* of these tables: they know of no order before */
    uint64_t order_id;
    uint32_t step;             /* a Step; 0 = between two */
    uint32_t given;            /* the number of its answer on "executions", once that is put */
    uint32_t channel;
    uint32_t seq_num;          /* of the request, on its channel */
    uint32_t request;          /* of the request, on "routes" */
    uint32_t taken;            /* the last on "routes" whose effect stands; 0 = none */
    uint8_t kind;              /* of the request */
    uint8_t pad[23];
} router_row;

typedef struct {
    uint32_t state;
    uint32_t next_sending;     /* number of the next request */
    uint32_t next_report;      /* number of the first report that is not taken */
    uint32_t answering;        /* number of the report that is being taken; 0 = none */
    uint32_t answering_given;  /* as given above */
    uint32_t pad;
    int64_t incarnation;       /* of the venue that has our orders; 0 = of none */
    int64_t message_rate;      /* a second */
    int64_t message_burst;
    int64_t throttle_level;
    int64_t throttle_ns;
    uint64_t exec_id_max;
    uint64_t submitted;
    uint64_t refused_down;
    uint64_t refused_throttle;
    uint64_t refused_code;
    uint64_t refused_stale;    /* on its way for too long */
    uint64_t refused_order;    /* an order_id that the map has no place for, or has outlived */
    uint64_t requests_lost;    /* refused after logon: the venue never got them */
    uint64_t orders_forgotten; /* ended after logon: the venue has them no more */
    uint64_t orders_differ;    /* at logon the venue has filled more or less of them */
    uint64_t unknown_canceled; /* at logon the venue had them, and we did not */
    uint64_t requests_repeated;
    uint64_t requests_malformed;
    uint64_t reports;
    uint64_t marks;
    uint64_t duplicates;
    uint64_t unknown_orders;   /* passed on: risk knows more */
    uint64_t unknown_codes;
    uint64_t reports_malformed;
} channel_row;

typedef struct {
    uint32_t channel;
    uint32_t code;             /* 0 = the venue has not told */
} venue_code;

static_assert(sizeof(route_row) == 8 * 10 + 4 * 8 + 2 * 2 + 12, "hidden padding");
static_assert(sizeof(route_row) == 128, "a route is two lines of cache");
static_assert(sizeof(router_row) == 64, "a line of cache");
static_assert(sizeof(channel_row) == 4 * 6 + 8 * 24, "hidden padding");
static_assert(sizeof(venue_code) == 8, "hidden padding");

#endif
