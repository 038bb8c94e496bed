"""Random cells and weights for the tests of networks."""

import numpy as np

from nao_tf.networks.cell_network import CellNetwork
from nao_tf.networks.config import NetworkConfig
from nao_tf.spaces.cells import Branch, Cell, CellPair, Node
from nao_tf.spaces.operations import NAO_OPERATIONS


def random_cell(rng, operations=NAO_OPERATIONS, nodes=5):
    return Cell(
        tuple(
            Node(*(Branch(int(rng.integers(index + 2)), str(rng.choice(operations))) for _ in range(2)))
            for index in range(nodes)
        )
    )


def random_cells(seed, operations=NAO_OPERATIONS, nodes=5):
    rng = np.random.default_rng(seed)
    return CellPair(random_cell(rng, operations, nodes), random_cell(rng, operations, nodes))


def small_config(**fields):
    return NetworkConfig(**{'cells_per_stage': 1, 'filters': 4, 'image_shape': (8, 8, 3), 'classes': 10, **fields})


def weights_by_name(network):
    """Variables as `cell_0_node_3_left/kernel`, without the network's own name."""
    return {variable.path.split('/', 1)[1]: variable for variable in network.variables}


def random_network(cells, config, seed=0, **arguments):
    """A network whose normalisations are not the trivial ones."""
    network = CellNetwork(cells, config, seed=seed, **arguments)
    rng = np.random.default_rng(seed)
    for name, variable in weights_by_name(network).items():
        if name.endswith(('gamma', 'moving_variance')):
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))
        elif name.endswith(('beta', 'moving_mean', 'bias')):
            variable.assign(rng.normal(0, 0.3, variable.shape))
    return network


def images(config, batch=3, seed=0):
    return np.random.default_rng(seed).normal(size=(batch, *config.image_shape)).astype(np.float32)
