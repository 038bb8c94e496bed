"""`nao describe`: a cell as text, and the size of the network that is stacked from it."""

from __future__ import annotations

from nao_tf.networks.config import NetworkConfig
from nao_tf.networks.cost import count_multiply_adds, count_parameters
from nao_tf.networks.recurrent_config import RecurrentConfig
from nao_tf.spaces.cells import RecurrentCell
from nao_tf.spaces.reading import read_cells
from nao_tf.spaces.registry import get_space
from nao_tf.spaces.writing import describe_cells


def description(text: str, *, space: str | None = None, module: str = '', config: dict, recurrent: dict) -> str:
    """Returns the lines that show a cell, and the parameters and multiply-adds of a network of it.

    Args:
        text: a name, tokens, or a file (`nao_tf.spaces.reading`).
        space: name of the space of the tokens, None to find it.
        module: a person's own file that defines the space or operations.
        config: fields of `NetworkConfig`, for a pair of convolutional cells.
        recurrent: fields of `RecurrentConfig`, for a recurrent cell.

    Raises:
        InputError: if the architecture cannot be read, or the network cannot be built.
    """
    cells = read_cells(text, get_space(space or '', module=module) if space or module else None)
    if isinstance(cells, RecurrentCell):
        model, nodes = RecurrentConfig(**recurrent), len(cells.nodes)
        return (
            f'{describe_cells(cells)}\n'
            f'language model H={model.hidden}, {model.vocabulary:,} words, rules {model.rules}: '
            f'{model.parameters(nodes):,} parameters, {model.multiply_adds(nodes):,} multiply-adds a word'
        )
    network = NetworkConfig(**config)
    height, width, channels = network.image_shape
    return (
        f'{describe_cells(cells)}\n'
        f'network N={network.cells_per_stage} F={network.filters}, {height}x{width}x{channels} images, '
        f'{network.classes} classes, stem {network.stem}: {count_parameters(cells, network):,} parameters, '
        f'{count_multiply_adds(cells, network):,} multiply-adds'
    )
