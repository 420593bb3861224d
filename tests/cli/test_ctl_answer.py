"""What `tidegate ctl` says of an answer; tests/e2e/test_ctl.py has it against a run."""

import subprocess
import sys
from pathlib import Path

import pytest

from tidegate.cli.answer import as_words, sentence
from tidegate.client.report import ControlAnswer, compared
from tidegate.config import load_universe
from tidegate.explain.units import Speaker
from tidegate.native.records import Kind, Level, Reason, Scope
from tidegate.run_dir import RunDir

ROOT = Path(__file__).parents[2]


@pytest.fixture
def speaker(tmp_path: Path) -> Speaker:
    return Speaker(load_universe(ROOT / "configs/dev.toml", RunDir(tmp_path)))


def answer(
    kind: Kind, reason: Reason | None = None, numbers: tuple[int, int, int] = (0, 0, 0)
) -> ControlAnswer:
    limit, used, asked = numbers
    return ControlAnswer(
        request_id=7,
        ref_kind=kind,
        reason=reason,
        limit=limit,
        used=used,
        asked=asked,
        level=None,
        scope=None,
        msg_seq_num=1,
    )


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (answer(Kind.TRADING_STATE), "Done: it is so (request 7)."),
        (
            answer(Kind.KILL, None, (3, 0, 1)),
            "Done: it is so; 3 orders canceled, 1 were being canceled already (request 7).",
        ),
        (
            answer(Kind.CASH, Reason.CONTROL_REFUSED, (1_000_000, 25_000, 990_000)),
            "Refused that it is so: risk refuses it whole (limit 100, used 2.5, asked 99).",
        ),
        (
            answer(Kind.LIMIT_CHANGE, Reason.CONTROL_REFUSED),
            "Refused that it is so: risk refuses it whole.",
        ),
        (answer(Kind.DAY_ROLL, None, (20_261_121, 0, 8)), "Done: it is so (request 7)."),
        (
            answer(Kind.DAY_ROLL, Reason.CONTROL_REFUSED, (0, 2, 1)),
            "Refused that it is so: risk refuses it whole (2 instruments with lots are not "
            "settled, the first is GCZ3).",
        ),
        (
            answer(Kind.DAY_ROLL, Reason.CONTROL_REFUSED),
            "Refused that it is so: risk refuses it whole, for it is no date or not after the last "
            "day that ended.",
        ),
        (
            answer(Kind.ADJUSTMENT, Reason.CONTROL_REFUSED),
            "Refused that it is so: risk refuses it whole; `tidegate inspect RUN_DIR breaks` shows "
            "what stands: lots or money can be dismissed, an order is ended with `adjust order`.",
        ),
        (
            answer(Kind.KILL, Reason.LANE_FULL),
            "Refused that it is so: risk is behind and takes nothing now.",
        ),
        (
            answer(Kind.CASH, Reason.CONTROL_NOT_ALLOWED),
            "Refused that it is so: this session is no operator's.",
        ),
    ],
)
def test_an_answer_is_one_sentence(speaker: Speaker, found: ControlAnswer, said: str) -> None:
    assert sentence("it is so", found, speaker) == said


def test_as_json_it_has_the_names_and_the_plain_numbers() -> None:
    found = as_words("it is so", answer(Kind.CASH, Reason.CONTROL_REFUSED, (10, 2, 9)))
    assert found == {
        "what": "it is so",
        "done": False,
        "request_id": 7,
        "kind": "CASH",
        "reason": "CONTROL_REFUSED",
        "limit": 10,
        "used": 2,
        "asked": 9,
    }


def test_what_was_compared_says_where() -> None:
    assert compared(3, 2, 4, Level.MASTER, Scope.SCOPE_PRODUCT) == (
        " (limit 3, used 2, asked 4, at MASTER, of the product)"
    )
    assert compared(0, 0, 5, None, Scope.SCOPE_ALL) == " (limit 0, used 0, asked 5, of all)"
    assert compared(0, 0, 0, None, None) == ""


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("configs/dev.toml", "is not up, none of its stages runs; expected `tidegate run`"),
        ("configs/embedded.toml", "is embedded: it has no gateway to log on at; expected"),
    ],
)
def test_a_run_that_nobody_could_ask_is_refused_at_once(
    tmp_path: Path, config: str, said: str
) -> None:
    place = RunDir(tmp_path)
    place.create()
    place.write_universe(load_universe(ROOT / config, place))
    halt = ("halt", "--account", "dev-1", "--operator", "desk", "--why", "a test")
    command = (sys.executable, "-m", "tidegate", "ctl", str(tmp_path), *halt)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode
    assert said in done.stderr
