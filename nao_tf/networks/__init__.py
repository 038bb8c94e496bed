"""Networks: an architecture becomes a Keras model."""
