"""Span instruments: what a margin file says of them, and that the hold made of it is enough.

The hold is worked out here from RISK.md 4.1, the exact requirement by tidegate.span.
"""

import random
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from refusing import refusal

from tidegate.config import load_universe
from tidegate.run_dir import RunDir
from tidegate.span.pa2 import read_pa2
from tidegate.span.parameters import Contract, ParameterSet
from tidegate.span.portfolio import Position, find
from tidegate.span.requirement import requirement
from tidegate.span.scanning import Holding
from tidegate.universe import Instrument, Scan, Universe

SMALL = Path(__file__).parent.parent / "span" / "small.pa2"
HEAD = """
[[venues]]
name = "DEM"
kind = "simulated"
message_rate_per_s = 1000
message_burst = 1000

[[masters]]
name = "master"
venue = "DEM"

[[groups]]
name = "desk"
master = "master"

[[accounts]]
name = "one"
group = "desk"
products = [PRODUCTS]
cash = { CURRENCY = 1_000_000 }
max_position = 50

[[sessions]]
name = "algo"
accounts = ["one"]
"""
FUTURE = """
[[instruments]]
symbol = "{symbol}"
product = "{product}"
span_product = "{code}"
maturity = "{maturity}"
venue = "DEM"
currency = "{currency}"
tick_size = "0.1"
multiplier = 100
max_order_qty = 100
collar_ticks = 100
stale_ms = 1000
margin_model = "span"
margin_file = "{file}"
"""
OPTION = FUTURE + 'right = "{right}"\nstrike = "{strike}"\npremium = "{premium}"\n'


def row(
    symbol: str,
    code: str,
    maturity: str,
    right: str = "",
    strike: str = "",
    *,
    product: str = "AU",
    currency: str = "USD",
    premium: str = "at_fill",
) -> str:
    return (OPTION if right else FUTURE).format(
        symbol=symbol,
        product=product,
        code=code,
        maturity=maturity,
        right=right,
        strike=strike,
        premium=premium,
        currency=currency,
        file=SMALL,
    )


GOLD = (
    ("GA2512", "GA", "202512"),
    ("GA2602", "GA", "202602"),
    ("GA2604", "GA", "202604"),
    ("GA2606", "GA", "202606"),
    ("GM2512", "GM", "202512"),
    ("OA2601C43", "OA", "202601", "C", "4300"),
    ("OA2601P41", "OA", "202601", "P", "4100"),
    ("OAW2C43", "OA", "20260114", "C", "4300"),
    ("OA2601P3", "OA", "202601", "P", "300"),
)


def config(*rows: str, products: str = '"AU"', currency: str = "USD") -> str:
    head = HEAD.replace("PRODUCTS", products).replace("CURRENCY", currency)
    return head + "".join(rows)


def universe(tmp_path: Path, text: str) -> Universe:
    (tmp_path / "span.toml").write_text(text)
    return load_universe(tmp_path / "span.toml", RunDir("/tmp/run"))


@pytest.fixture
def gold(tmp_path: Path) -> Universe:
    return universe(tmp_path, config(*(row(*each) for each in GOLD)))


def scan_of(instrument: Instrument) -> Scan:
    assert instrument.scan is not None
    return instrument.scan


def test_a_future_has_its_array_its_delta_and_the_dearest_rates(gold: Universe) -> None:
    front, second = (scan_of(instrument) for instrument in gold.instruments[:2])
    assert front.unit == 10_000
    assert front.losses[:4] == (0, 0, -3000, -3000)
    assert front.losses[14:] == (-8910, 8910)
    assert front.delta == 10_000
    # Rates 200, 180, 500, 750 and 640 for a delta of each side; 350 for two.
    assert front.intra_rate == second.intra_rate == 750
    # Only December is in delivery: 50 consumed, 120 remaining.
    assert (front.delivery_rate, second.delivery_rate) == (120, 0)
    assert front.short_option_rate == 0
    # A mini is a tenth.
    assert scan_of(gold.instruments[4]).delta == 1_000


def test_an_option_has_the_minimum_of_a_short_one(gold: Universe) -> None:
    call, put, weekly, worthless = (scan_of(instrument) for instrument in gold.instruments[5:])
    assert (call.delta, put.delta, weekly.delta) == (4_200, -3_700, 3_900)
    assert {call.short_option_rate, put.short_option_rate, weekly.short_option_rate} == {30}
    assert worthless.losses == (0,) * 16
    assert worthless.short_option_rate == 30
    assert gold.instruments[5].is_premium_paid


def test_minimum_rates_of_tiers_are_their_month_s(tmp_path: Path) -> None:
    rows = [
        row("OW2603", "OW", "202603", "C", "5.6", product="WH"),
        row("OW2605", "OW", "202605", "P", "5", product="WH"),
    ]
    found = universe(tmp_path, config(*rows, products='"WH"')).instruments
    assert [scan_of(instrument).short_option_rate for instrument in found] == [5, 3]
    # Its file counts in tens.
    assert {scan_of(instrument).unit for instrument in found} == {100_000}


def test_arrays_of_different_scale_are_brought_to_the_finer_unit(tmp_path: Path) -> None:
    rows = [
        row("EI", "EI", "202512", product="EI", currency="EUR"),
        row("OE", "OE", "202512", "P", "5300", product="EI", currency="EUR", premium="margined"),
    ]
    found = universe(tmp_path, config(*rows, products='"EI"', currency="EUR")).instruments
    future, option = (scan_of(instrument) for instrument in found)
    assert (future.unit, option.unit) == (100, 100)
    assert future.losses[2] == -59_975
    assert option.losses[2] == 17_800


