"""Slips in instruments, calendars, fees, thresholds and margins, and in files that are included."""

from datetime import date
from pathlib import Path

import pytest
from refusing import refusal

from tidegate.config import load_universe
from tidegate.errors import ConfigError
from tidegate.run_dir import RunDir

ROOT = Path(__file__).parent.parent.parent
FULL = (Path(__file__).parent / "full.toml").read_text()
FUTURE = 'instruments[0] "FUTZ6"'
OPTION = 'instruments[1] "OPTZ6C5000"'
WEEK = 'calendars[0] "week"'
FEES = 'fee_schedules[0] "xeu"'
DAY = 'day_limits[0] "strict"'
RATES = 'margin_rates[0] "futures"'

INSTRUMENTS = {
    "unknown calendar": (
        'calendar = "week"',
        'calendar = "weak"',
        f"{FUTURE}.calendar: unknown calendar 'weak'; did you mean 'week'?",
    ),
    "unknown thresholds": (
        'day_limits = "strict"',
        'day_limits = "lax"',
        f"{FUTURE}.day_limits: unknown day_limits 'lax'; expected one of: strict",
    ),
    "unknown margin rates": (
        'margin_rates = "futures"',
        'margin_rates = "future"',
        f"{FUTURE}.margin_rates: unknown margin_rates 'future'; did you mean 'futures'?",
    ),
    "unknown fee schedule": (
        'fee_schedule = "xeu"\nmaturity',
        'fee_schedule = "xea"\nmaturity',
        f"{FUTURE}.fee_schedule: unknown fee_schedule 'xea'; did you mean 'xeu'?",
    ),
    "two fees": (
        'fee_schedule = "xeu"\nmaturity',
        'fee_schedule = "xeu"\nfee_ppm = 3\nmaturity',
        f"{FUTURE}.fee_ppm: given with fee_schedule; expected one of them",
    ),
    "product without a fee": (
        '{ product = "OPT", open_ppm = 30 }',
        '{ product = "OPX", open_ppm = 30 }',
        f"{OPTION}.fee_schedule: 'xeu' has no fee of product 'OPT'; expected one of: FUT, OPX",
    ),
    "period without ticks": (
        "period_ticks = 40\n",
        "",
        f"{FUTURE}.period_ticks: expected period_ms and period_ticks, or neither",
    ),
    "no size that passes": (
        "max_order_qty = 100\nmax_market_qty",
        "max_order_qty = 1\nmax_market_qty",
        f"{FUTURE}.max_order_qty: 1 lets no order pass; expected room for min_order_qty 2 in "
        "steps of lot_step 2",
    ),
    "lot step of 0": (
        "lot_step = 2",
        "lot_step = 0",
        f"{FUTURE}.lot_step: expected int >= 1, got int 0",
    ),
    "average price left out": (
        'average_price = "5001.5"\n',
        "",
        f"{FUTURE}.average_price: expected with price_basis = 'average', and only then",
    ),
    "exchange margin of one side": (
        "exchange_margin_short_per_lot = 900",
        "exchange_margin_short_per_lot = 0",
        f"{FUTURE}.exchange_margin_short_ppm: the exchange's short margin is zero; expected "
        "exchange_margin_short_ppm or exchange_margin_short_per_lot above 0",
    ),
    "margin of zero": (
        "margin_short_per_lot = 500",
        "margin_short_per_lot = 0",
        f"{OPTION}.margin_short_ppm: the short margin is zero; expected margin_short_ppm or "
        "margin_short_per_lot above 0",
    ),
    "margin over 100 % in a set": (
        "margin_short_ppm = 130_000",
        "margin_short_ppm = 1_300_000",
        f"{RATES}.margin_short_ppm: 1300000 is 130 %; expected at most 1,000,000 (100 %)",
    ),
    "larger side in a net instrument": (
        "margin_long_per_lot = 500",
        "margin_long_per_lot = 500\nmax_side = true",
        f"{OPTION}.max_side: given without margin_model = 'sides'",
    ),
    "close today in a net instrument": (
        "margin_long_per_lot = 500",
        "margin_long_per_lot = 500\ncloses_today = true",
        f"{OPTION}.closes_today: given without margin_model = 'sides'",
    ),
    "price basis in a net instrument": (
        "margin_long_per_lot = 500",
        'margin_long_per_lot = 500\nprice_basis = "mark"',
        f"{OPTION}.price_basis: given without margin_model = 'sides'",
    ),
    "unknown model": (
        "margin_long_per_lot = 500",
        'margin_long_per_lot = 500\nmargin_model = "gross"',
        f"{OPTION}.margin_model: expected 'net' or 'sides' or 'span', got str 'gross'",
    ),
    "span without a file": (
        "margin_long_per_lot = 500\nmargin_short_per_lot = 500",
        'margin_model = "span"',
        f"{OPTION}.margin_file: missing; expected with margin_model = 'span'",
    ),
    "span with rates": (
        "margin_long_per_lot = 500",
        'margin_model = "span"\nmargin_long_per_lot = 500',
        f"{OPTION}.margin_long_per_lot: given with span; expected margin_file alone",
    ),
    "file without span": (
        "margin_long_per_lot = 500",
        'margin_file = "x.pa2"\nmargin_long_per_lot = 500',
        f"{OPTION}.margin_file: given without margin_model = 'span'",
    ),
    "span in a set": (
        'margin_model = "sides"',
        'margin_model = "span"',
        f"{RATES}.margin_model: span; expected it and margin_file at instruments",
    ),
    "file that is not there": (
        "margin_long_per_lot = 500\nmargin_short_per_lot = 500",
        'margin_model = "span"\nmargin_file = "/nowhere/x.pa2"',
        "instruments[1].margin_file: /nowhere/x.pa2: No such file or directory; expected a PA2 "
        "file",
    ),
    "option without a strike": (
        'strike = "5000"\n',
        "",
        f"{OPTION}.strike: missing; an option needs right, strike, maturity",
    ),
    "option without a maturity": (
        'maturity = "202612"\nunderlying',
        "underlying",
        f"{OPTION}.maturity: missing; an option needs right, strike, maturity",
    ),
    "option whose premium nobody knows": (
        'premium = "at_fill"\n',
        "",
        f"{OPTION}.premium: missing; expected 'at_fill' or 'margined'",
    ),
    "future with a strike": (
        'right = "C"\n',
        "",
        f"{OPTION}.strike: given without right; expected of options only",
    ),
    "strike that is no number": (
        'strike = "5000"',
        'strike = "5k"',
        f"{OPTION}.strike: expected a decimal number such as \"0.25\", got '5k'",
    ),
    "maturity that is none": (
        'maturity = "202612"\nunderlying',
        'maturity = "Dec26"\nunderlying',
        f'{OPTION}.maturity: expected a maturity such as "202512", with a day or week code if it '
        "has one, got str 'Dec26'",
    ),
    "unknown underlying": (
        'underlying = "FUTZ6"',
        'underlying = "FUTZ7"',
        f"{OPTION}.underlying: unknown instrument 'FUTZ7'; did you mean 'FUTZ6'?",
    ),
    "option on itself": (
        'underlying = "FUTZ6"',
        'underlying = "OPTZ6C5000"',
        f"{OPTION}.underlying: 'OPTZ6C5000' is an option; expected what it can become",
    ),
}
DATA = {
    "unknown time zone": (
        'time_zone = "Europe/Berlin"',
        'time_zone = "Europe/Bonn"',
        f"{WEEK}.time_zone: unknown time zone 'Europe/Bonn'; expected a name such as "
        "'America/Chicago'",
    ),
    "time of day that is none": (
        'from = "09:00"',
        'from = "9:00"',
        f'{WEEK}.sessions[0].from: expected a time of day such as "09:30", at most "24:00", got '
        "str '9:00'",
    ),
    "break that ends before it starts": (
        'to = "12:30"',
        'to = "11:30"',
        f"{WEEK}.breaks[0].to: not after from; expected it later",
    ),
    "half day on a holiday": (
        "date = 2026-11-25",
        "date = 2026-11-24",
        f"{WEEK}.half_days[0]: 2026-11-24 is a holiday too; expected one of them",
    ),
    "half day on a Sunday": (
        "date = 2026-11-25",
        "date = 2026-11-22",
        f"{WEEK}.half_days[0]: 2026-11-22 is no trading day of the week; expected one",
    ),
    "half day of nothing": (
        'date = 2026-11-25, to = "11:00"',
        "date = 2026-11-25",
        f"{WEEK}.half_days[0]: expected from or to or both",
    ),
    "holiday twice": (
        "holidays = [2026-11-24]",
        "holidays = [2026-11-24, 2026-11-24]",
        f"{WEEK}.holidays: a date is given twice; expected each once",
    ),
    "holidays without an end": (
        "last_day = 2026-12-31\n",
        "",
        f"{WEEK}.last_day: missing; expected with holidays: data ends somewhere",
    ),
    "calendar that is out of date": (
        "last_day = 2026-12-31",
        "last_day = 2026-11-19",
        f"{WEEK}: nothing is known of 2026-11-20, where the horizon begins; expected a day from "
        "any to 2026-11-19, or newer data",
    ),
    "unknown list of holidays": (
        "holidays = [2026-11-24]\n",
        'holiday_list = "berlin"\n',
        f"{WEEK}.holiday_list: unknown holiday_list 'berlin'; expected one of: nothing, none is "
        "defined",
    ),
    "holidays and a list of them": (
        "holidays = [2026-11-24]\n",
        'holidays = [2026-11-24]\nholiday_list = "b"\n[[holiday_lists]]\nname = "b"\n'
        "first_day = 2026-01-01\nlast_day = 2026-12-31\ndates = []\n[[calendars]]\n"
        'name = "other"\ntime_zone = "UTC"\nsessions = [{ from = "01:00", to = "02:00" }]\n',
        f"{WEEK}.holidays: given with holiday_list; expected one of them",
    ),
    "holiday that is no date": (
        "holidays = [2026-11-24]",
        'holidays = ["Tuesday"]',
        f"{WEEK}.holidays: expected a date such as 2026-11-24, without quotes, got list "
        "['Tuesday']",
    ),
    "unknown weekday": (
        'time_zone = "Europe/Berlin"',
        'time_zone = "Europe/Berlin"\ndays = ["monday"]',
        f"{WEEK}.days: expected 'mon' or 'tue' or 'wed' or 'thu' or 'fri' or 'sat' or 'sun', got "
        "list ['monday']",
    ),
    "horizon of 0 days": (
        "days = 10",
        "days = 0",
        "calendar_horizon.days: expected int >= 1, got int 0",
    ),
    "markup on an unknown product": (
        'product = "OPT", ppm = 100',
        'product = "OPX", ppm = 100',
        f"{FEES}.tiers \"retail\".product: 'OPX' is not in the schedule; expected one of its "
        "products",
    ),
    "tier twice": (
        'name = "retail", product = "OPT"',
        'name = "retail"',
        f"{FEES}.tiers.name: duplicate 'retail of all'; expected each once",
    ),
    "fee over everything": (
        "open_ppm = 30",
        "open_ppm = 999_999",
        f'{FEES}.tiers "retail".ppm: fee and markup together are over 100 % of the notional',
    ),
    "negative fee": (
        'open_per_lot = "0.5"',
        'open_per_lot = "-0.5"',
        f"{FEES}.products \"FUT\".open_per_lot: expected an amount of 0 or more, got '-0.5'",
    ),
    "unknown tier": (
        'fee_tier = "retail"',
        'fee_tier = "retial"',
        "accounts[0] \"own\".fee_tier: unknown tier 'retial'; did you mean 'retail'?",
    ),
    "tier of an instrument without a schedule": (
        'fee_schedule = "xeu"\nright',
        "right",
        'accounts[0] "own".fee_tier: OPTZ6C5000 has no fee_schedule; expected one with the tier',
    ),
    "large cancels of no size": (
        "large_cancel_qty = 300\n",
        "",
        f"{DAY}.large_cancels: expected large_cancels and large_cancel_qty",
    ),
    "order-to-trade floor alone": (
        "order_to_trade = 20\n",
        "",
        f"{DAY}.order_to_trade_floor: given without order_to_trade",
    ),
    "threshold of 0": (
        "self_trades = 4",
        "self_trades = 0",
        f"{DAY}.self_trades: expected int >= 1, got int 0",
    ),
    "capacity of nothing": (
        "cash_holds = 4",
        "cash_holds = 0",
        "capacity.cash_holds: expected int >= 1, got int 0",
    ),
}


