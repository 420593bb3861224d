"""Worst sizes, margin by model, fees and premium: RISK.md 1, 4.1, 4.3 and 4.4, from the orders."""

from collections import Counter
from dataclasses import dataclass

from tidegate.native.records import NO_PRICE, OrdType, PositionEffect
from tidegate.universe import Scan
from twin.state import CLOSES, PPM, Contract, InexpressibleError, Order, Row, State, ceil_div, money

SCENARIOS = 16
DELTA_ONE = 10_000
SPAN_LOTS_MAX = 1 << 29


@dataclass(frozen=True)
class Extra:
    """Lots that an order under check would add; effect says whether they open."""

    instrument: int
    is_buy: bool
    lots: int
    opens: bool = True


@dataclass(frozen=True)
class Worst:
    long: int
    short: int
    gross: int


Lots = Counter[tuple[int, int, bool]]


def working(s: State) -> Lots:
    """Held lots that open, by (account of any level, instrument, is_buy)."""
    found: Lots = Counter()
    for order in s.open.values():
        if s.opens(order):
            for level in s.traders[order.account].chain:
                found[level, order.instrument, order.is_buy] += order.held
    return found


def sizes(
    s: State, lots: Lots, level: int, instrument: int, extra: Extra | None = None
) -> tuple[int, int]:
    """PB and PS, with the lots of an order under check."""
    buys, sells = lots[level, instrument, True], lots[level, instrument, False]
    if extra and extra.opens and extra.instrument == instrument:
        buys += extra.lots if extra.is_buy else 0
        sells += 0 if extra.is_buy else extra.lots
    return buys, sells


def worst(s: State, lots: Lots, level: int, instrument: int, extra: Extra | None = None) -> Worst:
    book = s.book(level, instrument)
    buys, sells = sizes(s, lots, level, instrument, extra)
    if s.contracts[instrument].row.has_sides:
        longs, shorts = book.longs + buys, book.shorts + sells
        return Worst(longs, shorts, longs + shorts)
    gross = max(abs(book.net + buys), abs(book.net - sells))
    return Worst(book.net + buys, sells - book.net, gross)


def worst_of(
    s: State, lots: Lots, level: int, instruments: list[int], extra: Extra | None = None
) -> Worst:
    """Sums over instruments: of a product, or of all."""
    found = [worst(s, lots, level, one, extra) for one in instruments]
    return Worst(*(sum(getattr(one, name) for one in found) for name in ("long", "short", "gross")))


def of_product(s: State, product: int) -> list[int]:
    return [h for h, c in s.contracts.items() if c.row.product_index == product]


def scope_instruments(s: State, instrument: int) -> tuple[list[int], list[int], list[int]]:
    """The instruments of the three scopes that cover one."""
    product = s.contracts[instrument].row.product_index
    return [instrument], of_product(s, product), list(s.contracts)


# Money a lot.


def a_lot(contract: Contract, owner: str, side: str, price: int | None) -> int | None:
    """by_volume + ceil(|price| * tick_value * ppm); None = not known."""
    lot, ppm = contract.rates[owner, side]
    if ppm == 0:
        return lot
    if price is None:
        return None
    value = max(abs(price) * contract.row.tick_value, contract.row.notional_floor)
    return money(lot + ceil_div(money(value) * ppm, PPM))


def today_price(contract: Contract) -> int | None:
    """Of lots of today: by the price basis."""
    basis = contract.row.price_basis
    if basis == 1:
        return contract.settlement
    return contract.row.average_px if basis == 3 else contract.mark


def lot_margins(contract: Contract, owner: str) -> dict[str, int | None]:
    """Of a lot, by side, yesterday's (also NET's) and today's (SIDES)."""
    found = {}
    for side in ("long", "short"):
        found[side] = a_lot(contract, owner, side, contract.settlement)
        found[f"{side}_today"] = a_lot(contract, owner, side, today_price(contract))
    return found


def margin_missing(s: State, instrument: int) -> bool:
    contract = s.contracts[instrument]
    if contract.row.margin_model == "span":
        return contract.scan is None
    found = lot_margins(contract, "client")
    names = ["long", "short"]
    if contract.row.margin_model == "sides":
        names += ["long_today", "short_today"]
    return any(found[name] is None for name in names)


# Margin of a level.


def bears(s: State, level: int) -> bool:
    """Whether a level holds margin of its own pairs: it is shared, or it trades alone."""
    row = s.traders[level].row
    return row.is_shared or (row.level >= 4 and level not in s.pools)


def owner_of(s: State, level: int) -> str:
    return "exchange" if s.traders[level].row.is_shared else "client"


def of_client(s: State, level: int, margin: int) -> int:
    """What the account's group is asked for it; the venue's own numbers stay as they are."""
    row = s.traders[level].row
    return margin if row.is_shared else money(ceil_div(margin * row.margin_ppm, PPM))


def net_margin(s: State, lots: Lots, level: int, one: int, extra: Extra | None) -> int:
    found = lot_margins(s.contracts[one], owner_of(s, level))
    size = worst(s, lots, level, one, extra)
    by_long = money(of_client(s, level, found["long"] or 0) * max(0, size.long))
    by_short = money(of_client(s, level, found["short"] or 0) * max(0, size.short))
    return max(by_long, by_short)


def side_margins(
    s: State, lots: Lots, level: int, one: int, extra: Extra | None
) -> tuple[int, int]:
    """L and S of a SIDES instrument."""
    contract, owner, book = s.contracts[one], owner_of(s, level), s.book(level, one)
    found = lot_margins(contract, owner)
    buys, sells = sizes(s, lots, level, one, extra)
    both = []
    for side, today, yesterday, opening, cost in (
        ("long", book.long_today, book.long_yesterday, buys, book.long_today_cost),
        ("short", book.short_today, book.short_yesterday, sells, book.short_today_cost),
    ):
        old = of_client(s, level, found[side] or 0)
        new = of_client(s, level, found[f"{side}_today"] or 0)
        held = money(old * yesterday) + money(new * opening)
        if contract.row.price_basis == 4 and found[f"{side}_today"] is not None:
            lot, ppm = contract.rates[owner, side]
            value = money(max(abs(cost), contract.row.notional_floor * today))
            todays = money(lot * today + ceil_div(value * ppm, PPM))
            held += of_client(s, level, todays)
        else:
            held += money(new * today)
        both.append(money(held))
    return both[0], both[1]


def scan_parts(
    s: State, lots: Lots, level: int, product: int, extra: Extra | None = None
) -> dict[str, list[int] | int]:
    """W by scenario and the bounds, in scan units."""
    parts: dict[str, list[int] | int] = {}
    worsts = [0] * SCENARIOS
    longs = shorts = delivery = options = 0
    for one in of_product(s, product):
        scan = s.contracts[one].scan
        if scan is None or s.contracts[one].row.margin_model != "span":
            continue
        net = s.book(level, one).net
        buys, sells = sizes(s, lots, level, one, extra)
        for k, loss in enumerate(scan.losses):
            worsts[k] += loss * net + max(0, loss * buys, -loss * sells)
        size = worst(s, lots, level, one, extra)
        long, short = max(0, size.long), max(0, size.short)
        if scan.delta < 0:
            long, short = short, long
        longs += by_delta(scan.intra_rate, scan) * long
        shorts += by_delta(scan.intra_rate, scan) * short
        delivery += by_delta(scan.delivery_rate, scan) * max(long, short)
        if s.contracts[one].row.right is not None:
            options += scan.short_option_rate * max(0, size.short)
    parts.update(worst=worsts, intra_longs=longs, intra_shorts=shorts)
    parts.update(delivery=delivery, short_options=options)
    return parts


def by_delta(rate: int, scan: Scan) -> int:
    """A rate for a lot of this delta."""
    return ceil_div(rate * abs(scan.delta), DELTA_ONE)


def span_margin(s: State, lots: Lots, level: int, product: int, extra: Extra | None) -> int:
    units = [
        scan.unit
        for one in of_product(s, product)
        if (scan := s.contracts[one].scan) and s.contracts[one].row.margin_model == "span"
    ]
    if not units:
        return 0
    ones = of_product(s, product)
    if worst_of(s, lots, level, ones, extra).gross > SPAN_LOTS_MAX:
        raise InexpressibleError(product)
    parts = scan_parts(s, lots, level, product, extra)
    worsts, longs, shorts = parts["worst"], parts["intra_longs"], parts["intra_shorts"]
    delivery, options = parts["delivery"], parts["short_options"]
    assert isinstance(worsts, list)
    assert isinstance(longs, int)
    assert isinstance(shorts, int)
    assert isinstance(delivery, int)
    assert isinstance(options, int)
    risk = max(0, *worsts) + min(longs, shorts) + delivery
    return of_client(s, level, money(units[0] * max(risk, options)))


def pair_margin(s: State, lots: Lots, level: int, one: int, extra: Extra | None = None) -> int:
    """Held at the pair itself."""
    row = s.contracts[one].row
    if row.margin_model == "span" or not bears(s, level):
        return 0
    if row.margin_model == "net":
        return net_margin(s, lots, level, one, extra)
    if row.is_max_side:
        return 0
    return money(sum(side_margins(s, lots, level, one, extra)))


def product_sides(
    s: State, lots: Lots, level: int, product: int, extra: Extra | None = None
) -> tuple[int, int]:
    """Sums of L and of S over the instruments of a product that are flagged."""
    longs = shorts = 0
    for one in of_product(s, product):
        row = s.contracts[one].row
        if row.margin_model == "sides" and row.is_max_side:
            long, short = side_margins(s, lots, level, one, extra)
            longs, shorts = money(longs + long), money(shorts + short)
    return longs, shorts


