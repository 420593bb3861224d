"""Each slip in a config is refused, and the message says where, what and what was expected.

Every case changes the committed dev.toml in one place and states the whole message.
"""

from pathlib import Path

import pytest
from refusing import refusal

from tidegate.config import load, load_universe
from tidegate.errors import ConfigError
from tidegate.run_dir import RunDir

ROOT = Path(__file__).parent.parent.parent
DEV = (ROOT / "configs/dev.toml").read_text().replace("demo/", f"{ROOT}/configs/demo/")
VENUE = 'venues[0] "SIM"'
GOLD = 'instruments[0] "GCZ3"'
BLOCK = 'accounts[0] "dev-{n}"'
SESSION = 'sessions[0] "dev"'
SECOND_SESSION = '[[sessions]]\nname = "other"\naccounts = ["dev-2"]\n'

# What is replaced by what, and the whole message.
CASES = {
    "unknown key": (
        "max_order_qty = 100",
        "max_order_qyt = 100\nmax_order_qty = 100",
        f"{GOLD}.max_order_qyt: unknown key; did you mean 'max_order_qty'?",
    ),
    "unknown table": (
        "[firm]",
        "[firma]",
        "firma: unknown key; did you mean 'firm'?",
    ),
    "bad unit in the key": (
        "stale_ms = 10_000",
        "stale_s = 10\nstale_ms = 10_000",
        f"{GOLD}.stale_s: unknown key; did you mean 'stale_ms'?",
    ),
    "wrong type": (
        "max_position = 50",
        'max_position = "fifty"',
        f"{BLOCK}.max_position: expected int, got str 'fifty'",
    ),
    "float price": (
        'tick_size = "0.1"',
        "tick_size = 0.1",
        f'{GOLD}.tick_size: expected a decimal in quotes such as "0.25", or an int, got float 0.1',
    ),
    "not a number": (
        'tick_size = "0.1"',
        'tick_size = "1e-1"',
        f"{GOLD}.tick_size: expected a decimal number such as \"0.25\", got '1e-1'",
    ),
    "unknown kind of venue": (
        'kind = "simulated"',
        'kind = "fix"',
        f"{VENUE}.kind: expected 'simulated', got str 'fix'",
    ),
    "missing key": (
        'tick_size = "0.1"\n',
        "",
        f"{GOLD}.tick_size: missing; Instrument needs symbol, product, venue, currency, "
        "tick_size, multiplier, max_order_qty, stale_ms",
    ),
    "unknown venue": (
        'product = "GC"\nvenue = "SIM"',
        'product = "GC"\nvenue = "SIMM"',
        f"{GOLD}.venue: unknown venue 'SIMM'; did you mean 'SIM'?",
    ),
    "missing venue of a master": (
        'name = "sim-master"\nvenue = "SIM"',
        'name = "sim-master"\nvenue = "CME"',
        "masters[0] \"sim-master\".venue: unknown venue 'CME'; expected one of: SIM",
    ),
    "unknown instrument": (
        "max_order_qty = 20",
        "max_order_qty = 20\nposition_limits = { GCZ4 = { max_long = 1, max_short = 1 } }",
        f"{BLOCK}.position_limits: unknown instrument 'GCZ4'; did you mean 'GCZ3'?",
    ),
    "unknown product": (
        'products = ["GC"]',
        'products = ["GCX"]',
        f"{BLOCK}.products: unknown product 'GCX'; did you mean 'GC'?",
    ),
    "unknown master": (
        'master = "sim-master"',
        'master = "master"',
        "groups[0] \"dev-owner\".master: unknown master 'master'; did you mean 'sim-master'?",
    ),
    "unknown group": (
        'group = "dev-owner"',
        'group = "owner"',
        f"{BLOCK}.group: unknown group 'owner'; did you mean 'dev-owner'?",
    ),
    "unknown currency": (
        "cash = { USD = 10_000_000 }",
        "cash = { USDX = 10_000_000 }",
        "masters[0] \"sim-master\".cash: unknown currency 'USDX'; did you mean 'USD'?",
    ),
    "duplicate account": (
        'name = "sim-master"\nvenue',
        'name = "dev-1"\nvenue',
        "accounts.name: duplicate 'dev-1'; expected each once",
    ),
    "tick value not whole": (
        "multiplier = 100",
        'multiplier = "0.00015"',
        f"{GOLD}.tick_size: a tick is worth 0.000015; expected a whole number of 1/10,000 of the "
        "currency unit (tick_size x multiplier x 10,000)",
    ),
    "settlement between ticks": (
        'settlement = "1325.1"',
        'settlement = "1325.15"',
        f"{GOLD}.settlement: expected a multiple of the tick size 0.1, got '1325.15'",
    ),
    "margin of zero": (
        "margin_short_per_lot = 8800",
        "margin_short_per_lot = 0",
        f"{GOLD}.margin_short_ppm: the short margin is zero; expected margin_short_ppm or "
        "margin_short_per_lot above 0",
    ),
    "margin over 100 %": (
        "margin_long_per_lot = 8800",
        "margin_long_ppm = 1_500_000",
        f"{GOLD}.margin_long_ppm: 1500000 is 150 %; expected at most 1,000,000 (100 %)",
    ),
    "negative margin": (
        "margin_long_per_lot = 8800",
        "margin_long_per_lot = -8800",
        f"{GOLD}.margin_long_per_lot: expected an amount of 0 or more, got -8800",
    ),
    "negative count": (
        "max_position = 50",
        "max_position = -50",
        f"{BLOCK}.max_position: expected int >= 1, got int -50",
    ),
    "money finer than 1/10,000": (
        'fee_per_lot = "2.32"',
        'fee_per_lot = "2.32001"',
        f"{GOLD}.fee_per_lot: expected at most 4 decimals, got '2.32001'",
    ),
    "money of 40 digits": (
        'fee_per_lot = "2.32"',
        f'fee_per_lot = "{"9" * 40}"',
        f'{GOLD}.fee_per_lot: expected a decimal number such as "0.25", got {"9" * 40!r}',
    ),
    "no collar": (
        "collar_ticks = 200\n",
        "",
        f"{GOLD}.collar_ticks: missing; expected collar_ticks or collar_permille or both",
    ),
    "account without cash": (
        "cash = { USD = 1_000_000 }\n",
        "",
        f"{BLOCK}.cash: missing; expected cash, or pool and slice",
    ),
    "account without limits": (
        "max_position = 50\n",
        "",
        f"{BLOCK}.max_position: missing; SubAccount needs products, max_position, name, group",
    ),
    "account without products": (
        'products = ["GC"]',
        "products = []",
        f"{BLOCK}.products: expected array of length >= 1, got list []",
    ),
    "burst without rate": (
        "order_rate_per_s = 1000\n",
        "",
        f"{BLOCK}.order_burst: given without order_rate_per_s",
    ),
    "count without pattern": (
        'name = "dev-{n}"',
        'name = "dev"',
        'accounts[0] "dev".name: with count, expected a pattern with the number n, such as '
        '"cme-{n:03}"',
    ),
    "session with unknown account": (
        'accounts = ["dev-1", "dev-2"]',
        'accounts = ["dev-1", "dev-3"]',
        f"{SESSION}.accounts: unknown sub-account or group 'dev-3'; did you mean 'dev-2'?",
    ),
    "session with a master": (
        'accounts = ["dev-1", "dev-2"]',
        'accounts = ["sim-master"]',
        f"{SESSION}.accounts: unknown sub-account or group 'sim-master'; expected one of: "
        "dev-1, dev-2, dev-owner",
    ),
    "account in two sessions": (
        '[[sessions]]\nname = "dev"',
        SECOND_SESSION + '\n[[sessions]]\nname = "dev"',
        "sessions[1] \"dev\".accounts: account 'dev-2' is in session 'other' too; expected one "
        "session each",
    ),
    "bad z85 key": (
        'accounts = ["dev-1", "dev-2"]',
        'accounts = ["dev-1", "dev-2"]\npublic_key = "too short"',
        f"{SESSION}.public_key: 'too short'; expected a CURVE public key, 40 characters of Z85",
    ),
    "latency upside down": (
        "latency_us = [50, 200]",
        "latency_us = [200, 50]",
        f"{VENUE}.latency_us: expected [low, high], got [200, 50]",
    ),
    "unknown lane": (
        "[firm]",
        "[lanes.order]\nhwm = 10\n\n[firm]",
        "lanes.order: unknown lane; did you mean 'orders'?",
    ),
    "inproc lane": (
        "[firm]",
        '[lanes.orders]\nendpoint = "inproc://orders"\n\n[firm]',
        "lanes.orders.endpoint: expected ipc://PATH, tcp://HOST:PORT or shm://NAME, got str "
        "'inproc://orders'",
    ),
    "drop copy in shared memory": (
        "[firm]",
        '[lanes.drop_copy]\nendpoint = "shm://drop_copy"\n\n[firm]',
        "lanes.drop_copy.endpoint: shm://drop_copy; expected ipc:// (no CURVE here)",
    ),
    "front in shared memory": (
        "[firm]",
        '[gateway]\nendpoints = ["shm://front"]\n\n[firm]',
        "gateway.endpoints: expected ipc://PATH or tcp://HOST:PORT, got list ['shm://front']",
    ),
    "two lanes at one place": (
        "[firm]",
        '[lanes.orders]\nendpoint = "ipc:///tmp/x"\n[lanes.routes]\nendpoint = "ipc:///tmp/x"\n'
        "\n[firm]",
        "endpoint: ipc:///tmp/x is used 2 times; expected each once",
    ),
    "capacity": (
        "[firm]",
        "[capacity]\norders = 1\n\n[firm]",
        "capacity.orders: expected int >= 16, got int 1",
    ),
    "tcp front without key": (
        "[firm]",
        '[gateway]\nendpoints = ["tcp://127.0.0.1:7001"]\n\n[firm]',
        "gateway.secret_key_file: missing; expected with a tcp endpoint, for CURVE",
    ),
}


