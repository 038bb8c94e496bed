"""The graphs that are held in memory: those of a child are to go with it."""

import gc

from tensorflow.python.framework.func_graph import FuncGraph
from tensorflow.python.framework.ops import gradient_registry


def held() -> tuple[int, int]:
    """Returns how many graphs there are that somebody holds, and how many registered gradients."""
    gc.collect()
    return sum(isinstance(thing, FuncGraph) for thing in gc.get_objects()), len(gradient_registry.list())
