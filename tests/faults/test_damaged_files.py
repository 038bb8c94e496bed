"""Files that commands are given, and those that the package keeps, damaged in every way: read as they were, or refused.

What is refused is refused with one line that names the file. A plain text that was cut off is a shorter text: the
fingerprint of the data tells a search that goes on, and nothing can tell a new one.
"""

import gzip
import json

import numpy as np
import pytest
from PIL import Image

from nao_tf.benchmarks.table import Table
from nao_tf.cli import parse
from nao_tf.controller.controller import Controller
from nao_tf.controller.presets import preset
from nao_tf.evaluators.predict import load_classifier
from nao_tf.final.winners import cells_of_model
from nao_tf.search.sharing.checkpoint import load_about, load_checkpoint, save_checkpoint
from nao_tf.spaces.reading import read_cells
from nao_tf.spaces.registry import get_space
from nao_tf.spaces.writing import pair_to_json
from nao_tf.tasks.make import make_task
from nao_tf.tasks.sources.text_files import read_words
from tests.faults.damage import every_damage, survives

SIZES = {'rounds': 2}


def write_table(folder):
    space = get_space('nasbench201')
    rng = np.random.default_rng(0)
    cells = sorted({space.canonical(space.sample(rng)) for _ in range(20)})
    Table.of(space, cells, {'valid': rng.random(len(cells))}).save(folder / 'table.npz')


def read_table(folder):
    table = Table.open(folder / 'table.npz')
    return table.classes, table.column('valid').tolist()


def write_images(folder):
    rng = np.random.default_rng(0)
    np.savez(folder / 'images.npz', images=rng.integers(0, 256, (12, 4, 4, 1), np.uint8), labels=np.arange(12) % 2)


def read_npz(folder):
    return make_task({'name': 'npz', 'path': str(folder / 'images.npz')}).fingerprint


def write_folder(folder):
    rng = np.random.default_rng(0)
    for number in range(8):
        file = folder / 'images' / 'ab'[number % 2] / f'{number}.png'
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (4, 4, 3), np.uint8)).save(file)


def read_folder(folder):
    return make_task({'name': 'folder', 'path': str(folder / 'images'), 'validation': 2, 'test': 0}).fingerprint


def write_decoded(folder):
    write_folder(folder.parent)
    read_decoded(folder)


def read_decoded(folder):
    images = folder.parent / 'images'
    return make_task(
        {'name': 'folder', 'path': str(images), 'validation': 2, 'test': 0, 'cache_dir': str(folder / 'cache')}
    ).fingerprint


def write_words(folder):
    (folder / 'words.txt.gz').write_bytes(gzip.compress(b'a b c\n' * 100 + bytes(range(97, 120))))


def write_cells(folder):
    (folder / 'cells.json').write_text(json.dumps(pair_to_json(read_cells('NAONet_A'))))
    space = get_space('enas_cnn')
    (folder / 'tokens.txt').write_text(' '.join(map(str, space.sample(np.random.default_rng(0)).tokens)))


def write_sharing(folder):
    save_checkpoint(folder / 'sharing.npz', sizes=SIZES, state={'step': 3}, arrays={'w': np.arange(50.0)})


def read_sharing(folder):
    about = load_about(folder / 'sharing.npz')
    state, arrays = load_checkpoint(folder / 'sharing.npz', SIZES)
    return about, state, {name: array.tolist() for name, array in arrays.items()}


def write_space(folder):
    (folder / 'my_space.py').write_text(
        'from nao_tf.spaces.conv_cell import ConvCellSpace\n\n\n'
        "def space():\n    return ConvCellSpace('mine', operations=('identity', 'conv 1x1'), nodes=1)\n"
    )


def write_config(folder):
    (folder / 'config_file.py').write_text(
        'from nao_tf.search.config import default_config\n\n\ndef get_config():\n    return default_config()\n'
    )


def read_config(folder):
    return str(parse('search', [f'--config={folder / "config_file.py"}'])[0].config)


KINDS = {
    'a table': (write_table, read_table),
    'images in a file': (write_images, read_npz),
    'images in folders': (write_folder, read_folder),
    'decoded images': (write_decoded, read_decoded),
    'a gzipped text': (write_words, lambda folder: read_words(folder / 'words.txt.gz')),
    'cells in JSON': (write_cells, lambda folder: read_cells(str(folder / 'cells.json'))),
    'cells in tokens': (write_cells, lambda folder: read_cells(str(folder / 'tokens.txt'), get_space('enas_cnn'))),
    'shared weights': (write_sharing, read_sharing),
    'a space of one\'s own': (write_space, lambda folder: get_space('', module=str(folder / 'my_space.py')).vocabulary),
    'a config': (write_config, read_config),
}  # fmt: skip
READ = {'cells in JSON': 'cells.json', 'cells in tokens': 'tokens.txt'}


@pytest.mark.parametrize('kind', KINDS)
def test_read_as_it_was_or_refused(kind, tmp_path):
    write, read = KINDS[kind]
    whole = tmp_path / 'whole'
    whole.mkdir()
    write(whole)
    expected = read(whole)
    for number, (file, how) in enumerate(every_damage(whole, tmp_path / 'one', only=READ.get(kind, ''))):
        folder = (tmp_path / 'one').rename(tmp_path / f'copy{number}')  # whose path no cache knows
        result = survives(lambda folder=folder: read(folder), file, how, remedy=False)
        if kind == 'images in folders' and how in ('deleted', 'a folder'):  # then the images are fewer
            assert result != expected
        else:
            assert result in (None, expected), (file.name, how)


def test_a_model(model_file, tmp_path):
    expected = cells_of_model(model_file)
    for file, how in every_damage(model_file.parent, tmp_path / 'copy'):
        assert survives(lambda file=file: cells_of_model(file), file, how, remedy=False) in (None, expected)
        loaded = survives(lambda file=file: load_classifier(file), file, how, remedy=how != 'deleted')
        assert loaded is None, how


def test_a_controller(tmp_path):
    space = get_space('enas_cnn')
    config = preset('default')
    config = type(config).from_json(config.to_json() | {'embedding': 8, 'hidden': 16})
    controller = Controller(space, config, seed=0)
    controller.save(tmp_path / 'whole')
    rng = np.random.default_rng(0)
    cells = [space.sample(rng) for _ in range(3)]
    expected = controller.predict(cells)
    other = Controller(space, config, seed=1)
    for file, how in every_damage(tmp_path / 'whole', tmp_path / 'copy'):

        def read():
            other.load(tmp_path / 'copy')
            return other.predict(cells)

        result = survives(read, file, how, remedy=False)
        assert result is None or np.array_equal(result, expected), (file.name, how)
