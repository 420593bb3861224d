"""`tidegate ctl RUN_DIR`: what an operator tells a run, each with a reason, through its gateway.

One request a call (of limits, one each): risk journals who asked and why, and answers.
"""

import re
from pathlib import Path
from typing import Any

import click

from tidegate.cli.asking import Asked, Command, asks, scoped
from tidegate.cli.ctl_days import adjust, day_roll
from tidegate.cli.end_of_day import end_of_day
from tidegate.cli.margin_file import ArrayChange
from tidegate.client.operator import LOCKS, OF_CURRENCY, OF_RATES, MarginRate, limit_kind
from tidegate.explain.units import duration
from tidegate.native.records import CashPhase
from tidegate.run_dir import RunDir

SECONDS = {"s": 1, "m": 60, "h": 3600}


@click.group()
@click.argument("run_dir", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.pass_context
def ctl(ctx: click.Context, run_dir: Path) -> None:
    """Tell a run what to do: states, limits, cash, margin. Journaled with who and why."""
    ctx.obj = RunDir(run_dir)


ctl.add_command(day_roll)
ctl.add_command(end_of_day)
ctl.add_command(adjust)


@ctl.command()
@scoped("account", "instrument", "product", "venue")
@asks
def halt(why: str, **scope: str | None) -> list[tuple[str, Asked]]:
    """No orders, cancels only."""
    return [(f"{only(scope)} is halted", lambda operator: operator.halt(why=why, **scope))]


@ctl.command()
@scoped("account", "instrument", "product", "venue")
@asks
def reduce(why: str, **scope: str | None) -> list[tuple[str, Asked]]:
    """Only orders that shrink the position."""
    what = f"{only(scope)} may only reduce"
    return [(what, lambda operator: operator.reduce(why=why, **scope))]


@ctl.command()
@scoped("account", "instrument", "product", "venue", "session")
@asks
def resume(why: str, **scope: str | None) -> list[tuple[str, Asked]]:
    """All orders again, after a halt, a reduce or a kill."""
    return [(f"{only(scope)} is active", lambda operator: operator.resume(why=why, **scope))]


@ctl.command()
@scoped("account", "instrument", "product", "venue", "session")
@click.option("--firm", is_flag=True, help="Everything.")
@asks
def kill(why: str, firm: bool, **scope: str | None) -> list[tuple[str, Asked]]:
    """Block and cancel in one decision; says what it canceled."""
    if firm == any(scope.values()):
        raise click.UsageError("give one scope, or --firm for everything")
    what = f"{'the firm' if firm else only(scope)} is killed"
    return [(what, lambda operator: operator.kill(why=why, **scope))]


@ctl.command()
@click.argument("limits", nargs=-1, required=True, metavar="KIND=AMOUNT...")
@click.option("--account", required=True, help="Whose limit.")
@scoped("instrument", "product", "currency")
@asks
def limits(why: str, limits: tuple[str, ...], **scope: Any) -> list[tuple[str, Asked]]:
    """Other limits, such as max_long=10, order_rate=50/100, max_gross=none.

    max_loss=2500.50, max_drawdown and credit_line are of a --currency.
    """
    return [limit_of(text, None, why, scope) for text in limits]


@ctl.command()
@click.argument("limits", nargs=-1, required=True, metavar="KIND=AMOUNT...")
@click.option("--account", required=True, help="Whose limit.")
@click.option("--for", "length", required=True, help="How long, such as 30s, 15m or 2h.")
@scoped("instrument", "product", "currency")
@asks
def override(why: str, limits: tuple[str, ...], length: str, **scope: Any) -> list[Any]:
    """Other limits for a while; then those before come back by themselves."""
    match = re.fullmatch(r"([0-9]{1,6})([smh])", length)
    if match is None or int(match[1]) == 0:
        raise click.UsageError(f"--for {length!r}: expected such as 30s, 15m or 2h")
    seconds = int(match[1]) * SECONDS[match[2]]
    return [limit_of(text, seconds, why, scope) for text in limits]


def limit_of(text: str, seconds: int | None, why: str, scope: dict[str, Any]) -> tuple[str, Asked]:
    """KIND=AMOUNT, of rates KIND=PER_SECOND/BURST, none = no limit."""
    name, found, value = text.partition("=")
    if not found or not value:
        raise click.UsageError(f"limit {text!r}: expected KIND=AMOUNT")
    kind = limit_kind(name)
    if (kind in OF_CURRENCY) != (scope["currency"] is not None):
        needs = "needs --currency" if kind in OF_CURRENCY else "has no currency"
        raise click.UsageError(f"limit {text!r}: {name} {needs}")
    amount, has_burst, burst = value.partition("/")
    if kind in OF_RATES and value != "none":
        if not has_burst:
            burst = amount
    elif has_burst:
        raise click.UsageError(f"limit {text!r}: only rates have a burst")
    if burst and not burst.isdecimal():
        raise click.UsageError(f"limit {text!r}: the burst is no number")
    options = {
        **{key: scope[key] for key in ("instrument", "product", "currency")},
        "burst": int(burst or 0),
        "why": why,
    }
    stated = None if amount == "none" else amount
    places = ", ".join(f"{key} {name}" for key, name in scope.items() if name is not None)
    what = f"{name} of {places} is {value}"
    if seconds is None:
        return what, lambda operator: operator.limit(kind, scope["account"], stated, **options)
    what += f" for {duration(seconds * 1_000_000_000)}"
    return what, lambda operator: operator.override(
        kind, scope["account"], stated, seconds=seconds, **options
    )


def phased(command: Command) -> Command:
    """Options of a move in two phases."""
    for name, text in (
        ("--void", "Free what this request has pending."),
        ("--post", "Move what this request has pending."),
    ):
        command = click.option(name, type=click.IntRange(min=1), help=text)(command)
    return click.option("--pending", is_flag=True, help="Hold it; --post or --void later.")(command)


@ctl.command()
@click.option("--account", required=True)
@click.option("--currency", required=True)
@click.option("--deposit", is_flag=True, help="Money comes in.")
@click.option("--withdraw", is_flag=True, help="Free money goes out.")
@click.argument("amount")
@phased
@asks
def cash(
    why: str,
    account: str,
    currency: str,
    deposit: bool,
    withdraw: bool,
    amount: str,
    **phases: Any,
) -> list[tuple[str, Asked]]:
    """Deposit or withdraw AMOUNT; never below what is held."""
    if deposit == withdraw or not re.fullmatch(r"[0-9.]+", amount):
        raise click.UsageError("give --deposit or --withdraw, and an amount above 0")
    signed = amount if deposit else f"-{amount}"
    what = f"{'a deposit to' if deposit else 'a withdrawal from'} {account} of {amount} {currency}"
    phase, request_id, state = phase_of(**phases)
    if phase is None:
        return [
            (
                f"{what} {state}",
                lambda operator: operator.cash(account, currency, signed, why=why),
            )
        ]
    return [
        (
            f"{what} {state}",
            lambda operator: operator.cash_phase(
                phase, account, currency, signed, request_id=request_id, why=why
            ),
        )
    ]


@ctl.command()
@click.option("--account", required=True, help="Whose money.")
@click.option("--to", required=True, help="Who gets it.")
@click.option("--currency", required=True)
@click.argument("amount")
@phased
@asks
def transfer(
    why: str, account: str, to: str, currency: str, amount: str, **phases: Any
) -> list[tuple[str, Asked]]:
    """Move AMOUNT of free money from an account to another, in one step."""
    what = f"a transfer from {account} to {to} of {amount} {currency}"
    phase, request_id, state = phase_of(**phases)
    if phase is None:
        return [
            (
                f"{what} {state}",
                lambda operator: operator.transfer(account, to, currency, amount, why=why),
            )
        ]
    return [
        (
            f"{what} {state}",
            lambda operator: operator.cash_phase(
                phase,
                account,
                currency,
                amount,
                to_account=to,
                request_id=request_id,
                why=why,
            ),
        )
    ]


def phase_of(
    pending: bool, post: int | None, void: int | None
) -> tuple[CashPhase | None, int, str]:
    """The phase, the request that it ends, and what is then true."""
    if (pending, post, void).count(None) + (not pending) < 2:
        raise click.UsageError("give one of --pending, --post and --void")
    if pending:
        return CashPhase.CASH_PENDING, 0, "is pending"
    if post is not None:
        return CashPhase.CASH_POST, post, "is posted"
    if void is not None:
        return CashPhase.CASH_VOID, void, "is void"
    return None, 0, "is booked"


@ctl.command("re-enable")
@click.option("--account", required=True)
@asks
def re_enable(why: str, account: str) -> list[tuple[str, Asked]]:
    """Let an account go on after as many executions as it may have unseen."""
    what = f"account {account} is enabled again"
    return [(what, lambda operator: operator.re_enable(account, why=why))]


@ctl.command("protection-reset")
@click.option("--account", required=True)
@click.option("--product", required=True)
@asks
def protection_reset(why: str, account: str, product: str) -> list[tuple[str, Asked]]:
    """Let a product be quoted again that market maker protection has pulled."""
    what = f"protection of account {account} in product {product} counts anew"
    return [(what, lambda operator: operator.protection_reset(account, product, why=why))]


@ctl.command()
@click.argument("sides", type=click.Choice(list(LOCKS)))
@scoped("account", "instrument", "product")
@asks
def lock(why: str, sides: str, **scope: str | None) -> list[tuple[str, Asked]]:
    """Forbid buys, sells or both; none ends it."""
    if not scope["account"] and not scope["instrument"]:
        raise click.UsageError("give --account, --instrument, or both")
    places = ", ".join(f"{key} {name}" for key, name in scope.items() if name is not None)
    what = f"the lock of {places} is {sides}"
    return [(what, lambda operator: operator.lock(sides, why=why, **scope))]


@ctl.command()
@click.argument("instrument")
@click.option("--long-lot", default="0", help="Money a long lot.")
@click.option("--short-lot", default="0", help="Money a short lot.")
@click.option("--long-ppm", type=click.IntRange(min=0), default=0, help="Millionths of notional.")
@click.option("--short-ppm", type=click.IntRange(min=0), default=0, help="The same, short.")
@asks
def margin(why: str, instrument: str, **rate: Any) -> list[tuple[str, Asked]]:
    """Another margin rate of an instrument, over positions and working orders in one cut."""
    what = f"the margin of {instrument} is as given"
    rates = {instrument: MarginRate(**rate)}
    return [(what, lambda operator: operator.margin_rates(rates, why=why))]


@ctl.command("margin-file")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@asks
def margin_file(why: str, file: Path) -> list[tuple[str, Asked]]:
    """The SPAN arrays of FILE for all instruments, over positions and orders in one cut."""
    change = ArrayChange(click.get_current_context().obj, file)
    what = f"{len(change.arrays)} instruments are margined by {file}"
    return [(what, lambda operator: change.carry_out(operator, why))]


@ctl.command("currency-rate")
@click.argument("currency")
@click.option("--bid", required=True, help="In the base currency, for what is owned.")
@click.option("--ask", required=True, help="For what is owed.")
@click.option("--haircut-ppm", type=click.IntRange(min=0), default=0)
@asks
def currency_rate(
    why: str, currency: str, bid: str, ask: str, haircut_ppm: int
) -> list[tuple[str, Asked]]:
    """What one unit of a currency is worth."""
    what = f"{currency} is {bid} to {ask}"
    return [
        (
            what,
            lambda operator: operator.currency_rate(
                currency, bid, ask, haircut_ppm=haircut_ppm, why=why
            ),
        )
    ]


# A price below 0 is no option.
@ctl.command(context_settings={"ignore_unknown_options": True})
@click.argument("instrument")
@click.argument("price")
@asks
def settlement(why: str, instrument: str, price: str) -> list[tuple[str, Asked]]:
    """The settlement PRICE of an instrument, and its margin with it."""
    what = f"the settlement price of {instrument} is {price}"
    return [(what, lambda operator: operator.settlement(instrument, price, why=why))]


def only(scope: dict[str, str | None]) -> str:
    """The one scope that is named."""
    named = [f"{kind} {name}" for kind, name in scope.items() if name is not None]
    if len(named) != 1:
        raise click.UsageError(f"give one of {', '.join('--' + kind for kind in scope)}")
    return named[0]
