"""`nao export` of a work directory that has nothing to export yet, or of a network that a format cannot take."""

import json
import zipfile

import pytest

from nao_tf.cli import main
from nao_tf.errors import InputError
from nao_tf.export.export import MODEL_FORMATS, Export, export
from nao_tf.final.config import default_image_train_config
from nao_tf.final.winners import candidates
from nao_tf.search.config import flatten
from nao_tf.search.workdir import MODEL
from nao_tf.spaces.named import named_cell
from nao_tf.spaces.writing import pair_to_json
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


def test_the_operations_of_a_training_come_along(tmp_path):
    run, mine = tmp_path / 'run', tmp_path / 'mine.py'
    run.mkdir()
    mine.write_text(
        'from pathlib import Path\nfrom nao_tf.spaces.conv_cell import ConvCellSpace\n'
        "SPACE = ConvCellSpace('mine', operations=('identity', 'conv 1x1'), nodes=1)\n"
        "Path(__file__).with_name('loaded').touch()\n"
    )
    config = flatten(default_image_train_config())
    (run / 'config.json').write_text(json.dumps({**config, 'space.module': str(mine)}))
    (run / 'summary.json').write_text('{}')
    cells = pair_to_json(named_cell('NAONet_A').cells)
    with zipfile.ZipFile(run / MODEL, 'w') as archive:
        archive.writestr('config.json', json.dumps({'config': {'network': {'config': {'cells': cells}}}}))
    with pytest.raises(InputError, match='nao trust'):
        candidates(str(run))
    assert not (tmp_path / 'loaded').exists()
    assert main(['nao', 'trust', str(mine)]) == 0
    assert candidates(str(run))[0].cells == named_cell('NAONet_A').cells
    assert (tmp_path / 'loaded').exists()
    (tmp_path / 'loaded').unlink()
    copy = mine.rename(tmp_path / 'copy.py')  # a file that was run once is not run again
    (run / 'config.json').write_text(json.dumps({**config, 'space.module': str(copy)}))
    assert main(['nao', 'predict', f'--model={run / MODEL}', '--images=x.png']) == 2
    assert (tmp_path / 'loaded').exists()


@pytest.mark.parametrize('kind', MODEL_FORMATS)
def test_a_language_model_is_its_own_file(kind, tmp_path):
    ended = write_workdir(tmp_path / 'text', ENDED, 'nao_rnn')
    (ended / MODEL).write_bytes(b'')
    with pytest.raises(InputError, match=r'is a language model, .* and json, text, genotype, dot export its cell'):
        export(wanted(kind, ended))
    assert [path.name for path in tmp_path.iterdir()] == ['text']
    assert '"nodes"' in export(wanted('json', ended))[0]
