"""A second computation of small.pa2, built differently: rules typed here by hand, arrays found by
pattern, spreads formed grain by grain instead of by division, integers of 1/1200 delta throughout.
"""

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

GRAIN = 1200
Position = tuple[str, int]


class Term(NamedTuple):
    """What is known of a contract without the file's columns: its row is `start` in the file."""

    start: str
    commodity: str
    month: int
    delta: str
    right: str
    value: str | None
    array_scale: Fraction = Fraction(1)


TERMS = {
    "GA12": Term("DEMGA.*FUT 202512", "AU", 202512, "1", "", "0"),
    "GA02": Term("DEMGA.*FUT 202602", "AU", 202602, "1", "", "0"),
    "GA04": Term("DEMGA.*FUT 202604", "AU", 202604, "1", "", "0"),
    "GA06": Term("DEMGA.*FUT 202606", "AU", 202606, "1", "", "0"),
    "GM12": Term("DEMGM.*FUT 202512", "AU", 202512, "0.1", "", "0"),
    "OA_C4300": Term("DEMOA.*OOFC202602   202601   0004300", "AU", 202602, ".42", "C", "6550"),
    "OA_P4100": Term("DEMOA.*OOFP202602   202601   0004100", "AU", 202602, "-.37", "P", "5125"),
    "OA_W14": Term("DEMOA.*OOFC202602   20260114 0004300", "AU", 202602, ".39", "C", "4800"),
    "OA_C5200": Term("DEMOA.*OOFC202602   202601   0005200", "AU", 202602, ".03", "C", None),
    "SI12": Term("DEMSI.*FUT 202512", "AG", 202512, "1", "", "0"),
    "SI03": Term("DEMSI.*FUT 202603", "AG", 202603, "1", "", "0"),
    "SI05": Term("DEMSI.*FUT 202605", "AG", 202605, "1", "", "0"),
    "WH03": Term("DEMWH.*FUT 202603", "WH", 202603, "1", "", "0", Fraction(10)),
    "WH05": Term("DEMWH.*FUT 202605", "WH", 202605, "1", "", "0", Fraction(10)),
    "OW_C": Term("DEMOW.*OOFC202603", "WH", 202603, ".5", "C", "943.75", Fraction(10)),
    "OW_P": Term("DEMOW.*OOFP202605", "WH", 202605, "-.25", "P", "475", Fraction(10)),
    "TB03": Term("DEMTB.*FUT 202603", "TB", 202603, "1", "", "0"),
    "OB_C": Term("DEMOB.*OOFC202603", "TB", 202603, ".6", "C", "3843.75"),
    "EI12": Term("DEMEI.*FUT 202512", "EI", 202512, "1", "", "0", Fraction(1, 100)),
    "OE_P": Term("DEMOE.*OOFP202512", "EI", 202512, "-.45", "P", "0"),
}
PORTFOLIO = {
    "GA12": {"product": "GA", "maturity": "202512"},
    "GA02": {"product": "GA", "maturity": "202602"},
    "GA04": {"product": "GA", "maturity": "202604"},
    "GA06": {"product": "GA", "maturity": "202606"},
    "GM12": {"product": "GM", "maturity": "202512"},
    "OA_C4300": {"product": "OA", "maturity": "202601", "right": "C", "strike": "4300"},
    "OA_P4100": {"product": "OA", "maturity": "202601", "right": "P", "strike": "4100"},
    "OA_W14": {"product": "OA", "maturity": "20260114", "right": "C", "strike": "4300"},
    "OA_C5200": {"product": "OA", "maturity": "202601", "right": "C", "strike": "5200"},
    "SI12": {"product": "SI", "maturity": "202512"},
    "SI03": {"product": "SI", "maturity": "202603"},
    "SI05": {"product": "SI", "maturity": "202605"},
    "WH03": {"product": "WH", "maturity": "202603"},
    "WH05": {"product": "WH", "maturity": "202605"},
    "OW_C": {"product": "OW", "maturity": "202603", "right": "C", "strike": "5.60"},
    "OW_P": {"product": "OW", "maturity": "202605", "right": "P", "strike": "5.00"},
    "TB03": {"product": "TB", "maturity": "202603"},
    "OB_C": {"product": "OB", "maturity": "202602", "right": "C", "strike": "114.5"},
    "EI12": {"product": "EI", "maturity": "202512"},
    "OE_P": {"product": "OE", "maturity": "202512", "right": "P", "strike": "5300"},
}
FRONT, MIDDLE, BACK = (202512,), (202602, 202604), (202606,)
# Rate and legs: months, ratio, sign with A long.
INTRA = [
    (200, [((202512,), 1, 1), ((202602,), 1, -1)]),
    (350, [((202512,), 1, 1), ((202602,), 2, -1), ((202604,), 1, 1)]),
    (180, [(MIDDLE, 1, 1), (MIDDLE, 1, -1)]),
    (500, [(FRONT, 1, 1), (MIDDLE, 1, -1)]),
    (750, [(FRONT, 1, 1), (BACK, 2, -1)]),
    (640, [(MIDDLE, 1, 1), (BACK, 1, -1)]),
]
SUPER = [(Fraction(30, 100), None, [("AU", 1, 1), ("TB", 3, -1)])]
INTER = [
    (Fraction(40, 100), None, [("AU", 1, 1), ("AG", 2, -1)]),
    (Fraction(0), Fraction(150), [("AU", 1, 1), ("WH", 1, -1)]),
]
SCAN_TIERS = {"AG": lambda month: month > 202512}
PRICE_RISK = {"AU": "capped", "AG": "normal", "WH": "normal", "TB": "range", "EI": "normal"}
RANGES = {"GM12": 900}
DEFAULT_RANGE = {"AU": 9000, "TB": 2500}


