import numpy as np
import pytest

from nao_tf.tasks.metrics import METRICS, classification_metrics


def test_hand_made_figures():
    labels = np.array([0, 0, 0, 1])
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.4, 0.6]])
    metrics = classification_metrics(labels, probabilities)
    assert set(metrics) == set(METRICS)
    assert metrics['accuracy'] == pytest.approx(3 / 4)
    assert metrics['balanced_accuracy'] == pytest.approx((2 / 3 + 1) / 2)
    # Of the three pairs of an image of each class two are in order.
    assert metrics['auc'] == pytest.approx(2 / 3)


def test_unequal_classes_are_told_apart_by_balanced_accuracy():
    labels = np.array([0] * 95 + [1] * 5)
    always_zero = np.tile([0.9, 0.1], (100, 1))
    metrics = classification_metrics(labels, always_zero)
    assert metrics == {'accuracy': 0.95, 'balanced_accuracy': 0.5, 'auc': 0.5}


def test_auc_is_the_mean_of_one_against_the_rest():
    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 4, 200), rng.random((200, 4))
    areas = []
    for label in range(4):
        inside, outside = scores[labels == label, label], scores[labels != label, label]
        areas.append((inside[:, None] > outside[None]).mean())
    assert classification_metrics(labels, scores)['auc'] == pytest.approx(np.mean(areas))


def test_a_class_without_images_does_not_count():
    metrics = classification_metrics(np.array([0, 2]), np.array([[0.9, 0.1, 0], [0, 0.1, 0.9]]))
    assert metrics == {'accuracy': 1.0, 'balanced_accuracy': 1.0, 'auc': 1.0}


def test_figures_that_are_not_finite_give_nan():
    metrics = classification_metrics(np.array([0, 1]), np.array([[0.9, np.nan], [0.1, 0.9]]))
    assert all(np.isnan(value) for value in metrics.values())


def test_shapes_must_fit():
    with pytest.raises(ValueError, match='are not'):
        classification_metrics(np.array([0, 1, 1]), np.zeros((2, 2)))
