# Two commands for a newcomer: `make search` and `make test`. Both create .venv first.
VENV ?= .venv
# The first Python of at least 3.11 that this machine has; PYTHON=... names another.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$p; break; }; done)
PIP = $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
TEST_WORKERS ?= 2
OLDEST ?= 2.20
OLDEST_VENV ?= .venv-oldest

.PHONY: venv test-venv search test test-oldest lint clean

venv: $(VENV)/.cpu

test-venv: $(VENV)/.test

search: venv
	$(VENV)/bin/nao search --config=configs/digits.py --workdir=runs/digits

test: test-venv
	$(VENV)/bin/python -m pytest -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder

# The same tests with the oldest TensorFlow that setup.py allows, in an environment of its own.
test-oldest: $(OLDEST_VENV)/.test
	$(OLDEST_VENV)/bin/python -m pytest -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder

lint: test-venv
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

clean:
	rm -rf $(VENV) $(OLDEST_VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo 'nao_tf needs Python 3.11 or later: none was found; name one with PYTHON=...' >&2; exit 2; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 2; }

$(VENV)/.cpu: setup.py constraints.txt | $(VENV)/bin/python
	$(PIP) --editable '.[cpu]'
	@touch $@

$(VENV)/.test: setup.py constraints.txt | $(VENV)/bin/python
	$(PIP) --no-compile --editable '.[cpu,test]'
	@touch $@ $(VENV)/.cpu

$(OLDEST_VENV)/.test: setup.py constraints.txt
	@test -n "$(PYTHON)" || { echo 'nao_tf needs Python 3.11 or later: none was found; name one with PYTHON=...' >&2; exit 2; }
	$(PYTHON) -m venv $(OLDEST_VENV) || { rm -rf $(OLDEST_VENV); exit 2; }
	grep -Ev '^(tensorflow(-cpu)?|tensorboard)==' constraints.txt > $(OLDEST_VENV)/constraints.txt
	echo 'tensorflow-cpu==$(OLDEST).*' >> $(OLDEST_VENV)/constraints.txt
	echo 'tensorflow==$(OLDEST).*' >> $(OLDEST_VENV)/constraints.txt
	$(OLDEST_VENV)/bin/python -m pip install --quiet --disable-pip-version-check \
		--constraint $(OLDEST_VENV)/constraints.txt --editable '.[cpu,test]'
	@touch $@
