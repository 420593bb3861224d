/* The RTL as a program, made of card.sv by verilator or another simulator. */
#ifndef TIDEGATE_CARD_SIM_H
#define TIDEGATE_CARD_SIM_H

#include "../native/card.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct card_sim card_sim;

card_sim *card_sim_new(void);
void card_sim_free(card_sim *sim);

/* Gives one command a clock, gaps[i] empty clocks before command i (NULL = none), and takes the
 * responses as they come. Returns how many came: fewer than count when the card stands still. */
int64_t card_sim_apply(card_sim *sim, const card_command *commands, const uint8_t *gaps,
                       card_response *responses, int64_t count);

/* Clocks since it was made. */
uint64_t card_sim_clocks(const card_sim *sim);

/* Identity, layout version and layout hash of the card.h that it was compiled with. */
void card_sim_made_of(uint64_t made_of[3]);

#ifdef __cplusplus
}
#endif

#endif
