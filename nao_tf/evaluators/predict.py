"""What a saved classifier makes of images: `nao predict`, and the test at the end."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np

from nao_tf.errors import InputError
from nao_tf.files import is_whole_archive, local_file
from nao_tf.networks.classifier import ImageClassifier
from nao_tf.networks.config import NetworkConfig
from nao_tf.networks.cost import count_parameters
from nao_tf.networks.plain_weights import classifier_of_plain
from nao_tf.networks.recurrent_config import RecurrentConfig
from nao_tf.spaces.writing import pair_from_json
from nao_tf.tasks.image import ImageTask
from nao_tf.tasks.reading import image_files, read_images


def load_classifier(path: Path) -> ImageClassifier:
    """Returns the classifier in a `.keras` file.

    Args:
        path: of the file, which a search or a training left, or `nao export --format=keras` wrote.

    Raises:
        InputError: if there is none, or it is another model.
    """
    if not path.exists():
        raise InputError(f'there is no model file {path}')
    if not is_whole_archive(path):
        raise InputError(
            f'{path} is no .keras file, or is damaged; put back a copy, or give the command that made it again'
        )
    try:
        with local_file(path) as file:
            _check_parameters(Path(file))
            model = keras.models.load_model(file)
            if not isinstance(model, ImageClassifier):
                model = classifier_of_plain(Path(file), model) or model
    except Exception as error:  # whatever Keras, h5py and the layers make of content that somebody changed
        raise InputError(f'{path} is no model that can be loaded: {" ".join(str(error).split())[:300]}') from None
    if not isinstance(model, ImageClassifier):
        raise InputError(
            f'{path} holds a {type(model).__name__}, not an image classifier of a search, a training or an export'
        )
    return model


def _check_parameters(path: Path) -> None:
    """Refuses a file whose config asks for more weights than it has: they would be made before the file's are read."""
    with zipfile.ZipFile(path) as archive:
        network = json.loads(archive.read('config.json'))['config'].get('network', {}).get('config', {})
        size = archive.getinfo('model.weights.h5').compress_size
    if 'cells' in network:
        count = count_parameters(pair_from_json(network['cells']), NetworkConfig.from_json(network['config']))
    elif 'nodes' in network:
        count = RecurrentConfig.from_json(network['config']).parameters(len(network['nodes']))
    else:
        return
    if count > size:
        raise InputError(f'its config asks for {count:,} weights, its file has {size:,} bytes of them')


def test_metrics(model: ImageClassifier, task: ImageTask, *, batch_size: int) -> dict[str, float]:
    """Returns every metric of a task on its test split, of which one batch is in memory at a time.

    Args:
        model: from the file that a search or a training left.
        task: whose test split it is.
        batch_size: images at a time.
    """
    batches = task.raw_batches('test', batch_size)
    return task.score(task.labels('test'), np.concatenate([model.predict_on_batch(images) for images in batches]))


def predictions(model_file: Path, images: list[Path]) -> Iterator[str]:
    """Yields one line an image: the file, its class, and the class's probability, separated by tabs.

    Args:
        model_file: a `.keras` file of a classifier.
        images: files, or folders of files.

    Raises:
        InputError: if there is no such model, an image is none, or the model takes another range than files have.
    """
    model = load_classifier(model_file)
    if model.white is None:
        raise InputError(
            f'{model_file} was trained on images whose values are not between 0 and 255, which those of files are; '
            'give it arrays in Python: keras.models.load_model(file).predict(images)'
        )
    files = image_files(images)
    probabilities = model.predict(read_images(files, model.network.config.image_shape, white=model.white), verbose=0)
    for file, row in zip(files, probabilities, strict=True):
        best = int(row.argmax())
        yield f'{file}\t{model.class_names[best]}\t{row[best]:.4f}'