def arrays(file: Path) -> dict[str, list[Fraction]]:
    """The 16 values of each term, by pattern."""
    text = file.read_text()
    found = {}
    for name, term in TERMS.items():
        values: list[Fraction] = []
        for row in re.findall(rf"^8[1-4]{term.start}.*$", text, re.M):
            width = 8 if row[:2] in ("83", "84") else 5
            signed = re.findall(rf"(\d{{{width}}})([+-])", row[54:])
            wanted = 9 if row[1] in "13" else 7
            values += [Fraction(int(sign + digits)) for digits, sign in signed[:wanted]]
        assert len(values) == 16, (name, len(values))
        found[name] = [value * term.array_scale for value in values]
    return found


class Twin:
    """Computes one portfolio; `parts` by commodity."""

    def __init__(self, file: Path) -> None:
        self.arrays = arrays(file)

    def losses(self, held: list[Position]) -> list[Fraction]:
        return [sum((q * self.arrays[n][k] for n, q in held), Fraction(0)) for k in range(16)]

    def groups(self, commodity: str, held: list[Position]) -> list[list[Position]]:
        tier: Callable[[int], bool] = SCAN_TIERS.get(commodity, lambda _: True)
        return [[p for p in held if tier(TERMS[p[0]].month) is flag] for flag in (False, True)]

    def scan(self, commodity: str, held: list[Position]) -> Fraction:
        return sum(
            (max([Fraction(0), *self.losses(group)]) for group in self.groups(commodity, held)),
            Fraction(0),
        )

    def wfpr(self, commodity: str, held: list[Position]) -> Fraction:
        net = abs(sum((q * Fraction(TERMS[n].delta) for n, q in held), Fraction(0)))
        if not net:
            return Fraction(0)
        ranges = [
            Fraction(RANGES.get(n, DEFAULT_RANGE[commodity]))
            for n, _ in held
            if commodity in DEFAULT_RANGE
        ]
        if PRICE_RISK[commodity] == "range":
            return min(ranges)
        risk = Fraction(0)
        for group in self.groups(commodity, held):
            found = self.losses(group)
            active = found.index(max(found))
            pair = {14: 14, 15: 15}.get(active, active + 1 - 2 * (active % 2))
            risk += (found[active] + found[pair]) / 2 - (found[0] + found[1]) / 2
        weighted = max(Fraction(0), risk / net)
        return min([weighted, *ranges]) if PRICE_RISK[commodity] == "capped" else weighted

    def parts(self, portfolio: list[Position]) -> dict[str, dict[str, Any]]:
        held: dict[str, list[Position]] = {}
        for name, qty in portfolio:
            held.setdefault(TERMS[name].commodity, []).append((name, qty))
        grains = {code: self.grains(own) for code, own in held.items()}
        credit = dict.fromkeys(held, Fraction(0))
        self.inter(SUPER, held, grains, credit, is_super=True)
        found = {}
        for code, own in held.items():
            start = self.grains(own)
            intra = self.intra(grains[code]) if code == "AU" else Fraction(0)
            delivery = Fraction(0)
            if code == "AU":
                begin, left = start.get(202512, 0), grains[code].get(202512, 0)
                delivery = Fraction(abs(begin - left) * 50 + abs(left) * 120, GRAIN)
            found[code] = {"intra": intra, "delivery": delivery}
        self.inter(INTER, held, grains, credit, is_super=False)
        for code, own in held.items():
            self.finish(code, own, credit[code], found[code])
        return found

    def grains(self, held: list[Position]) -> dict[int, int]:
        total: dict[int, int] = {}
        for name, qty in held:
            grains = qty * Fraction(TERMS[name].delta) * GRAIN
            assert grains.denominator == 1
            month = TERMS[name].month
            total[month] = total.get(month, 0) + int(grains)
        return total

    def intra(self, left: dict[int, int]) -> Fraction:
        """Forms one grain of a spread after the other, as long as every leg has its delta."""
        charge = Fraction(0)
        for rate, legs in INTRA:
            for way in (1, -1):
                while self.take(left, [(m, ratio, sign * way) for m, ratio, sign in legs]):
                    charge += Fraction(rate, GRAIN)
        return charge

    def take(self, left: dict[int, int], legs: list[tuple[tuple[int, ...], int, int]]) -> bool:
        after = dict(left)
        for months, ratio, sign in legs:
            for _ in range(ratio):
                month = next((m for m in months if after.get(m, 0) * sign > 0), None)
                if month is None:
                    return False
                after[month] -= sign
        left.update(after)
        return True

    def inter(
        self,
        spreads: list[tuple[Fraction, Fraction | None, list[tuple[str, int, int]]]],
        held: dict[str, list[Position]],
        grains: dict[str, dict[int, int]],
        credit: dict[str, Fraction],
        *,
        is_super: bool,
    ) -> None:
        for rate, flat, legs in spreads:
            if not all(code in held for code, _, _ in legs):
                continue
            for way in (1, -1):
                nets = {c: way * sign * sum(grains[c].values()) for c, _, sign in legs}
                count = 0
                while all(nets[c] >= ratio for c, ratio, _ in legs):
                    count += 1
                    for c, ratio, _ in legs:
                        nets[c] -= ratio
                assert not count or any(nets[c] == 0 for c, _, _ in legs), "grains are too coarse"
                for c, ratio, sign in legs:
                    used = Fraction(count * ratio, GRAIN)
                    if flat is None:
                        risk = self.wfpr(c, held[c])
                        if is_super:
                            net = abs(Fraction(sum(self.grains(held[c]).values()), GRAIN))
                            risk = min(risk, self.scan(c, held[c]) / net) if net else Fraction(0)
                        credit[c] += risk * used * rate
                    else:
                        credit[c] += used / ratio * flat / len(legs)
                    self.drain(grains[c], way * sign, count * ratio)

    def drain(self, left: dict[int, int], sign: int, amount: int) -> None:
        for month in sorted(left):
            taken = min(amount, max(0, left[month] * sign))
            left[month] -= taken * sign
            amount -= taken

    def finish(
        self, code: str, held: list[Position], credit: Fraction, parts: dict[str, Any]
    ) -> None:
        found = self.losses(held)
        parts["scan"] = self.scan(code, held)
        if code not in SCAN_TIERS:
            parts["active_scenario"] = found.index(max(found)) + 1
        parts["inter_credit"] = min(credit, parts["scan"])
        shorts = {"C": Fraction(0), "P": Fraction(0)}
        for name, qty in held:
            term = TERMS[name]
            if term.right and qty < 0:
                rate = {"AU": 30, "TB": 20, "EI": 0}.get(code)
                if rate is None:
                    rate = {"C": 50, "P": 30}[term.right]
                shorts[term.right] += -qty * rate
        parts["som"] = max(shorts.values()) if code == "AU" else sum(shorts.values())
        risk = parts["scan"] + parts["intra"] + parts["delivery"] - parts["inter_credit"]
        parts["span_risk"] = max(risk, parts["som"])
        values = [(Fraction(TERMS[n].value or 0), q) for n, q in held]
        parts["long_option_value"] = sum(v * q for v, q in values if q > 0)
        parts["short_option_value"] = sum(-v * q for v, q in values if q < 0)
        value = parts["long_option_value"] - parts["short_option_value"]
        parts["requirement"] = parts["span_risk"] - value
