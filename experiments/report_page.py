"""The HTML around the figures: one self-contained page without scripts, fonts or pictures from elsewhere."""

from collections.abc import Iterable, Sequence
from html import escape

import plotly.graph_objects as go
import plotly.io as pio
from plotly.offline import get_plotlyjs

__all__ = ["Cell", "details", "figure_block", "page", "section", "table"]

CONFIG = {"showSendToCloud": False, "displaylogo": False, "responsive": True}
CSS = """
:root { --ink: #222; --faint: #666; --rule: #ddd; --soft: #f6f6f4; }
* { box-sizing: border-box; }
body {
  margin: 0; color: var(--ink); background: #fff;
  font: 16px/1.5 "Helvetica Neue", Helvetica, Arial, "Liberation Sans", sans-serif;
}
main { max-width: 1120px; margin: 0 auto; padding: 40px 28px 60px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 6px; }
h2 { font-size: 21px; margin: 52px 0 10px; padding-top: 14px; border-top: 2px solid var(--ink); }
h3 { font-size: 16px; margin: 26px 0 6px; }
p { max-width: 76ch; margin: 8px 0; }
.question { font-size: 20px; color: var(--faint); margin: 0 0 22px; }
.lead { font-size: 18px; background: var(--soft); padding: 14px 20px; margin: 14px 0; max-width: none; }
.answers {
  display: grid; grid-template-columns: 190px 1fr; gap: 6px 22px;
  border: 1px solid var(--rule); padding: 14px 20px; margin: 14px 0;
}
dt { font-weight: 600; }
dd { margin: 0; max-width: 84ch; overflow-wrap: anywhere; }
.note, figcaption, footer { color: var(--faint); font-size: 14px; }
.note { max-width: 100ch; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; margin: 10px 0; }
th, td {
  padding: 5px 0 5px 20px; text-align: right; vertical-align: top; white-space: nowrap;
  border-bottom: 1px solid var(--rule);
}
th.text, td.text { text-align: left; white-space: normal; padding: 5px 14px 5px 0; }
thead th { border-bottom: 1.5px solid var(--ink); vertical-align: bottom; }
.text:first-child { min-width: 180px; position: sticky; left: 0; background: #fff; }
small { display: block; color: var(--faint); font-size: 12px; font-weight: 400; }
.swatch { display: inline-block; width: 10px; height: 10px; border-radius: 5px; margin-right: 6px; }
figure { margin: 26px 0 40px; }
figcaption { margin-left: 70px; max-width: 100ch; }
.facts { display: grid; grid-template-columns: 140px 1fr; gap: 2px 18px; }
pre { background: var(--soft); padding: 14px; overflow-x: auto; font-size: 13px; line-height: 1.4; }
summary { cursor: pointer; font-weight: 600; }
@media (max-width: 700px) { .answers { grid-template-columns: 1fr; } figcaption { margin-left: 0; } }
@media print { figure, table { break-inside: avoid; } main { max-width: none; padding: 0; } }
"""


class Cell(str):
    """Text that is HTML already; every other string is escaped."""

    __slots__ = ()


def page(title: str, body: Iterable[str]) -> str:
    """Return a whole page with plotly.js inlined once.

    Args:
        title: plain text.
        body: HTML blocks, made with the other functions here.
    """
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(title)}</title>\n'
        f"<style>{CSS}</style>\n<script>{get_plotlyjs()}</script>\n</head>\n<body>\n<main>\n"
        + "\n".join(body)
        + "\n</main>\n</body>\n</html>\n"
    )


def section(title: str, *blocks: str) -> str:
    """Return a titled section of HTML blocks, nothing when all blocks are empty."""
    filled = [block for block in blocks if block]
    return f"<section>\n<h2>{escape(title)}</h2>\n" + "\n".join(filled) + "\n</section>" if filled else ""


def figure_block(name: str, figure: go.Figure, caption: str) -> str:
    """Return a figure with its caption; the div's id is its name, so that the same data give the same bytes."""
    div = pio.to_html(
        figure, config=CONFIG, include_plotlyjs=False, full_html=False, div_id=f"figure-{name}", include_mathjax=False
    )
    return f"<figure>\n{div}\n<figcaption>{escape(caption)}</figcaption>\n</figure>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], text_columns: int = 1) -> str:
    """Return a table.

    Args:
        head: column titles.
        rows: cells; plain strings are escaped, a `Cell` is not.
        text_columns: how many columns from the left hold words rather than numbers.
    """
    lines = [_row("td", cells, text_columns) for cells in rows]
    header = _row("th", head, text_columns)
    return (
        f'<div class="scroll"><table>\n<thead>{header}</thead>\n<tbody>\n'
        + "\n".join(lines)
        + "\n</tbody>\n</table></div>"
    )


def details(title: str, text: str) -> str:
    """Return preformatted text folded away."""
    return f"<details>\n<summary>{escape(title)}</summary>\n<pre>{escape(text)}</pre>\n</details>"


def _row(tag: str, cells: Sequence[str], text_columns: int) -> str:
    opened = [f'<{tag} class="text">' if position < text_columns else f"<{tag}>" for position in range(len(cells))]
    inner = [cell if isinstance(cell, Cell) else escape(cell) for cell in cells]
    return "<tr>" + "".join(f"{start}{content}</{tag}>" for start, content in zip(opened, inner, strict=True)) + "</tr>"
