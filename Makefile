# Every target makes .venv by itself and installs nothing twice.
#   make quickstart                                     train a small agent, then measure it
#   make train CONFIG=configs/base.py ARGS="--seed 1"    any field of the config is a flag
#   make evaluate RUN=runs/base ARGS="--num-games 100000"
#   make train EXTRAS=cuda12 CONFIG=configs/gpu.py       on an NVIDIA GPU (cuda12, cuda13) or a TPU (tpu)

CONFIG ?= configs/base.py
# Empty: the agent that ships with pokerjax.
RUN ?=
ARGS ?=
EXTRAS ?=
WORKERS ?= 2
# The first Python on this machine that is new enough.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
    $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)

VENV := .venv
RUN_PYTHON := $(VENV)/bin/python
PIP := $(RUN_PYTHON) -m pip install --quiet --disable-pip-version-check
comma := ,
# A comma-separated list of extras needs the brackets only when there are any.
PACKAGE := .$(if $(EXTRAS),[$(EXTRAS)])
INSTALLED := $(VENV)/.installed$(if $(EXTRAS),-$(EXTRAS))
PLAY_PACKAGE := .[play$(if $(EXTRAS),$(comma)$(EXTRAS))]
PLAY_INSTALLED := $(VENV)/.installed-play$(if $(EXTRAS),-$(EXTRAS))

.DEFAULT_GOAL := help
.PHONY: help train evaluate quickstart test lint play benchmark clean

help:
	@sed -n '/^#   make/s/^# *//p' Makefile
	@echo "make test | lint | play | benchmark | clean"

$(RUN_PYTHON):
	@test -n "$(PYTHON)" || { echo "error: pokerjax needs Python 3.11 or newer and found none; install one, or name it: make PYTHON=/path/to/python3.12" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: $(PYTHON) is older than Python 3.11, which pokerjax needs; name a newer one: make PYTHON=/path/to/python3.12" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(INSTALLED): pyproject.toml | $(RUN_PYTHON)
	$(PIP) --editable '$(PACKAGE)'
	@touch $@

$(PLAY_INSTALLED): pyproject.toml | $(RUN_PYTHON)
	$(PIP) --editable '$(PLAY_PACKAGE)'
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(RUN_PYTHON)
	$(PIP) --editable '.[dev]'
	@touch $@

train: $(INSTALLED)
	$(RUN_PYTHON) bin/train.py --config $(CONFIG) $(ARGS)

evaluate: $(INSTALLED)
	$(RUN_PYTHON) bin/evaluate.py $(RUN) $(ARGS)

# A run that is already there is resumed; bin/train.py says so and does nothing when it is finished.
quickstart: $(INSTALLED)
	$(RUN_PYTHON) bin/train.py --config configs/quick.py --run-dir runs/quick \
	    $(if $(wildcard runs/quick/config.json),--resume) $(ARGS)
	$(RUN_PYTHON) bin/evaluate.py runs/quick --num-games 20000
	@echo
	@echo "Next: play against it        make play RUN=runs/quick"
	@echo "      train a stronger one   make train CONFIG=configs/heads_up.py    (10 minutes on a core)"
	@echo "      start this one afresh  rm -r runs/quick && make quickstart"

# A web page; make play ARGS=--terminal plays in the shell.
play: $(PLAY_INSTALLED)
	$(RUN_PYTHON) bin/play.py $(RUN) $(ARGS)

benchmark: $(INSTALLED)
	$(RUN_PYTHON) bin/benchmark.py engine --json $(ARGS)
	$(RUN_PYTHON) bin/benchmark.py strength --json $(ARGS)
	$(RUN_PYTHON) bin/benchmark.py train --json $(ARGS)

lint: $(VENV)/.installed-dev
	$(RUN_PYTHON) -m ruff check .
	$(RUN_PYTHON) -m pyright

test: lint
	$(RUN_PYTHON) -m pytest --numprocesses $(WORKERS) --dist loadfile $(ARGS)

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache .hypothesis
