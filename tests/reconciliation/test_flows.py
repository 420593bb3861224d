"""Deposits and the end of a day never look like trading."""

from pathlib import Path

import pytest

from tidegate.errors import RegionError
from tidegate.reconciliation.flows import Flows

KEY, OTHER = (2, 1), (3, 1)


def flows(path: Path, *, keeps: bool = True) -> Flows:
    return Flows(path / "flows.json", {KEY: 1000}, keeps=keeps)


def test_on_the_first_day_it_is_what_initial_cash_says(tmp_path: Path) -> None:
    found = flows(tmp_path)
    found.note(0, {KEY: 1000, OTHER: 0})
    found.note(0, {KEY: 1500, OTHER: -20})
    assert (found.of(KEY), found.of(OTHER)) == (1500, -20)
    assert not (tmp_path / "flows.json").exists()


def test_the_end_of_a_day_is_no_flow_and_a_deposit_after_it_is(tmp_path: Path) -> None:
    found = flows(tmp_path)
    found.note(0, {KEY: 1500})
    found.note(20261122, {KEY: 1730})
    assert found.of(KEY) == 1500
    found.note(20261122, {KEY: 1830})
    found.note(20261123, {KEY: 50})
    assert found.of(KEY) == 1600


def test_a_stage_that_was_killed_takes_up_what_was_kept(tmp_path: Path) -> None:
    first = flows(tmp_path)
    first.note(0, {KEY: 1500})
    first.note(20261122, {KEY: 1730})
    again = flows(tmp_path)
    # A deposit of 70 while nobody looked.
    again.note(20261122, {KEY: 1800})
    assert again.of(KEY) == 1570
    later = flows(tmp_path, keeps=False)
    later.note(20261123, {KEY: -5})
    assert later.of(KEY) == 1570


def test_who_only_reads_waits_for_the_one_that_writes(tmp_path: Path) -> None:
    reader = Flows(tmp_path / "flows.json", {}, keeps=False, is_kept=True)
    with pytest.raises(RegionError, match="not there yet"):
        reader.note(20261122, {KEY: 1730})
    writer = flows(tmp_path)
    writer.note(0, {KEY: 1500})
    writer.note(20261122, {KEY: 1730})
    reader.note(20261122, {KEY: 1730})
    assert reader.of(KEY) == 1500


@pytest.mark.parametrize("content", [b"", b"{}", b'{"day":20271122,"rows":[[2,1,7,7]]}'])
def test_without_a_file_of_this_run_it_begins_with_the_config_and_says_so(
    tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "flows.json").write_bytes(content)
    found = flows(tmp_path)
    found.note(20261122, {KEY: 1800, OTHER: 5})
    assert (found.of(KEY), found.of(OTHER)) == (1000, 0)
    assert "not there or not of this run" in capsys.readouterr().err
