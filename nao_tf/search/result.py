"""What a search found, and the model that it left."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import keras

from nao_tf.files import local_file
from nao_tf.search.history import History
from nao_tf.search.workdir import MODEL
from nao_tf.spaces.architecture import Architecture


@dataclasses.dataclass(frozen=True)
class Result:
    """What a search found.

    Args:
        best_architecture: the architecture of the highest validation score, None if no child finished.
        history: all trials.
        summary: by the schema of summary.json (docs/summary.md).
        workdir: where everything lies.
    """

    best_architecture: Architecture | None
    history: History
    summary: dict[str, Any]
    workdir: Path

    @property
    def best_model(self) -> keras.Model:
        """The winning child with its trained weights: an `ImageClassifier`, or a `LanguageModel` of a text."""
        with local_file(self.workdir / MODEL) as file:
            return keras.models.load_model(file)
