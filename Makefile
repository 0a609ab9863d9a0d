# make night · make test · make lint · make bench. `make help` lists all.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORES ?= all
SLURM_SECONDS ?= 1500
UV := $(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode
# Bytecode is wanted: without it every job imports scikit-learn three times slower.
export PYTHONDONTWRITEBYTECODE :=
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup setup-test setup-browser setup-ssh setup-slurm setup-kubernetes night test test-long test-slurm lint format bench \
	bench-nights bench-cores bench-gpu bench-champions bench-stacks bench-early-stopping bench-encode bench-results bench-space bench-bias bench-lexical bench-agents bench-engine bench-scale bench-automl soak tutorial schemas lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 20

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

setup-slurm: setup ## beside it what profiles/slurm needs (docs/cluster.md)
	$(UV) --no-deps --require-hashes -r requirements/slurm.lock

setup-kubernetes: setup ## beside it what profiles/kubernetes needs (docs/cluster.md)
	$(UV) --no-deps --require-hashes -r requirements/kubernetes.lock

# For their tests, in folders of their own: a plugin in the environment makes every start of Snakemake slower.
$(VENV)/plugins/%.done: requirements/%.lock $(VENV)/test.done
	$(UV) --target $(VENV)/plugins/$* --no-deps --require-hashes -r $<
	@touch $@

night: setup ## one night on demo data (or on what config/config.yaml names)
	snakemake --cores $(CORES)

test: setup-test ## the tests, in ten minutes
	python -m pytest -n 2 --dist loadscope -m "not soak and not slurm and not long"

test-long: setup-test ## whole nights with faults, on real data, against remotes; ten minutes more
	python -m pytest -n 2 --dist loadscope -m long

# A private cluster on this machine: two slurmd, each a node, that end with the tests. No service is configured or enabled.
test-slurm: $(VENV)/plugins/slurm.done $(VENV)/plugins/kubernetes.done ## a night on a Slurm started for it; installs slurm-wlm and munge by apt when missing
	@PATH="$$PATH:/usr/sbin:/sbin"; \
	if ! { command -v slurmctld && command -v slurmd && command -v munged && command -v sbatch; } >/dev/null; then \
		root=; [ "$$(id -u)" = 0 ] || root=sudo; \
		{ command -v apt-get && { [ -z "$$root" ] || command -v sudo; }; } >/dev/null || { \
			echo "make test-slurm needs slurmctld, slurmd and munged: install slurm-wlm and munge (by apt-get as root, or with sudo)"; exit 1; }; \
		$$root apt-get update -q && \
		$$root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends slurm-wlm munge; \
	fi
	PYTHONPATH=$(CURDIR)/$(VENV)/plugins/slurm timeout --signal INT $(SLURM_SECONDS) python -m pytest -m slurm tests/slurm

lint: setup-test ## ruff, snakefmt and snakemake --lint
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile workflow/Snakefile rules
	snakemake --lint

format: setup-test ## let the formatters write
	ruff check --fix .
	ruff format .
	snakefmt Snakefile workflow/Snakefile rules

tutorial: setup ## run the commands of docs/tutorial.md in a fresh clone and write their output there
	python docs/tutorial.py

schemas: setup ## write workflow/schemas and docs/reference.md from the typed models
	python -m nightshift.schemas
	python -m nightshift.reference_pages

bench: setup ## ten minutes: a night a set and three systems side by side, on real data where it is there
	python benchmarks/bench.py

bench-nights: setup ## what whole nights reach and where their time goes: three hours
	python benchmarks/nights.py

bench-cores: setup ## the same nights on 8, 4, 2 and 1 cores, on a machine that has them: an hour
	python benchmarks/cores.py

bench-gpu: setup ## learner xgboost on a GPU beside one core, where there is a GPU
	python benchmarks/gpu.py

bench-results: setup ## write benchmarks/RESULTS.md from the tables that bench-automl and bench-nights left
	python benchmarks/results.py

bench-space: setup ## what the rich space is worth: hours
	python benchmarks/space.py

bench-agents: setup ## search, language model, or both, at equal experiments; needs a configured server
	python benchmarks/agents.py

bench-engine: setup ## what an experiment costs when its work costs nothing: nights of 24, 165 and 500
	python benchmarks/engine.py

bench-scale: setup ## time and memory of every view and learner at 1,000, 10,000 and 100,000 cases
	python benchmarks/scale.py

bench-champions: setup ## other thresholds of keeping and means of experiments, and ending bases early, on nights with large holdouts: an hour
	python benchmarks/champions.py

bench-stacks: setup ## ways and strengths of putting bases together: a quarter of an hour
	python benchmarks/stacks.py

bench-early-stopping: setup ## should boosting choose its number of trees inside the fold? half an hour
	python benchmarks/early_stopping.py

bench-encode: setup ## columns and topics as nightshift encodes them beside scikit-learn's own transformers: two minutes
	python benchmarks/encode.py

bench-bias: setup ## how far a stack's cv_auc is off, on made-up data: ten minutes
	python benchmarks/bias.py

LEXICAL := $(VENV)/lexical
bench-lexical: setup ## do sentiment and readability pay? ten minutes
	$(UV) --target $(LEXICAL) --no-deps --require-hashes -r requirements/lexical.lock
	PYTHONPATH=$(CURDIR)/$(LEXICAL) python benchmarks/lexical.py

AUTOML := benchmarks/automl
$(AUTOML)/.venv/done: $(AUTOML)/requirements.lock | $(BIN)/uv
	$(BIN)/uv venv --quiet --allow-existing $(AUTOML)/.venv
	$(BIN)/uv pip install --quiet --python $(AUTOML)/.venv/bin/python --compile-bytecode --require-hashes -r $<
	@touch $@

# One cell at a time: each is timed.
bench-automl: setup $(AUTOML)/.venv/done ## beside AutoGluon, FLAML and notebooks at equal time: many hours, goes on where it was
	snakemake -s $(AUTOML)/Snakefile --workflow-profile none --rerun-triggers mtime --executor local --cores 1

soak: setup-test ## long tests: shuffled targets, twenty kills, other fuzz than in `make test`
	python -m pytest -m soak
	HYPOTHESIS_PROFILE=default python -m pytest tests/unit/test_hostile_input.py

lock: | $(BIN)/uv ## lock the dependencies of pyproject.toml anew, with hashes
	echo 'uv' | $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header - -o requirements/uv.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements/run.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra test pyproject.toml -o requirements/test.lock
	for extra in slurm kubernetes; do \
		$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
			--extra $$extra --constraint requirements/run.lock pyproject.toml \
			$$(sed -nE 's/^([a-z0-9-]+)==.*/--no-emit-package \1/p' requirements/run.lock) | grep -v '^#' > requirements/$$extra.lock; \
	done

clean: ## remove the environment and caches (results stay)
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
