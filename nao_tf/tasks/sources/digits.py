"""The handwritten digits that ship inside scikit-learn: nothing to download."""

from __future__ import annotations

import numpy as np
from sklearn import datasets

from nao_tf.tasks.config import TaskConfig
from nao_tf.tasks.sources.raw import RawImages, RawSplit, fitted


def load_digits(config: TaskConfig) -> RawImages:
    """Returns 1,797 grey images of 8 x 8 pixels, ten classes.

    The file's grey levels 0 to 16 (counts of black points in 4 x 4 blocks) become 0 to 255, rounded, so that the
    pixels have the range of every other image; 255 is ink.

    Args:
        config: `image_size` and `channels` are kept to.
    """
    digits = datasets.load_digits()
    images = np.round(digits.images * (255 / 16)).astype(np.uint8)[..., None]
    images = fitted(images, config.image_size, config.channels, origin='digits')
    names = tuple(str(name) for name in digits.target_names)
    return RawImages('digits', 'digits', {'train': RawSplit(images, digits.target)}, names)
