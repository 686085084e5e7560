# Perennial on one machine. `make run` needs Python 3.11 or newer, and nothing else.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
# `make -j lint test` must not let two pips loose on one environment.
.NOTPARALLEL:

# Paths are relative throughout: the checkout's own path may hold spaces, which make cannot quote.
ifneq ($(wildcard Makefile),Makefile)
$(error Run make in the checkout's own folder)
endif

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
LOCAL := $(PY) -m local
# A stamp is named after the requirements it stands for, so an edit, a checkout and a rollback are all seen.
digest = $(shell cat $(1) | cksum | tr ' ' '-')
RUNTIME := $(VENV)/.runtime-$(call digest,requirements.txt)
DEV := $(VENV)/.dev-$(call digest,requirements-dev.txt)
# For more arguments to pytest: make test ARGS="-k gift"
ARGS ?=
# make run PORT=9000
export PORT

.PHONY: help run demo test coverage lint format proof bench migrate shell reset install install-dev

help: ## this list
	@echo "Perennial. First: make run"
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/  make \1	\2/' | expand -t 20

run: $(RUNTIME) ## start everything, show the main job, and serve until Ctrl-C (PORT=8000)
	@exec $(LOCAL) run

demo: $(RUNTIME) ## the same once, on data of its own; prints "N passed, 0 failed"
	@exec $(LOCAL) demo

test: $(DEV) ## every test, against real PostgreSQL, Valkey and Celery
	@$(PY) -m pytest -n auto --dist worksteal $(ARGS)

coverage: $(DEV) ## the same, telling which lines of the domain no test has run (half as long again)
	@$(PY) -m pytest -n auto --cov --cov-report=term $(ARGS)

lint: $(DEV) ## ruff, import contracts, mypy, OpenAPI snapshot, missing migrations
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(VENV)/bin/lint-imports
	@$(PY) -m mypy
	@$(LOCAL) exec -- $(PY) manage.py makemigrations --check --dry-run
	@snapshot=$$(mktemp); trap 'rm -f "$$snapshot"' EXIT; \
	$(PY) manage.py spectacular --fail-on-warn --file "$$snapshot"; \
	diff -u openapi.yaml "$$snapshot" || { echo "openapi.yaml is old. Renew it: $(PY) manage.py spectacular --file openapi.yaml"; exit 1; }

format: $(DEV) ## rewrite the code the way ruff wants it
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

# The files with Hypothesis properties: 200 examples each in `make test`, 10,000 here.
PROPERTIES = $(shell grep -rlE "^(from|import) hypothesis" --include="test_*.py" core catalog billing subscriptions usage payments gifts)

proof: $(DEV) ## long runs: every property with 10,000 examples, every proof under faults (docs/proofs.md)
	@HYPOTHESIS_PROFILE=proof $(PY) -m pytest -n auto -o timeout=3600 $(PROPERTIES) $(ARGS)
	@$(PY) -m pytest -n auto -o timeout=3600 -m proof $(ARGS) || [ $$? = 5 ]
	@$(PY) -m proof all

bench: $(DEV) ## loads, each beside the same work in plain SQL
	@$(LOCAL) exec -- $(PY) -m benchmarks $(ARGS)

migrate: $(RUNTIME) ## migrate the local database
	@$(LOCAL) exec --owner -- $(PY) manage.py migrate

shell: $(RUNTIME) ## a Django shell on the local database
	@$(LOCAL) exec -- $(PY) manage.py shell

reset: $(RUNTIME) ## stop the local engines and delete their data
	@$(LOCAL) reset

install: $(RUNTIME) ## only make the virtual environment
install-dev: $(DEV) ## the same with the tools for tests and lint

$(VENV)/.made:
	@command -v $(PYTHON) >/dev/null || { echo "Perennial needs Python 3.11 or newer; there is no $(PYTHON) here." >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Perennial needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Name another: make PYTHON=python3.12 ..." >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || command -v uv >/dev/null || { \
	  echo "$(PYTHON) cannot make virtual environments. On Debian and Ubuntu: sudo apt-get install python3-venv" >&2; exit 2; }
	@echo "Making $(VENV) with $$($(PYTHON) -V) ..."
	@if $(PYTHON) -c 'import ensurepip' 2>/dev/null; then $(PYTHON) -m venv $(VENV); \
	  else uv venv -q --seed --allow-existing --python "$$(command -v $(PYTHON))" $(VENV); fi
	@touch $@

$(RUNTIME): $(VENV)/.made
	@$(call install,requirements.txt)
	@rm -f $(VENV)/.runtime-* && touch $@

# This one holds everything the runtime needs, at the same versions, so `make run` then has nothing to install.
$(DEV): $(VENV)/.made
	@$(call install,requirements-dev.txt)
	@rm -f $(VENV)/.runtime-* $(VENV)/.dev-* && touch $(RUNTIME) $@

# uv where it is on PATH, because it is faster; pip wherever that did not work.
define install
echo "Installing $(1) (once; about a minute) ..."; \
{ command -v uv >/dev/null && VIRTUAL_ENV=$(VENV) uv pip install -q --require-hashes -r $(1); } \
|| $(PY) -m pip install -q --disable-pip-version-check --require-hashes -r $(1)
endef
