/* card_sim.h over the model that verilator makes of card.sv. */
#include "card_sim.h"

#include <memory>
#include <new>

#include "Vcard.h"
#include "verilated.h"

struct card_sim {
    VerilatedContext context;
    Vcard model{&context};
    uint64_t clocks = 0;
};

namespace {

void put(Vcard &card, const card_command &command)
{
    card.in_valid = 1;
    card.in_tag = command.tag;
    card.in_price = static_cast<uint64_t>(command.price);
    card.in_amount = static_cast<uint64_t>(command.amount);
    card.in_order_qty = command.order_qty;
    card.in_lots = command.lots;
    card.in_account = command.account;
    card.in_instrument = command.instrument;
    card.in_session = command.session;
    card.in_op = command.op;
    card.in_side = command.side;
    card.in_kind = command.kind;
    card.in_index = command.index;
}

card_response taken(const Vcard &card)
{
    return {card.out_tag, card.out_verdict, static_cast<int64_t>(card.out_margin),
            static_cast<int64_t>(card.out_available)};
}

void clock(card_sim &sim)
{
    sim.model.clk = 1;
    sim.model.eval();
    sim.model.clk = 0;
    sim.model.eval();
    sim.clocks += 1;
}

}  // namespace

card_sim *card_sim_new(void)
{
    card_sim *sim = new (std::nothrow) card_sim;
    if (sim != nullptr) {
        sim->model.clk = 0;
        sim->model.in_valid = 0;
        sim->model.eval();
    }
    return sim;
}

void card_sim_free(card_sim *sim) { delete sim; }

int64_t card_sim_apply(card_sim *sim, const card_command *commands, const uint8_t *gaps,
                       card_response *responses, int64_t count)
{
    int64_t given = 0;
    int64_t came = 0;
    int silent = 0;
    unsigned gap = gaps != nullptr && count > 0 ? gaps[0] : 0;
    while (came < count && silent <= CARD_LATENCY + UINT8_MAX) {
        sim->model.in_valid = 0;
        if (given < count && gap == 0) {
            put(sim->model, commands[given]);
            given += 1;
            gap = gaps != nullptr && given < count ? gaps[given] : 0;
        } else if (given < count) {
            gap -= 1;
        }
        clock(*sim);
        silent += 1;
        if (sim->model.out_valid) {
            responses[came] = taken(sim->model);
            came += 1;
            silent = 0;
        }
    }
    return came;
}

uint64_t card_sim_clocks(const card_sim *sim) { return sim->clocks; }
