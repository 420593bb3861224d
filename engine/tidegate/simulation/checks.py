"""What must hold once all is quiet: nothing lost, nothing doubled, everybody agrees."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from tidegate.audit import audit
from tidegate.native.records import Level
from tidegate.replay import replay
from tidegate.simulation.orders import Known
from tidegate.simulation.run import World
from tidegate.simulation.trader import SELL
from tidegate.simulation.world import has_rolls


def settled_problems(world: World) -> list[str]:
    """Everything that does not hold, by checker; empty = all does."""
    return [
        *(f"ends: {what}" for what in check_ends(world)),
        *(f"fills: {what}" for what in check_fills(world)),
        *(f"positions: {what}" for what in check_positions(world)),
        *(f"lanes: {what}" for what in check_lanes(world)),
        *(f"money: {what}" for what in check_money(world)),
        *(f"answers: {what}" for what in check_answers(world)),
        *(f"audit: {what}" for what in check_audit(world)),
        *(f"replay: {what}" for what in check_replay(world)),
    ]


def all_orders(world: World) -> Iterator[Known]:
    """Every order that a client has sent."""
    for trader in world.traders:
        for cl_ord_id, order in trader.book.by_cl_ord_id.items():
            if order.cl_ord_id == cl_ord_id:
                yield order


def check_ends(world: World) -> Iterator[str]:
    """Every order is over, and all three who knew of it say so."""
    for trader in world.traders:
        for order in list(trader.book.working.values())[:3]:
            yield f"{trader.name}: order {order.cl_ord_id} ({order.order_id}) never ended"
    stage = world.risk.stage
    assert stage is not None
    open_orders = int(stage.tables.arrays["risk"]["open_orders"][0])
    if open_orders:
        yield f"risk has {open_orders} open orders"
    for host in world.venues:
        assert host.agent is not None
        for left in list(host.agent.exchange.working.values())[:3]:
            yield f"{host.name} still has order {left.cl_ord_id}"


def check_fills(world: World) -> Iterator[str]:
    """Each trade of a venue that remembers it was delivered once; none was made up."""
    yield from world.truth.problems
    by_order: dict[int, set[int]] = defaultdict(set)
    lots: Counter[int] = Counter()
    forgotten: set[int] = set()
    for trade in world.truth.trades.values():
        by_order[trade.order_id].add(trade.exec_id)
        lots[trade.order_id] += trade.qty
        if trade.life != world.truth.lives[trade.venue]:
            forgotten.add(trade.order_id)
    for order in all_orders(world):
        made = by_order.pop(order.order_id, set())
        seen = set(order.fills)
        name = f"order {order.cl_ord_id} of account {order.account} ({order.order_id})"
        if seen - made:
            yield f"{name}: fills {sorted(seen - made)[:3]} that no venue has made"
        if order.order_id in forgotten:
            continue
        if made - seen and not order.is_unsure:
            yield f"{name}: fills {sorted(made - seen)[:3]} were never delivered"
        if order.cum_qty != lots[order.order_id]:
            yield f"{name}: cum_qty {order.cum_qty}, the venue filled {lots[order.order_id]}"
    for order_id in [order_id for order_id in by_order if order_id not in forgotten][:3]:
        yield f"order_id {order_id} was filled and no client has it"


def check_positions(world: World) -> Iterator[str]:
    """Risk's lots are those of the clients' fills."""
    stage = world.risk.stage
    assert stage is not None
    expected = Counter(world.operator.decisions.lots)
    for order in all_orders(world):
        lots = -order.cum_qty if order.side == SELL else order.cum_qty
        expected[order.account, order.instrument] += lots
    pairs = stage.tables.arrays["pairs"]
    levels = stage.tables.arrays["accounts"]["level"]
    for pair in pairs[levels[pairs["account"]] >= Level.SUB_ACCOUNT]:
        key = int(pair["account"]), int(pair["instrument"])
        has_below = any(row.parent == key[0] for row in world.universe.accounts)
        if not has_below and int(pair["net"]) != expected[key]:
            yield f"account {key[0]} in {key[1]}: {int(pair['net'])} lots, fills {expected[key]}"


def check_lanes(world: World) -> Iterator[str]:
    """No stage had to go on without a record that another one had sent."""
    for host in (world.risk, world.router, world.gateway):
        assert host.stage is not None
        for name, source in host.sources():
            if source.counters["lost"]:
                yield f"{host.name} lost {source.counters['lost']} records of lane {name}"


def check_money(world: World) -> Iterator[str]:
    """What an account's money has moved by is what its fills were worth, fees apart."""
    stage = world.risk.stage
    assert stage is not None
    if has_rolls(world.seed):
        # The end of a day makes profit into deposits; the audit follows that.
        return
    arrays = stage.tables.arrays
    expected = Counter(world.operator.decisions.worth)
    for order in all_orders(world):
        for lots, price in order.fills.values():
            traded = world.universe.instruments[order.instrument - 1]
            value = lots * price * traded.tick_value
            expected[order.account, traded.currency] += value if order.side == SELL else -value
        if order.is_unsure:
            return
    costs: Counter[tuple[int, int]] = Counter()
    for pair in arrays["pairs"]:
        currency = int(arrays["instruments"]["currency"][pair["instrument"]])
        short_cost = int(arrays["sides"]["short_cost"][pair["sides"]]) if pair["sides"] else 0
        costs[int(pair["account"]), currency] += short_cost - int(pair["open_cost"])
    stride = len(world.universe.currencies) + 1
    yield from check_deposits(world)
    for trader in world.traders:
        for account in trader.session.accounts:
            for currency in range(1, stride):
                row = arrays["balances"][account * stride + currency]
                moved = int(row["cash"]) + int(row["fees"]) - int(row["initial_cash"])
                moved += costs[account, currency]
                if moved != expected[account, currency]:
                    yield (
                        f"account {account} in currency {currency} has moved by {moved}, its "
                        f"fills are worth {expected[account, currency]}"
                    )


