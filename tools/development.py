"""Compares settings of searchers on the development spaces, by their mean rank. NAS-Bench-201 is never read.

    python tools/development.py --config=configs/nasbench101.py --searchers=lanas \\
        --settings='{"lanas.height": [4, 6], "lanas.selects": [2, 5]}' --seeds=3 --budget=100 --output=runs/development

docs/search.md has the protocol. `--settings` is an object of lists (all combinations) or a list of objects; the fields
are those of `config.searcher`, such as `per_round`, `controller.optimism` or `lanas.height`. The config's own setting
is compared with them. `--spaces` names instances: `enas_cnn:3` is score 3 of that space. The environment variable
NAO_TF_TEST_DATA names the folder of the tables. The same command continues and skips runs that have a record; several
commands may share an output. Records do not know of changes of a searcher's program: take a new folder after one.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from absl import app, flags
from consoles import make_console
from ml_collections import config_flags

from nao_tf.cli import load_tensorflow

FLAGS = flags.FLAGS
config_flags.DEFINE_config_file('config', None, 'its `searcher` and `seed` are what the settings start from')
flags.DEFINE_list('searchers', ['nao'], 'names, with commas')
flags.DEFINE_string('settings', '', 'JSON of fields below `searcher`')
SPACES = ['enas_cnn:0', 'nao_cnn:0', 'nasbench101:0', 'kerastuner:0']
flags.DEFINE_list('spaces', SPACES, 'instances of development spaces')
flags.DEFINE_integer('seeds', 3, 'runs of each setting on each instance', lower_bound=1)
flags.DEFINE_integer('budget', 100, 'queries of a run', lower_bound=1)
flags.DEFINE_integer('workers', 0, 'processes; 0 for as many as there are cores', lower_bound=0)
flags.DEFINE_string('output', None, 'folder of the records')
flags.mark_flags_as_required(['config', 'output'])


def main(arguments: Sequence[str]) -> None:
    """Makes the missing runs and prints the table."""
    if len(arguments) > 1:
        raise app.UsageError(f'unexpected argument {arguments[1]!r}')
    from nao_tf.benchmarks.sweep import Sweep, run_sweep
    from nao_tf.errors import InputError

    console = make_console()
    sweep = Sweep(
        config=FLAGS.config,
        searchers=FLAGS.searchers,
        settings=FLAGS.settings,
        instances=FLAGS.spaces,
        seeds=FLAGS.seeds,
        budget=FLAGS.budget,
        output=Path(FLAGS.output),
    )
    try:
        run_sweep(sweep, workers=FLAGS.workers, console=console)
    except InputError as error:
        sys.exit(str(error))


if __name__ == '__main__':
    load_tensorflow()  # which the config file needs
    app.run(main)
