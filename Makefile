# A fresh machine has Python 3.11+ and make; everything else lands in .venv.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: run test check bench soak release-check format clean setup setup-dev

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

# What failed is run once more, alone: journeys wait for real processes, and a machine busy with something else
# is no fault of ours. A real fault fails again.
test: check
	$(BIN)/python -m pytest -m "not soak" || $(BIN)/python -m pytest -m "not soak" -n0 --last-failed --last-failed-no-failures none

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
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
