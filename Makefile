# Everything a fresh clone needs, with Python 3.11 or newer and make: `make demo`, `make test`, `make help`.

VENV ?= .venv
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { command -v "$$python"; break; }; \
	done)
UV ?= $(shell command -v uv || echo $(VENV)/bin/uv)
DEMO ?= living_digits
PYTEST_ARGS ?=

BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PIP_INSTALL := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo test check format bench docs lock clean

help: ## show this list
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 18

install: $(INSTALLED) ## make .venv with the locked versions and the project in it

# Rebuilt only when the locked versions or the project's metadata change.
$(INSTALLED): requirements.lock pyproject.toml
	@test -x $(BIN)/python || test -n "$(PYTHON)" || { \
		echo "make: no Python 3.11 or newer found; install one, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
		rm -rf $(VENV); \
		echo "make: $(PYTHON) cannot make a virtual environment; on Debian or Ubuntu install python3-venv" >&2; exit 1; }
	@echo "Installing the locked versions into $(VENV) (a minute or two, once) ..."
	@$(PIP_INSTALL) --require-hashes -r requirements.lock
	@$(PIP_INSTALL) --no-build-isolation --no-deps --editable .
	@touch $@

demo: $(INSTALLED) ## run a living network and print where its report is
	$(BIN)/subnetlab run $(DEMO)

test: $(INSTALLED) ## run the tests; make test PYTEST_ARGS="-k yuma"
	$(BIN)/python -m pytest -n 2 $(PYTEST_ARGS)

check: $(INSTALLED) ## lint, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(INSTALLED) ## apply the formatter and the linter's safe fixes
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(INSTALLED) ## measure speed on this machine
	$(BIN)/subnetlab bench

docs: $(INSTALLED) ## write the generated pages: docs/schema.json, docs/rules.txt
	$(BIN)/subnetlab schema > docs/schema.json.new && mv docs/schema.json.new docs/schema.json
	NO_COLOR=1 COLUMNS=120 $(BIN)/subnetlab list > docs/rules.txt.new && mv docs/rules.txt.new docs/rules.txt

lock: ## write requirements.lock anew from pyproject.toml (needs uv); UPGRADE=1 takes the newest versions
	@test -x "$(UV)" || { echo "make: lock needs uv; install it with: $(BIN)/python -m pip install uv" >&2; exit 1; }
	$(UV) pip compile pyproject.toml --extra images --extra dev --output-file requirements.lock \
		--quiet --no-config --universal --fork-strategy fewest --python-version 3.11 --generate-hashes \
		--no-annotate --no-emit-index-url --no-emit-find-links \
		--custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

clean: ## remove caches and build products; .venv and runs/ stay
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +
