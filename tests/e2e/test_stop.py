"""A run that is stopped while a strategy trades as fast as it can."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from e2e_rig import ENVIRONMENT, Engine, engine, until

from tidegate.demo.proofs import replays

CONFIG = Path(__file__).with_name("small.toml")
LOAD = """
import sys
from tidegate import Client, NewOrder
from tidegate.errors import SessionError

order = NewOrder(account="sub-3", instrument="GCZ3", side="BUY", order_qty=1, price="1315.0")
with Client(sys.argv[1], "flood") as client:
    try:
        while True:
            sent = client.submit_many([order] * 32)
            for _ in client.reports(timeout=0):
                pass
            for each in sent:
                if not each.is_final:
                    client.cancel(each)
    except SessionError as error:
        print(error)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_stops_in_time_under_load_and_its_journal_gives_its_state(
    place: Path, number: signal.Signals
) -> None:
    with engine(CONFIG, run_dir=place / number.name) as run:
        client = [sys.executable, "-c", LOAD, run.front]
        load = subprocess.Popen(client, env=ENVIRONMENT, stdout=subprocess.PIPE)
        try:
            until(lambda: run.risk("sequence") > 5000, "some load")
            pids = run.pids()
            run.process.send_signal(number)
            code, errors = run.finish()
        finally:
            load.kill()
            load.communicate()
    check_stopped(run, code, errors, pids)


def check_stopped(run: Engine, code: int, errors: str, pids: dict[str, int]) -> None:
    """The supervisor kills what has not stopped within 2 s, and says so."""
    assert (code, errors) == (0, "")
    assert not [name for name, pid in pids.items() if Path(f"/proc/{pid}").exists()]
    assert not any(run.restarts().values())
    assert run.is_consistent()
    assert replays(run.run_dir).against == []
