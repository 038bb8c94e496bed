"""`nao report`: a page and figures of a search or a training."""

from __future__ import annotations

from absl import flags

from nao_tf.commands.flags import no_more
from nao_tf.errors import InputError


def define(values: flags.FlagValues, arguments: list[str]) -> None:
    """Defines the flags of `nao report`."""
    del arguments
    flags.DEFINE_string('workdir', None, 'directory of a search or a training, finished or not', flag_values=values)
    flags.DEFINE_string('output', None, 'the page; WORKDIR/report/report.html by default', flag_values=values)
    flags.DEFINE_bool(
        'predictor_curve', False, 'measure the predictor by training cells first (Fig. 2a); minutes', flag_values=values
    )
    flags.DEFINE_integer('draws', 1, 'of held-out cells, for --predictor_curve', flag_values=values)


def run(values: flags.FlagValues, rest: list[str]) -> None:
    """Make a page of a search or a training, with figures, that opens offline."""
    no_more(rest)
    if values.workdir is None:
        raise InputError('nao report needs --workdir=DIR')
    from nao_tf.files import as_path
    from nao_tf.reports.report import make_predictor_curve, make_report

    workdir = as_path(values.workdir)
    if values.predictor_curve:
        make_predictor_curve(workdir, draws=values.draws)
    page = make_report(workdir, None if values.output is None else as_path(values.output))
    print(f'report: {page}  figures: {workdir / "report"}')
