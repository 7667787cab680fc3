# The front door of the project. `make` alone says what there is.
# Uses uv when it is there, venv and pip otherwise; needs nothing else but Python 3.11 or newer.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := requirements/dev.txt
# Named for the lock's content: another lock makes another environment.
STAMP := $(VENV)/.installed-$(shell cksum < $(LOCK) | cut -d' ' -f1)-$(shell cksum < pyproject.toml | cut -d' ' -f1)
# What benchmarks/ measures beside us lives in an environment of its own: nothing of it is needed for development.
BENCH_VENV := benchmarks/.venv
BENCH_BIN := $(BENCH_VENV)/bin
BENCH_LOCK := requirements/bench.txt
BENCH_STAMP := $(BENCH_VENV)/.installed-$(shell cksum < $(BENCH_LOCK) | cut -d' ' -f1)
UV := $(shell command -v uv 2>/dev/null)
PYTEST = $(BIN)/python -m pytest -n auto

.PHONY: help demo test check format lint types contracts bench bench-growth bench-compare bench-environment docs lock clean environment

help:  ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: environment  ## Start the demo and print its address
	@$(BIN)/python examples/demo/app.py

test: environment  ## Run every test
	$(PYTEST)

check: environment lint types contracts  ## Everything CI runs: format, lint, types, contracts, tests
	$(PYTEST) --cov --cov-report=term:skip-covered

lint: environment
	$(BIN)/ruff format --check
	$(BIN)/ruff check

format: environment  ## Format and mend what can be mended
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

types: environment
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python

contracts: environment
	$(BIN)/lint-imports

bench: bench-environment  ## Measure beside the peers and write PERFORMANCE.md (QUICK=1: a look; PART="storm writers": only these)
	$(BENCH_BIN)/python -m benchmarks $(PART) $(if $(QUICK),--quick)

bench-growth: bench-environment  ## Measure how costs grow to millions of rows, and write it into PERFORMANCE.md (QUICK=1: a look)
	$(BENCH_BIN)/python -m benchmarks growth $(if $(QUICK),--quick)

bench-compare: bench-environment  ## Measure ours, and fail if anything is slower than in BASE, the JSON of another run
	$(BENCH_BIN)/python -m benchmarks.compare $(BASE)

docs: environment  ## Write docs/reference anew from the code
	$(BIN)/python docs/generate.py

lock:  ## Resolve the dependencies again (needs uv)
	uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --universal --python-version 3.11 \
		--no-annotate --no-header --no-strip-extras pyproject.toml --all-extras requirements/bench.in -o $(BENCH_LOCK)
	uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --universal --python-version 3.11 \
		--no-annotate --no-header --no-strip-extras pyproject.toml --all-extras requirements/dev.in -o $(LOCK)

clean:  ## Remove the environment and every cache
	rm -rf $(VENV) $(BENCH_VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage* .import_linter_cache

environment: $(STAMP)

$(STAMP):
	@echo "Making an environment in $(VENV) ..."
	@rm -rf $(VENV)
ifdef UV
	@uv venv --quiet --python $(PYTHON) $(VENV)
	@uv pip install --quiet --python $(BIN)/python --require-hashes -r $(LOCK)
	@uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
else
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
endif
	@touch $@

bench-environment: $(BENCH_STAMP)

$(BENCH_STAMP):
	@echo "Making an environment in $(BENCH_VENV) ..."
	@rm -rf $(BENCH_VENV)
ifdef UV
	@uv venv --quiet --python $(PYTHON) $(BENCH_VENV)
	@uv pip install --quiet --python $(BENCH_BIN)/python --require-hashes -r $(BENCH_LOCK)
else
	@$(PYTHON) -m venv $(BENCH_VENV)
	@$(BENCH_BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(BENCH_LOCK)
endif
	@touch $@
