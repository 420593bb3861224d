"""What must hold of the stages beside the path: differences told, snapshots as the journal is."""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from tidegate import snapshot
from tidegate.native.journal_reader import JournalReader
from tidegate.native.records import Level
from tidegate.replay import check_snapshots as compared_snapshots
from tidegate.simulation.checks import all_orders
from tidegate.simulation.run import World
from tidegate.simulation.trader import SELL
from tidegate.simulation.world import has_rolls
from tidegate.span.exact_margin import ExactMargin

# (master, instrument, 0) of lots, (master, 0, currency) of money.
Key = tuple[int, int, int]


def beside_problems(world: World) -> list[str]:
    """Everything that does not hold, by checker; empty = all does."""
    return [
        *(f"breaks: {what}" for what in check_breaks(world)),
        *(f"snapshots: {what}" for what in check_snapshots(world)),
        *(f"credits: {what}" for what in check_credits(world)),
    ]


def check_breaks(world: World) -> Iterator[str]:
    """Risk knows of each difference with a venue's books, and of none that is not there."""
    stage = world.risk.stage
    assert stage is not None
    told = {
        (int(row["account"]), int(row["instrument"]), int(row["currency"])): int(row["amount"])
        for row in stage.tables.arrays["breaks"]
        if row["account"] and not row["order_id"]
    }
    ours, theirs = our_lots(world), their_lots(world)
    if not has_rolls(world.seed) and not any(order.is_unsure for order in all_orders(world)):
        ours |= our_money(world)
        theirs |= their_money(world)
    else:
        told = {key: amount for key, amount in told.items() if key[1]}
    for key in sorted(ours.keys() | theirs.keys() | told.keys()):
        difference = theirs.get(key, 0) - ours.get(key, 0)
        if told.get(key, 0) != difference:
            yield f"{key} differs by {difference}, risk was told {told.get(key, 0)}"


def our_lots(world: World) -> dict[Key, int]:
    """Lots of masters, as risk has them."""
    stage = world.risk.stage
    assert stage is not None
    arrays = stage.tables.arrays
    pairs = arrays["pairs"]
    pairs = pairs[arrays["accounts"]["level"][pairs["account"]] == Level.MASTER]
    return {(int(pair["account"]), int(pair["instrument"]), 0): int(pair["net"]) for pair in pairs}


def our_money(world: World) -> dict[Key, int]:
    """What masters' fills were worth, as clients have them, and what was booked by decision."""
    accounts, found = world.universe.accounts, Counter[Key]()
    worth = Counter(world.operator.decisions.worth)
    for order in all_orders(world):
        traded = world.universe.instruments[order.instrument - 1] if order.fills else None
        for lots, price in order.fills.values():
            assert traded is not None
            value = lots * price * traded.tick_value
            worth[order.account, traded.currency] += value if order.side == SELL else -value
    for (handle, currency), value in worth.items():
        master = accounts[handle - 1]
        while master.level > Level.MASTER:
            master = accounts[master.parent - 1]
        found[master.handle, 0, currency] += value
    return dict(found)


def their_lots(world: World) -> dict[Key, int]:
    """Lots of masters, as their venues have them."""
    handles = {(row.venue, row.venue_code): row.handle for row in world.universe.instruments}
    return {
        (master, handles[venue, code], 0): position
        for venue, master, code, _, position, _ in their_holdings(world)
    }


def their_money(world: World) -> dict[Key, int]:
    """Traded value of masters, as their venues have it."""
    handles = {row.code: row.handle for row in world.universe.currencies}
    found = Counter[Key]()
    for _, master, _, currency, _, value in their_holdings(world):
        found[master, 0, handles[currency]] += value
    return dict(found)


def their_holdings(world: World) -> Iterator[tuple[int, int, str, str, int, int]]:
    """Venue, master, code, currency, lots and traded value."""
    masters = {row.name: row.handle for row in world.universe.accounts if row.level == Level.MASTER}
    for handle, host in enumerate(world.venues, 1):
        assert host.agent is not None
        exchange = host.agent.exchange
        names = {number: name for name, number in host.accounts.items()}
        for (number, security_id), held in exchange.ledger.holdings.items():
            security = exchange.securities[security_id]
            yield (
                handle, masters[names[number]], security.code, security.currency, held.position,
                held.traded_value,
            )  # fmt: skip


def check_credits(world: World) -> Iterator[str]:
    """No account got back more than SPAN's hold is above the exact figure."""
    stage = world.risk.stage
    if stage is None:
        return
    arrays = stage.tables.arrays
    stride = len(world.universe.currencies) + 1
    credited = np.flatnonzero(arrays["balances"]["margin_credit"])
    if not len(credited):
        return
    world.risk.begun["margin_credited"] += 1
    epoch = int(arrays["risk"]["margin_epoch"][0])
    file = world.run_dir.margin_file(epoch)
    exact = ExactMargin(world.universe, file if file.exists() else None)
    names = arrays["instruments"].dtype.names or ()
    rows = {
        handle: {name: arrays["instruments"][name][handle].tolist() for name in names}
        for handle in exact.handles
    }
    for place in credited.tolist():
        account, currency = divmod(place, stride)
        pairs = arrays["pairs"][arrays["pairs"]["account"] == account]
        nets = {
            int(pair["instrument"]): int(pair["net"])
            for pair in pairs
            if pair["net"] and int(pair["instrument"]) in exact.handles
        }
        most = exact.credits(nets, rows).get(currency, 0)
        given = int(arrays["balances"]["margin_credit"][place])
        if given > most:
            yield f"account {account} got back {given}; {most} is above the exact figure"


def check_snapshots(world: World) -> Iterator[str]:
    """Each snapshot is of the journal's state; those that were spoiled are not believed."""
    journal = world.run_dir.journal
    oldest = snapshot.paths(world.run_dir.snapshots)[-1:]
    if JournalReader(journal).first_sequence > 1 and any(map(world.spoiled.has, oldest)):
        # There is nothing to compare them with.
        return
    for path, against in compared_snapshots(journal):
        if world.spoiled.has(path) != bool(against):
            yield f"{path.name}: {against or 'is spoiled, and nothing speaks against it'}"
