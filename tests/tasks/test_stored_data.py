"""Data in an object store is the same data."""

import numpy as np
import pytest
from PIL import Image

from nao_tf.errors import InputError
from nao_tf.tasks.make import as_task, make_task


def test_a_task_is_the_same_in_a_store(bucket):
    address, place = bucket
    rng = np.random.default_rng(0)
    for number, folder in enumerate(('cats', 'dogs', 'cats/more') * 4):
        (place / 'pictures' / folder).mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (6, 6), np.uint8)).save(place / 'pictures' / folder / f'{number}.png')
    np.savez(place / 'x.npz', images=rng.integers(0, 256, (30, 6, 6), np.uint8), labels=np.arange(30) % 3)
    for split in ('train', 'valid', 'test'):
        (place / f'ptb.{split}.txt').write_text('the cat sat on the mat\n' * 40)
    for name in ('pictures', 'x.npz', ''):
        options = {} if name == '' else {'validation': 0.4, 'test': 0.2}
        assert as_task(f'{address}/{name}', **options).fingerprint == as_task(place / name, **options).fingerprint
    with pytest.raises(InputError, match=r'gs://.*missing.* does not exist'):
        as_task(f'{address}/missing')


def test_decoded_images_are_kept_on_this_machine():
    with pytest.raises(InputError, match=r'task.cache_dir is gs://bucket/cache; .* name a local folder'):
        make_task({'name': 'digits', 'cache_dir': 'gs://bucket/cache'})
