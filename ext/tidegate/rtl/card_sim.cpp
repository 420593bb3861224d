/* card_sim.h over the model that verilator makes of card.sv. */
#include "card_sim.h"

#include <new>

#include "Vcard.h"
#include "card_drive.h"
#include "verilated.h"

struct card_sim {
    VerilatedContext context;
    Vcard model{&context};
    uint64_t clocks = 0;

    card_sim()
    {
        model.clk = 0;
        put_none();
        model.eval();
    }

    void put_none() { model.in_valid = 0; }

    void put(const card_command &command)
    {
        model.in_valid = 1;
        model.in_tag = command.tag;
        model.in_price = static_cast<uint64_t>(command.price);
        model.in_amount = static_cast<uint64_t>(command.amount);
        model.in_order_qty = command.order_qty;
        model.in_lots = command.lots;
        model.in_account = command.account;
        model.in_instrument = command.instrument;
        model.in_session = command.session;
        model.in_op = command.op;
        model.in_side = command.side;
        model.in_kind = command.kind;
        model.in_index = command.index;
    }

    void clock()
    {
        model.clk = 1;
        model.eval();
        model.clk = 0;
        model.eval();
        clocks += 1;
    }

    bool has_response() const { return model.out_valid; }

    card_response response() const
    {
        return {model.out_tag, model.out_verdict, static_cast<int64_t>(model.out_margin),
                static_cast<int64_t>(model.out_available)};
    }
};

card_sim *card_sim_new(void) { return new (std::nothrow) card_sim; }

void card_sim_free(card_sim *sim) { delete sim; }

int64_t card_sim_apply(card_sim *sim, const card_command *commands, const uint8_t *gaps,
                       card_response *responses, int64_t count)
{
    return card_drive(*sim, commands, gaps, responses, count);
}

uint64_t card_sim_clocks(const card_sim *sim) { return sim->clocks; }
