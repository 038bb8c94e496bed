"""Networks: an architecture becomes a Keras model."""

# The hook in nao_tf/__init__.py registers the models when keras is imported; that must not happen while one of the
# modules here is half imported, so it happens before any of them.
import keras  # noqa: F401
