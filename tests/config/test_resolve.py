"""What a good config becomes: handles, ticks, money and the hierarchy."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from tidegate import topology, universe
from tidegate.config import load_universe, units
from tidegate.errors import RunDirError
from tidegate.run_dir import RunDir
from tidegate.universe import Universe

CONFIGS = Path(__file__).parent.parent.parent / "configs"


@pytest.fixture
def demo() -> Universe:
    return load_universe(CONFIGS / "demo/demo.toml", RunDir("/tmp/run"))


def test_demo_has_three_masters_and_200_sub_accounts(demo: Universe) -> None:
    levels = [account.level for account in demo.accounts]
    assert [levels.count(level) for level in (1, 2, 4)] == [1, 3, 200]
    assert [account.handle for account in demo.accounts] == list(range(1, len(levels) + 1))
    assert all(account.parent < account.handle for account in demo.accounts)


def test_each_account_hangs_one_level_below_its_parent(demo: Universe) -> None:
    for account in demo.accounts[1:]:
        parent = demo.accounts[account.parent - 1]
        assert parent.level == account.level - 1
        assert parent.venue in (0, account.venue)
        assert set(account.products) <= set(parent.products)


def test_all_of_the_demo_that_sends_orders_is_in_one_session(demo: Universe) -> None:
    members = [handle for session in demo.sessions for handle in session.accounts]
    pools = {account.pool for account in demo.accounts}
    senders = [row.handle for row in demo.accounts if row.level >= 4 and row.handle not in pools]
    assert sorted(members) == senders


def test_cash_of_each_level_of_the_demo_is_the_sum_below(demo: Universe) -> None:
    for account in demo.accounts:
        children = [child for child in demo.accounts if child.parent == account.handle]
        if any(child.pool == account.handle for child in children):
            assert not any(child.cash for child in children)
            continue
        for currency, cash in account.cash.items() if children else ():
            assert cash == sum(child.cash.get(currency, 0) for child in children)


def test_units_of_the_demo_s_instruments(demo: Universe) -> None:
    gold, index, coin = demo.instruments
    assert (gold.tick_value, index.tick_value, coin.tick_value) == (100_000, 600_000, 1)
    assert (gold.settlement, index.settlement, coin.settlement) == (13_251, 26_081, 618_000)
    assert (gold.margin_long_lot, gold.fee_lot) == (88_000_000, 23_200)
    assert gold.stale_ns == 5_000_000_000
    assert coin.multiplier == Decimal("0.001")


def test_universe_survives_json(demo: Universe, tmp_path: Path) -> None:
    assert universe.decode(universe.encode(demo)) == demo
    run_dir = RunDir(tmp_path)
    run_dir.write_universe(demo)
    assert run_dir.read_universe() == demo


def test_universe_of_another_version_is_refused(demo: Universe, tmp_path: Path) -> None:
    run_dir = RunDir(tmp_path)
    with pytest.raises(RunDirError, match="not there; expected a directory that"):
        run_dir.read_universe()
    content = msgspec.json.decode(universe.encode(demo))
    content["novelty"] = 1
    run_dir.universe.write_bytes(msgspec.json.encode(content))
    with pytest.raises(RunDirError, match=r"unknown field `novelty`.*another version"):
        run_dir.read_universe()


def test_stages_start_venues_first_and_gateway_last(demo: Universe) -> None:
    assert topology.stages(demo) == (
        *("venue:CME", "venue:CFFEX", "venue:CRYPTO"),
        *("router", "risk", "snapshot", "reconcile", "gateway"),
    )


def test_lanes_are_in_the_run_directory_unless_placed(tmp_path: Path) -> None:
    text = (CONFIGS / "dev.toml").read_text().replace("demo/", f"{CONFIGS}/demo/")
    config = tmp_path / "placed.toml"
    config.write_text(
        '[lanes.routes]\nendpoint = "tcp://10.0.0.2:7010"\nhwm = 50\n[lanes.orders]\nhwm = 9\n'
        + text
    )
    found = load_universe(config, RunDir("/tmp/run"))
    assert topology.endpoint(found, "routes") == "tcp://10.0.0.2:7010"
    assert topology.hwm(found, "routes") == 50
    assert topology.endpoint(found, "orders") == "ipc:///tmp/run/lanes/orders"
    assert topology.hwm(found, "orders") == 9
    assert topology.hwm(found, "reports") == topology.HWM


def test_a_lane_in_shared_memory_is_a_file_and_each_of_its_senders_has_one(tmp_path: Path) -> None:
    text = (CONFIGS / "dev.toml").read_text().replace("demo/", f"{CONFIGS}/demo/")
    config = tmp_path / "shared.toml"
    config.write_text(
        '[lanes.routes]\nendpoint = "shm://routes"\n[lanes.orders]\nendpoint = "shm:///dev/shm/o"\n'
        '[lanes.control]\nendpoint = "shm://control"\n' + text
    )
    found = load_universe(config, RunDir("/tmp/run"))
    assert topology.endpoint(found, "routes") == "shm:///tmp/run/lanes/routes.ring"
    assert topology.endpoint(found, "orders") == "shm:///dev/shm/o"
    assert topology.controllers(found) == {
        name: f"shm:///tmp/run/lanes/control.ring.{name}" for name in ("margin", "reconcile")
    }
    sockets = load_universe(CONFIGS / "dev.toml", RunDir("/tmp/run"))
    assert set(topology.controllers(sockets).values()) == {"ipc:///tmp/run/lanes/control"}


def test_negative_and_zero_prices_are_prices() -> None:
    assert units.price("-37.63", Decimal("0.01")) == -3763
    assert units.price(0, Decimal("0.01")) == 0


@pytest.mark.parametrize("text", ["", "NaN", "inf", "1_0", "+1", " 1", "0x1", "1.", ".5", "٣"])
def test_odd_numbers_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a decimal number"):
        units.decimal(text)


def test_money_and_prices_beyond_what_risk_can_express_are_refused() -> None:
    assert units.money("230584300921369.3952") == 2**61
    with pytest.raises(ValueError, match="expected at most 230,584,300,921,369, got"):
        units.money("230584300921369.3953")
    with pytest.raises(ValueError, match="expected at most 4 decimals"):
        units.money("922337203685477580.8")
    assert units.price(2**53, Decimal(1)) == 2**53
    with pytest.raises(ValueError, match="expected at most 2\\^53 ticks of 1, got"):
        units.price(-(2**53) - 1, Decimal(1))
