"""The `tidegate` command. Each subcommand is a module of its own that is imported when it is
called, so that `tidegate check` does not wait for numpy, rich or the compiled modules.
"""

# ruff: noqa: ARG002 - click gives its context to methods that need none.

import importlib
import sys

import click

from tidegate.errors import TidegateError

# The module has a click command of the same name.
COMMANDS = {
    "run": ("tidegate.cli.run", "Start and watch all stages of a config."),
    "check": ("tidegate.cli.check", "Validate a config; name all that is wrong with it."),
    "inspect": ("tidegate.cli.inspect", "Show a run live, read-only."),
    "latency": ("tidegate.cli.latency", "Where the time of requests goes, live or as plots."),
    "tape": ("tidegate.cli.tape", "Import recordings, show a tape."),
    "demo": ("tidegate.cli.demo", "Trade recorded markets and prove the books."),
    "replay": ("tidegate.cli.replay", "Replay a journal and compare state hashes."),
    "journal": ("tidegate.cli.journal", "Check, show, count and export a journal."),
    "margin": ("tidegate.cli.margin", "Print the exact margin of a portfolio, as JSON."),
    "explain": ("tidegate.cli.explain", "Why a record of the past ended as it did."),
    "ctl": ("tidegate.cli.ctl", "Tell a run what to do, as one of its operators."),
    "whatif": ("tidegate.cli.whatif", "Would this order pass now? Nothing is sent."),
    "reconcile": ("tidegate.cli.reconcile", "Compare a run's books with its venues' reports."),
    "simulate": ("tidegate.cli.simulate", "Run all stages under a seed, faults and checkers."),
    "statement": ("tidegate.cli.statement", "A sub-account's day, from the journal."),
    "tune": ("tidegate.cli.tune", "Measure this machine and recommend a placement."),
    "drop-copy": ("tidegate.cli.drop_copy", "Follow all reports of a run, as JSON lines."),
    "version": ("tidegate.cli.version", "Print the version."),
}


class Commands(click.Group):
    """Imports a subcommand when it is called and prints our errors without a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = getattr(
            importlib.import_module(COMMANDS[cmd_name][0]), cmd_name.replace("-", "_")
        )
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except TidegateError as error:
            click.echo(str(error), err=True)
            sys.exit(1)


@click.group(cls=Commands)
@click.version_option(package_name="tidegate", message="%(version)s")
def main() -> None:
    """Order, risk and routing engine between the sub-accounts of a futures desk and its venues."""