def product_margin(
    s: State, lots: Lots, level: int, product: int, extra: Extra | None = None
) -> int:
    """Held at the product row."""
    if not bears(s, level):
        return 0
    flagged = max(product_sides(s, lots, level, product, extra))
    return money(flagged + span_margin(s, lots, level, product, extra))


def level_margin(
    s: State, lots: Lots, level: int, currency: int, extra: Extra | None = None
) -> int:
    """Of all of a level's pairs and products in a currency, before any margin credit."""
    total = 0
    products = set()
    for one, contract in s.contracts.items():
        if contract.row.currency == currency:
            total = money(total + pair_margin(s, lots, level, one, extra))
            products.add(contract.row.product_index)
    for product in products:
        total = money(total + product_margin(s, lots, level, product, extra))
    return total


# Fees, premium, notional of an order.


def collar(s: State, instrument: int) -> tuple[int, int] | None:
    """RISK.md 5.1; None without a mark or a width."""
    contract = s.contracts[instrument]
    widths = []
    if contract.mark is None:
        return None
    if contract.row.collar_ticks is not None:
        widths.append(contract.row.collar_ticks)
    if contract.row.collar_permille is not None:
        widths.append(abs(contract.mark) * contract.row.collar_permille // 1000)
    if not widths:
        return None
    return contract.mark - min(widths), contract.mark + min(widths)


def bound(s: State, instrument: int, is_buy: bool) -> int:
    """The price to which a MARKET order is bound; NO_PRICE without a collar."""
    found = collar(s, instrument)
    return NO_PRICE if found is None else found[1 if is_buy else 0]


def charge(lot: int, ppm: int, notional: int, lots: int) -> int:
    return money(money(lot * lots) + ceil_div(money(notional) * ppm, PPM))


def fee_to_hold(
    s: State, account: int, instrument: int, effect: int, prices: list[int], lots: int
) -> int:
    """The largest fee that can apply, at the price farthest from zero of these and the mark."""
    if not lots:
        return 0
    contract, fee = s.contracts[instrument], s.fee_of(account, instrument)
    known = [price for price in prices if price != NO_PRICE]
    if contract.mark is not None:
        known.append(contract.mark)
    value = money(money(max(map(abs, known), default=0) * contract.row.tick_value) * lots)
    names = ["open", "close", "close_today"]
    if contract.row.has_sides and effect not in CLOSES:
        names = ["open"]
    return max(
        charge(getattr(fee, f"{name}_lot"), getattr(fee, f"{name}_ppm"), value, lots)
        for name in names
    )


def premium_to_hold(s: State, instrument: int, is_buy: bool, prices: list[int], lots: int) -> int:
    row = s.contracts[instrument].row
    known = [price for price in prices if price != NO_PRICE]
    if not (row.is_premium_paid and is_buy) or not known:
        return 0
    return max(0, money(money(max(known) * row.tick_value) * lots))


def held_prices(s: State, order: Order) -> list[int]:
    """Its price and that of a pending replace; of a MARKET order its bound now."""
    if order.ord_type == OrdType.MARKET:
        return [bound(s, order.instrument, order.is_buy)]
    return [order.price] + ([order.replace[1]] if order.replace else [])


def asked_price(s: State, o: Row, is_buy: bool) -> int:
    """The price at which an order is held: its own, or of a MARKET order its bound."""
    if o["ord_type"] == OrdType.MARKET:
        return bound(s, o["instrument"], is_buy)
    price: int = o["price"]
    return price


def lot_notional(s: State, instrument: int) -> int:
    contract = s.contracts[instrument]
    if contract.mark is None:
        return 0
    return max(money(abs(contract.mark) * contract.row.tick_value), contract.row.notional_floor)


# Lots with sides.


def closable(s: State, account: int, instrument: int, is_buy: bool, effect: int) -> tuple[int, int]:
    """What a close may still freeze of yesterday's and of today's lots."""
    book = s.book(account, instrument)
    yesterday, today = (
        (book.short_yesterday, book.short_today)
        if is_buy
        else (book.long_yesterday, book.long_today)
    )
    frozen_yesterday, frozen_today = frozen(s, account, instrument, is_buy)
    free = yesterday - frozen_yesterday, today - frozen_today
    if effect == PositionEffect.CLOSE_TODAY:
        return 0, free[1]
    only_old = effect == PositionEffect.CLOSE_YESTERDAY
    if only_old or s.contracts[instrument].row.closes_today:
        return free[0], 0
    return free


def frozen(s: State, level: int, instrument: int, is_buy: bool) -> tuple[int, int]:
    """Lots of yesterday and today that working closes of a side (is_buy closes shorts) froze."""
    yesterday = today = 0
    for order in s.open.values():
        if (
            order.instrument == instrument
            and order.is_buy == is_buy
            and not s.opens(order)
            and level in s.traders[order.account].chain
        ):
            yesterday += order.held - order.frozen_today
            today += order.frozen_today
    return yesterday, today
