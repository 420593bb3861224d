"""The check's backends by name: "native", risk's rules alone; "fpga", a card that is asked first.

Both give the same verdicts, journal and state. The card is simulated clock by clock; it is there
where the package was built with verilator.
"""

import importlib.util
from collections.abc import Mapping

NATIVE, FPGA = "native", "fpga"
NAMES = (NATIVE, FPGA)
MODULE = "tidegate.native.fpga"
# By the card's counters: what became of orders and replaces that came as far as the checks.
WORDS = {
    "is_out": "the card is out",
    "passed": "passed by the card",
    "to_rules": "denied by the card, so asked of the rules",
    "alone_out": "rules alone: the card is out",
    "alone_slot": "rules alone: no slot on the card",
    "alone_market": "rules alone: a market order",
    "alone_close": "rules alone: closes lots kept by side",
    "alone_no_lots": "rules alone: a replace that adds no lots",
    "alone_floor": "rules alone: below the notional floor",
    "alone_margin": "rules alone: margin that the card has no rate for",
    "alone_width": "rules alone: a number wider than the card's",
}


def why_missing(name: str) -> str:
    """Why a backend is not there, in one sentence; "" = it is."""
    if name == FPGA and importlib.util.find_spec(MODULE) is None:
        return (
            "this package was built without verilator, which the backend needs; expected native, or"
            " another build: make setup in the source tree, TIDEGATE_FPGA=1 pip install . elsewhere"
        )
    return ""


def in_words(counted: Mapping[str, int]) -> list[tuple[str, int]]:
    """The counters that say where orders went, and whether the card is out; no zeros."""
    return [(WORDS[name], count) for name, count in counted.items() if count and name in WORDS]
