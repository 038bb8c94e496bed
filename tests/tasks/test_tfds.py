import numpy as np
import pytest

from nao_tf.errors import InputError
from nao_tf.tasks.make import make_task


def error(**config):
    with pytest.raises(InputError) as caught:
        make_task(config)
    assert '\n' not in str(caught.value)
    return str(caught.value)


def test_cifar10(real_data):
    config = {'name': 'tfds:cifar10', 'data_dir': str(real_data / 'tfds'), 'validation': 1000}
    task = make_task(config)
    train, valid, test = (task.splits[name] for name in ('train', 'valid', 'test'))
    assert (valid, test) == (1000, 2000)
    assert train + valid == 10_000
    assert task.image_shape == (32, 32, 3)
    assert task.class_names[:3] == ('airplane', 'automobile', 'bird')
    assert np.bincount(task.labels('valid')).tolist() == [100] * 10
    # The statistics of CIFAR-10's training images, from all 50,000 of them, in units of 0 to 1.
    np.testing.assert_allclose(task.mean / 255, [0.4914, 0.4822, 0.4465], atol=0.01)
    np.testing.assert_allclose(task.std / 255, [0.2470, 0.2435, 0.2616], atol=0.01)


def test_cifar10_in_grey_at_another_size_is_decoded_once(real_data, tmp_path, monkeypatch):
    config = {
        'name': 'tfds:cifar10:3.0.2',
        'data_dir': str(real_data / 'tfds'),
        'image_size': 8,
        'channels': 1,
        'cache_dir': str(tmp_path),
    }
    task = make_task(config)
    assert task.image_shape == (8, 8, 1)
    monkeypatch.setattr('nao_tf.tasks.sources.tfds._decode', None)
    assert make_task(config).fingerprint == task.fingerprint


def test_a_dataset_that_is_not_there_lists_those_that_are(real_data):
    message = error(name='tfds:mnist', data_dir=str(real_data / 'tfds'))
    assert 'holds cifar10:3.0.2; set task.data_dir' in message
    assert "'mnist', or task.download=True" in message


def test_an_empty_folder_of_datasets(tmp_path, monkeypatch):
    assert f'{tmp_path} holds no prepared data set' in error(name='tfds:mnist', data_dir=str(tmp_path))
    monkeypatch.setenv('TFDS_DATA_DIR', str(tmp_path / 'elsewhere'))
    assert f'there is no folder {tmp_path / "elsewhere"}' in error(name='tfds:mnist')


@pytest.fixture
def small(tmp_path):
    """Returns a function that writes a data set called `small` with tensorflow-datasets itself."""
    import tensorflow_datasets as tfds

    def write(features, elements, *, splits=('train', 'test'), name='small', version='1.0.0'):
        class Small(tfds.core.GeneratorBasedBuilder, skip_registration=True):
            VERSION = tfds.core.Version(version)

            def _info(self):
                return self.dataset_info_from_configs(features=tfds.features.FeaturesDict(features))

            def _split_generators(self, manager):
                return {split: self._generate_examples(split) for split in splits}

            def _generate_examples(self, split):
                yield from enumerate(elements(split))

        Small.name = name
        builder = Small(data_dir=str(tmp_path))
        builder.download_and_prepare()
        return {'name': f'tfds:{name}', 'data_dir': str(tmp_path)}

    return write


def test_datasets_of_different_sizes_and_unlabelled_tests(small, tmp_path):
    import tensorflow_datasets as tfds

    def elements(split):
        for index in range(20):
            label = -1 if split == 'test' else index % 2
            yield {'picture': np.full((5 + index % 2, 6, 3), index, np.uint8), 'kind': label}

    features = {'picture': tfds.features.Image(), 'kind': tfds.features.ClassLabel(names=['cat', 'dog'])}
    config = small(features, elements)
    assert 'its images differ in size; set task.image_size' in error(**config)
    cache = tmp_path / 'cache'
    task = make_task({**config, 'image_size': 4, 'validation': 4, 'test': 4, 'cache_dir': str(cache)})
    assert len(list(cache.glob('*.labels.npy'))) == 1, 'the test images are not decoded'
    assert task.splits == {'train': 12, 'valid': 4, 'test': 4}
    assert task.class_names == ('cat', 'dog')


def test_datasets_without_images_of_classes(small):
    import tensorflow_datasets as tfds

    config = small({'text': tfds.features.Text()}, lambda split: [{'text': 'a'}])
    assert 'is no image classification; its features are text' in error(**config)


def test_a_name_that_cannot_be_fetched_lists_names_like_it(tmp_path, monkeypatch):
    import tensorflow_datasets as tfds

    def not_found(name, **options):
        raise tfds.core.DatasetNotFoundError(name)

    monkeypatch.setattr(tfds, 'builder', not_found)
    monkeypatch.setattr(tfds, 'list_builders', lambda **options: ['cifar10', 'cifar100', 'mnist'])
    message = error(name='tfds:cifer10', data_dir=str(tmp_path), download=True)
    assert message == "task.name: tensorflow-datasets has no 'cifer10'; names like it: cifar10, cifar100"


def test_a_download_that_fails(tmp_path, monkeypatch):
    import tensorflow_datasets as tfds

    class Unreachable:
        def download_and_prepare(self):
            raise OSError('no network\nand more')

    monkeypatch.setattr(tfds, 'builder', lambda name, **options: Unreachable())
    message = error(name='tfds:mnist', data_dir=str(tmp_path), download=True)
    assert message == f'tfds:mnist: could not be fetched into {tmp_path} (no network)'


def test_nothing_is_fetched_unless_it_is_asked_for(tmp_path, monkeypatch):
    import tensorflow_datasets as tfds

    monkeypatch.setattr(tfds, 'builder', lambda *args, **options: pytest.fail('a download was tried'))
    error(name='tfds:mnist', data_dir=str(tmp_path))


def test_a_dataset_of_several_configs_asks_for_one(tmp_path):
    for name in ('wide', 'tall'):
        (tmp_path / 'shapes' / name / '1.0.0').mkdir(parents=True)
        (tmp_path / 'shapes' / name / '1.0.0' / 'dataset_info.json').write_text('{}')
    assert 'several configs; one of shapes/tall, shapes/wide' in error(name='tfds:shapes', data_dir=str(tmp_path))


def test_versions_are_ordered_as_numbers(tmp_path):
    from nao_tf.tasks.sources.tfds import _find, prepared_datasets

    for version in ('9.0.0', '10.0.0', '11.0.0.incompleteABC'):
        (tmp_path / 'digits' / version).mkdir(parents=True)
        (tmp_path / 'digits' / version / 'dataset_info.json').write_text('{}')
    prepared = prepared_datasets(tmp_path)
    assert list(prepared) == ['digits:9.0.0', 'digits:10.0.0']
    assert _find('digits', prepared) == tmp_path / 'digits' / '10.0.0'
    assert _find('digits:9.0.0', prepared) == tmp_path / 'digits' / '9.0.0'
    assert _find('letters', prepared) is None