@pytest.mark.parametrize("slip", CASES)
def test_slip_is_refused_with_place_and_expectation(slip: str, tmp_path: Path) -> None:
    old, new, expected = CASES[slip]
    assert DEV.count(old) == 1
    assert expected in refusal(tmp_path / "slip.toml", DEV.replace(old, new))


def test_all_slips_are_named_at_once(tmp_path: Path) -> None:
    text = DEV.replace('tick_size = "0.1"', "tick_size = 0.1").replace("[firm]", "[firma]")
    assert len(refusal(tmp_path / "two.toml", text)) == 2
    text = DEV.replace('master = "sim-master"', 'master = "x"').replace('["GC"]', '["X"]')
    assert len(refusal(tmp_path / "two.toml", text)) == 2


def test_a_slip_in_a_block_of_many_accounts_is_named_once(tmp_path: Path) -> None:
    text = DEV.replace("count = 2", "count = 500").replace('["GC"]', '["X"]')
    assert len(refusal(tmp_path / "block.toml", text)) == 1


def test_bad_toml_names_the_line(tmp_path: Path) -> None:
    lines = refusal(tmp_path / "bad.toml", "[firm]\nname = tidewater\n")
    assert lines == ["not TOML: Invalid value (at line 2, column 8)"]


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    config = tmp_path / "bytes.toml"
    config.write_bytes(b"[firm]\n\xff")
    with pytest.raises(ConfigError, match="byte 7 is not UTF-8"):
        load(config)


