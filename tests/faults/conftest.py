"""A search that is real from its config to its model file, whose children cost nothing."""

import dataclasses
import io
import shutil

import numpy as np
import pytest
from rich.console import Console

import nao_tf.search.run
from nao_tf.evaluators.predict import load_classifier
from nao_tf.files import written_whole
from nao_tf.networks.cell_network import CellNetwork
from nao_tf.networks.classifier import ImageClassifier
from nao_tf.networks.config import NetworkConfig
from nao_tf.search.config import default_config
from nao_tf.search.run import run_search
from nao_tf.spaces.registry import get_space
from nao_tf.tasks.make import make_task
from tests.search.test_loop import Hashed

TINY = 'tests/support/tiny_space.py'


class Instant(Hashed):
    """Scores by a hash; its model is a file that was made before.

    Args:
        model: a `.keras` file of a classifier.
        stop_after: so many children Ctrl-C is pressed.
    """

    def __init__(self, model, stop_after=None):
        super().__init__(stop_after, KeyboardInterrupt())
        self.model = model

    def evaluate(self, architecture):
        return dataclasses.replace(super().evaluate(architecture), seconds=0.0, parameters=1)

    def save(self, path):
        with written_whole(path) as partial:
            shutil.copyfile(self.model, partial)

    def test_metrics(self, model):
        assert isinstance(model, ImageClassifier)
        return {'accuracy': 0.5}


@pytest.fixture(scope='session')
def task():
    return make_task({'name': 'digits'})


@pytest.fixture(scope='session')
def model_file(task, tmp_path_factory):
    """A classifier of digits in a file, untrained."""
    space = get_space('', module=TINY)
    config = NetworkConfig(
        image_shape=task.image_shape, classes=task.classes, cells_per_stage=1, filters=2, auxiliary=False
    )
    network = CellNetwork(space.cells(space.sample(np.random.default_rng(0))), config, seed=0)
    path = tmp_path_factory.mktemp('model') / 'model.keras'
    ImageClassifier(network, [0.0], [1.0], task.class_names).save(path)
    load_classifier(path)
    return path


@pytest.fixture(scope='session')
def instant_search(task, model_file):
    """Returns the command: `search(workdir, stop_after=None, watcher=None, **fields)`: its result and what it printed.

    It stops as by Ctrl-C after so many children; `fields` are of the config.
    """
    config = default_config()
    config.task.name = 'digits'
    config.child.auxiliary = False
    config.child.cells_per_stage = 1
    config.space.module = TINY
    config.baseline = 'none'
    config.searcher.name = 'random'
    config.searcher.initial, config.searcher.rounds, config.searcher.per_round = 2, 1, 2
    build_parts = nao_tf.search.run.build_parts

    def search(workdir, stop_after=None, watcher=None, **fields):
        def with_instant_children(*arguments):
            parts = build_parts(*arguments)
            parts.evaluator = Instant(model_file, stop_after)
            return parts

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(nao_tf.search.run, 'build_parts', with_instant_children)
            own = config.copy_and_resolve_references()
            own.update(fields)
            output = io.StringIO()
            return run_search(
                own, workdir, task=task, watcher=watcher, console=Console(file=output, width=1000)
            ), output.getvalue()

    return search
