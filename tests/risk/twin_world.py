"""A rich universe for the twin and the step, its limits drawn from a seed.

firm 1 > masters 2 (shared), 3 (a pool), 4 (no money) > groups 5, 6, 7 > sub-accounts:
8, 9 own money and 10 shared by its strategies 15, 16 (of 5); 11, 12 on the pool (of 6);
13 converted and 14 plain (of 7).
"""

from decimal import Decimal
from random import Random
from typing import Any

import msgspec
from twin_themes import Theme, theme_of

from tidegate.native.records import Level, TradingState
from tidegate.universe import (
    Account,
    Capacity,
    Currency,
    Fee,
    Gateway,
    Instrument,
    Lane,
    Limit,
    Product,
    Rate,
    Scan,
    Session,
    Supervisor,
    Universe,
)

SECOND = 10**9
START_NS = 1_700_000_000 * SECOND
USD, CNY, EUR = 1, 2, 3
FIRM, SHARED, POOL, PLAIN = 1, 2, 3, 4
MASTERS = (SHARED, POOL, PLAIN)
TRADERS = (8, 9, 11, 12, 13, 14, 15, 16)
OPERATOR = 4
MILLION = 10_000_000_000
PRICES = {1: 13_000, 2: 900, 3: 4_000, 4: 4_010, 5: 3_500, 6: 2_000, 7: 60, 8: 50, 9: 700}
PRICES |= {10: 100, 11: 3_520}
LOSSES = (0, 0, -40, -40, 40, 40, -80, -80, 80, 80, -120, -120, 120, 120, -119, 119)
CALL = (5, -6, -20, -30, 25, 15, -50, -60, 40, 30, -85, -95, 50, 45, -100, 20)
PUT = (4, -5, 18, 9, -25, -32, 30, 25, -55, -60, 42, 38, -90, -95, 15, -105)
FEES = (
    Fee(open_lot=100, close_lot=200, close_today_lot=50, open_ppm=23, close_ppm=23),
    Fee(open_lot=150, close_lot=150, close_today_lot=900, close_today_ppm=345),
)
PPM = {"margin_long_lot": 0, "margin_short_lot": 0}
PPM |= {"margin_long_ppm": 120_001, "margin_short_ppm": 150_000}
SIDES = {"margin_model": "sides", "has_sides": True, "currency": CNY, "fees": FEES}
SIDES |= PPM | {"tick_value": 60_000, "collar_ticks": 150}
SPAN = {"margin_model": "span", "tick_value": 10_000, "collar_ticks": 100}


def instrument(handle: int, symbol: str, product: int, **fields: Any) -> Instrument:
    return msgspec.structs.replace(
        Instrument(
            handle=handle,
            symbol=symbol,
            product=f"P{product}",
            product_index=product,
            venue=1,
            venue_code=symbol,
            currency=USD,
            tick_size=Decimal("0.1"),
            multiplier=Decimal(100),
            tick_value=100_000,
            max_order_qty=60,
            collar_ticks=200,
            collar_permille=None,
            stale_ns=15 * SECOND,
            settlement=PRICES[handle],
            margin_long_lot=88_000_000,
            margin_short_lot=80_000_000,
            margin_long_ppm=0,
            margin_short_ppm=0,
            fee_lot=23_200,
            fee_ppm=0,
        ),
        **fields,
    )


def metals(rng: Random, theme: Theme) -> tuple[Instrument, ...]:
    """Margined by net."""
    return (
        instrument(
            1,
            "GC1",
            0,
            exchange_long_lot=70_000_000,
            day_orders_max=rng.choice((None, 40)),
            order_to_trade_max=2 if theme.is_strict else None,
            order_to_trade_floor=25,
            day_cancels_max=4 if theme.is_strict else None,
            day_large_cancels_max=2 if theme.is_strict else None,
            day_self_trades_max=1 if theme.is_strict else None,
            large_cancel_qty=5,
            order_rate=Rate(per_second=40, burst=20),
        ),
        instrument(2, "GC2", 0, **PPM, notional_floor=5_000_000_000, lot_step=2, max_market_qty=9),
    )


def sided(theme: Theme) -> tuple[Instrument, ...]:
    """Margined by sides."""
    return (
        instrument(3, "IF1", 1, **SIDES, is_max_side=True, price_basis=2, exempts_immediate=True),
        instrument(
            4,
            "IF2",
            1,
            **SIDES,
            is_max_side=True,
            price_basis=1,
            day_cancels_max=4 if theme.is_strict else None,
            day_large_cancels_max=2 if theme.is_strict else None,
            day_self_trades_max=1 if theme.is_strict else None,
            large_cancel_qty=5,
        ),
        instrument(
            5, "RB1", 2, **SIDES, closes_today=True, price_basis=4, exchange_long_ppm=90_000
        ),
    )


