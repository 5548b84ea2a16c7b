# `make` alone lists the targets. Everything is set up on the way: Python 3.11 or newer, make and the package
# registries are all that is needed.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup demo test check services clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.locked ## make the virtual environment, from the lock file

.venv/.locked: uv.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "lading needs Python 3.11 or newer; say which: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$$(sed -n '/^name = "uv"$$/{n;s/[^0-9.]//g;p;}' uv.lock)"
	@$(BIN)/uv sync --quiet --frozen --python $(BIN)/python
	@touch $@

demo: setup ## ship the example backend: build its image, run it, prove it
	$(BIN)/lading ship examples/task-list

test: setup ## run the tests that need no container engine
	$(BIN)/pytest -n 2 -q -m "not engine"

check: setup ## format, lint, types and the fast tests: what every change must pass
	./check

services: ## start the services that the engine tests need
	.ci/services

clean: ## remove what the other targets made here; the cache in ~/.cache/lading stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache
