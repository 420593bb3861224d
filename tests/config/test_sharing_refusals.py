"""What a config may not say of clients and venues that share memory."""

from pathlib import Path

import pytest
from refusing import refusal

DEV = (Path(__file__).parents[2] / "configs" / "dev.toml").read_text()
VENUE = 'kind = "simulated"\n'
SESSION = '[[sessions]]\nname = "dev"\n'
RING = "shm:///tmp/run/lanes/front-dev.in.ring"
CHANNEL = "shm:///tmp/run/lanes/venue-SIM.out.ring"
SLIPS = {
    "a venue at a relative path": (
        VENUE,
        f'{VENUE}shm = true\nendpoint = "ipc://venue"\n',
        'venues[0] "SIM".endpoint: ipc://venue; expected ipc:///PATH with shm = true',
    ),
    "a venue at no path": (
        VENUE,
        f'{VENUE}shm = true\nendpoint = "ipc://@venue"\n',
        'venues[0] "SIM".endpoint: ipc://@venue; expected ipc:///PATH with shm = true',
    ),
    "a lane in a session's ring": (
        SESSION,
        f'[lanes.orders]\nendpoint = "{RING}"\n\n{SESSION}shm = true\n',
        f"endpoint: {RING} is used 2 times; expected each once",
    ),
    "a lane in a venue's ring": (
        "[[venues]]\n",
        f'[lanes.orders]\nendpoint = "{CHANNEL}"\n\n[[venues]]\nshm = true\n',
        f"endpoint: {CHANNEL} is used 2 times; expected each once",
    ),
    "a session without a gateway": (
        SESSION,
        f'[placement]\nlayout = "embedded"\n\n{SESSION}shm = true\n',
        'sessions[0] "dev".shm: is true; expected false with placement.layout = "embedded", which '
        "has no gateway to share memory with",
    ),
    "more sessions than a process has files for": (
        SESSION,
        "".join(
            f'[[sessions]]\nname = "s{number}"\nshm = true\naccounts = ["dev-1"]\n\n'
            for number in range(129)
        )
        + SESSION,
        "sessions: 129 with shm = true; expected at most 128",
    ),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_slip_in_sharing_memory_is_refused(slip: str, tmp_path: Path) -> None:
    old, new, expected = SLIPS[slip]
    assert DEV.count(old) == 1
    assert expected in refusal(tmp_path / "slip.toml", DEV.replace(old, new))
