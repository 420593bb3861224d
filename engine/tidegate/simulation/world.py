"""The small, wide universe of a seed: every margin model, every kind of account, odd limits."""

from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random
from typing import Any

import msgspec
from msgspec import structs

from tidegate.config import resolve
from tidegate.config.schema import Config, Tables
from tidegate.run_dir import RunDir
from tidegate.simulation.margin_file import (
    CALL,
    EXPIRY,
    FUTURE,
    MONTH,
    STRIKE,
    write_margin_file,
)
from tidegate.universe import Lane, Universe

DAY = date(2026, 1, 5)
START_NS = int(datetime(2026, 1, 5, 9, tzinfo=UTC).timestamp()) * 1_000_000_000
# All prices stay near this many ticks.
MID = 5000
ALPHA, BETA = "ALPHA", "BETA"
NET, NET_TOO, SIDED, LARGER, SPANNED, OPTION = "NET", "NETTOO", "SIDED", "LARGER", "SPAN", "CALL"
SIDES = frozenset({SIDED, LARGER})
SELF_MATCH = ("allow", "allow", "deny_new", "cancel_resting", "cancel_both")
MARGIN_FILE = "margin.pa2"
SESSIONS = {
    "one": ["a1s1", "p1"],
    "two": ["a1s2", "a2", "p2"],
    "three": ["b1", "b2"],
    "operator": [],
}
HEARTBEAT_MS = 500
OUTBOX_MAX = 1 << 14


def make_universe(seed: int, run_dir: RunDir) -> Universe:
    """The universe of a seed; equal for equal seeds."""
    draw = Random(seed)
    write_margin_file(run_dir.path / MARGIN_FILE)
    tables = msgspec.convert(content(draw), Tables)
    made = resolve(Config(file=run_dir.path / "simulated.toml", tables=tables), run_dir, DAY)
    outbox = OUTBOX_MAX if has_rolls(seed) else made.gateway.outbox
    return structs.replace(
        made,
        lanes={
            name: Lane(**(structs.asdict(lane) | _place(name, draw)))
            for name, lane in made.lanes.items()
        },
        gateway=structs.replace(made.gateway, endpoints=("inproc://front",), outbox=outbox),
        venues=tuple(
            structs.replace(
                row, endpoint=f"inproc://venue-{row.name}", md_endpoint=f"inproc://md-{row.name}"
            )
            for row in made.venues
        ),
    )


def has_rolls(seed: int) -> bool:
    """Whether days end in this world. There no report is forgotten: what is lost is asked for at
    the end of a run, when days may have ended since, and risk knows an id for one.
    """
    return seed % 3 == 0


def _place(lane: str, draw: Random) -> dict[str, Any]:
    """Inside the process; so short now and then that it fills."""
    return {
        "endpoint": f"inproc://{lane}",
        "hwm": draw.choice((2, 4, 16, 64)),
        "retained": draw.choice((1024, 4096)),
    }


def content(draw: Random) -> dict[str, Any]:
    """What a config file would say."""
    return {
        "currencies": [
            {"code": "USD", "is_base": True},
            {"code": "CNY", "bid": "0.14", "ask": "0.141", "haircut_ppm": 20_000},
        ],
        "calendars": [
            {
                "name": "always",
                "time_zone": "UTC",
                "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
                "sessions": [{"from": "00:00", "to": "24:00"}],
            }
        ],
        "calendar_horizon": {"first_day": DAY.isoformat(), "days": 3},
        "venues": [_venue(name, draw) for name in (ALPHA, BETA)],
        "day_limits": [_day_limits(draw)],
        "instruments": [_instrument(name, draw) for name in INSTRUMENTS],
        "firm": {"name": "firm"},
        **hierarchy(draw),
        "sessions": [_session(name, names, draw) for name, names in SESSIONS.items()],
        "gateway": {"outbox": draw.choice((256, 4096, 4096))},
        "capacity": {
            "orders": draw.choice((40, 40, 1024, 1024)),
            "pairs": 256,
            "cl_ord_ids": 1 << 15,
            "products": 128,
            "sides": 64,
            "days": 128,
            "scans": 64,
            "limits": 256,
            "overrides": 16,
            "cash_holds": 16,
            "breaks": 64,
        },
        "journal": {
            "segment_records": draw.choice((1024, 4096)),
            "durability": draw.choice(("process", "power")),
            "keep": draw.choice(("all", "all", "snapshots")),
        },
        "snapshots": {
            "every_records": draw.choice((250, 1000)),
            "every_s": draw.choice((1, 5)),
            "keep": draw.choice((2, 3)),
        },
        "reconciliation": {"every_seconds": draw.choice((1, 3))},
    }


