# Two commands do everything on a fresh machine: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: run test unit check format docs help clean

run: $(VENV)/.demo  ## the main job: real model, sidecar, drift, rollback (UPSTREAM=host:port for your own server)
	$(BIN)/sentinel demo $(if $(UPSTREAM),--upstream $(UPSTREAM))

test: $(VENV)/.dev  ## the whole suite
	$(BIN)/python -m pytest -n auto

unit: $(VENV)/.dev  ## seconds
	$(BIN)/python -m pytest -q tests/unit

check: $(VENV)/.dev  ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) -e '.[demo]'
	touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) -e '.[dev]'
	touch $@ $(VENV)/.demo

docs: $(VENV)/.dev  ## renew the documents made from code
	$(BIN)/python docs/generate.py

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 20

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

-include make/*.mk