def scanned() -> tuple[Instrument, ...]:
    """Margined by SPAN: a future, a call and a put."""
    return (
        instrument(
            6,
            "SF",
            3,
            **SPAN,
            scan=Scan(unit=10_000, losses=LOSSES, delta=10_000, intra_rate=30),
            fee_ppm=12,
        ),
        instrument(
            7,
            "SC",
            3,
            **SPAN,
            scan=Scan(unit=10_000, losses=CALL, delta=4_321, intra_rate=31, short_option_rate=45),
            right="C",
            strike=Decimal(210),
            is_premium_paid=True,
        ),
        instrument(
            8,
            "SP",
            3,
            **SPAN,
            scan=Scan(
                unit=10_000,
                losses=PUT,
                delta=-3_333,
                intra_rate=29,
                delivery_rate=7,
                short_option_rate=400,
            ),
            right="P",
            strike=Decimal(190),
        ),
    )


def odd(rng: Random) -> tuple[Instrument, ...]:
    """A third currency, a second venue with phases, and a price of sides that is an average."""
    return (
        instrument(9, "EU", 4, currency=EUR, collar_permille=50, collar_ticks=None, price_step=5),
        instrument(
            10,
            "XX",
            5,
            settlement=rng.choice((None, 100)),
            margin_long_ppm=rng.choice((0, 50_000)),
            collar_ticks=None,
            phases=(
                (START_NS - SECOND, 2),
                (START_NS + 6 * SECOND, 1),
                (START_NS + 12 * SECOND, 2),
            ),
            margin_short_lot=rng.choice((80_000_000, 80_000_000, 1 << 58)),
            fee_lot=60_000_000,
            period_ns=5 * SECOND,
            period_ticks=6,
            min_order_qty=2,
            venue=2,
        ),
        instrument(
            11,
            "RB2",
            2,
            **SIDES,
            price_basis=3,
            average_px=rng.choice((None, 3_510)),
            closes_today=False,
            cancel_rate=Rate(per_second=1, burst=3),
            replace_rate=Rate(per_second=2, burst=2),
        ),
    )


def instruments(rng: Random, theme: Theme) -> tuple[Instrument, ...]:
    found = (*metals(rng, theme), *sided(theme), *scanned(), *odd(rng))
    return tuple(msgspec.structs.replace(row, stale_ns=theme.stale_ns) for row in found)


def account(handle: int, level: Level, parent: int, **fields: Any) -> Account:
    return msgspec.structs.replace(
        Account(
            handle=handle,
            name=f"account-{handle}",
            level=int(level),
            parent=parent,
            venue=0,
            products=tuple(range(6)),
            cash={},
            max_position=None,
            position_limits={},
            max_order_qty=None,
            order_rate=None,
            order_burst=1,
            cancel_on_disconnect=False,
            trading_state=int(TradingState.ACTIVE),
        ),
        **fields,
    )


def drawn_limits(rng: Random) -> tuple[Limit, ...]:
    """Limits at some scopes; wide enough that most orders pass."""
    found = []
    for scope in ({"instrument": rng.randint(1, 11)}, {"product": rng.randint(1, 6)}, {}):
        if rng.random() < 0.5:
            found.append(
                Limit(
                    **scope,
                    max_order_qty=rng.choice((None, 12, 25)),
                    max_market_qty=rng.choice((None, 5)),
                    max_notional=rng.choice((None, None, 3 * MILLION)),
                    max_long=rng.choice((None, 30, 90)),
                    max_short=rng.choice((None, 25, 90)),
                    max_gross=rng.choice((None, 45, 90)),
                    max_open_orders=rng.choice((None, 3, 9)),
                    side_lock=rng.choice((0,) * 20 + (1, 2, 3)),
                )
            )
    return tuple(found)


