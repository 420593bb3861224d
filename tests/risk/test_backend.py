"""The card as a backend: the verdicts of the rules alone, the same state, and what is done when it
stands still. `Card` is the card's rules; `Fpga` the hardware, where the package was built with it.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from risk_rig import GOLD, mark, order, universe
from test_risk_agent import Rig
from twin_rig import run

from tidegate import replay as replaying
from tidegate import risk_state
from tidegate.backend import NAMES, why_missing
from tidegate.card import Decider, attach_card, hardware
from tidegate.cli.asking import warn_of_card
from tidegate.errors import CardError
from tidegate.inspect import Inspector
from tidegate.native.card import Card
from tidegate.native.card_page import CardMemory, Register
from tidegate.native.card_sync import slots
from tidegate.native.journal_reader import JournalReader
from tidegate.native.pretrade import Pretrade
from tidegate.native.records import NOTE_RECORD, Kind
from tidegate.native.tables import Tables
from tidegate.snapshot import universe_hash
from tidegate.universe import Universe
from tidegate.universe_change import difference

needs_hardware = pytest.mark.skipif(
    why_missing("fpga") != "", reason="built without the FPGA backend: verilator was not there"
)
GOLDEN = Path(__file__).parents[1] / "replay" / "golden" / "layout-3"


def test_random_records_get_the_same_verdicts_and_state_with_a_card() -> None:
    counted: Counter[str] = Counter()
    for seed in range(4):
        both = run(seed, 150, 150, Card() if why_missing("fpga") else hardware())
        assert both.card is not None
        assert both.card.out_reason == ""
        counted.update(both.card.counters)
    print(dict(counted))
    assert counted["passed"] > 30
    assert counted["to_rules"] > 30
    assert counted["alone_market"]
    assert counted["alone_close"]
    assert counted["alone_margin"]


@needs_hardware
def test_a_journal_of_the_rules_replays_on_the_card_to_the_same_state() -> None:
    done = replaying.replay(GOLDEN, decided_by="fpga")
    assert done.state_hash == replaying.replay(GOLDEN).state_hash
    assert done.card["asked"] == 7


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path, backend="fpga")
    yield rig
    rig.close()


def journaled(rig: Rig) -> tuple[str, str]:
    """State hashes: as risk has it, and as its journal gives it by the rules."""
    done = replaying.replay(rig.run_dir.journal)
    return rig.risk.tables.state_hash(), done.state_hash


@needs_hardware
def test_a_journal_of_the_card_replays_by_the_rules_to_the_same_state(rig: Rig) -> None:
    rig.mark()
    for number in range(1, 21):
        # Every fifth is beyond the collar.
        rig.ends.put("orders", order(number, price=13_000 if number % 5 else 90_000))
    rig.ends.wait("reports", 4, rig.work)
    rig.ends.wait("routes", 16, rig.work)
    rig.risk.publish()
    found, replayed = journaled(rig)
    assert found == replayed
    assert rig.risk.card is not None
    counted = rig.risk.card.backend.counters
    assert (counted["asked"], counted["passed"], counted["to_rules"]) == (20, 16, 4)


class Run:
    """Orders over a card whose rings are at hand, beside the rules alone: both give the same."""

    def __init__(self, content: Universe | None = None, decider: Decider | None = None) -> None:
        content = content or universe()
        self.memory = CardMemory()
        self.tables = risk_state.in_memory(content)
        self.step = Pretrade(self.tables)
        self.card = attach_card(self.tables, self.memory, decider or Card())
        self.plain = Pretrade(risk_state.in_memory(content))
        self.sequence = 0
        self.run(mark(GOLD, 13_000))

    def run(self, row: np.ndarray) -> None:
        self.sequence += 1
        row["sequence"] = self.sequence
        given, expected = self.step.step(row.copy()), self.plain.step(row.copy())
        for found, other in zip(given, expected, strict=True):
            assert found.tobytes() == other.tobytes()

    def order(self, price: int = 13_000) -> None:
        self.run(order(self.sequence, price=price))


def test_orders_go_on_by_the_rules_when_the_card_stands_still() -> None:
    run = Run()
    run.order()
    run.memory.write(Register.REG_HOLD, 1)
    run.order()
    run.memory.write(Register.REG_HOLD, 0)
    run.order()
    assert run.card.out_reason == "stands still"
    counted = run.card.counters
    assert (counted["asked"], counted["passed"], counted["alone_out"]) == (1, 1, 2)


def test_a_card_that_stands_still_is_journaled_and_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rig = Rig(tmp_path)
    memory = CardMemory()
    try:
        rig.risk.watch_card(attach_card(rig.risk.tables, memory, Card()))
        rig.mark()
        rig.ends.put("orders", order(1, price=13_000))
        rig.ends.wait("routes", 1, rig.work)
        memory.write(Register.REG_HOLD, 1)
        rig.ends.put("orders", order(2, price=13_000))
        rig.ends.wait("routes", 2, rig.work)
        rig.risk.publish()
        rig.risk.publish()
        found, replayed = journaled(rig)
        assert found == replayed
        assert texts(rig.run_dir.journal) == [b"card is out: stands still".ljust(32, b"\0")]
        assert capsys.readouterr().err == "the card stands still; orders go on without it\n"
        warn_of_card(rig.run_dir)
        assert "risk's card is out" in capsys.readouterr().err
        rig.run_dir.write_universe(rig.content)
        seen = {row["count of"]: row["value"] for row in Inspector(rig.run_dir).view("risk")}
        assert seen["the card is out"] == 1
        assert seen["passed by the card"] == seen["rules alone: the card is out"] == 1
    finally:
        rig.close()


def texts(journal: Path) -> list[bytes]:
    return [
        bytes(row["text"][0])
        for batch in JournalReader(journal).batches()
        for row in batch[batch["kind"] == Kind.NOTE].view(NOTE_RECORD).reshape(-1, 1)
    ]


def test_slots_are_given_out_as_far_as_there_are_any() -> None:
    given = slots(range(1, 300), 300, 256)
    assert given[255] == 255
    assert not given[256:].any()


def test_what_has_no_slot_is_decided_by_the_rules() -> None:
    sessions = universe().sessions
    many = tuple(
        replace(sessions[0], handle=handle, name=f"session-{handle}") for handle in range(1, 66)
    )
    run = Run(universe(sessions=many))
    for session in (63, 64):
        run.run(order(1, session=session, price=13_000))
    counted = run.card.counters
    assert (counted["passed"], counted["alone_slot"]) == (1, 1)


def tables() -> Tables:
    return risk_state.in_memory(universe())


@pytest.mark.parametrize(
    ("field", "value"),
    [("order_qty", 1 << 18), ("price", 1 << 35), ("price", -(1 << 35) - 1)],
)
def test_an_order_that_is_wider_than_the_card_is_decided_by_the_rules(
    field: str, value: int
) -> None:
    run = Run()
    run.order()
    wide = order(run.sequence)
    wide[field] = value
    run.run(wide)
    counted = run.card.counters
    assert (counted["asked"], counted["alone_width"], run.card.out_reason) == (1, 1, "")


def test_a_card_with_a_later_epoch_refuses_to_start() -> None:
    memory = CardMemory()
    memory.write(Register.REG_EPOCH, 5)
    with pytest.raises(CardError, match="the card has epoch 5; expected one below 1"):
        attach_card(tables(), memory, Card())


def test_a_card_that_stands_still_refuses_to_start() -> None:
    memory = CardMemory()
    memory.write(Register.REG_HOLD, 1)
    with pytest.raises(CardError, match="the card was not loaded: it stands still"):
        attach_card(tables(), memory, Card())


def test_a_run_directory_may_change_its_backend() -> None:
    content = universe()
    other = universe(backend="fpga")
    assert difference(content, other) == ""
    assert universe_hash(content) == universe_hash(other)


def test_a_backend_is_there_or_said_why_not() -> None:
    said = {name: why_missing(name) for name in NAMES}
    assert said["native"] == ""
    assert said["fpga"] == "" or "built without verilator" in said["fpga"]
