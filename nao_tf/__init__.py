"""nao_tf: Neural Architecture Optimization (Luo et al. 2018) for TensorFlow 2 and Keras 3.

The public names are loaded when they are first used, so that what needs no TensorFlow does not wait for it.
"""

import importlib
import importlib.util
import os
import platform
import sys
from typing import TYPE_CHECKING, Any

if importlib.util.find_spec('tensorflow') is None:
    _NEEDED = "nao_tf needs TensorFlow, chosen by an extra: pip install 'nao_tf[cpu]', 'nao_tf[gpu]' or 'nao_tf[tpu]'"
    if os.path.basename(sys.argv[0]) == 'nao':  # the program: one line, no traceback
        print(f'nao: {_NEEDED}', file=sys.stderr)
        sys.exit(2)
    raise ImportError(_NEEDED)

import wrapt

from nao_tf.errors import InputError

# TensorFlow has oneDNN for every x86 processor, and leaves it off on those without AVX-512 for neural networks, where a
# step of a child then takes more than twice as long (docs/train.md). It reads this when it is imported.
_LATE = False  # whether TensorFlow has chosen already (`search/devices.py` says what that costs)
if platform.machine().lower() in ('x86_64', 'amd64'):
    _LATE = 'tensorflow' in sys.modules and 'TF_ENABLE_ONEDNN_OPTS' not in os.environ
    os.environ.setdefault('TF_ENABLE_ONEDNN_OPTS', '1')

if TYPE_CHECKING:
    from nao_tf.controller.controller import Controller
    from nao_tf.final.api import Trained, finetune, train
    from nao_tf.networks.cell_network import CellNetwork
    from nao_tf.networks.classifier import ImageClassifier
    from nao_tf.networks.config import NetworkConfig
    from nao_tf.networks.language_model import LanguageModel
    from nao_tf.search.api import search
    from nao_tf.search.config import default_config, default_text_config
    from nao_tf.search.result import Result
    from nao_tf.spaces.architecture import Architecture
    from nao_tf.spaces.registry import get_space
    from nao_tf.tuner.cell_hypermodel import CellHyperModel
    from nao_tf.tuner.nao import NAOOracle, NAOTuner
    from nao_tf.tuner.oracle import SearcherOracle

__version__ = '0.1.0'

_HOMES = {
    'Architecture': 'nao_tf.spaces.architecture',
    'CellHyperModel': 'nao_tf.tuner.cell_hypermodel',
    'CellNetwork': 'nao_tf.networks.cell_network',
    'Controller': 'nao_tf.controller.controller',
    'ImageClassifier': 'nao_tf.networks.classifier',
    'LanguageModel': 'nao_tf.networks.language_model',
    'NAOOracle': 'nao_tf.tuner.nao',
    'NAOTuner': 'nao_tf.tuner.nao',
    'NetworkConfig': 'nao_tf.networks.config',
    'Result': 'nao_tf.search.result',
    'SearcherOracle': 'nao_tf.tuner.oracle',
    'default_config': 'nao_tf.search.config',
    'default_text_config': 'nao_tf.search.config',
    'Trained': 'nao_tf.final.api',
    'finetune': 'nao_tf.final.api',
    'get_space': 'nao_tf.spaces.registry',
    'train': 'nao_tf.final.api',
}

_NETWORKS = {f'nao_tf.networks.{module}' for module in ('layers', 'cell_network', 'classifier')}

__all__ = [
    'Architecture',
    'CellHyperModel',
    'CellNetwork',
    'Controller',
    'ImageClassifier',
    'InputError',
    'LanguageModel',
    'NAOOracle',
    'NAOTuner',
    'NetworkConfig',
    'Result',
    'SearcherOracle',
    'Trained',
    'default_config',
    'default_text_config',
    'finetune',
    'get_space',
    'search',
    'train',
]


def __getattr__(name: str) -> Any:
    if name == 'search':
        return importlib.import_module('nao_tf.search')
    if name not in _HOMES:
        raise AttributeError(f'module nao_tf has no attribute {name!r}')
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


@wrapt.when_imported('keras')
@wrapt.when_imported('nao_tf.networks.cell_network')
def _register_models(imported: Any) -> None:
    """Makes `keras.models.load_model` know our models, whichever of the two packages is imported first."""
    # Where the networks are what imports Keras, they are half imported now: the second hook comes when they are whole.
    if imported.__name__ != 'keras' or not _NETWORKS & sys.modules.keys():
        importlib.import_module('nao_tf.networks.classifier')
        importlib.import_module('nao_tf.networks.language_model')
