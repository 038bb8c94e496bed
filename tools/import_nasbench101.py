"""Makes a table of NAS-Bench-101 from the official record file.

    python tools/import_nasbench101.py --source=nasbench_only108.tfrecord --output=nasbench101.npz

The files, nasbench_only108.tfrecord and nasbench_full.tfrecord, are linked at
https://github.com/google-research/nasbench. `docs/benchmarks.md` says which columns the table has.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from absl import app, flags

from nao_tf.benchmarks.import_nasbench101 import MODULES, import_table
from nao_tf.errors import InputError

FLAGS = flags.FLAGS
flags.DEFINE_string('source', None, 'nasbench_only108.tfrecord or nasbench_full.tfrecord')
flags.DEFINE_string('output', None, 'the table, an .npz file')
flags.DEFINE_integer('modules', MODULES, 'how many modules the file has to hold; 0 for any number')
flags.mark_flags_as_required(['source', 'output'])


def main(arguments: Sequence[str]) -> None:
    """Reads the file and writes the table."""
    if len(arguments) > 1:
        raise app.UsageError(f'unexpected argument {arguments[1]!r}')

    def progress(record: int) -> None:
        if record % 50_000 == 0:
            print(f'{record:,} records', flush=True)

    try:
        table = import_table(Path(FLAGS.source), modules=FLAGS.modules or None, progress=progress)
        table.save(FLAGS.output)
    except InputError as error:
        sys.exit(str(error))
    print(f'{FLAGS.output}: {len(table):,} modules, columns {", ".join(table.columns)}')


if __name__ == '__main__':
    app.run(main)
