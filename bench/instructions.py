"""Instructions of the hot path, counted: python bench/instructions.py [--write].

Noise cannot move them: callgrind counts risk's step over a fixed day's flow, the journal's append
and a lane's put and take of the same records, and the stamp and the legs of as many answers, in our
own modules alone. instructions.json has the figures that are committed, by compiler and processor;
--write puts those of this build there, after a change that is meant to cost more or less. Of
another compiler no more can be said than that nothing has become much dearer. Nothing that the step
calls may allocate, nor touch Python.
"""

import argparse
import json
import platform
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from tidegate.native import pretrade

FIGURES = Path(__file__).with_suffix(".json")
RECORDS, BATCH, SEED, WORKING = 4_000, 200, 7, 200
STRICT_PERCENT, OTHER_PERCENT = 2, 25
OURS = "tidegate/native/"
STEP = "__pyx_f_8tidegate_6native_8pretrade_step"
PARTS = {
    STEP: "step",
    "__pyx_f_8tidegate_6native_7journal_7Journal_append": "journal append",
    "__pyx_f_8tidegate_6native_4lane_10LaneTarget_put": "lane put",
    "__pyx_f_8tidegate_6native_4lane_10LaneSource_take": "lane take",
    "__pyx_f_8tidegate_6native_4legs_4Legs_stamp": "latency legs",
}
FORBIDDEN = re.compile(r"^(_?_?libc_)?(malloc|calloc|realloc|free|mmap|brk)$|^_?Py[A-Z_]")


def built_by() -> str:
    """The compiler that the modules name in themselves, and what may choose between clones."""
    found = re.search(rb"GCC: \([^)]*\) ([0-9]+)", Path(str(pretrade.__file__)).read_bytes())
    compiler = f"gcc {found[1].decode()}" if found else "another compiler"
    flags = Path("/proc/cpuinfo").read_text().split()
    clones = " avx2" if "avx2" in flags else ""
    return f"{compiler}, {platform.machine()}{clones}"


def day_rows() -> Any:
    """The flow that everything is counted over; made outside of valgrind, where it takes long."""
    from flow import Flow, day

    content = day(20, 10, cl_ord_ids=1 << 13)
    return Flow(content, each=3, seed=SEED, working=WORKING).chunk(RECORDS)


def work(place: Path) -> None:
    """What valgrind looks at: the same records through each part."""
    import zmq
    from flow import day

    from tidegate import risk_state
    from tidegate.native.histogram import HISTOGRAM
    from tidegate.native.journal import Journal
    from tidegate.native.lane import LaneSource, LaneTarget
    from tidegate.native.legs import NAMES, Legs
    from tidegate.native.records import Kind

    rows = np.load(place / "rows.npy")
    pretrade.Pretrade(risk_state.in_memory(day(20, 10, cl_ord_ids=1 << 13))).replay(rows)
    (place / "journal").mkdir()
    journal = Journal(place / "journal", segment_records=1 << 13)
    journal.append_rows(rows)
    journal.close()
    # As a gateway does it for each report: five legs and the whole.
    answers = np.zeros(RECORDS, rows.dtype)
    answers["kind"], answers["received_ns"] = Kind.EXECUTION_REPORT, 1
    for at, name in enumerate(("sequenced", "decided", "routed", "venue"), start=1):
        answers[f"{name}_delta"] = at * np.arange(1, RECORDS + 1)
    Legs(np.zeros(len(NAMES), HISTOGRAM)).stamp_rows(answers, 10 * RECORDS)
    with zmq.Context() as context:
        source = LaneSource(context, "inproc://lane")
        target = LaneTarget(context, "inproc://lane")
        for first in range(0, RECORDS, BATCH):
            target.put_rows(rows[first : first + BATCH])
            target.flush_rows()
            taken = 0
            while taken < BATCH:
                taken += len(source.take_rows())
        target.close()
        source.close()


