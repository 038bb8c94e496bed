"""Small image data that the tests of tasks share."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def arrays():
    """90 noisy images of 8 x 6 pixels, 3 channels, 3 classes."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (90, 8, 6, 3), dtype=np.uint8), np.arange(90) % 3


@pytest.fixture
def class_folders(tmp_path):
    """Returns a function that writes a folder of class folders of PNG images."""

    def write(root, classes, *, count=6, size=(9, 7), mode='RGB'):
        root = tmp_path / root
        for label, name in enumerate(classes):
            (root / name).mkdir(parents=True)
            for index in range(count):
                pixels = np.full((*size, 3), 40 * label + index, np.uint8)
                Image.fromarray(pixels).convert(mode).save(root / name / f'{index}.png')
        return root

    return write


@pytest.fixture
def real_data():
    """The folder of real data, where there is one."""
    if 'NAO_TF_TEST_DATA' not in os.environ:
        pytest.skip('NAO_TF_TEST_DATA does not name a folder of real data')
    return Path(os.environ['NAO_TF_TEST_DATA'])
