import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nao_tf.errors import InputError
from nao_tf.tasks.split import allocate, split_size, stratified

COUNTS = st.lists(st.integers(3, 60), min_size=2, max_size=8)


@st.composite
def cases(draw):
    counts = draw(COUNTS)
    classes, images = len(counts), sum(counts)
    test = draw(st.integers(classes, images - 2 * classes))
    valid = draw(st.integers(classes, images - test - classes))
    labels = np.repeat(np.arange(classes), counts)
    return np.random.default_rng(draw(st.integers(0, 99))).permutation(labels), test, valid


def names(labels):
    return tuple(f'c{label}' for label in range(labels.max() + 1))


@given(cases(), st.integers(0, 2**32))
def test_splits_share_out_all_images_and_hold_every_class(case, seed):
    labels, test, valid = case
    splits = stratified(labels, {'test': test, 'valid': valid}, class_names=names(labels), seed=seed)
    assert {name: len(rows) for name, rows in splits.items()} == {
        'test': test,
        'valid': valid,
        'train': len(labels) - test - valid,
    }
    rows = np.concatenate(list(splits.values()))
    np.testing.assert_array_equal(np.sort(rows), np.arange(len(labels)))
    for part in splits.values():
        assert set(labels[part]) == set(labels)
        assert (np.diff(part) > 0).all()


@given(COUNTS.filter(lambda counts: sum(counts) > 3 * len(counts)), st.data())
def test_allocation_is_proportional(counts, data):
    counts = np.array(counts)
    size = data.draw(st.integers(len(counts), int((counts - 1).sum())))
    share = allocate(counts, size)
    assert share.sum() == size
    assert (share >= 1).all()
    assert (share <= counts - 1).all()
    quota = size * counts / counts.sum()
    free = (quota >= 1) & (quota <= counts - 1)
    if free.all():
        assert np.abs(share - quota).max() < 1


def test_the_seed_decides_and_the_validation_size_leaves_the_test_split_alone():
    labels = np.arange(200) % 4
    first = stratified(labels, {'test': 40, 'valid': 20}, class_names=names(labels), seed=1)
    same = stratified(labels, {'test': 40, 'valid': 60}, class_names=names(labels), seed=1)
    other = stratified(labels, {'test': 40, 'valid': 20}, class_names=names(labels), seed=2)
    np.testing.assert_array_equal(first['test'], same['test'])
    assert (first['test'] != other['test']).any()
    assert (first['valid'] != other['valid']).any()


def test_every_image_is_as_likely_in_the_test_split():
    labels = np.arange(40) % 2
    counts = np.zeros(40)
    for seed in range(600):
        counts[stratified(labels, {'test': 10, 'valid': 10}, class_names=('a', 'b'), seed=seed)['test']] += 1
    np.testing.assert_allclose(counts / 600, 0.25, atol=0.08)


def test_split_sizes_are_shares_or_counts():
    assert split_size(0.25, images=90, name='test') == 22
    assert split_size(5000.0, images=50_000, name='valid') == 5000


def test_a_validation_split_larger_than_the_data():
    with pytest.raises(InputError, match=r'task\.validation asks for 90 images and the data has 90'):
        split_size(90, images=90, name='valid')


def test_splits_that_leave_nothing_to_train_on():
    labels = np.arange(90) % 3
    with pytest.raises(InputError, match=r'task\.test=50 and task\.validation=38 are more than the 90 images'):
        stratified(labels, {'test': 50, 'valid': 38}, class_names=names(labels), seed=0)


def test_a_class_with_fewer_images_than_splits():
    labels = np.array([0] * 20 + [1] * 2)
    with pytest.raises(InputError, match=r"class 'c1' has 2 images; at least 3 are needed, one for each of train"):
        stratified(labels, {'test': 4, 'valid': 4}, class_names=names(labels), seed=0)


def test_a_class_without_images():
    with pytest.raises(InputError, match="class 'c' has 0 images"):
        stratified(np.array([0, 1, 0, 1]), {}, class_names=('a', 'b', 'c'), seed=0)


def test_a_split_smaller_than_the_number_of_classes():
    labels = np.arange(90) % 9
    with pytest.raises(InputError, match=r'task\.validation asks for 5 of 90 images, fewer than the 9 classes'):
        stratified(labels, {'valid': 5}, class_names=names(labels), seed=0)
