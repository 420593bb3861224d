"""`tidegate tune`."""

import click
import msgspec
from rich import print as show
from rich.table import Table

from tidegate.tuning import advice, hops, machine


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print it all as one JSON object.")
def tune(*, as_json: bool) -> None:
    """Look at this machine, measure its hand-offs for some seconds, recommend a [placement].

    Run it where the engine will run, while nothing else does. It changes nothing.
    """
    found = machine.look()
    measured = hops.measure(found)
    advised = advice.advise(found, measured)
    if as_json:
        report = {
            "machine": found,
            "clock_ns": hops.clock_ns(),
            "hops": measured,
            "placement": advised,
        }
        click.echo(msgspec.json.encode(report))
        return
    show(facts(found))
    show(costs(measured))
    click.echo(advised.toml())
    for reason in advised.reasons:
        click.echo(f"  {reason}")


def facts(found: machine.Machine) -> Table:
    """The machine, a line each."""
    table = Table(show_header=False, box=None)
    siblings = " ".join("+".join(map(str, group)) for group in found.siblings)
    lockable = "any number" if found.lockable is None else str(found.lockable)
    for name, value in (
        ("processor", f"{found.processor}{', virtual machine' * found.is_virtual}"),
        ("kernel", found.kernel),
        ("cores", f"{' '.join(map(str, found.cores))} (physical: {siblings})"),
        ("isolated", " ".join(map(str, found.isolated)) or "none"),
        ("governor", found.governor),
        ("clock", f"{found.clock_source}, {hops.clock_ns()} ns a look"),
        ("huge pages of /dev/shm", found.huge_pages),
        ("bytes that may be locked", lockable),
        ("real-time priority", f"up to {found.priority_max}"),
    ):
        table.add_row(name, value)
    return table


def costs(measured: list[hops.Hop]) -> Table:
    """What one way costs, by way of waiting and cores."""
    table = Table(title="a hand-off between two processes, one way, us", box=None)
    for column in ("waiting", "cores", "p50", "p99"):
        table.add_column(column, justify="right")
    for hop in measured:
        first, second = hop.cores
        table.add_row(
            hop.way,
            f"{first} -> {second}",
            f"{hop.p50_ns / 1000:.2f}",
            f"{hop.p99_ns / 1000:.2f}",
        )
    return table
