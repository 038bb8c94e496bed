"""`nao export` of a work directory that has nothing to export yet, or of a network that a format cannot take."""

import json

import pytest

from nao_tf.errors import InputError
from nao_tf.export.export import MODEL_FORMATS, Export, export
from nao_tf.final.config import default_image_train_config
from nao_tf.search.config import flatten
from nao_tf.search.workdir import MODEL
from tests.reports.conftest import write_workdir

BEGUN = [('search', 0, 'random', None, None, None, 400)]
ENDED = [('search', 0, 'random', None, 0.5, None, 400)]


def wanted(kind, workdir):
    """Returns the export of a work directory, as the command line asks for it."""
    output = workdir.parent / f'model{MODEL_FORMATS[kind]}' if kind in MODEL_FORMATS else None
    return Export(kind, workdir=workdir, output=output)


def test_a_search_without_a_finished_trial(tmp_path):
    begun = write_workdir(tmp_path / 'begun', BEGUN)
    with pytest.raises(InputError, match='begun has no finished trial yet'):
        export(wanted('json', begun))
    with pytest.raises(InputError, match=r'begun has no best_model.keras yet; it is there when its search has ended'):
        export(wanted('tflite', begun))


def test_a_training_that_is_under_way(tmp_path):
    (tmp_path / 'run').mkdir()
    (tmp_path / 'run' / 'config.json').write_text(json.dumps(flatten(default_image_train_config())))
    with pytest.raises(InputError, match='it is there when its training has ended'):
        export(wanted('keras', tmp_path / 'run'))
    with pytest.raises(InputError, match=r'nor of a training that has left a best_model.keras'):
        export(wanted('genotype', tmp_path / 'run'))


@pytest.mark.parametrize('kind', ['keras', 'json'])
def test_a_training_whose_other_candidates_are_to_come(kind, tmp_path):
    (tmp_path / 'run').mkdir()
    (tmp_path / 'run' / 'config.json').write_text(json.dumps(flatten(default_image_train_config())))
    (tmp_path / 'run' / MODEL).write_bytes(b'of the first candidate')
    with pytest.raises(InputError, match=r'run: its training has not ended, best_model.keras is only the best so far'):
        export(wanted(kind, tmp_path / 'run'))


@pytest.mark.parametrize('kind', MODEL_FORMATS)
def test_a_language_model_is_its_own_file(kind, tmp_path):
    ended = write_workdir(tmp_path / 'text', ENDED, 'nao_rnn')
    (ended / MODEL).write_bytes(b'')
    with pytest.raises(InputError, match=r'is a language model, .* and json, text, genotype, dot export its cell'):
        export(wanted(kind, ended))
    assert [path.name for path in tmp_path.iterdir()] == ['text']
    assert '"nodes"' in export(wanted('json', ended))[0]
