"""The exact SPAN requirement of accounts with 10, 50 and 100 positions, beside the reference.

Futures of twelve months and their options in five combined commodities, each with series and tier
spreads, a delivery month and credits between commodities. The hash is of all figures.
"""

import hashlib
import os
import platform
import random
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tidegate.native.build import PROFILE
from tidegate.native.span_exact import Column, Outcome, SpanTable
from tidegate.span.flat import Flat, flatten
from tidegate.span.parameters import (
    CombinedCommodity,
    Contract,
    DeliveryMonth,
    Family,
    Header,
    InterLeg,
    InterSpread,
    Leg,
    Month,
    ParameterSet,
    Series,
    Spread,
    Tier,
)
from tidegate.span.requirement import requirement
from tidegate.span.scanning import Holding

SEED = 20251201
COMMODITIES = 5
ACCOUNTS = 400
ROUNDS = 300
MONTHS: list[Month] = [(202601 + month, "") for month in range(12)]
STEPS = (0, 0, 1, 1, -1, -1, 2, 2, -2, -2, 3, 3, -3, -3)


def array(rng: random.Random, scan: int, delta: float, curve: int) -> tuple[int, ...]:
    """Losses of long 1: by delta, with a curve and a little of volatility for an option."""
    moves = [*(step * scan // 3 for step in STEPS), scan * 99 // 100, -scan * 99 // 100]
    noise = rng.randrange(1, 400) if curve else 0
    return tuple(
        -round(delta * move) - curve * abs(move) // 10 + (noise if k % 2 else -noise)
        for k, move in enumerate(moves)
    )


def contracts_of(rng: random.Random, number: int, scan: int) -> list[Contract]:
    future, option = ("DEM", f"F{number}", "FUT"), ("DEM", f"O{number}", "OOF")
    found = []
    for month in MONTHS:
        values = array(rng, scan, 1.0, 0)
        found.append(Contract(future, month, None, "", 0, values, Fraction(1), 4000, None))
        for strike in range(8):
            right, delta = rng.choice((("C", 1), ("P", -1)))
            size = rng.randrange(5, 95)
            values = array(rng, scan, delta * size / 100, 1)
            share = Fraction(delta * size, 100)
            price = rng.randrange(1, 9000)
            strike_price = 3000 + 10 * strike
            found.append(
                Contract(option, month, month, right, strike_price, values, share, price, None)
            )
    return found


def combined_of(number: int) -> CombinedCommodity:
    one = Fraction(1)
    tiers = tuple(Tier(place + 1, MONTHS[3 * place], MONTHS[3 * place + 2]) for place in range(4))
    series = tuple(
        Spread(
            place + 1, Fraction(200 + 10 * place), (Leg("A", one, month=a), Leg("B", one, month=b))
        )
        for place, (a, b) in enumerate(pairwise(MONTHS[:6]))
    )
    pairs = [(a, b) for a in range(1, 5) for b in range(a, 5)]
    between = tuple(
        Spread(place, Fraction(300 + 40 * b), (Leg("A", one, tier=a), Leg("B", one, tier=b)))
        for place, (a, b) in enumerate(pairs)
    )
    return CombinedCommodity(
        exchange="DEM",
        code=f"CC-{number}",
        currency="USD",
        exponent=0,
        option_style="P",
        caps_option_value=False,
        families={("DEM", f"F{number}", "FUT"): 0, ("DEM", f"O{number}", "OOF"): 0},
        scan_method="01",
        scan_tiers=(),
        inter_tiers=(),
        price_risk_method=2,
        intra_method="10",
        tiers=tiers,
        series_spreads=series,
        tier_spreads=between,
        delivery_method="10",
        delivery_months=(DeliveryMonth(MONTHS[0], Fraction(50), Fraction(120)),),
        som_rate=Fraction(50),
        som_tiers=(),
        som_takes_larger=True,
        unsupported=(),
    )


def parameters() -> ParameterSet:
    rng = random.Random(SEED)
    families, contracts, series, spreads = {}, {}, {}, []
    combined = {f"CC-{number}": combined_of(number) for number in range(COMMODITIES)}
    for number in range(COMMODITIES):
        scan = rng.randrange(3000, 18000, 3)
        for contract in contracts_of(rng, number, scan):
            exchange, product, kind = contract.family
            families[contract.family] = Family(
                *(exchange, product, kind, product, 2, 0, "", "", Fraction(100), "USD", "")
            )
            contracts.setdefault((product, contract.maturity), []).append(contract)
            key = contract.family, contract.month, contract.option_month
            series[key] = Series(Fraction(scan), Fraction(1), None, 0)
        legs = [
            InterLeg("DEM", f"CC-{(number + place) % COMMODITIES}", side, Fraction(1), rate, None)
            for place, side, rate in ((0, "A", Fraction(1, 2)), (1, "B", Fraction(1, 2)))
        ]
        spreads.append(InterSpread("ALL", number + 1, False, None, tuple(legs), ""))
    return ParameterSet(
        file="bench",
        header=Header("DEMO", "20251201"),
        families=families,
        combined=combined,
        owner={key: code for code, cc in combined.items() for key in cc.families},
        contracts=contracts,
        series=series,
        groups={},
        inter_spreads=tuple(spreads),
        records={},
        skipped={},
    )


def accounts(flat: Flat, size: int) -> tuple[Any, Any]:
    rng = random.Random(SEED + size)
    chosen = [rng.sample(range(len(flat.contracts)), size) for _ in range(ACCOUNTS)]
    lots = [[rng.choice((-1, 1)) * rng.randrange(1, 40) for _ in range(size)] for _ in chosen]
    return np.array(chosen, np.int32), np.array(lots, np.int64)


def machine() -> str:
    return f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}, {PROFILE}"


SET = parameters()
FLAT = flatten(SET)


@pytest.mark.parametrize("size", [10, 50, 100])
def test_bench_exact_requirement(benchmark: Any, size: int) -> None:
    table = SpanTable(FLAT)
    index, qty = accounts(FLAT, size)
    parts = np.zeros((len(FLAT.codes), Column.COLUMNS), np.int64)
    totals = np.zeros(len(FLAT.currencies), np.int64)
    digest = hashlib.sha256()
    for row in range(ACCOUNTS):
        outcome, held = table.requirement(index[row], qty[row], parts, totals)
        assert outcome == Outcome.DONE
        digest.update(parts[:held].tobytes() + totals.tobytes())
    benchmark.extra_info |= {"seed": SEED, "machine": machine(), "hash": digest.hexdigest()[:16]}
    benchmark.extra_info["accounts"] = ACCOUNTS
    benchmark.pedantic(lambda: table.repeat(index, qty, parts, totals), rounds=ROUNDS)
    if benchmark.stats is not None:
        times = benchmark.stats.stats
        median, least = (time * 1e9 / ACCOUNTS for time in (times.median, times.min))
        benchmark.extra_info["account_ns_median"] = round(median)
        print(
            f"\nexact SPAN, {size} positions: median {median:,.0f} ns, least {least:,.0f} ns an "
            f"account; seed {SEED}, hash {digest.hexdigest()[:16]}; {machine()}"
        )


def test_bench_reference_requirement(benchmark: Any) -> None:
    """The same account in Fractions, which the native figure must equal."""
    index, qty = accounts(FLAT, 50)
    lots = zip(index[0].tolist(), qty[0].tolist(), strict=True)
    held = [Holding(FLAT.contracts[place], count) for place, count in lots]
    parts = benchmark.pedantic(lambda: requirement(SET, held), rounds=3)
    rows = np.zeros((len(FLAT.codes), Column.COLUMNS), np.int64)
    totals = np.zeros(len(FLAT.currencies), np.int64)
    SpanTable(FLAT).requirement(index[0], qty[0], rows, totals)
    scans = {FLAT.codes[row[Column.COMMODITY]]: row[Column.SCAN] for row in rows}
    assert scans == {part.combined_commodity: part.scan * 10_000 for part in parts}
