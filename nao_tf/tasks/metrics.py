"""The figures by which a classifier is judged, from scikit-learn."""

from __future__ import annotations

import numpy as np
from sklearn import metrics as sklearn_metrics

METRICS = ('accuracy', 'balanced_accuracy', 'auc')


def classification_metrics(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Returns every metric of METRICS, each to be maximised.

    Args:
        labels: int [n], the true classes.
        probabilities: float [n, classes]; any scores that order the classes do for accuracy, and any that order the
            images within a class do for AUC.

    Returns:
        `accuracy`: share of images whose largest probability is the true class's. `balanced_accuracy`: the mean over
        classes of the share of the class's images. `auc`: area under the ROC curve of one class against the rest,
        the mean over classes. A class without images counts in neither mean. All are NaN where a probability is not
        finite.

    Raises:
        ValueError: if the shapes do not fit.
    """
    labels = np.asarray(labels)
    probabilities = np.asarray(probabilities)
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1]:
        raise ValueError(f'labels {labels.shape} and probabilities {probabilities.shape} are not [n] and [n, classes]')
    if not len(labels) or not np.isfinite(probabilities).all():
        return dict.fromkeys(METRICS, float('nan'))
    predicted = probabilities.argmax(axis=1)
    present = np.unique(labels)
    areas = [
        sklearn_metrics.roc_auc_score(labels == label, probabilities[:, label]) for label in present if len(present) > 1
    ]
    return {
        'accuracy': float(sklearn_metrics.accuracy_score(labels, predicted)),
        'balanced_accuracy': float(
            sklearn_metrics.recall_score(labels, predicted, labels=present, average='macro', zero_division=0)
        ),
        'auc': float(np.mean(areas)) if areas else float('nan'),
    }
