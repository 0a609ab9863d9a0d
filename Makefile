# make night · make test · make lint · make bench. `make help` lists all.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORES ?= all
UV := $(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode
# Bytecode is wanted: without it every job imports scikit-learn three times slower.
export PYTHONDONTWRITEBYTECODE :=
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup setup-test setup-browser setup-ssh night test lint format bench bench-space bench-scale soak schemas lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

$(BIN)/uv: requirements/uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "nightshift needs Python 3.11 or newer; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.lock
	@touch $@

$(VENV)/run.done: requirements/run.lock pyproject.toml | $(BIN)/uv
	$(UV) --require-hashes -r requirements/run.lock
	$(UV) --no-deps --editable .
	@touch $@

$(VENV)/test.done: requirements/test.lock $(VENV)/run.done
	$(UV) --require-hashes -r requirements/test.lock
	@touch $@

setup: $(VENV)/run.done ## create .venv with the locked dependencies
	@echo "Ready. In this shell:  source $(VENV)/bin/activate   then:  snakemake --cores 8"

setup-test: $(VENV)/test.done

# Tests of the report drive a real chromium; without one they are skipped.
setup-browser: setup-test ## chromium for the tests of the report, by apt when it is missing
	@command -v chromium chromium-browser google-chrome >/dev/null || { \
		root=; [ "$$(id -u)" = 0 ] || root=sudo; \
		$$root apt-get update -q && \
		$$root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends chromium fonts-liberation; }

# Tests of remotes start an OpenSSH server of their own on loopback; without one they are skipped.
setup-ssh: setup-test ## an OpenSSH server for the tests of remotes, by apt when it is missing
	@PATH="$$PATH:/usr/sbin" command -v sshd >/dev/null || { \
		root=; [ "$$(id -u)" = 0 ] || root=sudo; \
		$$root apt-get update -q && \
		$$root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends openssh-server; }

night: setup ## one night on demo data (or on what config/config.yaml names)
	snakemake --cores $(CORES)

test: setup-test ## all tests
	python -m pytest -n 2 --dist loadgroup

lint: setup-test ## ruff, snakefmt and snakemake --lint
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile rules
	snakemake --lint

format: setup-test ## let the formatters write
	ruff check --fix .
	ruff format .
	snakefmt Snakefile rules

schemas: setup ## write workflow/schemas from the typed models
	python -m nightshift.schemas

bench: setup ## the figures of the README, on real data where it is there
	python benchmarks/bench.py

bench-space: setup ## what the rich space is worth: hours
	python benchmarks/space.py

bench-scale: setup ## time and memory of every view and learner at 1,000, 10,000 and 100,000 cases
	python benchmarks/scale.py

soak: setup-test ## long tests: shuffled targets, twenty kills
	python -m pytest -m soak

lock: | $(BIN)/uv ## lock the dependencies of pyproject.toml anew, with hashes
	echo 'uv' | $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header - -o requirements/uv.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements/run.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra test pyproject.toml -o requirements/test.lock

clean: ## remove the environment and caches (results stay)
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