def _venue(name: str, draw: Random) -> dict[str, Any]:
    return {
        "name": name,
        "kind": "simulated",
        "seed": draw.randrange(1 << 31),
        "latency_us": draw.choice(([0, 0], [50, 400], [100, 20_000])),
        "reject_ppm": draw.choice((0, 5000, 50_000)),
        "message_rate_per_s": draw.choice((200, 5000, 5000)),
        "message_burst": draw.choice((20, 1000)),
        "mark_interval_ms": draw.choice((20, 100)),
        "persist": draw.random() < 0.6,
        "cancel_on_disconnect": draw.random() < 0.6,
    }


INSTRUMENTS = (NET, NET_TOO, SIDED, LARGER, SPANNED, OPTION)


def _instrument(name: str, draw: Random) -> dict[str, Any]:
    is_sided = name in SIDES
    row = {
        "symbol": name,
        "product": {NET_TOO: NET, LARGER: SIDED, OPTION: SPANNED}.get(name, name),
        "venue": BETA if is_sided else ALPHA,
        "currency": "CNY" if is_sided else "USD",
        "tick_size": "0.5",
        "multiplier": draw.choice((10, 100)),
        "max_order_qty": 20,
        "collar_ticks": draw.choice((40, 80)),
        "stale_ms": draw.choice((200, 2000, 60_000)),
        "calendar": "always",
        "settlement": str(Decimal(MID) / 2),
        "fee_per_lot": draw.choice((0, "0.7", 3)),
    }
    if name in (SPANNED, OPTION):
        row |= {"margin_model": "span", "margin_file": MARGIN_FILE}
        row |= {"span_product": FUTURE, "maturity": MONTH}
    if name == OPTION:
        row |= {"span_product": CALL, "maturity": EXPIRY, "right": "C", "strike": STRIKE}
        row |= {"underlying": SPANNED, "premium": "margined"}
    if name not in (SPANNED, OPTION):
        row |= {"margin_long_ppm": 60_000, "margin_short_ppm": 70_000}
        row |= {"margin_long_per_lot": 3, "margin_short_per_lot": 5}
    if is_sided:
        row |= {"margin_model": "sides", "day_limits": "odd"}
        row |= {"closes_today": True} if name == SIDED else {"max_side": True}
        row |= {"price_basis": "open" if name == LARGER else "settlement"}
    if name == NET_TOO:
        row |= {"max_market_qty": 4, "lot_step": 2, "min_order_qty": 2, "price_step_ticks": 2}
        row |= {"period_ms": 500, "period_ticks": 12, "cancel_rate_per_s": 3, "cancel_burst": 2}
        row |= {"order_rate_per_s": 40, "order_burst": 20}
    return row


