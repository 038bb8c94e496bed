"""Figures written as PNG and SVG, the same bytes for the same figure."""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from nao_tf.files import written_whole
from nao_tf.reports.page import Picture

DPI = 130
# Ids from the content and letters as outlines: the same on every machine, whatever fonts it has.
STYLE: dict = {'svg.hashsalt': 'nao_tf', 'svg.fonttype': 'path', 'font.family': 'DejaVu Sans'}


class Album:
    """Keeps the figures of one report.

    Args:
        folder: where their files go.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.names: list[str] = []

    def add(self, name: str, figure: Figure, alt: str) -> Picture:
        """Writes a figure to `name.png` and `name.svg`.

        Args:
            name: of the files.
            figure: to be drawn.
            alt: what it shows, in a sentence.

        Returns:
            What a page shows of it.
        """
        with matplotlib.rc_context(STYLE):
            drawn = io.BytesIO()
            figure.savefig(drawn, format='svg', metadata={'Date': None, 'Creator': None})
            figure.set_layout_engine('none')  # it is laid out
            with written_whole(self.folder / f'{name}.svg') as partial:
                partial.write_bytes(drawn.getvalue())
            with written_whole(self.folder / f'{name}.png') as partial:
                figure.savefig(partial, format='png', dpi=DPI, metadata={'Software': None})
        self.names.append(name)
        return Picture(name, alt, drawn.getvalue())
