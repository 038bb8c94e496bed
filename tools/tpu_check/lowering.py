"""From a TensorFlow function to StableHLO, which any of XLA's compilers reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tensorflow as tf


def lower(function: Callable, specs: Sequence[tf.TensorSpec]) -> bytes:
    """Returns a function's serialised StableHLO; variables that it reads and assigns are arguments and results.

    Args:
        function: of tensors, which TensorFlow traces.
        specs: of the tensors, static shapes.

    Raises:
        ValueError: by TensorFlow, where an operation has no form for XLA.
    """
    compiled = tf.function(function, jit_compile=True, autograph=False)
    return compiled.experimental_get_compiler_ir(*specs)(stage='stablehlo_serialized', platform_name='CPU')
