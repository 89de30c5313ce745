# Stratoscope. `make help` lists the targets. Written for GNU make 3.81 (macOS) and newer.

UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
# Stamps: newer than pyproject.toml and the lock means installed and up to date.
RUNTIME := $(VENV)/.runtime-installed
TESTING := $(VENV)/.testing-installed
# Compiled loops: done once here, so that nobody waits for a compiler in the browser.
KERNELS := $(VENV)/.kernels-compiled

# pip's variable separates places with spaces, uv's with commas. Where it offers the CPU build of torch, none of
# the CUDA packages is installed.
empty :=
comma := ,
ifndef UV_FIND_LINKS
ifdef PIP_FIND_LINKS
export UV_FIND_LINKS := $(subst $(empty) $(empty),$(comma),$(strip $(PIP_FIND_LINKS)))
endif
endif

UV := $(BIN)/uv
# Compiled once at installation, so that the first start does not compile 30,000 files.
INSTALL := $(UV) pip install --compile-bytecode --python $(BIN)/python --constraints requirements.lock
OFFLINE = { echo "The packages above could not be installed: check that this machine reaches a Python package" \
	    "index and has 6 GB of free disk, then run make again." >&2; exit 1; }

.DEFAULT_GOAL := help
.PHONY: help run test lint format types layers benchmark lock clean browser

help: ## list the targets
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:[^#]*## /|/' | \
	    while IFS='|' read -r name text; do printf '  make %-10s %s\n' "$$name" "$$text"; done

run: $(RUNTIME) $(KERNELS) ## start the workbench on 127.0.0.1:8050 (ARGS: options of `stratoscope serve`)
	@$(BIN)/stratoscope serve $(ARGS)

# A browser's patience is counted in seconds, so its journeys come alone, after the rest. 5: none of them was chosen.
test: $(TESTING) $(KERNELS) browser ## run all tests, browser journeys included (ARGS: options of pytest)
	$(BIN)/pytest -n auto --dist loadfile -m "not e2e" $(ARGS) || [ $$? -eq 5 ]
	$(BIN)/pytest -m e2e $(ARGS) || [ $$? -eq 5 ]

lint: $(TESTING) ## check format and code (ruff)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

format: $(TESTING) ## format the code (ruff)
	$(BIN)/ruff check --select I --fix .
	$(BIN)/ruff format .

types: $(TESTING) ## check types (mypy, strict on the engine)
	$(BIN)/mypy

layers: $(TESTING) ## check the import layers (import-linter)
	$(BIN)/lint-imports

benchmark: $(TESTING) $(KERNELS) browser ## measure the table in the README
	$(BIN)/python -m tests.benchmarks $(ARGS)

lock: ## rebuild requirements.lock from pyproject.toml (ARGS=--upgrade for newer versions)
	@sh tools/environment.sh $(VENV) $(UV_VERSION)
	@env -u UV_FIND_LINKS -u PIP_FIND_LINKS UV_NO_CONFIG=1 $(UV) pip compile --quiet --universal --all-extras \
	    --no-annotate --custom-compile-command "make lock" $(ARGS) pyproject.toml --output-file requirements.lock

clean: ## remove the environment and tool caches; cache/ keeps your data and results
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find engine dashboard tests -name __pycache__ -type d -prune -exec rm -rf {} +

browser:
	@sh tools/browser.sh

$(RUNTIME): pyproject.toml requirements.lock
	@sh tools/environment.sh $(VENV) $(UV_VERSION)
	@echo "Installing Stratoscope (the first time takes a few minutes) ..."
	@$(INSTALL) --editable . || $(OFFLINE)
	@$(BIN)/python -m compileall -q engine dashboard
	@[ "$$(uname -s)" != Darwin ] || $(BIN)/python -c 'import lightgbm' 2>/dev/null || { \
	    echo "LightGBM cannot load OpenMP, which macOS does not include: run 'brew install libomp', then make again." >&2; \
	    exit 1; }
	@touch $@

$(KERNELS): $(RUNTIME) $(wildcard engine/backtest/kernels/*.py engine/indicators/rolling/*.py engine/core/compiled.py)
	@echo "Compiling the simulation (a minute) ..."
	@$(BIN)/python -c 'from engine.backtest.precompile import load_kernels; load_kernels()'
	@touch $@

$(TESTING): $(RUNTIME)
	@echo "Installing the test dependencies ..."
	@$(INSTALL) --editable '.[test]' || $(OFFLINE)
	@touch $@