def _day_limits(draw: Random) -> dict[str, Any]:
    row: dict[str, Any] = {"name": "odd", "exempts_immediate": draw.random() < 0.5}
    for key, most in (("orders", 120), ("cancels", 8), ("large_cancels", 6), ("self_trades", 2)):
        if draw.random() < 0.6 or key == "self_trades":
            row[key] = draw.randint(max(1, most // 3), most)
    if "large_cancels" in row:
        row["large_cancel_qty"] = 4
    if draw.random() < 0.6:
        row |= {"order_to_trade": 6, "order_to_trade_floor": 40}
    return row


def _session(name: str, names: list[str], draw: Random) -> dict[str, Any]:
    row: dict[str, Any] = {"name": name, "heartbeat_ms": HEARTBEAT_MS}
    if name == "operator":
        return row | {"role": "operator"}
    if draw.random() < 0.3:
        row |= {"order_rate_per_s": 100, "order_burst": 60, "replace_rate_per_s": 5}
    return row | {"accounts": names}


def hierarchy(draw: Random) -> dict[str, Any]:
    """Two masters at one venue, one of them a pool, and one at the other."""
    net, spanned, sided = [NET], [NET, SPANNED], [SIDED]
    return {
        "masters": [
            {"name": "ma", "venue": ALPHA, "cash": {"USD": 90_000_000}, **_level(draw)},
            {"name": "mp", "venue": ALPHA, "cash": {"USD": 500_000}, **_level(draw)},
            {"name": "mb", "venue": BETA, **_level(draw)},
        ],
        "groups": [
            {"name": "ga", "master": "ma", "self_match": draw.choice(SELF_MATCH)},
            {"name": "gp", "master": "mp", "self_match": draw.choice(SELF_MATCH)},
            {"name": "gb", "master": "mb", "margin_ppm": 1_100_000},
        ],
        "accounts": [
            _trading("a1", spanned, draw, group="ga", cash={"USD": 60_000_000}),
            _trading(
                "a2", net, draw, group="ga", cash={"USD": 60_000, "CNY": 300_000},
                converts_currencies=True,
            ),
            _trading("p1", spanned, draw, group="gp", pool="mp", slice={"USD": 300_000}),
            _trading("p2", spanned, draw, group="gp", pool="mp", slice={"USD": 90_000}),
            _trading("b1", sided, draw, group="gb", cash={"CNY": 60_000_000}),
            _trading("b2", sided, draw, group="gb", cash={"CNY": 90_000}),
        ],
        "strategies": [
            _trading("a1s1", None, draw, account="a1", cash={"USD": 20_000_000}),
            _trading("a1s2", None, draw, account="a1", cash={"USD": 20_000_000}),
        ],
    }  # fmt: skip


def _level(draw: Random) -> dict[str, Any]:
    row: dict[str, Any] = {}
    if draw.random() < 0.3:
        row["limits"] = [{"max_open_orders": draw.randint(20, 80)}]
    if draw.random() < 0.2:
        row["executions_max"] = draw.randint(15, 60)
    return row


def _trading(name: str, products: list[str] | None, draw: Random, **fields: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"name": name, "max_position": draw.choice((30, 200)), **fields}
    if products is not None:
        row["products"] = products
    row["self_match"] = draw.choice(SELF_MATCH)
    row["cancel_on_disconnect"] = draw.random() < 0.7
    for odd in ODDITIES:
        if draw.random() < 0.25:
            row |= odd
    return row


ODDITIES: tuple[dict[str, Any], ...] = (
    {"identical_max": 3, "identical_window_ms": 400},
    {"protection_window_ms": 300, "protection_qty": 40, "protection_delta": 25},
    {"executions_max": 8},
    {"order_rate_per_s": 60, "order_burst": 30},
    {
        "margin_grades_permille": {"alert": 200, "slow": 400, "reduce": 600, "halt": 950},
        "slow_interval_ms": 20,
    },
    {
        "position_grades_permille": {"alert": 300, "slow": 500, "reduce": 800},
        "limits": [{"max_long": 120, "max_short": 120}],
        "slow_interval_ms": 10,
    },
    {"day_orders_max": 400},
    {"max_loss": {"USD": 800, "CNY": 800}},
    {"max_drawdown": {"USD": 700}},
    {"limits": [{"max_gross": 16, "max_long": 90, "max_short": 90, "max_notional": 400_000}]},
    {"max_leverage": 2},
    {"concentration_permille": 600, "concentration_floor": 20},
)
