"""`nao report`: a work directory of a search or a training becomes a page and its figures."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

from nao_tf.errors import InputError
from nao_tf.files import write_text
from nao_tf.reports import controller_sections, sections, sharing
from nao_tf.reports.album import Album
from nao_tf.reports.page import page
from nao_tf.reports.predictor_curve import CURVE, measure_curve, write_curve
from nao_tf.reports.source import Source, open_source
from nao_tf.reports.training import training_page
from nao_tf.search.journal import Journal
from nao_tf.search.status import is_training
from nao_tf.search.summary import summarise
from nao_tf.search.workdir import JOURNAL, read_json

FOLDER, PAGE = 'report', 'report.html'


def make_report(workdir: Path, output: Path | None = None) -> Path:
    """Writes the page, and its figures as PNG and SVG to `workdir/report`.

    Args:
        workdir: of a search or a training, finished or not.
        output: of the page; None for `report.html` beside the figures.

    Returns:
        The path of the page.

    Raises:
        InputError: if there is nothing to report, or the files cannot be written.
    """
    if output is not None and output.is_dir():
        raise InputError(f'--output is {output}, a folder; name the file, such as {output / PAGE}')
    album = Album(workdir / FOLDER)
    if is_training(workdir):
        make: Callable[[], str] = functools.partial(training_page, workdir, album)
    elif sharing.has_sharing(workdir) and not Journal(workdir / JOURNAL).exists():
        make = functools.partial(sharing.sharing_page, workdir, album)
    else:
        make = functools.partial(make_page, open_source(workdir), album)
    output = output or workdir / FOLDER / PAGE
    try:
        write_text(output, make())
    except OSError as error:
        raise InputError(f'cannot write to {error.filename or output}: {error.strerror}') from None
    return output


def make_page(source: Source, album: Album) -> str:
    """Returns the page of a search; writes its figures.

    Args:
        source: the search.
        album: of the figures.
    """
    summary = summarise(
        source.history,
        source.space,
        metric=source.metric,
        searcher=source.searcher,
        seed=int(source.config['seed']),
        score=source.score,
    )
    parts = [
        sections.overview(source, summary),
        *sections.best_cells(source, album),
        *([sharing.sharing_section(source.workdir, album)] if sharing.has_sharing(source.workdir) else []),
        sections.score_section(source, album, summary),
        sections.round_section(source, album, summary),
        controller_sections.prediction_section(source, album),
        controller_sections.embedding_section(source, album),
        sections.size_section(source, album),
        sections.time_section(source, album, summary),
    ]
    curve = source.workdir / FOLDER / CURVE
    if curve.exists():
        parts.append(controller_sections.curve_section(read_json(curve), album))
    data = str(source.config.get('data', ''))
    return page(
        f'{source.searcher} on {data}' if data else source.searcher,
        f'Neural architecture search in {source.workdir}',
        parts,
        source.warnings,
    )


def make_predictor_curve(workdir: Path, *, draws: int, progress: Callable[[str], None] = print) -> None:
    """Measures the paper's Fig. 2a on a history and keeps it for the reports that follow.

    Args:
        workdir: of a search.
        draws: sets of held-out cells.
        progress: gets a line for each size of the training set.

    Raises:
        InputError: if there are too few cells.
    """
    write_curve(measure_curve(open_source(workdir), draws=draws, progress=progress), workdir / FOLDER)
