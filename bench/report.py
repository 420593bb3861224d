"""One page of all benches: python bench/report.py [--dir build/bench].

Reads the JSON that they have left and writes report.html, with its plots in it, and report.md
beside it. A bench that was not run is not there; small runs are marked, for their figures mean
nothing.
"""

import argparse
import html
import io
import json
import time
from pathlib import Path
from typing import Any

import matplotlib as mpl
from rig.bench import PLACE

mpl.use("svg")
from matplotlib import pyplot

Content = dict[str, Any]
STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: .8rem 0; display: block; overflow-x: auto }
td, th { padding: .15rem .7rem; text-align: right; font-variant-numeric: tabular-nums }
td:first-child, th:first-child, .words { text-align: left }
tr + tr { border-top: 1px solid #ddd } svg { max-width: 100%; height: auto }
.no { color: #b00020; font-weight: 600 } .yes { color: #1b6e3c } .how { color: #555 }
"""


def number(value: object) -> str:
    """A figure in four significant places, as far as it has them."""
    if not isinstance(value, int | float):
        return str(value)
    if value and abs(value) < 1000 and value != int(value):
        return f"{value:.3g}" if abs(value) < 100 else f"{value:.1f}"
    return f"{value:,.0f}"


def cells(table: Content) -> list[list[str]]:
    """Heads, then a line for each row."""
    heads = [f"{table['title']}, {table['unit']}", *table["columns"]]
    return [heads] + [
        [row["name"], *(number(row.get(column, "")) for column in table["columns"])]
        for row in table["rows"]
    ]


def told(content: Content) -> list[str]:
    """What stands above a bench's tables."""
    facts = content["machine"]
    lines = [", ".join(f"{name} {value}" for name, value in facts.items())]
    lines.append(
        f"seed {content['seed']}, " + time.strftime("%F %T", time.gmtime(content["began"]))
    )
    if content["small"]:
        lines.append("a small run: it shows that the bench works, its figures mean nothing")
    return lines + [f"{key}: {text}" for key, text in content["lines"]]


def goals(content: Content) -> list[tuple[str, bool]]:
    """Each goal in words, and whether it was met."""
    found = []
    for goal in content["goals"]:
        between = "" if not goal["interval"] else " [{:.3f}, {:.3f}]".format(*goal["interval"])
        value = f"{goal['name']}: {goal['value']:.3f}{between}, asked {goal['limit']}"
        found.append((value, goal["met"]))
    return found


def curves(content: Content) -> list[str]:
    """A plot for each title: time by percentile, the tail drawn out, as HDR histograms are."""
    plots = []
    for title in dict.fromkeys(curve["title"] for curve in content["curves"]):
        figure, axes = pyplot.subplots(figsize=(8, 3.6))
        for curve in content["curves"]:
            if curve["title"] == title:
                away = [1 / max(1 - at / 100, 1e-5) for at in curve["at"]]
                axes.plot(away, [ns / 1000 for ns in curve["ns"]], label=curve["name"], lw=1.3)
        marks = {"0": 1, "50": 2, "90": 10, "99": 100, "99.9": 1e3, "99.99": 1e4}
        axes.set(xscale="log", yscale="log", xlabel="percentile", ylabel="us", title=title)
        axes.set_xticks(list(marks.values()), list(marks))
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8, frameon=False)
        plots.append(drawn(figure))
    return plots


def rates(content: Content) -> list[str]:
    """Latency by rate, a line a percentile, of every table that has a rate."""
    plots = []
    for table in content["tables"]:
        if "rate" not in table["columns"] or len(table["rows"]) < 2:
            continue
        figure, axes = pyplot.subplots(figsize=(8, 3.6))
        for column in table["columns"][1:]:
            rows = table["rows"]
            axes.plot(
                [row["rate"] for row in rows],
                [row[column] for row in rows],
                "o-",
                label=column,
                ms=3,
                lw=1.3,
            )
        axes.set(xscale="log", yscale="log", xlabel="events a second", ylabel=table["unit"])
        axes.set_title(table["title"])
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8, frameon=False)
        plots.append(drawn(figure))
    return plots


def drawn(figure: Any) -> str:
    """The plot as SVG, to stand in a page."""
    file = io.StringIO()
    figure.savefig(file, format="svg", bbox_inches="tight")
    pyplot.close(figure)
    text = file.getvalue()
    return text[text.index("<svg") :]


def section(content: Content) -> str:
    """A bench in HTML."""
    parts = [f"<h2>{html.escape(content['bench'])}</h2><p>{html.escape(content['about'])}</p>"]
    parts += [f"<div class=how>{html.escape(line)}</div>" for line in told(content)]
    for text, is_met in goals(content):
        kind, word = ("yes", "met") if is_met else ("no", "missed")
        parts.append(f"<p class={kind}>{html.escape(text)}: {word}</p>")
    for table in content["tables"]:
        rows = []
        for at, row in enumerate(cells(table)):
            tag = "td" if at else "th"
            rows.append("".join(marked(tag, cell) for cell in row))
        parts.append("<table>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>")
    return "\n".join(parts + curves(content) + rates(content))


def marked(tag: str, cell: str) -> str:
    """A cell in HTML; one of words runs from the left."""
    kind = " class=words" if tag == "td" and " " in cell else ""
    return f"<{tag}{kind}>{html.escape(cell)}</{tag}>"


def markdown(content: Content) -> str:
    """A bench in Markdown, without its plots."""
    parts = [f"## {content['bench']}", content["about"], *told(content)]
    parts += [f"{text}: **{'met' if is_met else 'missed'}**" for text, is_met in goals(content)]
    for table in content["tables"]:
        head, *rows = cells(table)
        rule = ["---", *["---:"] * (len(head) - 1)]
        parts.append("\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *rows)))
    return "\n\n".join(parts)


def main() -> None:
    """Write both pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, default=PLACE)
    place: Path = parser.parse_args().dir
    contents = [json.loads(path.read_text()) for path in sorted(place.glob("*.json"))]
    if not contents:
        raise SystemExit(f"{place}: no JSON of a bench there; run make bench first")
    body = "\n".join(map(section, contents))
    page = (
        f"<!doctype html><meta charset=utf-8><title>Tidegate benches</title><style>{STYLE}</style>"
    )
    (place / "report.html").write_text(f"{page}<h1>Benches</h1>{body}\n")
    (place / "report.md").write_text("# Benches\n\n" + "\n\n".join(map(markdown, contents)) + "\n")
    print(f"written: {place / 'report.html'} and report.md, {len(contents)} benches")


if __name__ == "__main__":
    main()
