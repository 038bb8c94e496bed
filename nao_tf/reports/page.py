"""The page of a report: plain HTML in one file, its figures inside."""

from __future__ import annotations

import base64
import dataclasses
import math
from collections.abc import Sequence
from html import escape

STYLE = """
body { font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; color: #222;
  max-width: 1120px; margin: 0 auto; padding: 1.5rem 1.25rem 4rem; background: #fff; }
h1 { font-size: 1.7rem; margin: 0 0 .2rem; } h2 { font-size: 1.25rem; margin: 2.6rem 0 .6rem; border-bottom: 1px solid
  #dde1e5; padding-bottom: .25rem; } h3 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
p { max-width: 75ch; margin: .4rem 0; } .lead, .note { color: #5a6570; } .note { font-size: .92rem; }
nav { font-size: .95rem; margin: .8rem 0 1.2rem; } nav a { margin-right: 1rem; white-space: nowrap; }
a { color: #0b62a4; } figure { margin: .8rem 0; overflow-x: auto; } img { max-width: 100%; height: auto; }
table { border-collapse: collapse; margin: .8rem 0; font-size: .95rem; } th, td { text-align: left; padding: .25rem
  1.1rem .25rem 0; border-bottom: 1px solid #e6e9ec; vertical-align: top; } th { font-weight: 600; }
td { font-variant-numeric: tabular-nums; } td:first-child { white-space: nowrap; }
pre { background: #f6f7f9; padding: .7rem .9rem; overflow-x: auto;
  font-size: .85rem; line-height: 1.4; } summary { cursor: pointer; color: #0b62a4; }
.warning { background: #fff4d6; padding: .5rem .8rem; } @media print { nav { display: none; } }
"""


@dataclasses.dataclass(frozen=True)
class Picture:
    """A figure of the page.

    Args:
        name: of its files.
        alt: what it shows, for who does not see it.
        svg: its content.
    """

    name: str
    alt: str
    svg: bytes


@dataclasses.dataclass
class Section:
    """A part of the page; a plain value, all of whose texts are escaped when it is written.

    Args:
        title: its heading; '' continues the section before it.
        texts: paragraphs before the figures.
        pictures: its figures.
        table: rows of cells, the first of which is the head.
        code: (summary, text) of a part that unfolds.
        heading: a smaller heading under the title, if any.
    """

    title: str
    texts: Sequence[str] = ()
    pictures: Sequence[Picture] = ()
    table: Sequence[Sequence[str]] = ()
    code: tuple[str, str] | None = None
    heading: str = ''


def page(title: str, lead: str, sections: Sequence[Section], warnings: Sequence[str] = ()) -> str:
    """Returns the page, complete in itself: no script, no other file, no network.

    Args:
        title: of the page.
        lead: a line below the title.
        sections: in their order.
        warnings: what a reader has to know first.
    """
    heads = [section.title for section in sections if section.title]
    links = ' '.join(f'<a href="#{anchor(head)}">{escape(head)}</a>' for head in heads)
    parts = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>',
        f'<h1>{escape(title)}</h1>\n<p class="lead">{escape(lead)}</p>',
        *(f'<p class="warning">{escape(warning)}</p>' for warning in warnings),
        f'<nav>{links}</nav>',
        *map(_section, sections),
        '</body>\n</html>\n',
    ]
    return '\n'.join(parts)


def number(value: float | None, digits: int = 4) -> str:
    """Returns a figure for a table, `-` where there is none."""
    return '-' if value is None or not math.isfinite(value) else f'{value:.{digits}f}'


def anchor(title: str) -> str:
    """Returns the id of a section."""
    return '-'.join(''.join(c if c.isalnum() else ' ' for c in title.lower()).split())


def _section(section: Section) -> str:
    parts = []
    if section.title:
        parts.append(f'<h2 id="{anchor(section.title)}">{escape(section.title)}</h2>')
    if section.heading:
        parts.append(f'<h3>{escape(section.heading)}</h3>')
    parts += [f'<p>{escape(text)}</p>' for text in section.texts]
    for picture in section.pictures:
        data = base64.b64encode(picture.svg).decode()
        alt = escape(picture.alt, quote=True)
        parts.append(f'<figure><img id="{picture.name}" alt="{alt}" src="data:image/svg+xml;base64,{data}"></figure>')
    if section.table:
        head, *rows = section.table
        cells = ''.join(f'<th>{escape(cell)}</th>' for cell in head)
        body = '\n'.join('<tr>' + ''.join(f'<td>{escape(cell)}</td>' for cell in row) + '</tr>' for row in rows)
        top = f'<thead><tr>{cells}</tr></thead>\n' if any(head) else ''
        parts.append(f'<table>\n{top}<tbody>\n{body}\n</tbody>\n</table>')
    if section.code:
        summary, text = section.code
        parts.append(f'<details><summary>{escape(summary)}</summary>\n<pre>{escape(text)}</pre></details>')
    return '\n'.join(parts)
