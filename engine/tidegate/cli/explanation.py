"""How `explain` and `whatif` print: checks, changes and the sentence, as text or JSON."""

from collections.abc import Sequence

import click
import msgspec

from tidegate.explain.explanation import Explanation


def show(found: Explanation, *, as_json: bool) -> None:
    """Print one explanation."""
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found._asdict())).decode())
        return
    click.echo(f"sequence {found.sequence}  {found.kind}  verdict {found.verdict:#018x}")
    click.echo("  " + "  ".join(f"{name}={value}" for name, value in found.record.items()))
    if found.why:
        click.echo(f"why: {found.why}")
    if found.checks:
        click.echo("\nchecks")
        rows = [
            (
                "FAILED" if check.failed else "ok",
                check.reason,
                check.limit,
                check.used,
                check.asked,
            )
            for check in found.checks
        ]
        table(("", "check", "limit", "used", "asked"), rows)
    if found.changes:
        click.echo("\nchanged")
        table(
            ("where", "what", "before -> after"),
            [(change.row, change.field, change.text) for change in found.changes],
        )
    for title, records in (("sent to the venue", found.routes), ("reported", found.reports)):
        if records:
            click.echo(f"\n{title}")
        for record in records:
            click.echo("  " + "  ".join(f"{name}={value}" for name, value in record.items()))
    click.echo(f"\n{found.sentence}")


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Columns as wide as their widest word."""
    lines = [head, *rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(head))]
    for line in lines:
        cells = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        click.echo("  " + "  ".join(cells).rstrip())
