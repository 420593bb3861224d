"""A parameter set as flat tables for `native.span_exact`: made once, read for every account.

Exact or not at all: what cannot be said in whole 1/10,000 of money, in whole grains of delta or
without tiers between commodities stays out, by name and reason, and is computed in Fractions.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import lcm
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tidegate.errors import MarginError
from tidegate.native.span_exact import DTYPES
from tidegate.span.parameters import (
    BY_MONTH,
    BY_TIER,
    CombinedCommodity,
    Contract,
    InterSpread,
    Leg,
    Month,
    ParameterSet,
    Spread,
)
from tidegate.span.scanning import tier_of, value_unit

Rows = npt.NDArray[Any]

_MONEY = 10_000
_RATE_UNIT = 1_000_000
_TWELFTHS = 12
_LAST_BIT = 63
_NO_RANGE = 2**63 - 1
# Lots of one account times a figure of this size fit an int64.
_FIGURE_MAX = 2**39
_VALUE_MAX = 2**31 - 1


class _InexactError(Exception):
    """A figure that flat tables cannot say; its text is the reason."""


class Flat(NamedTuple):
    """What `SpanTable` reads, and names for its indices. `reference` has what is not in it."""

    instruments: Rows
    commodities: Rows
    spreads: Rows
    legs: Rows
    deliveries: Rows
    inters: Rows
    inter_legs: Rows
    inter_by_commodity: Rows
    som_rates: Rows
    currency_by_group: Rows
    grains: int
    slot_count: int
    month_count: int
    currency_count: int
    contracts: tuple[Contract, ...]
    codes: tuple[str, ...]
    currencies: tuple[str, ...]
    reference: dict[str, str]


def flatten(parameters: ParameterSet, contracts: Iterable[Contract] | None = None) -> Flat:
    """Tables of some contracts of a set, or of all; an index is a contract's place in `contracts`.

    MarginError if delta has more places than grains can have.
    """
    if contracts is None:
        contracts = (entry for listed in parameters.contracts.values() for entry in listed)
    chosen: dict[str, list[Contract]] = {}
    for contract in contracts:
        chosen.setdefault(parameters.combined_of(contract).code, []).append(contract)
    builder = _Builder(parameters, chosen)
    return builder.flat()


def _whole(figure: Fraction, what: str, limit: int = _FIGURE_MAX) -> int:
    if figure.denominator != 1 or abs(figure) > limit:
        raise _InexactError(f"{what} of {float(figure):g} units")
    return figure.numerator


def _ratios(ratios: Sequence[Fraction]) -> tuple[list[int], int]:
    """Whole ratios, and by how much they are larger than those given."""
    scale = lcm(*(ratio.denominator for ratio in ratios))
    return [_whole(ratio * scale, "a ratio", 2**20) for ratio in ratios], scale


class _Builder:
    """Appends rows table by table; a commodity that does not fit leaves none behind."""

    def __init__(self, parameters: ParameterSet, chosen: dict[str, list[Contract]]) -> None:
        self.parameters = parameters
        self.chosen = chosen
        self.reference: dict[str, str] = {}
        self.rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in DTYPES}
        self.contracts: list[Contract] = []
        self.codes: list[str] = []
        # What is no option counts in the first place, at no rate.
        self.som_rates: list[int] = [0]
        self.groups: dict[tuple[str, str], int] = {}
        self.currencies: list[str] = []
        self.slot_count = 0
        self.month_count = 0
        self.grains = 1

    def flat(self) -> Flat:
        spreads = [spread for spread in self.parameters.inter_spreads if not spread.unsupported]
        for spread in spreads:
            self._leave_out_tiers(spread)
        self._choose_grains(spreads)
        for code, contracts in self.chosen.items():
            if code not in self.reference:
                self._try(code, contracts)
        inter_by_commodity = self._add_inters(spreads)
        by_group = [self.currencies.index(currency) for currency, _ in self.groups]
        return Flat(
            **{name: self._table(name) for name in DTYPES},
            inter_by_commodity=np.array(inter_by_commodity or [0], np.int32),
            som_rates=np.array(self.som_rates, np.int64),
            currency_by_group=np.array(by_group or [0], np.int32),
            grains=self.grains,
            slot_count=self.slot_count,
            month_count=self.month_count,
            currency_count=max(1, len(self.currencies)),
            contracts=tuple(self.contracts),
            codes=tuple(self.codes),
            currencies=tuple(self.currencies),
            reference=self.reference,
        )

    def _table(self, name: str) -> Rows:
        table = np.zeros(max(1, len(self.rows[name])), DTYPES[name])
        for place, row in enumerate(self.rows[name]):
            table[place] = row
        return table

    def _leave_out_tiers(self, spread: InterSpread) -> None:
        reason = ""
        if any(leg.tier is not None for leg in spread.legs):
            reason = f"tiers in spread {spread.group} {spread.priority}"
        elif spread.flat is not None and _TWELFTHS % len(spread.legs):
            reason = f"a flat credit over {len(spread.legs)} legs"
        if reason:
            self.reference |= {leg.code: reason for leg in spread.legs}

    def _choose_grains(self, inter_spreads: Iterable[InterSpread]) -> None:
        """As fine as deltas need, and finer so that ratios can share them twice over."""
        deltas = [
            self.parameters.delta_of(contract)
            for listed in self.chosen.values()
            for contract in listed
        ]
        needed = lcm(1, *(delta.denominator for delta in deltas))
        shares = 1
        for code in self.chosen:
            combined = self.parameters.combined[code]
            for spread in combined.series_spreads + combined.tier_spreads:
                shares = self._shared(shares, [leg.ratio for leg in spread.legs])
        for inter in inter_spreads:
            shares = self._shared(shares, [leg.ratio for leg in inter.legs])
        largest = max([Fraction(1), *(abs(delta) for delta in deltas)])
        for grains in (needed * shares**2, needed * shares, needed):
            if largest * grains <= _FIGURE_MAX:
                self.grains = grains
                return
        raise MarginError(
            f"{self.parameters.file}: deltas need {needed} grains; expected at most {_FIGURE_MAX}"
        )

    def _shared(self, shares: int, ratios: Sequence[Fraction]) -> int:
        try:
            found = lcm(shares, *_ratios(ratios)[0])
        except _InexactError:
            return shares
        return found if found**2 <= _FIGURE_MAX else shares

    def _try(self, code: str, contracts: list[Contract]) -> None:
        before = {name: len(rows) for name, rows in self.rows.items()}
        counts = self.slot_count, self.month_count, len(self.som_rates), len(self.contracts)
        try:
            self._add(self.parameters.combined[code], contracts)
        except _InexactError as reason:
            self.reference[code] = str(reason)
            for name, count in before.items():
                del self.rows[name][count:]
            self.slot_count, self.month_count = counts[:2]
            del self.som_rates[counts[2] :]
            del self.contracts[counts[3] :]

    def _add(self, combined: CombinedCommodity, contracts: list[Contract]) -> None:
        if combined.unsupported:
            raise _InexactError(combined.unsupported[0])
        months = sorted({contract.month for contract in contracts})
        slots = self._slots(combined, months)
        soms = [None, *(tier for tier, _ in combined.som_tiers)]
        rates = [combined.som_rate, *(rate for _, rate in combined.som_tiers)]
        money = combined.unit * _MONEY
        first = {
            "spreads": len(self.rows["spreads"]),
            "deliveries": len(self.rows["deliveries"]),
            "som": len(self.som_rates),
        }
        unit = min(value_unit(combined, contract) for contract in contracts) * _MONEY
        for contract in contracts:
            self._add_instrument(combined, contract, unit, months, slots)
        self.som_rates += [_whole(rate * money, "a short option minimum") for rate in rates]
        spreads = combined.series_spreads + combined.tier_spreads
        spreads = spreads if combined.intra_method == "10" else ()
        for spread in spreads:
            self._add_spread(combined, spread, months, money)
        for delivery in combined.delivery_months:
            if delivery.month in months:
                charges = (
                    _whole(rate * money, "a delivery rate")
                    for rate in (delivery.spread_rate, delivery.outright_rate)
                )
                month = self.month_count + months.index(delivery.month)
                self.rows["deliveries"].append((*charges, month, 0))
        both = all({leg.side for leg in spread.legs} == {"A", "B"} for spread in spreads)
        self.codes.append(combined.code)
        self.rows["commodities"].append(
            (
                _whole(unit, "an array value"),
                combined.price_risk_method,
                both,
                combined.caps_option_value,
                combined.som_takes_larger,
                self._group(combined),
                self.month_count,
                self.month_count + len(months),
                self.slot_count,
                self.slot_count + len(set(slots.values())),
                first["som"],
                first["som"] + len(soms),
                first["spreads"],
                len(self.rows["spreads"]),
                first["deliveries"],
                len(self.rows["deliveries"]),
                0,
                0,
                0,
            )
        )
        self.month_count += len(months)
        self.slot_count += len(set(slots.values()))

    def _slots(self, combined: CombinedCommodity, months: list[Month]) -> dict[Month, int]:
        """Where each month is scanned, from 0, in the order in which scans are compared."""
        if combined.scan_method == BY_MONTH:
            return {month: place for place, month in enumerate(months)}
        if combined.scan_method != BY_TIER:
            return dict.fromkeys(months, 0)
        tiers = {month: tier_of(combined.scan_tiers, month) for month in months}
        order = sorted(set(tiers.values()), key=lambda tier: (tier is None, tier or 0))
        return {month: order.index(tier) for month, tier in tiers.items()}

    def _group(self, combined: CombinedCommodity) -> int:
        if combined.currency not in self.currencies:
            self.currencies.append(combined.currency)
        key = combined.currency, self.parameters.groups.get(combined.code, "")
        return self.groups.setdefault(key, len(self.groups))

    def _add_instrument(
        self,
        combined: CombinedCommodity,
        contract: Contract,
        unit: Fraction,
        months: list[Month],
        slots: dict[Month, int],
    ) -> None:
        scale = value_unit(combined, contract) * _MONEY / unit
        values = [_whole(value * scale, "an array value", _VALUE_MAX) for value in contract.values]
        series = self.parameters.series_of(contract)
        scan_range = series.scan_range if series is not None else None
        value = self.parameters.option_value_of(contract)
        som = 0
        if contract.is_option:
            tiers = [tier for tier, _ in combined.som_tiers]
            number = tier_of(tiers, contract.month)
            place = 0 if number is None else 1 + [tier.number for tier in tiers].index(number)
            som = len(self.som_rates) + place
        self.contracts.append(contract)
        self.rows["instruments"].append(
            (
                values,
                _whole(self.parameters.delta_of(contract) * self.grains, "a delta"),
                _whole((value or Fraction(0)) * _MONEY, "an option value"),
                _NO_RANGE if scan_range is None else _whole(scan_range * _MONEY, "a scan range"),
                len(self.codes),
                self.slot_count + slots[contract.month],
                self.month_count + months.index(contract.month),
                som,
                contract.right == "P",
                value is not None,
            )
        )

    def _add_spread(
        self, combined: CombinedCommodity, spread: Spread, months: list[Month], money: Fraction
    ) -> None:
        summed: dict[tuple[str, Month | None, int | None], Fraction] = {}
        for leg in spread.legs:
            key = leg.side, leg.month, leg.tier
            summed[key] = summed.get(key, Fraction(0)) + leg.ratio
        ratios, scale = _ratios(list(summed.values()))
        first = len(self.rows["legs"])
        for (side, month, tier), ratio in zip(summed, ratios, strict=True):
            start, end = self._span(combined, Leg(side, Fraction(1), month, tier), months)
            bits = (min(place - self.month_count, _LAST_BIT) for place in range(start, end))
            seen = sum(1 << bit for bit in set(bits))
            self.rows["legs"].append((seen, start, end, ratio, 1 if side == "A" else -1))
        rate = _whole(spread.rate * scale * money, "a spread's rate")
        self.rows["spreads"].append((rate, first, len(self.rows["legs"])))

    def _span(self, combined: CombinedCommodity, leg: Leg, months: list[Month]) -> tuple[int, int]:
        """The months of a leg, which lie side by side."""
        tiers = [tier for tier in combined.tiers if tier.number == leg.tier]
        places = [
            place
            for place, month in enumerate(months)
            if month == leg.month or any(tier.has(month) for tier in tiers)
        ]
        if not places:
            return 0, 0
        if places != list(range(places[0], places[-1] + 1)):
            raise _InexactError(f"tier {leg.tier} of months that do not lie side by side")
        return self.month_count + places[0], self.month_count + places[-1] + 1

    def _add_inters(self, spreads: Iterable[InterSpread]) -> list[int]:
        """Spreads between commodities that are all in the tables; listed by their first leg's."""
        listed: dict[int, list[int]] = {}
        for spread in spreads:
            if not all(self._is_in(leg.exchange, leg.code) for leg in spread.legs):
                continue
            try:
                row, legs = self._inter(spread)
            except _InexactError as reason:
                raise MarginError(
                    f"{self.parameters.file}: spread {spread.group} {spread.priority}: {reason}; "
                    "expected a ratio of at most 1048576"
                ) from None
            listed.setdefault(legs[0][1], []).append(len(self.rows["inters"]))
            self.rows["inters"].append(row)
            self.rows["inter_legs"] += legs
        found: list[int] = []
        for number, commodity in enumerate(self.rows["commodities"]):
            start = len(found)
            found += listed.get(number, [])
            self.rows["commodities"][number] = (*commodity[:-3], start, len(found), 0)
        return found

    def _is_in(self, exchange: str, code: str) -> bool:
        return code in self.codes and self.parameters.combined[code].exchange == exchange

    def _inter(self, spread: InterSpread) -> tuple[tuple[Any, ...], list[tuple[Any, ...]]]:
        ratios, scale = _ratios([leg.ratio for leg in spread.legs])
        flat = -1
        if spread.flat is not None:
            share = spread.flat * scale * _MONEY * _TWELFTHS / len(spread.legs)
            flat = _whole(share, "a flat credit")
        first = len(self.rows["inter_legs"])
        legs = [
            (
                _whole(leg.rate * _RATE_UNIT, "a credit rate"),
                self.codes.index(leg.code),
                ratio,
                1 if leg.side == "A" else -1,
                0,
            )
            for leg, ratio in zip(spread.legs, ratios, strict=True)
        ]
        return (flat, spread.is_super, first, first + len(legs), 0), legs
