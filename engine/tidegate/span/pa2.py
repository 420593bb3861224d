"""Reads a PA2 file (CME's expanded positional format) line by line, strictly.

Types that no requirement needs are skipped and counted. A file that was cut is an error: half a
line, an 81 without its 82, tiers or legs that are fewer than stated, a product or series that is
defined and has no risk array. Arrays come last in a file, so that one cut between two of them lacks
contracts, never a rule for a contract that it has.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from fractions import Fraction
from pathlib import Path

from tidegate.errors import MarginError
from tidegate.span import pa2_records
from tidegate.span.columns import Line
from tidegate.span.parameters import (
    BY_ALL,
    BY_MONTH,
    BY_TIER,
    CombinedCommodity,
    Contract,
    Family,
    FamilyKey,
    Header,
    InterSpread,
    Month,
    ParameterSet,
    Series,
    Spread,
    Tier,
)

LINE_MAX = 1024
_FIRST_HALVES = {"81": "82", "83": "84"}
# And the column of the last sign that counts, the strike's.
_SECOND_HALVES = {"82": 119, "84": 140}
_HALVES = _SECOND_HALVES.keys() | _FIRST_HALVES.keys()
# A DOS end-of-file mark after the last line.
_END_OF_FILE = "\x1a"


def read_pa2(path: Path, products: Collection[str] | None = None) -> ParameterSet:
    """The parameters in a file; of `products` only, if given, are series and contracts kept.

    Raises MarginError that names line and columns if the file is cut, damaged or of another format.
    """
    reader = _Reader(str(path), None if products is None else frozenset(products))
    try:
        with path.open(encoding="latin-1", newline="\n") as file:
            for line in _lines(str(path), file):
                reader.take(line)
    except OSError as error:
        raise MarginError(f"{path}: {error.strerror}; expected a PA2 file") from None
    return reader.finish()


def _lines(name: str, file: Iterator[str]) -> Iterator[Line]:
    for number, text in enumerate(file, 1):
        is_complete = text.endswith("\n")
        text = text.rstrip("\r\n")
        line = Line(name, number, text)
        if len(text) > LINE_MAX:
            raise line.refusal(LINE_MAX, len(text), f"lines of at most {LINE_MAX} columns")
        if text == _END_OF_FILE:
            continue
        # The signs behind a settlement may be blank, and blanks be cut, but then by a writer who
        # ends his lines: without the line's end nobody knows.
        needed = _SECOND_HALVES.get(text[:2], 0)
        if not is_complete and len(text) < needed:
            raise line.refusal(len(text) + 1, needed, "the rest of the record; the file is cut")
        yield line


class _Draft:
    """Records S, 3, E, C and 4 of a combined commodity, until all are there."""

    def __init__(self, definition: pa2_records.Definition, line: Line) -> None:
        self.definition = definition
        self.line = line
        self.scanning: list[pa2_records.Tiers] = []
        self.intra_method = ""
        self.tiers: list[Tier] = []
        self.series_spreads: list[Spread] = []
        self.tier_spreads: list[Spread] = []
        self.deliveries: list[pa2_records.Delivery] = []
        self.unsupported: list[str] = []


class _Reader:
    """Takes line by line; one method a record type."""

    def __init__(self, file: str, products: frozenset[str] | None) -> None:
        self.file = file
        self.products = products
        self.header: Header | None = None
        self.families: dict[FamilyKey, Family] = {}
        self.drafts: dict[str, _Draft] = {}
        self.owner: dict[FamilyKey, str] = {}
        self.contracts: dict[tuple[str, str], list[Contract]] = {}
        self.identities: set[str] = set()
        self.with_arrays: set[FamilyKey] = set()
        self.families_seen: set[str] = set()
        self.last_pair: tuple[Line, Line] | None = None
        self.series_with_arrays: set[tuple[FamilyKey, Month, Month | None]] = set()
        self.series: dict[tuple[FamilyKey, Month, Month | None], Series] = {}
        self.groups: dict[str, str] = {}
        self.inter_spreads: list[tuple[InterSpread, Line]] = []
        self.half: pa2_records.HalfArray | None = None
        self.records: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()
        self.line = Line(file, 0, "")
        self.takers: dict[str, Callable[[Line], None]] = {
            "0 ": self._header,
            "P ": self._family,
            "2 ": self._definition,
            "S ": self._scanning,
            "3 ": self._intra,
            "E ": self._series_spread,
            "C ": self._tier_spread,
            "4 ": self._delivery,
            "B ": self._series,
            "5 ": self._group,
            "6 ": self._inter_spread,
        }

    def take(self, line: Line) -> None:
        """One line; a second half must follow its first at once."""
        self.line = line
        kind = line.text[:2].ljust(2)
        if self.header is None and kind != "0 ":
            raise line.refusal(1, 2, "a record of type 0, the header of a PA2 file")
        if kind not in self.takers and kind not in _HALVES:
            self.skipped[kind] += 1
            return
        self.records[kind] += 1
        if self.half is not None:
            self._second_half(line, self.half)
        elif kind in _FIRST_HALVES:
            self.half = self._first_half(line)
        elif kind in self.takers:
            self.takers[kind](line)
        else:
            raise line.refusal(1, 2, "the first half of this array before it")

    def _header(self, line: Line) -> None:
        if self.header is not None:
            raise line.refusal(1, 2, "one header only")
        self.header = pa2_records.header(line)

    def _family(self, line: Line) -> None:
        family = pa2_records.family(line)
        if family.key in self.families:
            raise line.refusal(3, 18, "a product family that was not there yet")
        self.families[family.key] = family

    def _definition(self, line: Line) -> None:
        found = pa2_records.definition(line)
        draft = self.drafts.get(found.code)
        if draft is None:
            self.drafts[found.code] = draft = _Draft(found, line)
        elif draft.definition.exchange != found.exchange:
            raise line.refusal(7, 12, "a combined commodity that was not there yet")
        for key, places in found.families.items():
            if self.owner.setdefault(key, found.code) != found.code:
                raise line.refusal(23, 118, f"{' '.join(key)} in one combined commodity only")
            # A combined commodity of more than six families has more records of type 2.
            draft.definition.families[key] = places

    def _draft(self, line: Line) -> _Draft:
        code = line.word(3, 8, expected="a combined commodity")
        if code not in self.drafts:
            raise line.refusal(3, 8, "a combined commodity with a record of type 2 before this")
        return self.drafts[code]

    def _scanning(self, line: Line) -> None:
        self._draft(line).scanning.append(pa2_records.scan_tiers(line))

    def _intra(self, line: Line) -> None:
        draft = self._draft(line)
        draft.intra_method, tiers = pa2_records.intra_tiers(line)
        draft.tiers.extend(tiers)

    def _series_spread(self, line: Line) -> None:
        self._draft(line).series_spreads.append(pa2_records.series_spread(line))

    def _tier_spread(self, line: Line) -> None:
        draft = self._draft(line)
        method, spread = pa2_records.tier_spread(line)
        draft.tier_spreads.append(spread)
        if method != "10":
            draft.unsupported.append(f"tier spreads of method {method}")

    def _delivery(self, line: Line) -> None:
        self._draft(line).deliveries.append(pa2_records.delivery(line))

    def _series(self, line: Line) -> None:
        key, series = pa2_records.series(line)
        if self._is_wanted(key[0][1]):
            self.series[key] = series

    def _group(self, line: Line) -> None:
        group, codes = pa2_records.group(line)
        for code in codes:
            self.groups[code] = group

    def _inter_spread(self, line: Line) -> None:
        self.inter_spreads.append((pa2_records.inter_spread(line), line))

    def _first_half(self, line: Line) -> pa2_records.HalfArray:
        """Not read in full where the product is not asked for: arrays are most of a file."""
        if self._is_wanted(line.text[5:15].strip()):
            return pa2_records.half_array(line)
        return pa2_records.HalfArray(line, line.text[2:54], (), None)

    def _second_half(self, line: Line, half: pa2_records.HalfArray) -> None:
        wanted = _FIRST_HALVES[half.line.text[:2]]
        if line.text[:2] != wanted:
            raise line.refusal(1, 2, f"{wanted}, the second half of line {half.line.number}")
        self.half = None
        self.last_pair = None
        if not half.values:
            if len(line.text) < 54 or line.text[2:54] != half.identity:
                raise pa2_records.other_contract(half, line)
            self.families_seen.add(half.identity[:13] + half.identity[23:26])
            self.last_pair = half.line, line
            return
        if half.identity in self.identities:
            raise line.refusal(3, 54, "a contract that was not there yet")
        contract = pa2_records.contract(half, line)
        self.with_arrays.add(contract.family)
        self.series_with_arrays.add((contract.family, contract.month, contract.option_month))
        self.identities.add(half.identity)
        listed = self.contracts.setdefault((contract.family[1], contract.maturity), [])
        listed.append(contract)

    def _is_wanted(self, product: str) -> bool:
        return self.products is None or product in self.products

    def finish(self) -> ParameterSet:
        """The whole set; MarginError if what was promised did not come."""
        if self.header is None:
            raise MarginError(f"{self.file}: empty; expected a PA2 file, a record of type 0 first")
        if self.half is not None:
            wanted = _FIRST_HALVES[self.half.line.text[:2]]
            raise self._cut(f"the {wanted} that belongs to line {self.half.line.number}")
        if self.last_pair is not None:
            # The one place where a cut can leave half a line of a contract not asked for.
            first, second = self.last_pair
            pa2_records.contract(pa2_records.half_array(first), second)
        for seen in self.families_seen:
            self.with_arrays.add((seen[:3].strip(), seen[3:13].strip(), seen[13:].strip()))
        if not self.with_arrays:
            raise self._cut("risk arrays, records of type 81 and 82")
        for draft in self.drafts.values():
            self._check_families(draft)
        for key, series in self.series.items():
            if key not in self.series_with_arrays:
                name = " ".join((*key[0][1:], *(str(month[0]) for month in key[1:] if month)))
                raise self._cut(f"risk arrays of {name}, which line {series.line} describes")
        return ParameterSet(
            file=self.file,
            header=self.header,
            families=self.families,
            combined={code: self._combined(draft) for code, draft in self.drafts.items()},
            owner=self.owner,
            contracts=self.contracts,
            series=self.series,
            groups=self.groups,
            inter_spreads=self._merged_inter_spreads(),
            records=dict(self.records),
            skipped=dict(sorted(self.skipped.items())),
        )

    def _cut(self, expected: str) -> MarginError:
        return MarginError(
            f"{self.file} ends at line {self.line.number}, column {len(self.line.text)}; "
            f"expected {expected}: the file is cut"
        )

    def _check_families(self, draft: _Draft) -> None:
        for key in draft.definition.families:
            if key not in self.families:
                raise draft.line.refusal(23, 118, f"a record of type P for {' '.join(key)}")
        if not any(key in self.with_arrays for key in draft.definition.families):
            raise self._cut(f"risk arrays of combined commodity {draft.definition.code}")

    def _combined(self, draft: _Draft) -> CombinedCommodity:
        definition = draft.definition
        tables = {name: self._tiers(draft, name) for name in ("10", "20", "21", "22", "23", "30")}
        scanning = [table for table in draft.scanning if table.method != "30"]
        methods = {table.method for table in scanning}
        unsupported = [
            f"scanning method {name}" for name in sorted(methods - {*tables, BY_ALL, BY_MONTH})
        ]
        scan_tiers = tables["10"][0] + tables["21"][0] + tables["22"][0]
        if draft.intra_method not in ("", "01", "10"):
            unsupported.append(f"intra-commodity method {draft.intra_method}")
        delivery_methods = {delivery.method for delivery in draft.deliveries} or {"01"}
        if not delivery_methods <= {"00", "01", "10"}:
            unsupported.append(f"delivery methods {', '.join(sorted(delivery_methods))}")
        self._check_delivery(draft)
        by_priority = sorted(draft.series_spreads, key=lambda spread: spread.priority)
        deliveries = draft.deliveries
        return CombinedCommodity(
            exchange=definition.exchange,
            code=definition.code,
            currency=definition.currency,
            exponent=definition.exponent,
            option_style=definition.option_style,
            caps_option_value=definition.caps_option_value,
            families=definition.families,
            scan_method=BY_MONTH if BY_MONTH in methods else BY_TIER if scan_tiers else BY_ALL,
            scan_tiers=scan_tiers,
            inter_tiers=tables["20"][0] + tables["21"][0] + tables["23"][0],
            price_risk_method=scanning[0].price_risk_method if scanning else 1,
            intra_method=draft.intra_method or "01",
            tiers=tuple(draft.tiers),
            series_spreads=tuple(by_priority),
            tier_spreads=tuple(sorted(draft.tier_spreads, key=lambda spread: spread.priority)),
            delivery_method="10" if "10" in delivery_methods else "01",
            delivery_months=tuple(month for found in deliveries for month in found.months),
            som_rate=Fraction(max((found.som_rate for found in deliveries), default=0)),
            som_tiers=tuple(zip(tables["30"][0], map(Fraction, tables["30"][1]), strict=True)),
            som_takes_larger=all(found.som_takes_larger for found in deliveries)
            and bool(deliveries),
            unsupported=tuple(unsupported + draft.unsupported),
        )

    def _tiers(self, draft: _Draft, method: str) -> tuple[tuple[Tier, ...], tuple[int, ...]]:
        """All tiers of one method, as many as stated (of each record, or on each of all)."""
        tables = [table for table in draft.scanning if table.method == method]
        tiers = tuple(tier for table in tables for tier in table.tiers)
        stated = {sum(table.count for table in tables), *(table.count for table in tables)}
        if len(tiers) not in stated:
            raise MarginError(
                f"{self.file}: {draft.definition.code} has {len(tiers)} tiers of method {method} "
                f"in records of type S; expected {max(stated)}, as they state in columns 11-12"
            )
        return tiers, tuple(rate for table in tables for rate in table.rates)

    def _check_delivery(self, draft: _Draft) -> None:
        found = sum(len(delivery.months) for delivery in draft.deliveries)
        stated = {sum(delivery.count for delivery in draft.deliveries)}
        stated |= {delivery.count for delivery in draft.deliveries} or {0}
        if found not in stated:
            raise MarginError(
                f"{self.file}: {draft.definition.code} has {found} delivery months in records of "
                f"type 4; expected {max(stated)}, as they state in columns 11-12"
            )

    def _merged_inter_spreads(self) -> tuple[InterSpread, ...]:
        """By priority; a spread of more than four legs is several records of one priority."""
        merged: dict[tuple[bool, str, int], tuple[InterSpread, Line]] = {}
        for spread, line in self.inter_spreads:
            key = spread.is_super, spread.group, spread.priority
            if key in merged:
                first = merged[key][0]
                spread = InterSpread(
                    first.group,
                    first.priority,
                    first.is_super,
                    first.flat,
                    first.legs + spread.legs,
                    first.unsupported or spread.unsupported,
                )
            merged[key] = spread, line
        for spread, line in merged.values():
            if len(spread.legs) < 2:
                raise line.refusal(35, 52, "a second leg")
        ordered = sorted(merged.items(), key=lambda item: (not item[0][0], *item[0][1:]))
        return tuple(spread for _, (spread, _) in ordered)
