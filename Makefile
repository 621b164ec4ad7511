# A fresh machine has Python 3.11+ and make; everything else lands in .venv.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# uv sets up in seconds what takes pip minutes; where another index is asked for, or uv cannot be had, pip does it.
define install
test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
{ test -z "$$PIP_INDEX_URL" && ! $(PIP) config list | grep -q '\.index-url=' && $(PIP) install -q -c constraints.txt 'uv>=0.11,<1' \
  && UV_HTTP_TIMEOUT=30 $(BIN)/uv pip install -q --python $(BIN)/python -c constraints.txt -e '.$(1)'; } \
  || $(PIP) install -q -c constraints.txt -e '.$(1)'
endef
# Without compiled modules each of the many processes and products that tests start compiles all of them again.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test tests check runs moments mutate bench soak release-check format clean setup setup-dev

setup: $(VENV)/.run-ready
setup-dev: $(VENV)/.dev-ready

$(VENV)/.run-ready: pyproject.toml constraints.txt
	@echo "Setting up Studiohand (up to a minute the first time) ..."
	@$(call install)
	@touch $@

$(VENV)/.dev-ready: pyproject.toml constraints.txt
	@echo "Setting up the tools and test libraries ..."
	@$(call install,[dev])
	@touch $@ $(VENV)/.run-ready

run: setup
	@$(BIN)/python -m bot local $(ARGS)

check: setup-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports
	$(BIN)/python -m tests.rules
	$(BIN)/deptry .
	$(BIN)/python -m tests.audit

# COVER=1 counts branches on the way and prints them by area.
COVERED := $(if $(COVER),--cov=bot --cov=cogs --cov=storage --cov-report=)

test: check tests

tests: setup-dev
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