def check_deposits(world: World) -> Iterator[str]:
    """Deposits are those of the config and those that the operator was told of."""
    stage, desk = world.risk.stage, world.operator
    assert stage is not None
    stride = len(world.universe.currencies) + 1
    pools = {row.pool for row in world.universe.accounts}
    for row in world.universe.accounts:
        if row.handle in pools or desk.losses:
            continue
        for currency in range(1, stride):
            balance = stage.tables.arrays["balances"][row.handle * stride + currency]
            expected = row.cash.get(currency, 0) + desk.deposits[row.handle, currency]
            if int(balance["initial_cash"]) != expected:
                yield (
                    f"account {row.handle} in currency {currency} has deposits of "
                    f"{int(balance['initial_cash'])}; {expected} were made"
                )


def check_answers(world: World) -> Iterator[str]:
    """Each request of the operator was answered once."""
    desk = world.operator
    if desk.losses:
        return
    for number, count in Counter(desk.asked).items():
        if desk.answered[number] != count:
            yield f"request {number} was answered {desk.answered[number]} times, asked {count}"


def check_audit(world: World) -> Iterator[str]:
    """What risk holds is what a recomputation holds, and money is conserved."""
    stage = world.risk.stage
    if stage is not None:
        yield from audit(stage.tables.arrays)[:3]


def check_replay(world: World) -> Iterator[str]:
    """The journal replays to the state that is."""
    stage = world.risk.stage
    assert stage is not None
    live, sequence = stage.tables.state_hash(), world.risk.sequence
    again = replay(world.run_dir.journal)
    if (again.sequence, again.state_hash) != (sequence, live):
        yield (
            f"live {live} at {sequence}, replayed {again.state_hash} at {again.sequence}"
        )  # fmt: skip
