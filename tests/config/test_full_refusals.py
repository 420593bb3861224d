"""Each slip in a key of the risk core is refused with its place and what was expected.

Every case changes full.toml in one place and states the whole message.
"""

from pathlib import Path

import pytest
from refusing import refusal

FULL = (Path(__file__).parent / "full.toml").read_text()
FUTURE = 'instruments[0] "FUTZ6"'
OPTION = 'instruments[1] "OPTZ6C5000"'
OWN = 'accounts[0] "own"'
MEMBER = 'accounts[1] "member-{n}"'
PARENT = 'accounts[2] "parent"'
CHILD = 'strategies[0] "parent-{n}"'
ALGO = 'sessions[0] "algo"'
OFFICER = 'sessions[1] "officer"'

LIMITS = {
    "scope of two kinds": (
        '{ instrument = "FUTZ6", max_order_qty',
        '{ instrument = "FUTZ6", product = "FUT", max_order_qty',
        f"{OWN}.limits[0]: states instrument and product; expected one of them, or neither",
    ),
    "scope of an unknown instrument": (
        '{ instrument = "FUTZ6"',
        '{ instrument = "FUTZ7"',
        f"{OWN}.limits[0].instrument: unknown instrument 'FUTZ7'; did you mean 'FUTZ6'?",
    ),
    "scope of an unknown product": (
        '{ product = "OPT", max_long',
        '{ product = "OPTS", max_long',
        f"{OWN}.limits[1].product: unknown product 'OPTS'; did you mean 'OPT'?",
    ),
    "scope twice": (
        '{ product = "OPT", max_long = 30',
        '{ instrument = "FUTZ6", max_open_orders = 3 }, { product = "OPT", max_long = 30',
        f"{OWN}.limits[1]: a scope that is limited already; expected each once",
    ),
    "limit of nothing": (
        "{ max_long = 60, max_short = 60, max_open_orders = 40 }",
        '{ max_long = 60, max_short = 60 }, { product = "FUT" }',
        f"{OWN}.limits[3]: limits nothing; expected one of max_order_qty, max_market_qty, "
        "max_long, max_short, max_gross, max_notional, max_open_orders, side_lock",
    ),
    "limit of 0": (
        "max_gross = 35",
        "max_gross = 0",
        f"{OWN}.limits[1].max_gross: expected int >= 1, got int 0",
    ),
    "limit of 0 on both sides": (
        "max_long = 30, max_short = 10",
        "max_long = 0, max_short = 0",
        f"{OWN}.limits[1].max_long: a limit of 0 on both sides; expected side_lock = "
        '"restricted" to forbid trading',
    ),
    "position limit twice": (
        "max_order_qty = 10, max_notional",
        "max_long = 5, max_order_qty = 10, max_notional",
        f"{OWN}.limits[0]: 'FUTZ6' is in position_limits too; expected one of them",
    ),
    "notional of several currencies": (
        "max_open_orders = 40",
        "max_open_orders = 40, max_notional = 5",
        f"{OWN}.limits[2].max_notional: covers instruments of several currencies; expected a "
        "limit for each product",
    ),
    "notional of zero": (
        'max_notional = "60000.5"',
        'max_notional = "0.0"',
        f"{OWN}.limits[0].max_notional: expected an amount above 0, got '0.0'",
    ),
    "unknown backend": (
        'backend = "native"',
        'backend = "gpu"',
        "risk.backend: expected 'native' or 'fpga', got str 'gpu'",
    ),
    "unknown lock": (
        'side_lock = "no_sells"',
        'side_lock = "no_sell"',
        f"{OWN}.limits[0].side_lock: expected 'no_buys' or 'no_sells' or 'restricted', got str "
        "'no_sell'",
    ),
    "product that the group may not trade": (
        "shares_margin = false",
        'shares_margin = false\nproducts = ["OPT"]',
        f"{OWN}.products: product 'FUT' is not permitted at 'desk'",
    ),
    "burst without rate": (
        "cancel_rate_per_s = 60\ncancel_burst = 90",
        "cancel_burst = 90",
        f"{OWN}.cancel_burst: given without cancel_rate_per_s",
    ),
    "grades out of order": (
        "slow = 800, reduce = 900",
        "slow = 900, reduce = 900",
        f"{OWN}.margin_grades_permille: reduce at 900 does not come after slow at 900; expected "
        "that",
    ),
    "grade of no control": (
        "loss_grades_permille = { alert = 500,",
        "loss_grades_permille = { warn = 500,",
        f"{OWN}.loss_grades_permille.warn: unknown key; expected one of: alert, halt, reduce, slow",
    ),
    "slow without an interval": (
        "slow_interval_ms = 250\n",
        "",
        f"{OWN}.margin_grades_permille.slow: given without slow_interval_ms",
    ),
    "loss grades without a loss limit": (
        "max_loss = { EUR = 5_000 }\n",
        "",
        f"{OWN}.loss_grades_permille: given without max_loss",
    ),
    "position grades without a limit of all": (
        "max_long = 60, max_short = 60, max_open_orders",
        "max_open_orders",
        f"{OWN}.position_grades_permille: given without max_long or max_short in a limit of all "
        "instruments together",
    ),
    "margin grades without money": (
        '[firm]\nname = "firm"',
        '[firm]\nname = "firm"\nmargin_grades_permille = { alert = 500 }',
        "firm.margin_grades_permille: given without money at this level",
    ),
    "loss limit of zero": (
        "max_loss = { EUR = 5_000 }",
        "max_loss = { EUR = 0 }",
        f"{OWN}.max_loss.EUR: expected an amount above 0, got 0",
    ),
    "loss limit where no money backs anything": (
        "cash = { EUR = 500_000, USD = 500_000 }\n",
        "cash = { EUR = 500_000, USD = 500_000 }\nmax_loss = { EUR = 9 }\n",
        'groups[0] "desk".max_loss: given at a level whose money backs nothing below it; expected '
        "it at its accounts",
    ),
    "loss limit in an unknown currency": (
        "max_drawdown = { EUR =",
        "max_drawdown = { EURO =",
        f"{OWN}.max_drawdown: unknown currency 'EURO'; did you mean 'EUR'?",
    ),
    "leverage finer than hundredths": (
        'max_leverage = "12.5"',
        'max_leverage = "12.505"',
        f"{OWN}.max_leverage: expected at most 2 decimals, got '12.505'",
    ),
    "leverage of nothing": (
        '[firm]\nname = "firm"',
        '[firm]\nname = "firm"\nmax_leverage = 5',
        "firm.max_leverage: given without money at this level",
    ),
    "concentration over everything": (
        "concentration_permille = 200",
        "concentration_permille = 1001",
        f"{OWN}.concentration_permille: expected int <= 1000, got int 1001",
    ),
    "concentration floor alone": (
        "concentration_permille = 200\n",
        "",
        f"{OWN}.concentration_floor: given without concentration_permille",
    ),
    "identical orders without a window": (
        "identical_window_ms = 1000\n",
        "",
        f"{OWN}.identical_max: expected identical_max and identical_window_ms",
    ),
    "protection without a window": (
        "protection_window_ms = 500\n",
        "",
        f"{OWN}.protection_window_ms: expected protection_window_ms with protection_qty or "
        "protection_delta or both",
    ),
    "unknown self-match policy": (
        'self_match = "deny_new"',
        'self_match = "deny"',
        f"{OWN}.self_match: expected 'allow' or 'deny_new' or 'cancel_resting' or 'cancel_both', "
        "got str 'deny'",
    ),
}
MONEY = {
    "account without money": (
        'pool = "desk"\nslice = { EUR = 300_000 }\n',
        "",
        f"{MEMBER}.cash: missing; expected cash, or pool and slice",
    ),
    "pool without a slice": (
        "slice = { EUR = 300_000 }\n",
        "",
        f"{MEMBER}.slice: missing; expected with pool, by currency",
    ),
    "slice without a pool": (
        'pool = "desk"\n',
        "",
        f"{MEMBER}.slice: given without pool",
    ),
    "pool and cash": (
        'pool = "desk"\n',
        'pool = "desk"\ncash = { EUR = 5 }\n',
        f"{MEMBER}.cash: given with pool; expected cash, or pool and slice",
    ),
    "pool that is its own member": (
        'name = "member-{n}"\ncount = 2\ngroup = "desk"\nproducts = ["FUT"]\npool = "desk"',
        'name = "member"\ngroup = "desk"\nproducts = ["FUT"]\npool = "member"',
        'accounts[1] "member".pool: the pool is its own member; expected a level above it',
    ),
    "pool that is not above": (
        'pool = "desk"',
        'pool = "own"',
        f"{MEMBER}.pool: unknown level above 'own'; expected one of: desk, firm, master",
    ),
    "pool of a pool": (
        "cash = { EUR = 50_000 }\nmax_position = 80",
        'pool = "desk"\nslice = { EUR = 50_000 }\nmax_position = 80',
        f"{CHILD}.pool: 'parent' draws on a pool itself; expected one with its own cash",
    ),
    "slice over the pool": (
        "slice = { EUR = 300_000 }",
        "slice = { EUR = 500_001 }",
        f"{MEMBER}.slice.EUR: more than the cash of 'desk'; expected at most that",
    ),
    "slice in another currency": (
        "slice = { EUR = 300_000 }",
        "slice = { USD = 300_000 }",
        f"{MEMBER}.slice: no EUR; expected slice in it to trade FUTZ6",
    ),
    "pool that shares": (
        "shares_margin = false",
        "shares_margin = true",
        'groups[0] "desk".shares_margin: true, but slices of it are drawn on; expected one rule: '
        "members hold their own margin in a pool, a shared level is margined net",
    ),
    "shares nothing": (
        '[firm]\nname = "firm"',
        '[firm]\nname = "firm"\nshares_margin = true',
        "firm.shares_margin: true, but the level states no cash to share",
    ),
    "shares with nobody": (
        "converts_currencies = true",
        "converts_currencies = true\nshares_margin = true",
        f"{OWN}.shares_margin: given, but nothing is below it; expected at a level above others",
    ),
    "converted without rates": (
        'code = "USD"\nbid = "0.9"\nask = "0.901234567"\nhaircut_ppm = 30_000',
        'code = "CHF"\nbid = "0.9"\nask = "0.9"',
        f"{OWN}.converts_currencies: no rate of USD; expected [[currencies]] with its bid and ask",
    ),
    "converted pool": (
        "shares_margin = false",
        "shares_margin = false\nconverts_currencies = true",
        'groups[0] "desk".converts_currencies: given with a pool; expected an account on its own '
        "money, for a slice is of one currency",
    ),
    "no base currency": (
        "is_base = true",
        "bid = 1\nask = 1",
        "currencies.is_base: missing; expected one currency with is_base = true",
    ),
    "two base currencies": (
        'bid = "0.9"\nask = "0.901234567"\nhaircut_ppm = 30_000',
        "is_base = true",
        "currencies.is_base: given more than once; expected one base currency",
    ),
    "base with a rate": (
        "is_base = true",
        "is_base = true\nbid = 1",
        'currencies[0] "EUR": the base currency; expected neither bid, ask nor haircut_ppm',
    ),
    "rate of zero": (
        'bid = "0.9"',
        "bid = 0",
        'currencies[1] "USD".bid: expected a number above 0, got 0',
    ),
    "ask below bid": (
        'bid = "0.9"',
        'bid = "0.95"',
        'currencies[1] "USD".ask: 0.901234567 is below the bid of 0.95; expected no less',
    ),
    "rate too fine": (
        'ask = "0.901234567"',
        'ask = "0.9012345678"',
        "currencies[1] \"USD\".ask: expected at most 9 decimals and 1,000,000, got '0.9012345678'",
    ),
    "haircut of everything": (
        "haircut_ppm = 30_000",
        "haircut_ppm = 1_000_000",
        'currencies[1] "USD".haircut_ppm: expected int <= 999999, got int 1000000',
    ),
    "currency twice": (
        'code = "USD"\nbid',
        'code = "EUR"\nbid',
        "currencies.code: duplicate 'EUR'; expected each once",
    ),
}
SESSIONS = {
    "strategy of no account": (
        'account = "parent"',
        'account = "parents"',
        f"{CHILD}.account: unknown sub-account 'parents'; did you mean 'parent'?",
    ),
    "sub-account with strategies in a session": (
        '"member-1", "parent-1"',
        '"member-1", "parent", "parent-1"',
        f"{ALGO}.accounts: 'parent' has strategies and sends no orders itself; expected those",
    ),
    "operator with accounts": (
        'role = "operator"',
        'role = "operator"\naccounts = ["member-2"]',
        f"{OFFICER}.accounts: an operator sends no orders; expected none",
    ),
    "session without accounts": (
        'role = "operator"',
        'role = "strategy"',
        f'{OFFICER}.accounts: missing; expected at least one, or role = "operator"',
    ),
    "unknown role": (
        'role = "operator"',
        'role = "admin"',
        f"{OFFICER}.role: expected 'strategy' or 'operator', got str 'admin'",
    ),
}


