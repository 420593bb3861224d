"""The dead-man timer: a strategy that does not say again that it is well loses all its orders."""

import asyncio
from pathlib import Path

import pytest
from gateway_rig import House, house, until

from tidegate import Client, aio
from tidegate.errors import SessionError
from tidegate.native.records import Kind

SOON_S = 0.05
LATER_S = 3600.0
ALL = ord("7")


def mass_cancel(gateway: House) -> None:
    """The next record for risk is a cancel of all orders of session one."""
    row = gateway.risk.take()[0]
    assert (row["kind"], row["session"], row["mass_cancel_type"]) == (
        Kind.MASS_CANCEL_REQUEST,
        1,
        ALL,
    )


def test_a_timer_that_runs_out_cancels_all_orders_of_a_session_that_still_beats(
    gateway: House,
) -> None:
    with Client(gateway.front, "one") as client:
        client.dead_man(SOON_S)
        mass_cancel(gateway)
        assert gateway.count("dead_man_timers") == 1
        assert gateway.session(1)["dead_man_ns"] == 0
        # Once: it is armed by its next call alone.
        client.submit(account="dev-1", instrument="GCZ3", side="BUY", order_qty=1, price="1313.5")
        assert gateway.risk.take()[0]["kind"] == Kind.NEW_ORDER_SINGLE
        assert gateway.session(1)["disconnects"] == 0


def test_each_call_sets_the_timer_anew_and_none_ends_it(gateway: House) -> None:
    with Client(gateway.front, "one") as client:
        client.dead_man(LATER_S)
        first = int(gateway.session(1)["dead_man_ns"])
        client.dead_man(LATER_S)
        assert int(gateway.session(1)["dead_man_ns"]) > first
        client.dead_man(None)
        assert gateway.session(1)["dead_man_ns"] == 0
        assert gateway.count("dead_man_timers") == 0
        assert gateway.risk.nothing()


def test_the_timer_outlives_the_gateway(tmp_path: Path) -> None:
    with (
        house(tmp_path / "run", heartbeat_ns=10_000_000_000) as gateway,
        Client(gateway.front, "one") as client,
    ):
        client.dead_man(SOON_S)
        gateway.stop()
        assert gateway.session(1)["dead_man_ns"] > 0 or gateway.count("dead_man_timers") == 1
        gateway.start()
        mass_cancel(gateway)
        until(lambda: gateway.session(1)["dead_man_ns"] == 0, "the timer to have run out")
        assert gateway.count("dead_man_timers") == 1


def test_the_asyncio_client_has_it_too(gateway: House) -> None:
    async def arm() -> None:
        async with aio.Client(gateway.front, "one") as client:
            await client.dead_man(LATER_S)
            assert gateway.session(1)["dead_man_ns"] > 0

    asyncio.run(arm())


def test_what_is_no_timeout_or_no_strategy_is_refused(gateway: House) -> None:
    with Client(gateway.front, "one") as client:
        with pytest.raises(SessionError, match="timeout_ms is 172800000; expected 0 to 86400000"):
            client.dead_man(172_800)
        with pytest.raises(SessionError, match="timeout_ms is -5000; expected 0 to 86400000"):
            client.dead_man(-5)
        assert gateway.session(1)["dead_man_ns"] == 0
    with (
        Client(gateway.front, "ops") as operator,
        pytest.raises(SessionError, match="for all orders of a strategy's session"),
    ):
        operator.dead_man(SOON_S)
