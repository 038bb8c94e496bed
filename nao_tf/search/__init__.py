"""The search as a durable thing; the module itself is the function `nao_tf.search(task, ...)`.

The room and the function have one name, and Python puts the module in the function's place as soon as anything in
the room is imported. So the module can be called.
"""

import sys
import types
from typing import Any


class _CallableModule(types.ModuleType):
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """See `nao_tf.search.api.search`."""
        from nao_tf.search.api import search

        return search(*args, **kwargs)


sys.modules[__name__].__class__ = _CallableModule
