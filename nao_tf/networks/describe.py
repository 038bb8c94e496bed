"""`nao describe`: a cell as text, and the size of the network that is stacked from it."""

from __future__ import annotations

from nao_tf.networks.config import NetworkConfig
from nao_tf.networks.cost import count_multiply_adds, count_parameters
from nao_tf.spaces.reading import read_architecture
