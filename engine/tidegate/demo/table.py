"""The demo's one table: orders, refusals, fills, latency and proofs, for a terminal."""

from collections import Counter

from rich.console import Console
from rich.table import Table

from tidegate.backend import in_words
from tidegate.demo.run import Result


def show(result: Result, console: Console) -> None:
    """Print everything; a proof that fails says what contradicts it."""
    table = Table(title="Tidegate demo", title_justify="left", show_edge=False, pad_edge=False)
    table.add_column("what")
    table.add_column("count", justify="right")
    table.add_column("p50 us", justify="right")
    table.add_column("p99 us", justify="right")
    table.add_column("p99.9 us", justify="right")
    for name, count in counts(result):
        table.add_row(name, f"{count:,}")
    table.add_section()
    for name, text in decided(result):
        table.add_row(name, text)
    table.add_section()
    for leg in result.latency:
        table.add_row(
            f"leg {leg['leg']}",
            f"{int(leg['count']):,}",
            *(f"{int(leg[column]) / 1000:,.0f}" for column in ("p50_ns", "p99_ns", "p999_ns")),
        )
    table.add_section()
    for proof in result.proofs:
        table.add_row(proof.claim, "no" if proof.against else "holds")
    console.print(table)
    for proof in result.proofs:
        for line in proof.against:
            console.print(f"[bold red]against[/] {proof.claim}: {line}", highlight=False)
    console.print(f"{result.seconds:.0f} s")


def decided(result: Result) -> list[tuple[str, str]]:
    """Which backend decided, and of a card how many orders and replaces went where and why."""
    if not result.card:
        return [("backend", "native")]
    return [("backend", "fpga"), *((name, f"{n:,}") for name, n in in_words(result.card))]


def counts(result: Result) -> list[tuple[str, int]]:
    """Orders and what became of them, over all strategies."""
    risk = {str(row["count of"]): int(row["value"]) for row in result.risk}
    denied, rejected, here = Counter[str](), Counter[str](), Counter[str]()
    for each in result.outcomes:
        denied.update(each.denied)
        rejected.update(each.rejected)
        here.update(each.refused_here)
    return [
        ("orders sent", sum(each.sent for each in result.outcomes)),
        ("accepted", risk["accepted"]),
        *((f"denied {reason}", count) for reason, count in sorted(denied.items())),
        *((f"refused by the client, {reason}", count) for reason, count in sorted(here.items())),
        *((f"rejected {reason}", count) for reason, count in sorted(rejected.items())),
        ("fills", sum(each.fills for each in result.outcomes)),
        ("canceled", sum(each.cancels for each in result.outcomes)),
        ("replaced", sum(each.replaces for each in result.outcomes)),
    ]