@pytest.mark.parametrize("slip", INSTRUMENTS)
def test_slip_in_an_instrument_is_refused(slip: str, tmp_path: Path) -> None:
    check(INSTRUMENTS[slip], tmp_path)


@pytest.mark.parametrize("slip", DATA)
def test_slip_in_a_data_table_is_refused(slip: str, tmp_path: Path) -> None:
    check(DATA[slip], tmp_path)


def check(case: tuple[str, str, str], tmp_path: Path) -> None:
    old, new, expected = case
    assert FULL.count(old) == 1
    assert expected in refusal(tmp_path / "slip.toml", FULL.replace(old, new))


def including(tmp_path: Path, data: str) -> str:
    """A config that includes a data file with `data`."""
    (tmp_path / "data.toml").write_text(data)
    return 'include = ["data.toml"]\n' + FULL


def test_a_slip_in_an_included_file_is_told_with_that_file(tmp_path: Path) -> None:
    text = including(tmp_path, '[[calendars]]\nname = "x"\ntime_zone = "Nowhere"\nsessions = []\n')
    (tmp_path / "main.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_universe(tmp_path / "main.toml", RunDir("/tmp/run"))
    assert str(caught.value) == (
        f'{tmp_path}/data.toml: calendars[0] "x".sessions: expected array of length >= 1, got '
        "list []"
    )


def test_an_included_file_defines_nothing_twice_and_no_other_tables(tmp_path: Path) -> None:
    week = FULL[FULL.index("[[calendars]]") : FULL.index("[[fee_schedules]]")]
    (tmp_path / "main.toml").write_text(including(tmp_path, week))
    with pytest.raises(ConfigError) as caught:
        load_universe(tmp_path / "main.toml", RunDir("/tmp/run"))
    assert str(caught.value) == f"{tmp_path}/data.toml: {WEEK}: defined twice; expected each once"
    (tmp_path / "main.toml").write_text(including(tmp_path, '[firm]\nname = "x"\n'))
    with pytest.raises(ConfigError, match=r"data\.toml: firm: unknown key; expected one of: cal"):
        load_universe(tmp_path / "main.toml", RunDir("/tmp/run"))


def test_a_file_that_is_not_there_is_not_included(tmp_path: Path) -> None:
    assert refusal(tmp_path / "main.toml", 'include = ["no.toml"]\n' + FULL) == [
        f"include: no file {tmp_path}/no.toml; expected a data file, its path relative to the "
        "config"
    ]


def test_the_shipped_data_files_fit_together(tmp_path: Path) -> None:
    files = sorted(
        str(file)
        for folder in ("calendars", "fees", "controls", "margins")
        for file in (ROOT / "configs" / folder).glob("*.toml")
    )
    assert len(files) >= 6
    text = f"include = {files}\n" + FULL.replace(
        'margin_rates = "futures"\n', 'margin_rates = "shfe-gold"\n'
    ).replace('average_price = "5001.5"\n', "")
    (tmp_path / "all.toml").write_text(
        text.replace('calendar = "week"', 'calendar = "comex-metals"')
    )
    found = load_universe(tmp_path / "all.toml", RunDir("/tmp/run"))
    gold = found.instruments[0]
    assert (gold.margin_model, gold.closes_today, gold.margin_short_ppm) == ("sides", True, 140_000)


def test_a_calendar_starts_on_the_day_it_is_given_unless_the_config_says(tmp_path: Path) -> None:
    text = FULL.replace("first_day = 2026-11-20\n", "", 1)
    (tmp_path / "day.toml").write_text(text)
    found = load_universe(tmp_path / "day.toml", RunDir("/tmp/run"), date(2026, 12, 1))
    assert found.instruments[0].phases[0] == (1_796_083_200 * 10**9, 1)
