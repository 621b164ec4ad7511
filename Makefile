# A fresh machine has Python 3.11+ and make; everything else lands in .venv.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# Without compiled modules each of the many processes and products that tests start compiles all of them again.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test check runs moments mutate bench soak release-check format clean setup setup-dev

setup: $(VENV)/.run-ready
setup-dev: $(VENV)/.dev-ready

$(VENV)/.run-ready: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Setting up Studiohand (a minute the first time) ..."
	@$(PIP) install -q -c constraints.txt -e .
	@touch $@

$(VENV)/.dev-ready: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Setting up the tools and test libraries ..."
	@$(PIP) install -q -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.run-ready

run: setup
	@$(BIN)/python -m bot local $(ARGS)

check: setup-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports
	$(BIN)/deptry .

# COVER=1 counts branches on the way and prints them by area.
COVERED := $(if $(COVER),--cov=bot --cov=cogs --cov=storage --cov-report=)

test: check
	$(BIN)/python -m pytest -m "not soak" $(COVERED) $(ARGS)
	$(if $(COVER),$(BIN)/python -m tests.areas)

# Ten whole runs in random order, two of them beside busy processes.
runs: setup-dev
	$(BIN)/python -m tests.runs ten $(ARGS)

# The journeys on other days: each weekday, New Year, leap day, both clock changes.
moments: setup-dev
	$(BIN)/python -m tests.runs moments $(ARGS)

# Change the product in a hundred places, one at a time, and see whether a test notices.
mutate: setup-dev
	$(BIN)/python -m tests.mutation $(ARGS)

release-check: setup-dev
	STUDIOHAND_RELEASE_BUILD=1 $(BIN)/python -m pytest -n0 -q -k release_build tests/releases tests/coach/test_safety.py

soak: setup-dev
	$(BIN)/python -m pytest -m soak --timeout 3600

bench: setup-dev
	$(BIN)/python -m benchmarks

format: setup-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis .mutate .runs
