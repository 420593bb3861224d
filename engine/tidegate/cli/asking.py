"""How a subcommand of `tidegate ctl` asks a run's gateway, and prints what becomes of it."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from tidegate import Client, counters, topology
from tidegate.admission import refuse_stopped
from tidegate.cli.answer import as_words, sentence
from tidegate.client.operator import Operator
from tidegate.client.report import ControlAnswer
from tidegate.explain.units import Speaker
from tidegate.run_dir import RunDir

Asked = Callable[[Operator[ControlAnswer]], ControlAnswer]
Words = Callable[..., list[tuple[str, Asked]]]
Command = TypeVar("Command", bound=Callable[..., Any])


def asks(
    words: Words, then: Callable[[RunDir, bool], bool] = lambda _run_dir, _as_json: True
) -> Callable[..., None]:
    """Makes a subcommand of a function that turns options into sentences and what they ask.

    Where all was done `then` is called with the run and whether JSON is wanted; False = status 1.
    """

    def command(
        run_dir: RunDir, /, *, operator: str, key: Path | None, as_json: bool, **options: Any
    ) -> None:
        requests = words(**options)
        universe = run_dir.read_universe()
        if topology.is_embedded(universe):
            raise click.UsageError(
                f"{run_dir.path} is embedded: it has no gateway to log on at; expected its program "
                "to ask, by Engine.operator"
            )
        refuse_stopped(run_dir)
        roles = {row.name: row.role for row in universe.sessions}
        if roles.get(operator, "operator") != "operator":
            # Its logon would take the place of the strategy that is logged on.
            raise click.UsageError(f"session {operator!r} is a strategy's; expected an operator's")
        speaker = Speaker(universe)
        secret = key.read_text().strip() if key is not None else None
        is_done = True
        with Client(universe.gateway.endpoints[0], operator, secret) as client:
            for what, asked in requests:
                answer = asked(client.operator)
                is_done = is_done and answer.is_done
                if as_json:
                    click.echo(msgspec.json.encode(as_words(what, answer)))
                else:
                    click.echo(sentence(what, answer, speaker))
        warn_of_card(run_dir)
        if not is_done or not then(run_dir, as_json):
            sys.exit(1)

    command.__name__, command.__doc__ = words.__name__, words.__doc__
    made = click.pass_obj(command)
    for option in (
        click.option("--json", "as_json", is_flag=True, help="As JSON."),
        click.option("--why", required=True, help="The reason, for the journal."),
        click.option("--key", type=click.Path(path_type=Path, exists=True), help="Its secret key."),
        click.option("--operator", required=True, help="A session of role operator."),
    ):
        made = option(made)
    return made


def warn_of_card(run_dir: RunDir) -> None:
    """An operator should hear of it whatever he came for."""
    if counters.group(run_dir, "risk", "card").get("is_out"):
        click.echo("risk's card is out: its rules decide alone until risk starts anew", err=True)


def scoped(*kinds: str) -> Callable[[Command], Command]:
    """Options that say what is meant."""

    def decorate(command: Command) -> Command:
        for kind in reversed(kinds):
            command = click.option(f"--{kind}", help=f"Name of the {kind}.")(command)
        return command

    return decorate
