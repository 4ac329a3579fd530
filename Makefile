# The commands, for people and CI alike. `make` alone lists them.
# Needs Python >= 3.11 with venv, Node >= 20.19 with npm, and make; everything else is installed below, under .venv and web/.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help up test check fmt bench docs wheel ui lock clean

PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
WEB_SOURCES := $(shell find web -type f -not -path 'web/node_modules/*' 2>/dev/null)
UI := src/spanglass/server/ui/index.html

help: ## List the commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST)

up: $(BIN)/.run $(UI) ## Build everything and start spanglass with the demo chatbot
	$(BIN)/spanglass up --demo $(ARGS)

test: $(BIN)/.dev .venv-previous/.done .venv-peers/.done web/node_modules/.installed $(UI) ## Every check there is
	scripts/test $(ARGS)

check: $(BIN)/.dev web/node_modules/.installed ## Lint, types and import direction
	scripts/check

fmt: $(BIN)/.dev web/node_modules/.installed ## Format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	cd web && npm run --silent fmt

bench: $(BIN)/.dev $(UI) ## Measure: SDK overhead and server ingest
	$(BIN)/python -m benchmarks $(ARGS)

docs: $(BIN)/.dev ## Regenerate the parts of the docs that come from tables
	$(BIN)/python scripts/reference.py

wheel: $(BIN)/.dev $(UI) ## Build dist/*.whl, the UI inside
	$(BIN)/python -m build --wheel --no-isolation --outdir dist

ui: $(UI) ## Build the UI alone

lock: $(UV) ## Recompile requirements/*.txt from pyproject.toml
	scripts/lock

clean: ## Remove environments and build output
	rm -rf .venv .venv-previous .venv-peers .venv-phoenix dist web/node_modules src/spanglass/server/ui

$(UV): requirements/uv.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/uv.txt
	@touch $@

$(BIN)/.run: $(UV) requirements/run.txt pyproject.toml
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/run.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(BIN)/.dev: $(UV) requirements/dev.txt pyproject.toml
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@ $(BIN)/.run

# The environments beside the first one: the clients' majors before the current ones, and the benchmarks' peers.
.venv-%/.done: requirements/%.txt pyproject.toml $(UV)
	$(UV) venv --quiet --clear .venv-$*
	$(UV) pip install --quiet --python .venv-$*/bin/python --require-hashes -r requirements/$*.txt
	$(UV) pip install --quiet --python .venv-$*/bin/python --no-deps --no-build-isolation --editable .
	@touch $@

web/node_modules/.installed: web/package.json web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	@touch $@

$(UI): web/node_modules/.installed $(WEB_SOURCES)
	cd web && npm run --silent build
	@touch $@
