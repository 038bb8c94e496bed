"""What the tests of sources of images say of tasks."""

import numpy as np
import pytest

from nao_tf.errors import InputError
from nao_tf.tasks.make import as_task


def by_label(task):
    """Returns all pixels of each class over all splits, sorted."""
    parts = [task.arrays(name) for name in task.splits]
    images, labels = (np.concatenate(part) for part in zip(*parts, strict=True))
    return {name: np.sort(images[labels == label].ravel()) for label, name in enumerate(task.class_names)}


def error(*args, **options):
    with pytest.raises(InputError) as caught:
        as_task(*args, **options)
    assert '\n' not in str(caught.value)
    return str(caught.value)
