"""A page and its tables."""

from collections.abc import Sequence
from html import escape

_LONG = 40
"""Characters from which on words are broken into lines."""

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2433; --faint: #5f6878; --line: #d8dce3; --mark: #2f6fb5; --ground: #fff }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ef; --faint: #98a1b3; --line: #3a4252; --mark: #7db3ea; --ground: #161a22 }
}
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground);
  max-width: 68rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2.4rem } h3 { font-size: 1rem; margin: 1.6rem 0 .4rem }
p { color: var(--faint); max-width: 46rem }
.wide { overflow-x: auto; margin: .8rem 0 }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .25rem .7rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap }
th { white-space: normal; vertical-align: bottom }
.word { text-align: left } .long { white-space: normal; min-width: 16rem }
th:first-child, td:first-child { padding-left: 0 }
figure { margin: 1rem 0; max-width: 56rem } figcaption { color: var(--faint); font-size: 13px; text-align: center }
.plot { display: grid; grid-template-columns: fit-content(42%) 1fr; column-gap: .8rem }
.names { min-width: 0; font-size: 13px; text-align: right }
.names div { overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
svg { width: 100%; overflow: visible } svg text { fill: var(--faint); font: 12px system-ui, sans-serif }
svg .line { stroke: var(--line) } svg .zero { stroke: var(--faint) }
svg .thin { stroke: var(--mark); stroke-opacity: .5; stroke-width: 2 }
svg .thick { stroke: var(--mark); stroke-width: 5 } svg .dot, svg .bar { fill: var(--mark) }
""".strip()


def document(title: str, parts: Sequence[str]) -> str:
    """A whole page; `parts` are HTML."""
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(title)}</title>\n'
        f"<style>\n{_STYLE}\n</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n{chr(10).join(parts)}\n</body>\n</html>\n"
    )


def heading(text: str, level: int = 2) -> str:
    """The heading of a section, or at level 3 of a part of one."""
    return f"<h{level}>{escape(text)}</h{level}>"


def paragraph(text: str) -> str:
    """A paragraph of plain words."""
    return f"<p>{escape(text)}</p>"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], words: int = 1) -> str:
    """A table; its first columns, so many as `words` says, hold words, the others figures."""
    head = _cells("th", columns, words)
    body = "\n".join(f"<tr>{_cells('td', row, words)}</tr>" for row in rows)
    return f'<div class="wide"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table></div>'


def _cells(tag: str, cells: Sequence[str], words: int) -> str:
    parts = []
    for place, cell in enumerate(cells):
        style = "" if place >= words else ' class="word long"' if len(cell) > _LONG else ' class="word"'
        parts.append(f"<{tag}{style}>{escape(cell)}</{tag}>")
    return "".join(parts)