def profile() -> str:
    """What callgrind writes of it."""
    with tempfile.TemporaryDirectory(prefix="tg") as place:
        np.save(Path(place) / "rows.npy", day_rows())
        out = Path(place) / "callgrind"
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"]
        command += ["--collect-atstart=no", *(f"--toggle-collect={name}" for name in PARTS)]
        command += [sys.executable, __file__, "--work", place]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not out.exists():
            raise SystemExit(f"valgrind gave {done.returncode}: {done.stderr[-2000:]}")
        return out.read_text()


def parse(text: str) -> tuple[dict[tuple[str, str], int], dict[tuple[str, str], Counter[Any]]]:
    """Of each (object, function): its own instructions, and how often it calls which."""
    names: dict[tuple[str, str], str] = {}
    own: Counter[tuple[str, str]] = Counter()
    calls: dict[tuple[str, str], Counter[Any]] = {}
    now = {"ob": "", "fn": "", "cob": "", "cfn": ""}
    called = 0
    for line in text.splitlines():
        if found := re.match(r"(c?)(ob|fn)=\((\d+)\)(?: (.*))?$", line):
            kind, number, name = found[2], found[3], found[4]
            if name:
                names[kind, number] = name
            now[found[1] + kind] = names[kind, number]
            if not found[1] and kind == "fn":
                now["cob"] = ""
        elif found := re.match(r"calls=(\d+)", line):
            called = int(found[1])
        elif re.match(r"[+\-*\d]\S* \d+$", line):
            here = (now["ob"], now["fn"])
            if called:
                to = (now["cob"] or now["ob"], now["cfn"])
                calls.setdefault(here, Counter())[to] += called
                called, now["cob"] = 0, ""
            else:
                own[here] += int(line.split()[1])
    return own, calls


def reached(start: str, calls: dict[tuple[str, str], Counter[Any]]) -> set[tuple[str, str]]:
    """All functions that are run from one, by their first names."""
    todo = [one for one in calls if plain(one[1]) == start]
    found = set(todo)
    while todo:
        new = set(calls.get(todo.pop(), ())) - found
        found |= new
        todo += new
    return found


def plain(function: str) -> str:
    return re.split(r"['.]", function)[0]


def count(text: str) -> tuple[dict[str, float], list[str]]:
    """Instructions a record of each part, of our own modules; what the step must not have run."""
    own, calls = parse(text)
    figures = {}
    for start, name in PARTS.items():
        below = reached(start, calls) | {one for one in own if plain(one[1]) == start}
        total = sum(own[one] for one in below if OURS in one[0])
        figures[name] = round(total / RECORDS, 1)
    wrong = sorted(f for _, f in reached(STEP, calls) if FORBIDDEN.match(plain(f)))
    return figures, wrong


def compare(figures: dict[str, float], known: dict[str, dict[str, float]]) -> list[str]:
    """What has moved by more than it may."""
    key = built_by()
    if key in known:
        least, most, expected = -STRICT_PERCENT, STRICT_PERCENT, known[key]
    else:
        same = [one for name, one in known.items() if platform.machine() in name]
        if not same:
            return []
        least, most, expected = -100, OTHER_PERCENT, same[0]
    found = []
    for name, value in figures.items():
        moved = 100 * (value / expected[name] - 1)
        if not least <= moved <= most:
            found.append(
                f"{name}: {value} instructions a record, committed are {expected[name]} "
                f"({moved:+.1f} %; {most} % is allowed with {key})"
            )
    return found


def main() -> None:
    """Count, then compare with what is committed, or write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="commit these figures")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work)
        return
    figures, wrong = count(profile())
    known = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    print(f"instructions a record, {built_by()}")
    for name, value in figures.items():
        print(f"{name:16} {value:10,.1f}")
    if options.write:
        known[built_by()] = figures
        FIGURES.write_text(json.dumps(known, indent=2) + "\n")
        return
    wrong = [f"the step runs {name}" for name in wrong] + compare(figures, known)
    raise SystemExit("\n".join(wrong))


if __name__ == "__main__":
    main()
