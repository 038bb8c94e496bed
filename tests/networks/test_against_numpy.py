"""Whole networks against plain NumPy: every operation, normal and reduction cells, both rule sets, odd sizes."""

import numpy as np
import pytest

from nao_tf.networks.cell_network import CellNetwork
from nao_tf.spaces.cells import Branch, Cell, CellPair, Node
from nao_tf.spaces.named import named_cell
from nao_tf.spaces.operations import WIDE_OPERATIONS
from tests.networks.numpy_network import NumpyNetwork
from tests.networks.random_cells import images, random_cells, random_network, small_config, weights_by_name


def cells_with(operations):
    """Cells that have every operation on the older and on the newer input, and leave both inputs loose in turn."""
    normal = Cell(tuple(Node(Branch(0, name), Branch(1, name)) for name in operations))
    reduction = Cell(tuple(Node(Branch(1, name), Branch(0, name)) for name in operations))
    return CellPair(normal, reduction)


LOOSE = CellPair(  # both inputs unread by one cell each, a node that two others read, one loose end only
    Cell((Node(Branch(1, 'conv 3x3'), Branch(1, 'identity')), Node(Branch(2, 'avg_pool 3x3'), Branch(2, 'identity')))),
    Cell((Node(Branch(0, 'identity'), Branch(0, 'max_pool 3x3')), Node(Branch(2, 'identity'), Branch(0, 'conv 1x1')))),
)
NEITHER = CellPair(  # both inputs of the normal cell go to its output through one node; the reduction reads only k-2
    Cell((Node(Branch(0, 'identity'), Branch(1, 'identity')),)),
    Cell((Node(Branch(0, 'max_pool 2x2'), Branch(0, 'avg_pool 2x2')),)),
)

CASES = [
    *((cells_with(WIDE_OPERATIONS[start : start + 4]), (8, 8, 3)) for start in range(0, len(WIDE_OPERATIONS), 4)),
    (LOOSE, (8, 8, 1)),
    (NEITHER, (15, 15, 3)),
    (named_cell('NAONet').cells, (12, 7, 2)),
    *((random_cells(seed), shape) for seed, shape in enumerate([(8, 8, 1), (15, 15, 3), (9, 14, 3)])),
    (random_cells(7, WIDE_OPERATIONS), (11, 11, 3)),
]


@pytest.mark.parametrize('rules', ['tf1', 'pytorch'])
@pytest.mark.parametrize('case', range(len(CASES)))
def test_inference_and_training(case, rules, monkeypatch):
    cells, shape = CASES[case]
    config = small_config(image_shape=shape, rules=rules, filters=6 if case % 2 else 4)
    network = random_network(cells, config, seed=case)
    before = {name: variable.numpy().astype(np.float64) for name, variable in weights_by_name(network).items()}
    outputs = []
    run_cell = CellNetwork._run_cell
    monkeypatch.setattr(CellNetwork, '_run_cell', lambda *a: outputs.append(run_cell(*a)) or outputs[-1])
    batch = images(config)
    for training in (False, True):
        reference = NumpyNetwork(cells, config, before, training=training)
        expected = reference(batch)
        outputs.clear()
        logits = network(batch, training=training).numpy()
        for ours, theirs in zip(outputs, reference.outputs, strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-4 * abs(theirs).max())
        np.testing.assert_allclose(logits, expected, atol=1e-4 * abs(expected).max())
    after = weights_by_name(network)
    assert reference.moved.keys() == {name for name in before if 'moving' in name}
    for name, expected in reference.moved.items():
        np.testing.assert_allclose(after[name].numpy(), expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize('rules', ['tf1', 'pytorch'])
def test_imagenet_stem(rules):
    cells = random_cells(5)
    config = small_config(image_shape=(37, 49, 3), stem='imagenet', rules=rules)
    network = random_network(cells, config)
    weights = {name: variable.numpy().astype(np.float64) for name, variable in weights_by_name(network).items()}
    batch = images(config, batch=2)
    expected = NumpyNetwork(cells, config, weights, training=False)(batch)
    np.testing.assert_allclose(network(batch), expected, atol=1e-4 * abs(expected).max())