def trader(handle: int, parent: int, rng: Random, theme: Theme, **fields: Any) -> Account:
    level = Level.STRATEGY if handle > 14 else Level.SUB_ACCOUNT
    small = 20 if theme.is_poor else rng.choice((1, 1, 1, 20))
    cash = {USD: 2 * MILLION // small, CNY: 3 * MILLION // small}
    drawn: dict[str, Any] = {
        "cash": cash,
        "max_position": rng.choice((40,) * 9 + (None,)),
        "limits": drawn_limits(rng),
        "session": rng.choice((1, 2, 3)),
        "tier": rng.choice((0, 1)),
        "margin_ppm": rng.choice((1_000_000, 1_200_000, 333_333)),
        "order_rate": rng.choice((None, None, None, 20)),
        "order_burst": 5,
        "max_loss": rng.choice(({}, {}, {USD: MILLION // 40})),
        "max_drawdown": rng.choice(({}, {}, {USD: MILLION // 80, CNY: MILLION // 80})),
        "leverage_max": rng.choice((None, None, 600)),
        "concentration_permille": rng.choice((None, None, None, 800)),
        "concentration_floor": 20,
        "identical_max": 2 if theme.is_strict else rng.choice((0, 0, 2)),
        "identical_window_ns": SECOND,
        "executions_max": rng.choice((None, None, None, 15)),
        "day_orders_max": rng.choice((None, None, 60)),
        "protection_window_ns": rng.choice((0, 0, SECOND)),
        "protection_qty": rng.choice((0, 20)),
        "protection_delta": rng.choice((0, 12)),
        "slow_interval_ns": SECOND // 2,
        "self_match_own": rng.choice((1, 2, 3, 4)),
        "cancel_on_disconnect": rng.random() < 0.5,
        "margin_grades": rng.choice(((0, 0, 0, 0), (200, 400, 700, 950))),
        "loss_grades": rng.choice(((0, 0, 0, 0), (100, 300, 500, 800))),
        "position_grades": rng.choice(((0, 0, 0, 0), (300, 500, 800, 1000))),
    }
    return account(handle, level, parent, **drawn | fields)


def accounts(rng: Random, theme: Theme) -> tuple[Account, ...]:
    def group(handle: int, parent: int) -> Account:
        return account(
            handle,
            Level.OWNER_GROUP,
            parent,
            self_match_group=rng.choice((1, 1, 2, 3, 4)),
            limits=drawn_limits(rng) if rng.random() < 0.3 else (),
        )

    money = {USD: 20 * MILLION, CNY: 30 * MILLION}
    return (
        account(FIRM, Level.FIRM, 0, limits=(Limit(max_gross=300, max_open_orders=60),)),
        account(SHARED, Level.MASTER, FIRM, cash=money, is_shared=True, max_loss={USD: MILLION}),
        account(POOL, Level.MASTER, FIRM, cash={USD: rng.choice((1, 3)) * MILLION, CNY: MILLION}),
        account(PLAIN, Level.MASTER, FIRM, products=(0, 1, 2, 3, 4)),
        group(5, SHARED),
        group(6, POOL),
        group(7, PLAIN),
        trader(8, 5, rng, theme),
        trader(9, 5, rng, theme, products=(0, 1, 2, 3, 5)),
        account(10, Level.SUB_ACCOUNT, 5, cash=money, is_shared=True, max_position=70, session=1),
        trader(11, 6, rng, theme, cash={}, pool=POOL, credit_line={USD: MILLION, CNY: MILLION}),
        trader(12, 6, rng, theme, cash={USD: 0}, pool=POOL, credit_line={USD: 2 * MILLION}),
        trader(
            13, 7, rng, theme, is_converted=True, cash={USD: MILLION, CNY: MILLION, EUR: MILLION}
        ),
        trader(14, 7, rng, theme, replace_rate=Rate(per_second=2, burst=2)),
        trader(15, 10, rng, theme),
        trader(16, 10, rng, theme),
    )


def world(seed: int, **fields: Any) -> Universe:
    """The universe of a seed."""
    rng, theme = Random(seed), theme_of(seed)
    lane = Lane(endpoint="inproc://none", hwm=10)
    return msgspec.structs.replace(
        Universe(
            currencies=(
                Currency(handle=USD, code="USD", bid_rate=10**9, ask_rate=10**9),
                Currency(
                    handle=CNY,
                    code="CNY",
                    bid_rate=139_000_000,
                    ask_rate=141_000_000,
                    haircut_ppm=20_000,
                ),
                Currency(handle=EUR, code="EUR"),
            ),
            products=tuple(
                Product(product_index=index, name=f"P{index}", venue=1) for index in range(6)
            ),
            venues=(),
            order_age_ms_max=5000,
            instruments=instruments(rng, theme),
            accounts=accounts(rng, theme),
            sessions=tuple(
                Session(
                    handle=handle,
                    name=f"session-{handle}",
                    accounts=() if handle == OPERATOR else TRADERS,
                    public_key=None,
                    heartbeat_ns=SECOND,
                    role="operator" if handle == OPERATOR else "strategy",
                    order_rate=Rate(per_second=100, burst=25) if handle == 3 else None,
                )
                for handle in (1, 2, 3, OPERATOR)
            ),
            lanes=dict.fromkeys(("orders", "routes", "executions", "reports", "control"), lane),
            gateway=Gateway(endpoints=("ipc:///none",), secret_key_file=None, outbox=16),
            capacity=Capacity(orders=theme.orders, pairs=400, cl_ord_ids=1 << 14, breaks=6),
            segment_records=1024,
            supervisor=Supervisor(restarts_max=1, backoff_ms=1, ready_timeout_ms=1),
        ),
        **fields,
    )
