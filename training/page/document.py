"""A page and its tables."""

from collections.abc import Sequence
from html import escape

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2433; --faint: #6b7280; --line: #d8dce3; --mark: #2f6fb5; --ground: #fff }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ef; --faint: #98a1b3; --line: #3a4252; --mark: #7db3ea; --ground: #161a22 }
}
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin-top: 2.2rem }
p { color: var(--faint) }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .25rem .8rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap }
th:first-child, td:first-child { text-align: left; padding-left: 0 }
svg { width: 100%; height: auto; margin: .5rem 0 }
svg text { fill: var(--ink); font: 13px system-ui, sans-serif } svg .faint { fill: var(--faint); font-size: 12px }
svg .line { stroke: var(--line) } svg .thin { stroke: var(--mark); stroke-opacity: .35; stroke-width: 2 }
svg .thick { stroke: var(--mark); stroke-width: 5 } svg .dot, svg .bar { fill: var(--mark) }
""".strip()


def document(title: str, parts: Sequence[str]) -> str:
    """A whole page; `parts` are HTML."""
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(title)}</title>\n'
        f"<style>\n{_STYLE}\n</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n{chr(10).join(parts)}\n</body>\n</html>\n"
    )


def heading(text: str) -> str:
    """The heading of a section."""
    return f"<h2>{escape(text)}</h2>"


def paragraph(text: str) -> str:
    """A paragraph of plain words."""
    return f"<p>{escape(text)}</p>"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of plain words; the first column names the rows."""
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "\n".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table></div>'
