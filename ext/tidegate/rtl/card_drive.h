/* Drives a simulated card, whichever simulator made it: Sim has put, put_none, clock, has_response
 * and response. Whoever includes it defines the functions of card_sim.h that need a Sim. */
#ifndef TIDEGATE_CARD_DRIVE_H
#define TIDEGATE_CARD_DRIVE_H

#include "card_sim.h"

template <class Sim>
int64_t card_drive(Sim &sim, const card_command *commands, const uint8_t *gaps,
                   card_response *responses, int64_t count)
{
    int64_t given = 0;
    int64_t came = 0;
    int silent = 0;
    unsigned gap = gaps != nullptr && count > 0 ? gaps[0] : 0;
    /* Silence beyond the longest gap and the way through means that nothing will come. */
    while (came < count && silent <= CARD_LATENCY + UINT8_MAX) {
        if (given < count && gap == 0) {
            sim.put(commands[given]);
            given += 1;
            gap = gaps != nullptr && given < count ? gaps[given] : 0;
        } else {
            sim.put_none();
            if (gap > 0)
                gap -= 1;
        }
        sim.clock();
        silent += 1;
        if (sim.has_response()) {
            responses[came] = sim.response();
            came += 1;
            silent = 0;
        }
    }
    return came;
}

void card_sim_made_of(uint64_t made_of[3])
{
    made_of[0] = CARD_IDENTITY;
    made_of[1] = CARD_LAYOUT_VERSION;
    made_of[2] = card_layout_hash();
}

#endif
