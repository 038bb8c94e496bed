"""Makes a table of NAS-Bench-201 (all data sets) from the official NATS-Bench topology files.

    pip install nats_bench
    python tools/import_nats_bench.py --source=NATS-tss-v1_0-3ffb9-simple --output=nats_bench.npz --unpickle

The files are at https://github.com/D-X-Y/NATS-Bench. `docs/benchmarks.md` says which columns the table has.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from absl import app, flags

from nao_tf.benchmarks.import_nats_bench import import_table, open_benchmark
from nao_tf.errors import InputError

FLAGS = flags.FLAGS
flags.DEFINE_string(
    'source', None, 'the folder NATS-tss-v1_0-3ffb9-simple, or the file NATS-tss-v1_0-3ffb9.pickle.pbz2'
)
flags.DEFINE_bool('unpickle', False, 'read files that run what their author wrote: those of the authors of NATS-Bench')
flags.DEFINE_string('output', None, 'the table, an .npz file')
flags.mark_flags_as_required(['source', 'output'])


def main(arguments: Sequence[str]) -> None:
    """Reads the files and writes the table."""
    if len(arguments) > 1:
        raise app.UsageError(f'unexpected argument {arguments[1]!r}')
    try:
        benchmark = open_benchmark(Path(FLAGS.source), unpickle=FLAGS.unpickle)

        def progress(row: int) -> None:
            if row % 500 == 0:
                print(f'{row:,} of {len(benchmark):,} architectures', flush=True)

        table = import_table(benchmark, progress=progress)
        table.save(FLAGS.output)
    except InputError as error:
        sys.exit(str(error))
    print(f'{FLAGS.output}: {len(table):,} rows, {len(table.classes):,} classes, columns {", ".join(table.columns)}')


if __name__ == '__main__':
    app.run(main)
