# Two words are enough on a fresh machine: `make run` starts everything, `make test` runs the whole suite.
# Settings come alike from the environment and from here: make run LIBERTAS_PORT=8100 LIBERTAS_DATA_DIR=some/dir

SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
STAMP_RUN := $(VENV)/.stamp-run
STAMP_TEST := $(VENV)/.stamp-test
UV = $$(command -v uv || echo $(BIN)/uv)

.DEFAULT_GOAL := help
.PHONY: help run test torture lint lock clean script browser
.DELETE_ON_ERROR:

help:
	@echo "make run     everything on this machine: database, mail catcher, web and worker; Ctrl-C stops it"
	@echo "make test    the whole suite, with what it needs (a browser, fonts, PDF tools, a software token, a spreadsheet, wrk)"
	@echo "make torture the long versions: processes die, bits flip, strange requests come"
	@echo "make lint    style, types, who imports whom"
	@echo "make lock    new lock files from pyproject.toml"
	@echo "make clean   removes .venv and caches; keeps .data"

# child.py makes it end when make is killed, so that no port stays taken.
run: $(STAMP_RUN) script
	@exec $(BIN)/python -I -S service/embedded/child.py TERM - - - $(BIN)/libertas up

# What pytest makes of the test files is kept, whatever the shell says of bytecode: it is two thirds of their collection.
test torture: export PYTHONDONTWRITEBYTECODE :=
test torture: export PYTHONPYCACHEPREFIX := $(CURDIR)/.cache/python

test: browser lint
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

# Many kills, races and attacks; a bar while it runs, and one table at the end.
torture: browser lint
	$(BIN)/python -m pytest -s -m torture --timeout 3600

lint: $(STAMP_TEST) script
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict service
	$(BIN)/lint-imports

lock: $(BIN)/python
	$(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url pyproject.toml -o requirements.lock
	$(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --extra test pyproject.toml -o requirements-test.lock

clean:
	rm -rf $(VENV) .cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# -- what is installed ----------------------------------------------------------------------------------------------------

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed; name it by: make PYTHON=/path/to/python3" >&2; exit 1; }
	@if command -v uv >/dev/null; then uv venv --quiet --allow-existing --seed --python "$$(command -v $(PYTHON))" $(VENV); \
	elif $(PYTHON) -c 'import venv, ensurepip' 2>/dev/null; then $(PYTHON) -m venv $(VENV); \
	else echo "this Python cannot make environments: apt-get install python3-venv (or install uv), then again" >&2; exit 1; fi
	@command -v uv >/dev/null || test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

# The tests' lock holds everything that running needs, so one stamp is enough when it is there.
$(STAMP_RUN): requirements.lock | $(BIN)/python
	@if test -e $(STAMP_TEST) && test ! requirements-test.lock -nt $(STAMP_TEST); then :; else \
		echo "installing what requirements.lock names"; \
		$(UV) pip sync --quiet --require-hashes --python $(BIN)/python requirements.lock && rm -f $(STAMP_TEST); fi
	@touch $@

$(STAMP_TEST): requirements-test.lock | $(BIN)/python
	@echo "installing what requirements-test.lock names"
	@$(UV) pip sync --quiet --require-hashes --python $(BIN)/python requirements-test.lock
	@touch $@

# The command `libertas`, in this checkout and from any folder; nothing is built, nothing is fetched. Whatever the shell says of
# bytecode, it is kept: three processes that compile every module at every start take seconds for it.
script: | $(BIN)/python
	@printf '%s\n' '#!/bin/sh' \
		'here=$$(CDPATH= cd -- "$$(dirname -- "$$(readlink -f -- "$$0")")" && pwd)' \
		'PYTHONPATH=$$(CDPATH= cd -- "$$here/../.." && pwd)$${PYTHONPATH:+:$$PYTHONPATH}; export PYTHONPATH' \
		'unset PYTHONDONTWRITEBYTECODE' \
		'exec "$$here/python" -P -m service "$$@"' > $(BIN)/libertas
	@chmod 755 $(BIN)/libertas

# -- what the tests need of the machine -------------------------------------------------------------------------------------

browser:
	@missing=; \
	command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || missing="$$missing chromium"; \
	{ command -v pdftotext && command -v pdfsig; } >/dev/null || missing="$$missing poppler-utils"; \
	command -v openssl >/dev/null || missing="$$missing openssl"; \
	command -v ssh-keygen >/dev/null || missing="$$missing openssh-client"; \
	command -v soffice >/dev/null || missing="$$missing libreoffice-calc-nogui"; \
	command -v wrk >/dev/null || missing="$$missing wrk"; \
	command -v softhsm2-util >/dev/null || missing="$$missing softhsm2"; \
	command -v fc-list >/dev/null || missing="$$missing fontconfig"; \
	test -n "$$(fc-list :lang=hy 2>/dev/null | head -n 1)" || missing="$$missing fonts-noto-core"; \
	test -n "$$missing" || exit 0; \
	if test "$$(id -u)" = 0; then as=; elif sudo -n true 2>/dev/null; then as="sudo -n"; else as=none; fi; \
	if test "$$as" = none || ! command -v apt-get >/dev/null; then \
		echo "the tests need:$$missing. Install them (Debian, Ubuntu: sudo apt-get install$$missing), then again." >&2; exit 1; fi; \
	echo "installing$$missing"; \
	$$as env DEBIAN_FRONTEND=noninteractive apt-get update -qq </dev/null && \
	$$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing </dev/null >/dev/null || { \
		echo "the system's package manager could not install:$$missing" >&2; exit 1; }
