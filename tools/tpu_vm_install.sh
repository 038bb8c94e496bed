#!/bin/sh
# Installs nao_tf on a host of a TPU VM in ~/nao, an environment of its own, whatever Python the host has. Not run here.
# tools/tpu_vm.py calls it: sh ~/nao_tf/tools/tpu_vm_install.sh [further packages]
set -e
cd "$HOME"
python3 -m pip install --quiet --user uv
.local/bin/uv venv --quiet --clear --python 3.11 nao
# The versions of another TensorFlow are left out, as `make test-oldest` does.
grep -Ev '^(tensorflow(-cpu)?|tensorboard)==' nao_tf/constraints.txt > constraints.txt
.local/bin/uv pip install --quiet --python nao/bin/python --constraint constraints.txt --editable './nao_tf[tpu]' "$@"
