# Everything needs only Python 3.11 and make. Set-up runs when pyproject.toml or the lock file changed.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
CURRENT := $(VENV)/.current
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test check dev docs lock clean setup

help: ## Show what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

setup: $(CURRENT) ## Create the virtual environment

$(CURRENT): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what requirements.lock names (a few minutes, once) ..."
	@$(BIN)/python -m pip install --quiet --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(CURRENT) ## Create a sample company, sync it over two days and show what became of it
	@$(BIN)/c360 --home build/demo demo

test: $(CURRENT) ## Run all checks and tests
	@$(MAKE) --no-print-directory check
	@$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

check: $(CURRENT) ## Format, lint, types, architecture, generated docs
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/c360 docs --check

docs: $(CURRENT) ## Make the pages of docs/ that follow from declarations, and the site build/docs/index.html
	@$(BIN)/c360 docs
	@$(BIN)/c360 docs --site build/docs

dev: $(CURRENT) ## Open the Dagster UI on this deployment (C360_HOME, default ./data)
	@C360_HOME="$${C360_HOME:-$(CURDIR)/data}" && mkdir -p "$$C360_HOME/dagster" && cp dagster.yaml "$$C360_HOME/dagster/" \
	  && C360_HOME="$$C360_HOME" DAGSTER_HOME="$$C360_HOME/dagster" \
	  VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(BIN)/dg dev

lock: ## Renew requirements.lock from pyproject.toml
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --python-version 3.11 --universal --extra dev --generate-hashes --no-header \
	  --no-annotate --no-strip-extras --no-emit-index-url --no-emit-find-links --output-file requirements.lock pyproject.toml

clean: ## Remove what was built here, the demo included; ./data stays
	@rm -rf build .pytest_cache .mypy_cache .ruff_cache .hypothesis warehouse/target warehouse/logs
	@find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
