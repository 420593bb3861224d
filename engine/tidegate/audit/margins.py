"""Margin of every level by its model, from nets, worst sizes and rates alone (RISK.md 4.1)."""

from collections import defaultdict
from collections.abc import Generator, Iterator

from tidegate.audit.lots import Worst
from tidegate.audit.state import Row, State, ceil_ppm, differs, has_money, pair_name
from tidegate.native.records import NO_PRICE, MarginModel
from tidegate.native.tables import NO_LIMIT

SIDES = ("long", "short")
OPEN_PRICE = 4


def audit_instruments(state: State) -> Iterator[str]:
    """What follows from an instrument's prices: margin per lot, collar, notional of a lot."""
    for handle, row in enumerate(state.instruments[1:], 1):
        where = f"instrument {handle}"
        for owner in ("margin", "exchange"):
            for side in SIDES:
                lot, ppm = row[f"{owner}_{side}_lot"], row[f"{owner}_{side}_ppm"]
                for name, price in (("", row["settlement_px"]), ("_today", _today_price(row))):
                    field = f"{owner}_{side}{name}"
                    expected = lot_margin(row, price, lot, ppm)
                    yield from differs(where, field, row[field], expected)
        yield from _mark(where, row)


def lot_margin(row: Row, price: int, by_volume: int, ppm: int) -> int:
    """Money of one lot, -1 where a price that it needs is not known."""
    if ppm and price == NO_PRICE:
        return -1
    return int(by_volume) + ceil_ppm(lot_value(row, price), ppm)


def lot_value(row: Row, price: int) -> int:
    """What one lot is worth at a price, at least the floor."""
    value = 0 if price == NO_PRICE else abs(price) * row["tick_value"]
    return int(max(value, row["notional_floor"]))


def _today_price(row: Row) -> int:
    basis = {1: "settlement_px", 2: "mark_px", 3: "average_px", OPEN_PRICE: "mark_px"}
    return int(row[basis[row["price_basis"]]])


def _mark(where: str, row: Row) -> Iterator[str]:
    if row["mark_px"] == NO_PRICE:
        yield from differs(where, "lot_notional", row["lot_notional"], -1)
        return
    mark = row["mark_px"]
    yield from differs(where, "lot_notional", row["lot_notional"], lot_value(row, mark))
    widths = []
    if row["collar_ticks"] != NO_LIMIT:
        widths.append(row["collar_ticks"])
    if row["collar_permille"] != NO_LIMIT:
        widths.append(abs(mark) * row["collar_permille"] // 1000)
    low, high = -NO_LIMIT, NO_LIMIT
    if widths:
        width = min(*widths, NO_LIMIT - 1 - abs(mark))
        low, high = mark - width, mark + width
    yield from differs(where, "collar_low", row["collar_low"], low)
    yield from differs(where, "collar_high", row["collar_high"], high)


def audit_margins(state: State, worst: list[Worst]) -> Iterator[str]:
    """Pairs and product rows hold what their models make of the worst sizes."""
    spans: dict[int, list[int]] = defaultdict(list)
    larger: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for index, pair in enumerate(state.pairs[1:], 1):
        instrument = state.instruments[pair["instrument"]]
        expected = 0
        if has_money(state, pair["account"]):
            if instrument["margin_model"] == MarginModel.MARGIN_SPAN:
                spans[pair["product"]].append(index)
            elif instrument["margin_model"] == MarginModel.MARGIN_SIDES and instrument["has_sides"]:
                both = both_sides(state, pair, worst[index])
                if instrument["is_max_side"]:
                    larger[pair["product"]].append(both)
                else:
                    expected = sum(both)
            else:
                expected = net_margin(state, pair, worst[index])
        yield from differs(pair_name(pair), "margin", pair["margin"], expected)
        if pair["margin"] and worst[index].gross == 0:
            yield f"{pair_name(pair)}: {pair['margin']} held with no position and no order"
    for index, row in enumerate(state.products[1:], 1):
        where = f"account {row['account']} in product {row['product']}"
        expected = 0
        longs = sum(both[0] for both in larger[index])
        shorts = sum(both[1] for both in larger[index])
        yield from differs(where, "margin_longs", row["margin_longs"], longs)
        yield from differs(where, "margin_shorts", row["margin_shorts"], shorts)
        if spans[index]:
            expected = yield from _span(state, where, state.scans[row["scan"]], spans[index], worst)
        yield from differs(where, "margin", row["margin"], expected + max(longs, shorts))


def _rate(state: State, pair: Row, name: str) -> int:
    """The venue's own where the level is shared, the client's else; unknown counts nothing."""
    owner = "exchange" if state.accounts[pair["account"]]["is_shared"] else "margin"
    rate = int(max(0, state.instruments[pair["instrument"]][f"{owner}_{name}"]))
    return of_client(state, pair["account"], rate)


def of_client(state: State, account: int, margin: int) -> int:
    """What the account's group is asked for it; a shared level is margined as its venue does it."""
    row = state.accounts[account]
    return margin if row["is_shared"] else ceil_ppm(margin, row["margin_ppm"])


def net_margin(state: State, pair: Row, worst: Worst) -> int:
    """R of MARGIN.md 1."""
    return max(
        _rate(state, pair, "long") * max(0, worst.longs),
        _rate(state, pair, "short") * max(0, worst.shorts),
    )


def both_sides(state: State, pair: Row, worst: Worst) -> tuple[int, int]:
    """L and S: yesterday's lots, today's, and working orders as today's."""
    sides = state.sides[pair["sides"]]
    found = []
    for side, size in zip(SIDES, (worst.longs, worst.shorts), strict=True):
        today, yesterday = sides[f"{side}_today"], sides[f"{side}_yesterday"]
        rate = _rate(state, pair, f"{side}_today")
        found.append(
            _rate(state, pair, side) * yesterday
            + rate * (size - today - yesterday)
            + _todays(state, pair, side, today, sides[f"{side}_today_cost"])
        )
    return found[0], found[1]


def _todays(state: State, pair: Row, side: str, lots: int, cost: int) -> int:
    row = state.instruments[pair["instrument"]]
    owner = "exchange" if state.accounts[pair["account"]]["is_shared"] else "margin"
    rate = row[f"{owner}_{side}_today"]
    if row["price_basis"] != OPEN_PRICE or rate < 0:
        return _rate(state, pair, f"{side}_today") * lots
    value = max(abs(cost), row["notional_floor"] * lots)
    by_money = ceil_ppm(value, row[f"{owner}_{side}_ppm"])
    return of_client(state, pair["account"], int(row[f"{owner}_{side}_lot"]) * lots + by_money)


class Scan:
    """SPAN's sums over the pairs of a product row, in scan units."""

    def __init__(self) -> None:
        self.worst = [0] * 16
        self.intra_longs = 0
        self.intra_shorts = 0
        self.delivery = 0
        self.short_options = 0

    def add(self, row: Row, worst: Worst) -> None:
        """One pair: its scenarios, and its part of the bounds."""
        for k, loss in enumerate(map(int, row["scan"])):
            self.worst[k] += max(loss * worst.longs, -loss * worst.shorts)
        longs, shorts = max(0, worst.longs), max(0, worst.shorts)
        delta = abs(row["scan_delta"])
        intra = -(-row["intra_rate"] * delta // 10_000)
        delivery = -(-row["delivery_rate"] * delta // 10_000)
        if row["scan_delta"] < 0:
            self.intra_longs += intra * shorts
            self.intra_shorts += intra * longs
        else:
            self.intra_longs += intra * longs
            self.intra_shorts += intra * shorts
        self.delivery += delivery * max(longs, shorts)
        if row["is_option"]:
            self.short_options += row["short_option_rate"] * shorts

    @property
    def units(self) -> int:
        """The hold: the worst scan and what spreads and delivery may cost, or the option floor."""
        intra = min(self.intra_longs, self.intra_shorts)
        return max(max(0, *self.worst) + intra + self.delivery, self.short_options)


def _span(
    state: State, where: str, found: Row, pairs: list[int], worst: list[Worst]
) -> Generator[str, None, int]:
    scan = Scan()
    for index in pairs:
        scan.add(state.instruments[state.pairs[index]["instrument"]], worst[index])
    for k, value in enumerate(scan.worst):
        yield from differs(where, f"worst scan {k + 1}", found["worst"][k], value)
    for name in ("intra_longs", "intra_shorts", "delivery", "short_options"):
        yield from differs(where, name, found[name], getattr(scan, name))
    first = state.pairs[pairs[0]]
    unit = int(state.instruments[first["instrument"]]["scan_unit"])
    return of_client(state, first["account"], scan.units * max(0, unit))