def test_missing_config_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read: No such file"):
        load(tmp_path / "none.toml")


def test_missing_tape_is_named_with_its_path(tmp_path: Path) -> None:
    lines = refusal(tmp_path / "tape.toml", DEV.replace(f"{ROOT}/configs/demo/gc", "x"))
    assert lines == [
        f"{VENUE}.tape: no file {tmp_path}/x.tape; expected a tape (`tidegate tape import`), its "
        "path relative to the config"
    ]


def test_socket_path_over_107_bytes_is_refused(tmp_path: Path) -> None:
    (line,) = refusal(tmp_path / "long.toml", DEV, run_dir="/tmp/" + "x" * 90)
    assert line.startswith("ipc path of 112 bytes, expected at most 107: ipc:///tmp/xxx")
    assert line.endswith("/lanes/executions; give a shorter --run-dir")


def test_socket_path_of_107_bytes_is_taken(tmp_path: Path) -> None:
    (tmp_path / "fits.toml").write_text(DEV)
    fitting = RunDir("/" + "x" * (107 - len("//lanes/executions")))
    universe = load_universe(tmp_path / "fits.toml", fitting)
    assert len(universe.lanes["executions"].endpoint) == len("ipc://") + 107


def test_a_product_at_two_venues_is_refused(tmp_path: Path) -> None:
    venue = DEV[DEV.index("[[venues]]") : DEV.index("[[instruments]]")]
    gold = DEV[DEV.index("[[instruments]]") : DEV.index("[[masters]]")]
    text = DEV + venue.replace("SIM", "CME") + gold.replace("SIM", "CME").replace("GCZ3", "GCG4")
    assert refusal(tmp_path / "both.toml", text) == [
        "instruments[1] \"GCG4\".product: product 'GC' is of another venue already; expected one "
        "venue for each product, because permissions are given by product"
    ]


