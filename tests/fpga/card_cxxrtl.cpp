/* card_sim.h over what yosys makes of card.sv by CXXRTL, a simulator that shares no line with the
 * other. generated.cpp is that. */
#include "card_sim.h"

#include <new>

#include "card_drive.h"
#include "generated.cpp"

struct card_sim {
    cxxrtl_design::p_card model;
    uint64_t clocks = 0;

    void put_none() { model.p_in__valid.set<uint8_t>(0); }

    void put(const card_command &command)
    {
        model.p_in__valid.set<uint8_t>(1);
        model.p_in__tag.set<uint64_t>(command.tag);
        model.p_in__price.set<uint64_t>(static_cast<uint64_t>(command.price));
        model.p_in__amount.set<uint64_t>(static_cast<uint64_t>(command.amount));
        model.p_in__order__qty.set<uint32_t>(command.order_qty);
        model.p_in__lots.set<uint32_t>(command.lots);
        model.p_in__account.set<uint32_t>(command.account);
        model.p_in__instrument.set<uint16_t>(command.instrument);
        model.p_in__session.set<uint16_t>(command.session);
        model.p_in__op.set<uint8_t>(command.op);
        model.p_in__side.set<uint8_t>(command.side);
        model.p_in__kind.set<uint8_t>(command.kind);
        model.p_in__index.set<uint8_t>(command.index);
    }

    /* step() evaluates until nothing changes: one evaluation alone could leave wires stale. */
    void clock()
    {
        model.p_clk.set<uint8_t>(1);
        model.step();
        model.p_clk.set<uint8_t>(0);
        model.step();
        clocks += 1;
    }

    bool has_response() const { return model.p_out__valid.get<uint8_t>() != 0; }

    card_response response() const
    {
        return {model.p_out__tag.get<uint64_t>(), model.p_out__verdict.get<uint64_t>(),
                static_cast<int64_t>(model.p_out__margin.get<uint64_t>()),
                static_cast<int64_t>(model.p_out__available.get<uint64_t>())};
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
