"""`tidegate ctl RUN_DIR day-roll` and `adjust`: a day ends; what the venue has otherwise."""

import click

from tidegate.cli.asking import Asked, asks, scoped
from tidegate.client.adjustments import EFFECTS, SIDES


@click.command("day-roll")
@click.option("--day", type=click.IntRange(min=1), required=True, help="It ends; YYYYMMDD.")
@asks
def day_roll(why: str, day: int) -> list[tuple[str, Asked]]:
    """End a day that is settled: variation margin is paid, today's lots become yesterday's."""
    return [(f"day {day} has ended", lambda operator: operator.day_roll(day, why=why))]


@click.group()
def adjust() -> None:
    """Decide about a difference with the venue; it goes when the venue's next report agrees."""


# A price below 0 is no option.
@adjust.command(context_settings={"ignore_unknown_options": True})
@click.option("--account", required=True, help="Whose lots.")
@click.option("--instrument", required=True)
@click.option("--effect", type=click.Choice(list(EFFECTS)), help="Where sides are kept apart.")
@click.argument("side", type=click.Choice(list(SIDES)))
@click.argument("qty", type=click.IntRange(min=1))
@click.argument("price")
@asks
def lots(
    why: str, account: str, instrument: str, effect: str | None, side: str, qty: int, price: str
) -> list[tuple[str, Asked]]:
    """Book QTY lots at PRICE as a fill of no order, without a fee."""
    done = {"buy": "bought", "sell": "sold"}[side]
    what = f"account {account} has {done} {qty} {instrument} at {price}"
    return [
        (
            what,
            lambda operator: operator.adjust.lots(
                account, instrument, side, qty, price, effect=effect, why=why
            ),
        )
    ]


@adjust.command(context_settings={"ignore_unknown_options": True})
@click.option("--account", required=True, help="Whose cash.")
@click.option("--currency", required=True)
@click.argument("amount")
@asks
def cash(why: str, account: str, currency: str, amount: str) -> list[tuple[str, Asked]]:
    """Book AMOUNT that the venue has given, or below 0 taken; it may be more than is free."""
    what = f"account {account} has {amount} {currency} more"
    return [(what, lambda operator: operator.adjust.cash(account, currency, amount, why=why))]


@adjust.command()
@scoped("account", "instrument")
@click.argument("order_id", type=click.IntRange(min=1))
@asks
def order(
    why: str, order_id: int, account: str | None, instrument: str | None
) -> list[tuple[str, Asked]]:
    """End an order that the venue no longer has, or cancel one that only the venue has.

    The latter needs --account and --instrument.
    """
    what = f"order {order_id} is to be no more"
    return [
        (
            what,
            lambda operator: operator.adjust.order(
                order_id, account=account, instrument=instrument, why=why
            ),
        )
    ]


@adjust.command()
@click.option("--account", required=True, help="The master.")
@scoped("instrument", "currency")
@asks
def dismiss(
    why: str, account: str, instrument: str | None, currency: str | None
) -> list[tuple[str, Asked]]:
    """Leave a difference as it is: the master's accounts trade freely again.

    One of lots or money. One of an order cannot stay: end it with `adjust order`, here or there.
    """
    if (instrument is None) == (currency is None):
        raise click.UsageError("give one of --instrument, --currency")
    what = f"the difference of account {account} in {instrument or currency} stays as it is"
    return [
        (
            what,
            lambda operator: operator.adjust.dismiss(
                account, instrument=instrument, currency=currency, why=why
            ),
        )
    ]
