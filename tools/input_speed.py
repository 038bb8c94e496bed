"""Measures the input pipeline alone: images a second, and what starting it costs.

    python tools/input_speed.py --size=32 --channels=3 --batch_size=128 --pad=4 --flip --cutout=16

The images are random and in memory, so the figure is that of the pipeline, not of a disk. `start` is the time from
`train_batches` to the first batch once the pipeline is traced: what every further child pays.
"""

from __future__ import annotations

import statistics
import time

import numpy as np
import psutil
from absl import app, flags

from nao_tf.tasks.make import task_from_arrays

IMAGES = flags.DEFINE_integer('images', 50_000, 'number of images')
SIZE = flags.DEFINE_integer('size', 32, 'side of an image in pixels')
CHANNELS = flags.DEFINE_integer('channels', 3, 'channels of an image')
BATCH_SIZE = flags.DEFINE_integer('batch_size', 128, 'images of a batch')
STEPS = flags.DEFINE_integer('steps', 300, 'batches of one measurement')
REPEATS = flags.DEFINE_integer('repeats', 7, 'measurements')
PAD = flags.DEFINE_integer('pad', 4, 'zero pixels around before the crop')
FLIP = flags.DEFINE_boolean('flip', True, 'mirror half of the images')
CUTOUT = flags.DEFINE_integer('cutout', 16, 'side of the erased square')


def main(_: list[str]) -> None:
    rng = np.random.default_rng(0)
    shape = (IMAGES.value, SIZE.value, SIZE.value, CHANNELS.value)
    task = task_from_arrays(
        rng.integers(0, 256, shape, dtype=np.uint8),
        np.arange(IMAGES.value) % 10,
        augment={'pad': PAD.value, 'flip': FLIP.value, 'cutout': CUTOUT.value},
    )
    started = time.perf_counter()
    for _batch in task.train_batches(BATCH_SIZE.value, seed=0, steps=3):
        pass
    print(f'statistics, trace and first batches: {time.perf_counter() - started:.2f} s')
    starts, batches = [], []
    for seed in range(REPEATS.value):
        started = time.perf_counter()
        iterator = iter(task.train_batches(BATCH_SIZE.value, seed=seed, steps=STEPS.value))
        next(iterator)
        starts.append(time.perf_counter() - started)
        started = time.perf_counter()
        for _batch in iterator:
            pass
        batches.append((time.perf_counter() - started) / (STEPS.value - 1))
    for name, seconds in (('fastest', min(batches)), ('median', statistics.median(batches))):
        print(f'{name}: {BATCH_SIZE.value / seconds:,.0f} images/s, {1e3 * seconds:.2f} ms a batch')
    print(f'start: {1e3 * min(starts):.1f} ms fastest, {1e3 * statistics.median(starts):.1f} ms median')
    print(f'memory: {psutil.Process().memory_info().rss / 2**20:,.0f} MiB')


if __name__ == '__main__':
    app.run(main)
