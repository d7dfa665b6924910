# The two commands: `make run` builds and publishes the marts, `make test` tests every rule; `make test-all` tests longer.
# DROP=<dir>  take the registries' files from there; `run` takes the bundled samples, `dev` looks into DATA/landing
# DATA=<dir>  keep all state there instead of ./data

PYTHON ?= python3
DATA ?= data
BIN := .venv/bin
PYTEST := -n auto --dist loadfile --no-loadscope-reorder

export CARBON_DATA_DIR := $(abspath $(DATA))
export DAGSTER_HOME := $(CARBON_DATA_DIR)/dagster
export PYTHONWARNINGS := ignore
# Each of the workers of a test run would compile all tests anew: five seconds each.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run map curate check test test-all soak faults dev lint lock clean

run: export CARBON_DROP_DIR = $(abspath $(or $(DROP),tests/samples))
run: .venv/ready
	@$(BIN)/python -m carbon_assets

# After an edit of configs/protocols or of the files of project types, or with WHAT=beneficiaries of configs/beneficiaries:
# what depends on them, and nothing else.
map: .venv/ready
	@$(BIN)/python -m carbon_assets map $(or $(WHAT),protocols)

# Hand the beneficiaries to the OpenRefine at OPENREFINE_URL.
curate: .venv/ready
	@$(BIN)/python -m carbon_assets curate

# All that is wrong with what people edit; nothing is run.
check: .venv/ready
	@$(BIN)/python -m carbon_assets check

test: .venv/ready
	@$(BIN)/python -m pytest $(PYTEST)

test-all: .venv/ready
	@$(BIN)/python -m pytest $(PYTEST) --thorough

# The tests of one subject as long as they can be, and its benchmark if it has one: make soak SUBJECT=boundaries
soak: .venv/ready
	@test -n "$(SUBJECT)" -a -d "tests/$(SUBJECT)" || { echo "Name a folder of tests: make soak SUBJECT=boundaries"; exit 1; }
	@CARBON_TEST_KILLS=30 CARBON_TEST_MUTANTS=10000 $(BIN)/python -m pytest $(PYTEST) --soak tests/$(SUBJECT)
	@if [ -f tests/benchmarks/$(SUBJECT).py ]; then $(BIN)/python -m tests.benchmarks.$(SUBJECT); fi

# Plant faults into a copy, one by one: each must be noticed.
faults: .venv/ready
	@$(BIN)/python -m tests.benchmarks.faults

dev: export CARBON_DROP_DIR = $(abspath $(or $(DROP),$(DATA)/landing))
dev: .venv/ready
	@$(BIN)/python -m carbon_assets prepare
	@$(BIN)/dagster dev --host 127.0.0.1 --port 3000

lint: .venv/ready
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/python -m tests.kit.import_order
	$(BIN)/mypy

.venv/ready: requirements.lock
	@$(PYTHON) -c 'import sys; import ensurepip; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null \
		|| { echo "The lock is for Python 3.11 with venv: apt-get install python3 python3-venv, or name it: make PYTHON=..."; exit 1; }
	@echo "setting up .venv: about a minute"
	@if [ -L .venv ]; then rm .venv; fi  # a link leads to another checkout's environment, which --clear would empty
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@touch $@

# Resolve the dependencies of pyproject.toml anew. Names, versions and hashes only.
lock:
	uv pip compile --generate-hashes --no-header --no-annotate --python-version 3.11 --extra dev pyproject.toml -o requirements.lock

clean:
	@if [ -d data ]; then chmod -R u+w data; fi  # published versions can only be read
	rm -rf .venv data dbt_project/target
