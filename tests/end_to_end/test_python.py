"""`nao_tf.search` from Python: on arrays, on an image folder, with a space of one's own."""

import math

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

import nao_tf

pytestmark = pytest.mark.slow

SMALL = {
    'child.cells_per_stage': 1,
    'child.filters': 2,
    'child.auxiliary': False,
    'child.epochs': 1,
    'child.batch_size': 64,
    'searcher.controller.epochs': 3,
    'searcher.controller.least_steps': 0,
    'searcher.controller.hidden': 16,
    'searcher.controller.embedding': 8,
}


@pytest.fixture(scope='module')
def images():
    digits = load_digits()
    return (digits.images / 16 * 255).round().astype(np.uint8)[:200, :, :, None], digits.target[:200]


def test_arrays(images, tmp_path, capsys, request):
    small = {**SMALL, 'space.module': str(request.config.rootpath / 'tests' / 'support' / 'tiny_space.py')}
    result = nao_tf.search(images, budget=5, workdir=tmp_path / 'run', overrides=small)
    trials = list(result.history.trials.values())
    assert [trial.proposal.round for trial in trials] == [0, 0, 0, 1, 2]
    best = max(trials, key=lambda trial: (trial.score, -trial.id))
    assert result.best_architecture == best.proposal.architecture
    assert result.summary['best']['score'] == best.score
    probabilities = result.best_model.predict(images[0][:4], verbose=0)
    assert probabilities.shape == (4, 10)
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-5)
    again = nao_tf.search(images, budget=5, workdir=tmp_path / 'run', overrides=small)
    assert again.summary == result.summary
    with pytest.raises(nao_tf.InputError, match='fingerprint'):
        nao_tf.search((images[0][:150], images[1][:150]), budget=5, workdir=tmp_path / 'run', overrides=small)
    assert 'holds this search, finished' in capsys.readouterr().out


def test_image_folder_with_ones_own_space(images, tmp_path, request):
    for number, (image, label) in enumerate(zip(*images, strict=True)):
        if label < 3:
            folder = tmp_path / 'pictures' / f'digit{label}'
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image[:, :, 0]).save(folder / f'{number}.png')
    module = request.config.rootpath / 'tests' / 'spaces' / 'data' / 'my_space.py'
    overrides = {**SMALL, 'space.module': str(module), 'task.image_size': 12, 'searcher.name': 'evolution'}
    own = nao_tf.get_space('', module=str(module))
    result = nao_tf.search(
        tmp_path / 'pictures', space=own.name, budget=3, workdir=tmp_path / 'run', overrides=overrides
    )
    assert result.best_architecture.space == own.name
    assert result.best_model.class_names == ('digit0', 'digit1', 'digit2')
    assert not math.isnan(result.summary['best']['score'])


def test_wrong_calls(images, tmp_path):
    with pytest.raises(nao_tf.InputError, match='budget is 2'):
        nao_tf.search(images, budget=2, workdir=tmp_path / 'run')
    with pytest.raises(nao_tf.InputError, match=r'did you mean child.epochs'):
        nao_tf.search(images, workdir=tmp_path / 'run', overrides={'child.epoch': 3})
    with pytest.raises(nao_tf.InputError, match='it may be a folder'):
        nao_tf.search(7, workdir=tmp_path / 'run')
    assert not (tmp_path / 'run').exists()
