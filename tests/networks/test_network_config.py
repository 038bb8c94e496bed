"""The configuration checks itself and says what would be right."""

import pytest

from nao_tf.errors import InputError
from nao_tf.networks.config import NetworkConfig
from tests.networks.random_cells import small_config


@pytest.mark.parametrize(
    ('fields', 'words'),
    [
        ({'cells_per_stage': 0}, ['cells_per_stage', 'at least 1', '0']),
        ({'cells_per_stage': True}, ['cells_per_stage', 'True']),
        ({'filters': 7}, ['even', '7', '6 or 8']),
        ({'filters': 8.0}, ['filters', '8.0']),
        ({'classes': 1}, ['classes', 'at least 2']),
        ({'image_shape': (32, 32)}, ['image_shape', 'height, width, channels', '(32, 32)']),
        ({'image_shape': 32}, ['image_shape', '32']),
        ({'image_shape': (32, 32, 0)}, ['channels', '0']),
        ({'image_shape': (2, 32, 3)}, ['2x32', 'at least 3']),
        ({'image_shape': (16, 64, 3), 'stem': 'imagenet'}, ['16x64', 'at least 17']),
        ({'stem': 'resnet'}, ['stem', 'cifar, imagenet', 'resnet']),
        ({'rules': 'torch'}, ['rules', 'tf1, pytorch', 'torch']),
        ({'drop_path_keep': 0.0}, ['drop_path_keep', '0.0']),
        ({'dense_keep': 1.5}, ['dense_keep', '1.5']),
        ({'auxiliary': True}, ['auxiliary head needs 8 pixels', '8x8', 'leave 2x2', 'auxiliary to False']),
        ({'auxiliary': True, 'image_shape': (64, 28, 3)}, ['16x7']),
    ],
)
def test_errors(fields, words):
    with pytest.raises(InputError) as error:
        small_config(**fields)
    assert all(word in str(error.value) for word in words), str(error.value)
    assert '\n' not in str(error.value)


def test_positions_of_the_reductions():
    assert small_config(cells_per_stage=6).reductions == (6, 13)
    assert small_config(cells_per_stage=6).cells == 20
    assert small_config().reductions == (1, 3)


@pytest.mark.parametrize(
    ('shape', 'stem', 'sides'),
    [
        ((32, 32, 3), 'cifar', (8, 8)),
        ((3, 5, 1), 'cifar', (1, 2)),
        ((29, 32, 3), 'cifar', (8, 8)),
        ((224, 224, 3), 'imagenet', (7, 7)),
        ((225, 17, 3), 'imagenet', (8, 1)),
    ],
)
def test_final_sides(shape, stem, sides):
    assert small_config(image_shape=shape, stem=stem).final_sides == sides


def test_json_round_trip():
    config = small_config(image_shape=[32, 32, 3], rules='pytorch', drop_path_keep=0.7, auxiliary=True)
    assert config.image_shape == (32, 32, 3)
    assert NetworkConfig.from_json(config.to_json()) == config
    with pytest.raises(InputError, match="unknown field 'depth'"):
        NetworkConfig.from_json({**config.to_json(), 'depth': 3})
    with pytest.raises(InputError, match='filters'):
        NetworkConfig.from_json({'cells_per_stage': 1, 'image_shape': (8, 8, 1), 'classes': 2})
