"""Equal canonical form means the same function: weights are carried along and the outputs compared."""

import numpy as np
import pytest

from nao_tf.networks.cell_network import CellNetwork
from nao_tf.spaces.registry import get_space
from tests.networks.random_cells import images, random_network, small_config, weights_by_name

SIDES = ('left', 'right')


class Carrier:
    """Carries weights from a network to that of its canonical form.

    `order` of a tensor lists, for every channel of the canonical network, the channel of the original one. Outputs
    of cells come in another order of their blocks; a cell input that is not calibrated hands its order on to all
    nodes of the cell.
    """

    def __init__(self, network, canonical_network, forms):
        self.network, self.canonical = network, canonical_network
        self.forms = forms
        self.weights = {name: variable.numpy() for name, variable in weights_by_name(network).items()}
        self.orders, self.inner = {}, {}
        config = network.config
        for index in range(config.cells):
            filters = config.filters * 2 ** sum(index >= position for position in config.reductions)
            inner = np.arange(filters)
            for offset, steps in zip((2, 1), network.plan.cells[index].calibrations, strict=True):
                if not steps and index >= offset:
                    inner = self.orders[index - offset]
            self.inner[index] = inner
            old_index = [0, 1, *(old + 2 for old in forms[index].order)]
            place = {state: block for block, (state, _) in enumerate(network.plan.cells[index].outputs)}
            blocks = [
                place[old_index[state]] * filters + (np.arange(filters) if steps else inner)
                for state, steps in canonical_network.plan.cells[index].outputs
            ]
            self.orders[index] = np.concatenate(blocks)

    def value(self, name):
        """The value of one variable of the canonical network."""
        layer, weight = name.split('/')
        parts = layer.split('_')
        reads = writes = None
        if layer == 'classifier':
            reads = self.orders[max(self.orders)]
        elif parts[0] == 'cell':
            index, kind = int(parts[1]), parts[2]
            inner = self.inner[index]
            if kind == 'node':
                form, new = self.forms[index], int(parts[3]) - 3
                parts[3] = str(form.order[new] + 3)
                parts[4] = SIDES[SIDES.index(parts[4]) ^ form.swapped[new]]
                reads = writes = inner
            elif kind == 'output':
                reads = inner
            else:
                reads, writes = self.orders.get(index - {'older': 2, 'newer': 1}[kind]), inner
        value = self.weights[f'{"_".join(parts)}/{weight}']
        if value.ndim > 1 and reads is not None and value.shape[-2] == len(reads):  # not where the raw stem is read
            value = np.take(value, reads, -2)
        if writes is not None and weight != 'shifted_kernel' and value.shape[-1] == len(writes):
            value = np.take(value, writes, -1)
        return value


def sample(space, rng, least_ends):
    """A cell pair that is not in canonical form."""
    while True:
        architecture = space.sample(rng)
        cells = space.cells(architecture)
        ends = min(len(cell.loose_ends) for cell in (cells.normal, cells.reduction))
        if space.canonical(architecture) != architecture and ends >= least_ends:
            return architecture


@pytest.mark.parametrize('rules', ['tf1', 'pytorch'])
@pytest.mark.parametrize('seed', range(12))
def test_same_function(seed, rules, monkeypatch):
    space = get_space('nao_cnn')
    # Cells with one or two loose ends may leave both inputs of a cell uncalibrated under the pytorch rules. A
    # factorized reduction there reads other pixels for each half of its channels, and halves cannot be exchanged.
    architecture = sample(space, np.random.default_rng(seed), 3 if rules == 'pytorch' else 1)
    canonical = space.canonical(architecture)
    config = small_config(rules=rules)
    normal, reduction = space.canonical_with_permutation(architecture)
    forms = [reduction if index in config.reductions else normal for index in range(config.cells)]
    original = random_network(space.cells(architecture), config, seed=seed)
    network = CellNetwork(space.cells(canonical), config)
    carrier = Carrier(original, network, forms)
    for name, variable in weights_by_name(network).items():
        variable.assign(carrier.value(name))
    outputs = []
    run_cell = CellNetwork._run_cell
    monkeypatch.setattr(CellNetwork, '_run_cell', lambda *a: outputs.append(run_cell(*a)) or outputs[-1])
    batch = images(config)
    for training in (False, True):
        outputs.clear()
        expected = original(batch, training=training).numpy()
        logits = network(batch, training=training).numpy()
        for index, (theirs, ours) in enumerate(zip(outputs[:5], outputs[5:], strict=True)):
            expected_output = theirs.numpy()[..., carrier.orders[index]]
            np.testing.assert_allclose(ours, expected_output, atol=2e-4 * abs(expected_output).max())
        np.testing.assert_allclose(logits, expected, atol=2e-4 * abs(expected).max())
