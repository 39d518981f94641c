# One command for each thing one does with a checkout. Nothing but make and a Python is needed:
# every target first brings its environment up to what the pinned requirements say.

ARGS    ?=
WORKERS ?= 2
PYTHONS ?= python3 python3.14 python3.13 python3.12 python3.11

# Hundreds of processes start in the suite: each would compile all it imports where a machine forbids to keep that.
export PYTHONDONTWRITEBYTECODE =

DEV := .venv/.made
# A newcomer's demo waits for the run-time packages only; where everything is there already, it is used.
RUN := $(if $(wildcard $(DEV)),.venv,.venv-run)

# Hundreds of tests start a program. Where Python may not keep what it has compiled, each compiles all of it again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo check format test test-long test-e2e browser bench bench-full lock clean

help:  ## show this list
	@sed -n 's/^\([a-z][a-z0-9-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'

demo: $(RUN)/.made  ## run syncd against four simulated vendors (ARGS are passed on)
	@$(RUN)/bin/syncd demo $(ARGS)

check: $(DEV)  ## lint, format, types and architecture, as CI does
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo

format: $(DEV)  ## put the code in order
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

test: $(DEV)  ## the whole suite, in a few minutes (ARGS are pytest's)
	.venv/bin/pytest -n $(WORKERS) --dist worksteal $(ARGS)

test-long: $(DEV)  ## the suite with its long tests and fifty times the random examples
	HYPOTHESIS_PROFILE=long .venv/bin/pytest -n $(WORKERS) --dist worksteal --timeout 3600 -m "not e2e" $(ARGS)

test-e2e: $(DEV) browser  ## the admin pages in a real browser; installs Debian's chromium where there is none
	.venv/bin/pytest -n $(WORKERS) -m e2e $(ARGS)

browser:
	@for name in chromium chromium-browser google-chrome; do \
		if command -v $$name >/dev/null; then exit 0; fi; \
	done; \
	apt-get update --quiet && apt-get install --quiet --yes --no-install-recommends chromium

bench: $(DEV)  ## what syncd costs beside limits and peers, in minutes (ARGS="--only pull --sizes 10000")
	.venv/bin/python -m bench $(if $(ARGS),$(ARGS),--write docs/performance.md)

bench-full: $(DEV)  ## the same on both databases and up to a million customers, in hours
	.venv/bin/python -m bench --full --write docs/performance.md $(ARGS)

clean:  ## remove the environments and everything that tools left behind
	rm -rf .venv .venv-run .venv-lock build dist htmlcov .coverage .coverage.*
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .schemathesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Environments -------------------------------------------------------------------------------

# The pinned sets are complete, so nothing is resolved: what is listed is installed, checked by
# its hash, and the project itself without any build environment fetched on the side. Python
# compiles what it imports when it does: doing it for all at once is a third of the wait.
define environment
@for python in $(PYTHONS); do \
	if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
		echo "$(1): a virtual environment of $$($$python --version), from $(2)"; \
		exec $$python -m venv $(1); \
	fi; \
done; \
echo "syncd needs Python 3.11 or newer, and none of these is: $(PYTHONS)." >&2; \
echo "Install one, or name it: make PYTHONS=/path/to/python3 ..." >&2; \
exit 1
$(1)/bin/pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes -r $(2)
$(1)/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
@touch $(1)/.made
endef

# The version is part of the installed metadata, hence syncd/__init__.py.
$(DEV): requirements-dev.txt pyproject.toml syncd/__init__.py
	$(call environment,.venv,requirements-dev.txt)

.venv-run/.made: requirements.txt pyproject.toml syncd/__init__.py
	$(call environment,.venv-run,requirements.txt)

# Pins ---------------------------------------------------------------------------------------

# One set for every Python from 3.11 and every system, by hash and without a registry's address.
COMPILE = $(UV) pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --quiet $(ARGS)
UV = .venv-lock/bin/uv

lock: $(DEV)  ## pin again after a change in pyproject.toml (ARGS=--upgrade: to the newest)
	.venv/bin/python -m venv .venv-lock
	.venv-lock/bin/pip install --quiet --disable-pip-version-check uv
	$(COMPILE) --extra postgres --group build --output-file requirements.txt
	$(COMPILE) --all-extras --group dev --constraint requirements.txt --output-file requirements-dev.txt
