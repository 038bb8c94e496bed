"""Cells beside plain networks: equal sizes, and a comparison that is whole but small."""

import io
import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools'))

from image_evidence.plain_models import KINDS, PlainNetwork, count, equal_width  # noqa: E402
from records import recorded  # noqa: E402

from nao_tf.export.text_forms import to_json  # noqa: E402
from nao_tf.spaces.cells import Branch, Cell, CellPair, Node  # noqa: E402
from tests.support import forks  # noqa: E402

CELLS = CellPair(
    Cell((Node(Branch(0, 'conv 3x3'), Branch(1, 'identity')),)),
    Cell((Node(Branch(0, 'sep_conv 3x3'), Branch(1, 'max_pool 3x3')),)),
)


def test_parameters_of_the_papers():
    # By hand: 3x3 and 1x1 convolutions, the dense layer, normalisation. He et al. say 0.27M, Sandler et al. 3.4M.
    convolutions = 432 + 6 * 2304 + (4608 + 5 * 9216) + (18432 + 5 * 36864) + (512 + 2048)
    assert count('ResNet', 16.0, (32, 32, 3), 10) == convolutions + 650 + 2 * 7 * (16 + 32 + 64)
    assert count('MobileNetV2', 32.0, (32, 32, 3), 1000) == 3_504_872


@pytest.mark.parametrize('kind', KINDS)
def test_equal_width(kind):
    width = equal_width(kind, 60_000, (32, 32, 3), 10)
    assert abs(count(kind, width, (32, 32, 3), 10) / 60_000 - 1) < 0.05
    network = PlainNetwork(kind, 2.0, (32, 32, 3), 10, seed=1)
    again = PlainNetwork(kind, 2.0, (32, 32, 3), 10, seed=1)
    for mine, other in zip(network.variables, again.variables, strict=True):
        np.testing.assert_array_equal(mine.numpy(), other.numpy())
    assert network(np.zeros((2, 32, 32, 3), np.float32), training=False).shape == (2, 10)


@pytest.mark.slow
def test_a_small_comparison(tmp_path):
    (tmp_path / 'cell.json').write_text(to_json(CELLS))
    models = (str(tmp_path / 'cell.json'), 'ResNet')
    command = [
        *('tools/compare_images.py', '--task=digits', '--pad=1', '--batch_size=256'),
        *(f'--models={",".join(models)}', '--parameters=40000', '--seeds=2', '--epochs=1', '--learning_rates=0.1'),
        *('--pilot_epochs=1', f'--output={tmp_path / "out"}'),
    ]
    done = forks.finish(*command)
    assert done.returncode == 0, done.stderr
    printed = done.stdout
    rows = json.loads((tmp_path / 'out' / 'summary.json').read_text())
    assert list(rows) == list(models)
    first, second = rows.values()
    assert abs(first['parameters'] / second['parameters'] - 1) < 0.05
    ahead = np.subtract(first['tests'], second['tests'])
    assert second['ahead'] == pytest.approx(ahead.mean())
    low, high = second['interval']
    assert low <= second['ahead'] <= high
    assert f'{first["test"]:.4f}' in printed
    assert f'ResNet-{second["parameters"]}-1' in printed
    again = forks.finish(*command, '--epochs=2')
    assert 'holds records of' in again.stderr


@pytest.mark.skipif('NAO_TF_TEST_DATA' not in os.environ, reason='needs NAO_TF_TEST_DATA')
def test_the_records_give_the_published_figures(tmp_path):
    records = shutil.copytree(ROOT / 'docs' / 'measured' / 'images_cifar10', tmp_path / 'records')
    before = {file.name for file in records.iterdir()}
    cell = 'docs/measured/cifar10_small/cell.json'
    done = forks.finish(
        *('tools/compare_images.py', f'--data_dir={os.environ["NAO_TF_TEST_DATA"]}/tfds', f'--output={records}'),
        *(f'--models={cell},NAONet_A,ResNet,MobileNetV2', '--seeds=3'),
    )
    assert done.returncode == 0, done.stderr
    assert {file.name for file in records.iterdir()} == before | {'summary.json'}
    rows = json.loads((records / 'summary.json').read_text())
    published = (ROOT / 'docs' / 'results.md').read_text()
    for model, row in rows.items():
        ahead = '-'
        if model != cell:
            ahead = '{:+.4f} ({:+.4f} to {:+.4f})'.format(row['ahead'], *row['interval'])
        tests = ', '.join(f'{test:.4f}' for test in row['tests'])
        figures = f'{row["parameters"]:,} | {row["learning_rate"]:g} | {row["loss"]:.3f} | {row["test"]:.4f} ({tests})'
        name = "the search's cell" if model == cell else model
        assert f'| {name} | {figures} | {ahead} | {row["processor_minutes"]:.1f} |' in published


def test_a_record_is_made_once(tmp_path):
    console = Console(file=io.StringIO())
    assert recorded(tmp_path, 'runs/a', lambda: {'test': 0.5}, console) == {'test': 0.5}
    assert recorded(tmp_path, 'runs/a', lambda: {'test': 0.6}, console) == {'test': 0.5}
    assert console.file.getvalue() == 'runs/a\n'
    assert [file.name for file in tmp_path.iterdir()] == ['runs_a.json']
