"""What the risk core's keys become in the universe, from full.toml, which has each of them."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from tidegate import universe as frozen
from tidegate.config import load_universe, schema
from tidegate.config.load import read_toml
from tidegate.config.schema_accounts import Firm, Group, Master, Session, Strategy, SubAccount
from tidegate.run_dir import RunDir
from tidegate.universe import Account, Fee, Instrument, Limit, Rate, Universe

FULL = Path(__file__).parent / "full.toml"
EUR, USD = 1, 2


@pytest.fixture(scope="module")
def full() -> Universe:
    return load_universe(FULL, RunDir("/tmp/run"))


def account(full: Universe, name: str) -> Account:
    return next(row for row in full.accounts if row.name == name)


def test_the_universe_survives_json(full: Universe) -> None:
    assert frozen.decode(frozen.encode(full)) == full


def test_every_key_of_an_account_is_in_the_full_config() -> None:
    """So that none is forgotten here: each key of the schemas is tried by this config or the
    demo's.
    """
    tables = [read_toml(FULL), read_toml(FULL.parents[2] / "configs/demo/demo.toml")]
    kinds = {
        "accounts": SubAccount,
        "strategies": Strategy,
        "groups": Group,
        "masters": Master,
        "sessions": Session,
        "instruments": schema.Instrument,
        "currencies": schema.Currency,
    }
    levels = {name for kind in (Firm, Master, Group) for name in kind.__struct_fields__}
    used = {
        name: {key for each in tables for row in each.get(name, []) for key in row}
        for name in kinds
    }
    everywhere = set().union(*used.values())
    spans = {"margin_file", "span_product"}
    others = {"venue_code", "public_key", "heartbeat_ms"}
    for name, kind in kinds.items():
        missing = set(kind.__struct_fields__) - (everywhere if name != "currencies" else used[name])
        assert missing - spans - others - {"exchange_margin_long_per_lot"} <= {
            "exchange_margin_short_ppm",
            "exchange_margin_short_per_lot",
            "exchange_margin_long_ppm",
            "max_side",
            "price_basis",
            "closes_today",
            "margin_model",
            "cancel_burst",
        }, name
    assert levels - everywhere <= others


def test_an_instrument_has_its_controls(full: Universe) -> None:
    future = full.instruments[0]
    assert (future.max_market_qty, future.min_order_qty, future.lot_step) == (10, 2, 2)
    assert (future.price_step, future.notional_floor) == (5, 500_000)
    assert (future.period_ns, future.period_ticks) == (10**9, 40)
    assert future.order_rate == Rate(per_second=100, burst=100)
    assert future.replace_rate == Rate(per_second=200, burst=20)
    assert future.cancel_rate == Rate(per_second=300, burst=300)
    assert (future.day_orders_max, future.day_cancels_max) == (900, 499)
    assert (future.day_large_cancels_max, future.large_cancel_qty) == (49, 300)
    assert (future.day_self_trades_max, future.exempts_immediate) == (4, True)
    assert (future.order_to_trade_max, future.order_to_trade_floor) == (20, 100)


def test_its_own_margin_keys_are_over_those_of_the_set_it_names(full: Universe) -> None:
    future = full.instruments[0]
    assert future.margin_model == "sides"
    assert (future.has_sides, future.closes_today, future.is_max_side) == (True, True, True)
    assert (future.price_basis, future.average_px) == (3, 10_003)
    assert (future.margin_long_ppm, future.margin_short_ppm) == (150_000, 130_000)
    assert (future.exchange_long_ppm, future.exchange_short_ppm) == (100_000, 0)
    assert (future.exchange_long_lot, future.exchange_short_lot) == (0, 9_000_000)


def test_an_option_knows_what_it_is_on(full: Universe) -> None:
    option = full.instruments[1]
    assert (option.right, option.strike, option.maturity) == ("C", Decimal(5000), "202612")
    assert (option.underlying, option.is_premium_paid) == (1, True)
    assert (option.margin_model, option.has_sides) == ("net", False)
    assert option.exchange_long_lot is None
    assert option.phases == ()


def test_phases_come_from_the_calendar_within_the_horizon(full: Universe) -> None:
    phases = full.instruments[0].phases
    hour = 3600 * 10**9
    start = 1_795_132_800 * 10**9
    # Friday 2026-11-20, in UTC; Berlin is an hour ahead.
    assert phases[:5] == (
        (start, 1),
        (start + 8 * hour, 2),
        (start + 11 * hour, 1),
        (start + 11 * hour + hour // 2, 2),
        (start + 16 * hour + hour // 2, 1),
    )
    # Mon, Wed (half), Thu, Fri; no Tuesday.
    assert [phase for _, phase in phases].count(2) == 2 + 2 + 1 + 2 + 2


def test_fees_are_the_exchange_s_and_each_tier_s_markup_on_it(full: Universe) -> None:
    future, option = (row.fees for row in full.instruments)
    own = Fee(open_lot=5_000, close_lot=4_000, close_today_ppm=7)
    retail = Fee(
        open_lot=25_000,
        open_ppm=5,
        close_lot=24_000,
        close_ppm=5,
        close_today_lot=0,
        close_today_ppm=12,
    )
    house = msgspec.structs.replace(own, open_ppm=1, close_ppm=1, close_today_ppm=8)
    assert future == (own, retail, house)
    assert option[1] == Fee(open_ppm=130, close_ppm=100, close_today_ppm=100)
    assert option[2] == Fee(open_ppm=31, close_ppm=1, close_today_ppm=1)
    assert account(full, "own").tier == 1
    assert account(full, "member-1").tier == 0
    assert (full.instruments[0].fee_lot, full.instruments[0].fee_ppm) == (5_000, 0)


def test_limits_stand_at_their_scopes(full: Universe) -> None:
    own = account(full, "own")
    assert own.position_limits == {1: (20, 0)}
    assert own.limits == (
        Limit(instrument=1, max_order_qty=10, max_notional=600_005_000, side_lock=2),
        Limit(product=2, max_long=30, max_short=10, max_gross=35, max_market_qty=3),
        Limit(max_long=60, max_short=60, max_open_orders=40),
    )


def test_an_account_has_its_controls(full: Universe) -> None:
    own = account(full, "own")
    assert (own.order_rate, own.replace_rate) == (None, Rate(per_second=50, burst=50))
    assert own.cancel_rate == Rate(per_second=60, burst=90)
    assert (own.max_loss, own.max_drawdown) == ({EUR: 50_000_000}, {EUR: 40_002_500})
    assert (own.leverage_max, own.executions_max, own.day_orders_max) == (1250, 100, 5_000)
    assert own.slow_interval_ns == 250_000_000
    assert own.margin_grades == (700, 800, 900, 1000)
    assert own.loss_grades == (500, 0, 0, 1000)
    assert own.position_grades == (0, 0, 950, 0)
    assert (own.concentration_permille, own.concentration_floor) == (200, 10)
    assert (own.identical_max, own.identical_window_ns) == (5, 10**9)
    assert (own.protection_window_ns, own.protection_qty) == (500_000_000, 30)
    assert own.protection_delta == 20
    assert (own.self_match_own, own.self_match_group) == (2, 1)
    assert account(full, "desk").self_match_group == 4


def test_a_converted_account_has_a_balance_in_all_that_it_trades(full: Universe) -> None:
    own = account(full, "own")
    assert own.is_converted
    assert own.cash == {EUR: 1_000_000_000, USD: 0}
    euro, dollar = full.currencies
    assert (euro.bid_rate, euro.ask_rate, euro.haircut_ppm) == (10**9, 10**9, 0)
    assert (dollar.bid_rate, dollar.ask_rate) == (900_000_000, 901_234_567)
    assert dollar.haircut_ppm == 30_000


def test_who_states_cash_shares_it_unless_it_is_a_pool_or_says_otherwise(full: Universe) -> None:
    shared = {row.name: row.is_shared for row in full.accounts}
    assert shared == {
        "firm": False,
        "master": True,
        "desk": False,
        "own": False,
        "member-1": False,
        "member-2": False,
        "parent": False,
        "parent-1": False,
        "parent-2": False,
    }


def test_a_sub_account_shares_its_cash_with_strategies_on_their_own(tmp_path: Path) -> None:
    text = FULL.read_text().replace(
        'pool = "parent"\nslice = { EUR = 40_000 }', "cash = { EUR = 20_000 }"
    )
    (tmp_path / "own.toml").write_text(text)
    found = load_universe(tmp_path / "own.toml", RunDir("/tmp/run"))
    assert account(found, "parent").is_shared
    assert not account(found, "parent-1").is_shared
    assert account(found, "parent-1").cash == {EUR: 200_000_000}


def test_members_draw_on_their_pool_and_have_no_cash(full: Universe) -> None:
    desk, parent = account(full, "desk"), account(full, "parent")
    for name, pool, slice_ in (("member-2", desk, 300_000), ("parent-1", parent, 40_000)):
        member = account(full, name)
        assert (member.pool, member.cash) == (pool.handle, {})
        assert member.credit_line == {EUR: slice_ * 10_000}


def test_a_strategy_is_below_its_sub_account_and_trades_what_that_may(full: Universe) -> None:
    parent, strategy = account(full, "parent"), account(full, "parent-2")
    assert (strategy.level, strategy.parent, strategy.venue) == (5, parent.handle, 1)
    assert strategy.products == parent.products == (0,)
    assert not strategy.cancel_on_disconnect


def test_sessions_name_strategies_and_operators_name_nothing(full: Universe) -> None:
    algo, officer = full.sessions
    names = [full.accounts[handle - 1].name for handle in algo.accounts]
    assert names == ["own", "member-1", "parent-1", "parent-2"]
    assert {row.name for row in full.accounts if row.session == algo.handle} == set(names)
    assert algo.order_rate == Rate(per_second=500, burst=500)
    assert (algo.replace_rate, algo.cancel_rate) == (None, Rate(per_second=1000, burst=2000))
    assert (officer.role, officer.accounts) == ("operator", ())


def test_a_group_in_a_session_stands_for_all_below_that_send_orders(tmp_path: Path) -> None:
    text = FULL.read_text().replace(
        'accounts = ["own", "member-1", "parent-1", "parent-2"]', 'accounts = ["desk"]'
    )
    (tmp_path / "group.toml").write_text(text)
    found = load_universe(tmp_path / "group.toml", RunDir("/tmp/run"))
    names = [found.accounts[handle - 1].name for handle in found.sessions[0].accounts]
    assert names == ["own", "member-1", "member-2", "parent-1", "parent-2"]


def test_capacities_are_taken_over(full: Universe) -> None:
    capacity = full.capacity
    assert (capacity.products, capacity.sides, capacity.days) == (64, 128, 32)
    assert (capacity.scans, capacity.limits) == (16, 256)
    assert (capacity.overrides, capacity.cash_holds) == (8, 4)
    assert (capacity.orders, capacity.pairs) == (1 << 16, 1 << 14)


def test_a_placement_is_taken_over(full: Universe) -> None:
    placement = full.placement
    assert placement.cores == {"gateway": (0,), "risk": (1, 2)}
    assert (placement.spin_us, placement.yields) == (50, 2)
    assert (placement.real_time_priority, placement.lock_memory) == (10, True)
    assert placement.huge_pages


def test_what_a_config_does_not_state_is_off(full: Universe) -> None:
    plain = account(full, "parent")
    defaults = {
        field.name: field.default
        for field in msgspec.structs.fields(Account)
        if field.name.startswith(("identical", "protection", "executions", "concentration"))
    }
    assert {name: getattr(plain, name) for name in defaults} == defaults
    assert isinstance(full.instruments[1], Instrument)
    assert full.instruments[1].day_cancels_max is None