def test_duplicates_are_refused(tmp_path: Path) -> None:
    copied = DEV[DEV.index("[[venues]]") : DEV.index("[[accounts]]")]
    assert refusal(tmp_path / "twice.toml", DEV + copied + DEV[DEV.index("[[sessions]]") :]) == [
        "venues.name: duplicate 'SIM'; expected each once",
        "instruments.symbol: duplicate 'GCZ3'; expected each once",
        "instruments.venue_code: duplicate 'GCZ3 at SIM'; expected each once",
        "accounts.name: duplicate 'sim-master'; expected each once",
        "accounts.name: duplicate 'dev-owner'; expected each once",
        "sessions.name: duplicate 'dev'; expected each once",
        "sessions.name: duplicate 'desk'; expected each once",
        "endpoint: ipc:///tmp/run/lanes/venue-SIM is used 2 times; expected each once",
        "endpoint: ipc:///tmp/run/lanes/md-SIM is used 2 times; expected each once",
    ]


def test_a_product_without_cash_in_its_currency_is_refused(tmp_path: Path) -> None:
    gold = DEV[DEV.index("[[instruments]]") : DEV.index("[[masters]]")]
    euro = gold.replace("GCZ3", "FGBL").replace('"GC"', '"GBL"').replace("USD", "EUR")
    text = (DEV + euro).replace('products = ["GC"]', 'products = ["GC", "GBL"]')
    assert refusal(tmp_path / "cash.toml", text) == [
        f"{BLOCK}.cash: no EUR; expected cash in it to trade FGBL"
    ]


@pytest.mark.parametrize("keep", [0, 1])
def test_one_snapshot_is_not_enough_where_the_journal_below_it_goes(
    tmp_path: Path, keep: int
) -> None:
    text = DEV + f'[journal]\nkeep = "snapshots"\n[snapshots]\nkeep = {keep}\n'
    assert refusal(tmp_path / "keep.toml", text) == [
        f'snapshots.keep: {keep}; expected at least 2 with journal.keep = "snapshots": where one '
        "is broken, the one before is all that there is"
    ]


class TestKeyFile:
    """The gateway's secret key, without which there is no tcp front."""

    GATEWAY = '[gateway]\nendpoints = ["tcp://127.0.0.1:7001"]\nsecret_key_file = "key"\n'
    KEY = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
    TEXT = DEV.replace("[firm]", GATEWAY + "[firm]") + f"public_key = '{KEY}'\n"

    def test_that_others_may_read_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "key").write_text(self.KEY)
        (tmp_path / "key").chmod(0o644)
        (line,) = refusal(tmp_path / "key.toml", self.TEXT)
        assert line.endswith("key: others may read it; expected mode 0600 (chmod 600)")

    def test_that_is_no_key_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "key").write_text("~" * 40)
        (tmp_path / "key").chmod(0o600)
        (line,) = refusal(tmp_path / "key.toml", self.TEXT)
        assert line.endswith("key: expected a CURVE secret key, 40 characters of Z85")

    def test_that_is_not_there_is_refused(self, tmp_path: Path) -> None:
        (line,) = refusal(tmp_path / "key.toml", self.TEXT)
        assert "No such file" in line
        assert line.endswith("expected a file with a CURVE secret key")

    def test_that_fits_opens_the_tcp_front(self, tmp_path: Path) -> None:
        (tmp_path / "key").write_text(self.KEY + "\n")
        (tmp_path / "key").chmod(0o600)
        (tmp_path / "key.toml").write_text(self.TEXT)
        gateway = load_universe(tmp_path / "key.toml", RunDir("/tmp/run")).gateway
        assert gateway.endpoints == ("ipc:///tmp/run/lanes/front", "tcp://127.0.0.1:7001")
        assert gateway.secret_key_file == str(tmp_path / "key")

    def test_without_a_session_key_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "key").write_text(self.KEY)
        (tmp_path / "key").chmod(0o600)
        text = self.TEXT.replace(f"public_key = '{self.KEY}'\n", "")
        assert refusal(tmp_path / "key.toml", text) == [
            "gateway.endpoints: tcp, but no session has a public_key to log on with"
        ]