PLACEMENT = {
    "core of a stage that is not there": (
        "risk = [1, 2]",
        "riks = [1, 2]",
        "placement.cores.riks: no stage of layout 'processes'; did you mean 'risk'?",
    ),
    "core of a stage that a fused run does not have": (
        "huge_pages = true\n\n[placement.cores]\ngateway = [0]\n",
        'layout = "fused"\n\n[placement.cores]\n',
        "placement.cores.risk: no stage of layout 'fused'; expected one of: fused, margin, "
        "reconcile, snapshot, venue:XEU",
    ),
    "core of a fused stage that is not there": (
        "gateway = [0]",
        "fused = [0]",
        "placement.cores.fused: no stage of layout 'processes'; expected one of: gateway, margin, "
        "reconcile, risk, router, snapshot, venue:XEU",
    ),
    "no core": (
        "gateway = [0]",
        "gateway = []",
        "placement.cores.gateway: expected array of length >= 1, got list []",
    ),
    "a thread of no program": (
        "[placement]",
        '[placement]\nchannels = "thread"',
        'placement.channels: is "thread"; expected layout = "embedded" with it',
    ),
    "priority beyond the system's": (
        "real_time_priority = 10",
        "real_time_priority = 100",
        "placement.real_time_priority: expected int <= 99, got int 100",
    ),
}


@pytest.mark.parametrize("slip", PLACEMENT)
def test_slip_in_a_placement_is_refused(slip: str, tmp_path: Path) -> None:
    check(PLACEMENT[slip], tmp_path)


@pytest.mark.parametrize("slip", LIMITS)
def test_slip_in_a_limit_is_refused(slip: str, tmp_path: Path) -> None:
    check(LIMITS[slip], tmp_path)


@pytest.mark.parametrize("slip", MONEY)
def test_slip_in_whose_money_it_is_is_refused(slip: str, tmp_path: Path) -> None:
    check(MONEY[slip], tmp_path)


@pytest.mark.parametrize("slip", SESSIONS)
def test_slip_in_a_session_or_strategy_is_refused(slip: str, tmp_path: Path) -> None:
    check(SESSIONS[slip], tmp_path)


def check(case: tuple[str, str, str], tmp_path: Path) -> None:
    old, new, expected = case
    assert FULL.count(old) == 1
    assert expected in refusal(tmp_path / "slip.toml", FULL.replace(old, new))
