"""`tidegate tune`: what the kernel says is read right, and the advice is a config's [placement]."""

import json
import tomllib

import msgspec
import pytest
from click.testing import CliRunner

from tidegate.cli import main
from tidegate.config.schema import Placement
from tidegate.tuning import advice, hops, machine

HERE = machine.look()


def a_machine(cores: int, *, isolated: tuple[int, ...] = (), **fields: object) -> machine.Machine:
    every = tuple(range(cores))
    return msgspec.structs.replace(
        HERE,
        cores=every,
        isolated=isolated,
        siblings=tuple((core,) for core in every),
        **{"lockable": None, "priority_max": 99, "huge_pages": "never"} | fields,
    )


def slept(same_ns: int, apart_ns: int) -> list[hops.Hop]:
    return [
        hops.Hop(way="sleep", cores=(1, 1), p50_ns=same_ns, p99_ns=same_ns),
        hops.Hop(way="sleep", cores=(0, 1), p50_ns=apart_ns, p99_ns=apart_ns),
    ]


@pytest.mark.parametrize(
    ("text", "cores"), [("", ()), ("3", (3,)), ("0-2", (0, 1, 2)), ("0,4-5", (0, 4, 5))]
)
def test_a_list_of_the_kernel_is_read(text: str, cores: tuple[int, ...]) -> None:
    assert machine.numbers(text) == cores


def test_the_choice_in_brackets_is_read() -> None:
    assert machine.chosen("always [madvise] never") == "madvise"
    assert machine.chosen("") == machine.UNKNOWN


@pytest.mark.parametrize(
    ("options", "knob", "found"),
    [
        ("rw,relatime", "always [never] deny force", "never"),
        ("rw,huge=advise,inode64", "[never]", "advise"),
        ("rw,huge=advise", "never [deny] force", "deny"),
        ("rw", "never deny [force]", "force"),
    ],
)
def test_huge_pages_are_given_by_the_mount_unless_the_kernel_overrules(
    options: str, knob: str, found: str
) -> None:
    mounts = f"/dev/vda / ext4 rw,huge=x 0 0\ntmpfs /dev/shm tmpfs {options} 0 0\n"
    assert machine.huge_pages(mounts, knob) == found
    assert machine.huge_pages("", knob) == (found if found in ("deny", "force") else "unknown")


def test_with_two_cores_the_path_is_where_a_wake_up_is_cheap_and_nobody_spins() -> None:
    together = advice.advise(a_machine(2), slept(2_000, 25_000))
    assert together.cores == {"gateway": [1], "risk": [1], "router": [1]}
    apart = advice.advise(a_machine(2), slept(25_000, 2_000))
    assert apart.cores == {}
    for found in (together, apart):
        assert (found.spin_us, found.yields, found.real_time_priority) == (0, 0, 0)


def test_one_core_leaves_nothing_to_choose() -> None:
    assert advice.advise(a_machine(1), slept(2_000, 0)[:1]).cores == {}


def test_isolated_cores_are_spun_on() -> None:
    found = advice.advise(a_machine(8, isolated=(4, 5, 6, 7)), slept(2_000, 25_000))
    assert found.cores == {"gateway": [4], "risk": [5], "router": [6]}
    assert found.spin_us > 0
    assert found.real_time_priority > 0


def test_what_the_limits_forbid_is_not_recommended() -> None:
    limited = a_machine(8, isolated=(5, 6, 7), lockable=8 << 20, priority_max=0)
    found = advice.advise(limited, slept(2_000, 25_000))
    assert not found.lock_memory
    assert found.real_time_priority == 0


def test_the_advice_is_a_table_of_a_config() -> None:
    for cores in (1, 2, 4, 16):
        found = advice.advise(a_machine(cores), slept(2_000, 25_000))
        placement = msgspec.convert(tomllib.loads(found.toml())["placement"], Placement)
        assert {name: list(row) for name, row in placement.cores.items()} == found.cores


def test_the_command_measures_this_machine() -> None:
    result = CliRunner().invoke(main, ["tune", "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.output)
    assert report["machine"]["cores"] == list(HERE.cores)
    assert {hop["way"] for hop in report["hops"]} >= {"yield", "sleep", "ipc"}
    assert all(0 < hop["p50_ns"] <= hop["p99_ns"] for hop in report["hops"])
