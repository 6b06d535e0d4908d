# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# `make help` lists the targets. ARGS is passed on, as in: make unit ARGS='tests/unit/... -k name'

SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
DEMO := build/demo
BENCH := build/bench
BACKEND = NOX_DEFAULT_VENV_BACKEND=$$(cat $(VENV)/backend)
# Two sessions at a time. With CI=true, the formatter checks and does not rewrite.
NOX = $(BACKEND) CI=true NO_COLOR=1 $(VENV)/bin/nox --parallel=2 --allow-parallel
# A session's own arguments, after those of nox.
POSARGS = $(if $(ARGS),-- $(ARGS))
LINT := formatters codeqa prose yamllint typing workflows antsibull-nox-config docs-check license-check reuse extra-checks ansible-lint changelog galaxy-importer

.DEFAULT_GOAL := help
.PHONY: help demo sandbox bench check test unit integration engines lint docs sanity format matrix sessions session certification archive release requirements clean

help: ## list the targets
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

demo: export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
demo: export ANSIBLE_HOME := $(CURDIR)/$(DEMO)/home
demo: export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/$(DEMO)
demo: $(VENV)/demo.stamp ## run the offboarding of two people against the sandbox
	@rm -rf $(DEMO) && mkdir -p $(DEMO)
	@ansible-galaxy collection build --output-path $(DEMO) >$(DEMO)/log
	@ansible-galaxy collection install --offline -p $(DEMO) $(DEMO)/*.tar.gz >>$(DEMO)/log
	@tests/demo/run

sandbox: $(VENV)/demo.stamp ## run the mock server of the Chat API until Ctrl-C
	@$(VENV)/bin/python -m tests.sandbox $(ARGS)

bench: export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
bench: export ANSIBLE_HOME := $(CURDIR)/$(BENCH)/home
bench: export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/$(BENCH)
bench: $(VENV)/demo.stamp ## measure whole runs, compared with their requests alone
	@rm -rf $(BENCH) && mkdir -p $(BENCH)
	@ansible-galaxy collection build --output-path $(BENCH) >$(BENCH)/log
	@ansible-galaxy collection install --offline -p $(BENCH) $(BENCH)/*.tar.gz >>$(BENCH)/log
	@python -m tests.benchmark --output $(BENCH)/results.json $(ARGS)

check: $(VENV)/backend ## format, types and unit tests, for use during development
	@COVERAGE=no $(NOX) --session formatters codeqa typing units

test: $(VENV)/backend ## everything to run before a push
	@$(NOX) --session sanity integration engines units demo docs $(LINT)

unit: $(VENV)/backend ## unit tests, with coverage
	@$(NOX) --session units $(POSARGS)

integration: $(VENV)/backend ## real Ansible against the sandbox
	@$(NOX) --session integration $(POSARGS)

engines: $(VENV)/backend ## the playbook under ansible-runner, ansible-navigator and ansible-rulebook
	@$(NOX) --session engines $(POSARGS)

lint: $(VENV)/backend ## format, style, prose, types, workflows, documentation, licenses, changelog, archive
	@$(NOX) --session $(LINT)

docs: $(VENV)/backend ## the documentation site, into build/docs
	@$(NOX) --session docs

sanity: $(VENV)/backend ## ansible-test sanity on every installed Python
	@$(NOX) --session sanity $(POSARGS)

format: $(VENV)/backend ## format the code
	@$(BACKEND) $(VENV)/bin/nox --session formatters

matrix: $(VENV)/backend ## sanity, unit and integration tests on every supported ansible-core and Python
	@$(NOX) --session matrix managed sanity-matrix $(POSARGS)

sessions: $(VENV)/backend
	@$(VENV)/bin/nox --list --json --keywords 'matrix or managed or test' | $(VENV)/bin/python -c 'import json, re, sys; print(json.dumps([s["session"] for s in \
		json.load(sys.stdin) if re.fullmatch("matrix|managed|ansible-test-(sanity-.*|integration)", s["name"])]))'

session: $(VENV)/backend ## one session of nox, such as SESSION='managed(3.8)'
	@$(NOX) --session '$(SESSION)' $(POSARGS)

certification: $(VENV)/backend ## ansible-lint, REUSE, sanity and galaxy-importer, on the archive alone
	@$(NOX) --session galaxy-importer certification

archive: $(VENV)/backend ## the archive of the release and its changelog, into build/release
	@$(NOX) --session archive

release: $(VENV)/backend ## write the changelog of the version in galaxy.yml from its fragments
	@$(BACKEND) $(VENV)/bin/nox --session changelog -- release --update-existing --reload-plugins --refresh-plugins

requirements: $(VENV)/backend ## pin the newest versions of all development tools
	@cd requirements && for name in tests demo dev engines lint docs sphinx ansible-lint galaxy-importer reuse zizmor; do \
		head -n 4 $$name.in >$$name.new && \
		UV_SYSTEM_CERTS=1 ../$(VENV)/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
			--no-header --no-annotate --no-emit-index-url --no-emit-find-links $$name.in >>$$name.new && \
		mv $$name.new $$name.txt || exit 1; done

clean: ## remove everything that make created
	rm -rf $(VENV) .nox .cache build tests/output .mypy_cache .pytest_cache .ruff_cache .hypothesis

# uv creates an environment in a second. If it cannot reach the packages that pip can reach, pip installs them.
$(VENV)/backend: $(VENV)/dev.stamp
	@if UV_SYSTEM_CERTS=1 $(VENV)/bin/uv pip install --quiet --dry-run --no-cache --reinstall \
		--python $(VENV) --requirement requirements/dev.txt; then echo uv; else echo virtualenv; fi >$@

# One stamp for each set of pinned packages. A set is installed again if its file changes.
$(VENV)/bin/python:
	@$(PYTHON) -m venv $(VENV)

$(VENV)/%.stamp: requirements/%.txt $(VENV)/bin/python
	@echo "Installing $< into $(VENV) ..."
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@