def hold(scans: list[Scan], nets: list[int], buys: list[int], sells: list[int]) -> int:
    """RISK.md 4.1 at a product row, in money."""
    worst = [0] * 16
    longs = shorts = delivery = options = 0
    for scan, net, buy, sell in zip(scans, nets, buys, sells, strict=True):
        for k, loss in enumerate(scan.losses):
            worst[k] += loss * net + max(0, loss * buy, -loss * sell)
        worst_long, worst_short = max(0, net + buy), max(0, sell - net)
        size = abs(scan.delta)
        long_side, short_side = worst_long, worst_short
        if scan.delta < 0:
            long_side, short_side = worst_short, worst_long
        longs += scan.intra_rate * size * long_side
        shorts += scan.intra_rate * size * short_side
        delivery += scan.delivery_rate * size * max(worst_long, worst_short)
        options += scan.short_option_rate * worst_short
    charges = -(-(min(longs, shorts) + delivery) // 10_000)
    return scans[0].unit * max(max(0, *worst) + charges, options)


def portfolios(count: int, size: int) -> Iterator[tuple[list[int], list[int], list[int]]]:
    """Net, working buys and working sells of each instrument; most have few of them."""
    chance = random.Random(20251201)
    for _ in range(count):
        held = chance.choice((0.2, 0.5, 1.0))

        def lots(most: int, held: float = held) -> list[int]:
            return [chance.randint(0, most) * (chance.random() < held) for _ in range(size)]

        nets = [a - b for a, b in zip(lots(6), lots(6), strict=True)]
        yield nets, lots(4), lots(4)


def test_the_hold_is_never_below_the_exact_requirement_of_any_fills(gold: Universe) -> None:
    parameters = read_pa2(SMALL)
    contracts = contracts_of(parameters, gold)
    scans = [scan_of(instrument) for instrument in gold.instruments]
    chance = random.Random(7)
    tight = 0
    for nets, buys, sells in portfolios(150, len(scans)):
        held = hold(scans, nets, buys, sells)
        for _ in range(4):
            after = [
                net + chance.randint(0, buy) - chance.randint(0, sell)
                for net, buy, sell in zip(nets, buys, sells, strict=True)
            ]
            holdings = [
                Holding(contract, qty)
                for contract, qty in zip(contracts, after, strict=True)
                if qty
            ]
            parts = requirement(parameters, holdings)
            needed = sum((part.span_risk for part in parts), Fraction(0)) * 10_000
            assert held >= needed, (nets, buys, sells, after)
            tight += bool(needed) and needed * 2 > held
    # It says something only if it is also near what is needed.
    assert tight > 200


def contracts_of(parameters: ParameterSet, gold: Universe) -> list[Contract]:
    return [
        find(
            parameters,
            Position(
                product=each[1],
                maturity=each[2],
                qty=1,
                right=instrument.right or "",
                strike=instrument.strike,
            ),
            instrument.symbol,
        )
        for instrument, each in zip(gold.instruments, GOLD, strict=True)
    ]


SLIPS = {
    "unknown maturity": (
        row("GA2512", "GA", "202512"),
        row("GA2512", "GA", "202511"),
        f'instruments[0] "GA2512".margin_file: {SMALL} has no risk array for GA 202511; '
        "expected a contract of it; the maturities of GA are 202512, 202602, 202604, 202606",
    ),
    "no maturity": (
        'span_product = "GA"\nmaturity = "202512"\n',
        'span_product = "GA"\n',
        "instruments[0] \"GA2512\".maturity: missing; expected with margin_model = 'span'",
    ),
    "currency": (
        row("GA2512", "GA", "202512"),
        row("GA2512", "GA", "202512", currency="EUR"),
        f'instruments[0] "GA2512".currency: EUR, but {SMALL} margins CC-AU in USD; expected that',
    ),
    "premium": (
        row(*GOLD[5]),
        row(*GOLD[5], premium="margined"),
        f"instruments[5] \"OA2601C43\".premium: {SMALL} says 'at_fill'; expected that",
    ),
    "two combined commodities in a product": (
        row(*GOLD[8]),
        row("TB", "TB", "202603"),
        "instruments[8] \"TB\".product: 'AU' has instruments of CC-AU and CC-TB; expected those of "
        "one combined commodity in a product, because margin nets in it",
    ),
    "two products of a combined commodity": (
        row(*GOLD[8]),
        row(*GOLD[8], product="AUO"),
        "instruments[8] \"OA2601P3\".product: CC-AU is margined in product 'AU' too; expected one "
        "product for it, because its spreads are charged in one",
    ),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_slip_in_a_span_instrument_is_refused(slip: str, tmp_path: Path) -> None:
    old, new, expected = SLIPS[slip]
    text = config(*(row(*each) for each in GOLD))
    assert text.count(old) == 1
    assert expected in refusal(tmp_path / "slip.toml", text.replace(old, new))


def test_a_commodity_scanned_in_tiers_is_refused_over_more_than_one(tmp_path: Path) -> None:
    rows = [row(f"SI{month}", "SI", month, product="AG") for month in ("202512", "202603")]
    text = config(*rows, products='"AG"')
    assert refusal(tmp_path / "tiers.toml", text) == [
        'instruments[0] "SI202512".margin_file: CC-AG is scanned in tiers that do not offset; '
        "expected one tier in a product"
    ]
    universe(tmp_path, config(rows[0], products='"AG"'))
