"""Records of comparisons: made once, and of one recipe."""

import io
import json
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from rich.console import Console

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'tools'))

from records import check_settings, recorded
from text_evidence.keras_language import KINDS, equal_units

from nao_tf.errors import InputError


def test_records_of_another_recipe_are_refused(tmp_path):
    console = Console(file=io.StringIO())
    recorded(tmp_path, 'LSTM-0', lambda: {'test': 90.0}, console)
    check_settings(tmp_path, {'hidden': 64, 'rates': ('80', '40')}, console)  # a sweep from before there were settings
    assert json.loads((tmp_path / 'settings.json').read_text()) == {'hidden': 64, 'rates': ['80', '40']}
    check_settings(tmp_path, {'hidden': 64, 'rates': ('80', '40')}, console)
    with pytest.raises(InputError, match=r"holds records of {'hidden': 64}, now {'hidden': 65}; give another --output"):
        check_settings(tmp_path, {'hidden': 65, 'rates': ('80', '40')}, console)


@pytest.mark.parametrize('kind', KINDS)
def test_equal_units_count_what_keras_has(kind):
    vocabulary, parameters = 100, 50_000

    def size(units):
        layer = KINDS[kind][0](units)
        layer.build((None, None, units))
        return vocabulary * (units + 1) + sum(int(np.prod(variable.shape)) for variable in layer.trainable_variables)

    units = equal_units(kind, parameters, vocabulary)
    keras.utils.clear_session()
    assert abs(size(units) - parameters) == min(abs(size(units + step) - parameters) for step in (-1, 0, 1))
