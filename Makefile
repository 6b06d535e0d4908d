# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# `make help` lists the targets. Most run sessions of nox: see `.venv/bin/nox --list`.

SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Two sessions at a time. With CI=true, the formatter checks and does not rewrite.
NOX := CI=true NO_COLOR=1 nox --parallel=2 --allow-parallel --session

.DEFAULT_GOAL := help
.PHONY: help demo sandbox bench check test ci matrix requirements clean

help: ## list the targets
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

# Install the collection from its archive below build/, as users do, and run the command with it.
demo bench: export ANSIBLE_HOME = $(CURDIR)/build/$@/home
demo bench: export ANSIBLE_COLLECTIONS_PATH = $(CURDIR)/build/$@
define INSTALL
@rm -rf build/$@ && mkdir -p build/$@
@ansible-galaxy collection build --output-path build/$@ >build/$@/log
@ansible-galaxy collection install --offline -p build/$@ build/$@/*.tar.gz >>build/$@/log
endef

demo: $(VENV)/stamp ## run the offboarding of two people against the sandbox
	$(INSTALL)
	@tests/demo/run

sandbox: $(VENV)/stamp ## run the mock server of the Chat API until Ctrl-C
	@python -m tests.sandbox $(ARGS)

bench: $(VENV)/stamp ## measure whole runs, compared with their requests alone
	$(INSTALL)
	@python -m tests.benchmark --output build/bench/results.json $(ARGS)

check: $(VENV)/stamp ## format, types and unit tests, for use during development
	@$(NOX) formatters codeqa typing units

test: $(VENV)/stamp demo ## everything to run before a push
	@$(NOX) integration sanity ansible-lint coverage typing docs-check extra-checks license-check \
		formatters codeqa yamllint antsibull-nox-config spelling workflows changelog

ci: $(VENV)/stamp ## what only a release needs: other programs, a browser, the documentation site, Galaxy, other Pythons
	@$(NOX) engines docs build-import-check browser
	@$(NOX) sanity -- --test compile --test import

matrix: $(VENV)/stamp ## sanity, unit and integration tests on every supported ansible-core and Python
	@$(NOX) matrix managed

requirements: $(VENV)/stamp ## pin the newest versions of all development tools
	@cd requirements && for name in make sessions; do \
		head -n 4 $$name.in >$$name.new && \
		UV_SYSTEM_CERTS=1 uv pip compile --quiet --upgrade --universal --python-version 3.11 \
			--no-header --no-annotate --no-emit-index-url --no-emit-find-links $$name.in >>$$name.new && \
		mv $$name.new $$name.txt || exit 1; done

clean: ## remove everything that make created
	rm -rf $(VENV) .nox .cache build tests/output .mypy_cache .pytest_cache .ruff_cache .hypothesis

# The packages are installed again if their versions change.
$(VENV)/stamp: requirements/make.txt
	@echo "Installing requirements/make.txt into $(VENV) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements/make.txt
	@touch $@
