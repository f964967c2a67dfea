# Each target makes what it needs in .venv and does nothing twice.
#   make test PYTHON=python3.13      another interpreter; .venv is made anew when it changes
#   make test PYTEST_ARGS='-k pilot'

PYTHON ?= python3
DEMO_SPEC ?= fixtures/access/cloud-hosting-beijing.yaml
# The demo says its day of law, so that it shows the same on any day.
DEMO_DAY ?= 2027-03-01
# One more than there are cores: some tests wait for servers and clocks.
JOBS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')
PYTEST_ARGS ?=
BENCH_ARGS ?=

# Tests of a few files share a process, and what is costly to make.
PYTEST = $(BIN)/python -m tests.support.parts -j $(JOBS)

# Folders and files of tests that `make quick` runs: what decides, what fails the gate, and what proofs say of it.
QUICK := core gate cli/test_base_specs.py differential/test_random_laws.py
# Tested where it runs: the package, workflows, actions, templates, what `init` writes, the image, fuzz targets.
APART := pipelines
# Folders of tests that `make lowest` runs.
LOW_TESTS := tests/proofs tests/cli tests/core/documents tests/core/engine tests/language_server tests/server

# Programs that others wrote, which tests ask: see docs/api.md on protocols.
PEERS := opa rotel mcp

VALID = $(BIN)/check-jsonschema --builtin-schema vendor.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

# The stamps carry what a .venv cannot outlive: the interpreter, and the folder it was made in.
KEY := $(shell $(PYTHON) -c 'import os, platform, sys, zlib; \
	print(platform.python_version() + "-" + format(zlib.crc32((sys.base_prefix + os.getcwd()).encode()), "08x"))')
ifeq ($(KEY),)
$(error $(PYTHON) does not run: install Python 3.11 or newer, or name one, as in: make PYTHON=python3.13)
endif
MADE := $(VENV)/.made-$(KEY)
CORE := $(VENV)/.core-$(KEY)
TOOLS := $(VENV)/.tools-$(KEY)
EVERYTHING := --no-build-isolation --editable '.[browser,lint,test]'
EXTRA = $(VENV)/.extra-$(1)-$(KEY)
RELEASE := .venv-release
RELEASING := $(RELEASE)/.made-$(KEY)

unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
CATALOGUE := src/vatspolicy/i18n/locale/zh/LC_MESSAGES/vatspolicy.po
KEYWORDS := --no-default-keywords --keyword=_ --keyword=Phrase:1,1t --keyword=Phrase:1,2c,2t

.PHONY: help demo owner law test test-long tests pipelines quick lowest lint messages spark docs pictures bench audit package release pins clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(CORE) ## decide a real product spec
	@$(BIN)/vatspolicy check $(DEMO_SPEC) --as-of $(DEMO_DAY) --allow-past-as-of --no-fail

owner: ## set the owner of the repository in pyproject.toml and its copies: make owner NAME=acme
	@$(PYTHON) -m release.addresses $(NAME)

test: $(TOOLS) ## lint, then every test; of costly searches a part
	@$(MAKE) --no-print-directory -j 3 tests lint law

test-long: lint law ## the same with every search whole, and the tests of pipelines and benchmarks
	VATSPOLICY_LONG=1 $(MAKE) tests APART= PYTEST_ARGS='tests benchmarks $(PYTEST_ARGS)'

law: $(CORE) ## the tests of the law and its fixtures
	$(BIN)/vatspolicy test --law policies --fixtures fixtures

tests: $(TOOLS) $(PEERS:%=$(VENV)/.%-$(KEY)) ## every test of what users install; those on Spark run after `make spark`
	$(PYTEST) $(APART:%=--ignore=tests/%) $(PYTEST_ARGS)

pipelines: ## the tests of the package, workflows, actions, templates, the image and fuzz targets
	@$(MAKE) --no-print-directory tests APART= PYTEST_ARGS='$(APART:%=tests/%) $(PYTEST_ARGS)'

quick: law $(TOOLS) ## the tests of the law and of what decides
	$(PYTEST) $(QUICK:%=tests/%) $(wildcard tests/test_*.py) $(PYTEST_ARGS)

# uv resolves to the lowest version of each dependency that is named here, and to the newest of what these need in turn.
LOWEST := .venv-lowest
lowest: ## the tests of single packages with the lowest version of every dependency that pyproject.toml allows
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip --quiet --disable-pip-version-check install 'uv>=0.9'
	$(LOWEST)/bin/uv pip install --quiet --python $(LOWEST)/bin/python --resolution lowest-direct -e '.[test]'
	$(LOWEST)/bin/python -m tests.support.parts -j $(JOBS) $(LOW_TESTS) $(PYTEST_ARGS)

lint: $(TOOLS) ## style, prose, types and import layers; workflows, actions and scripts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m tests.support.prose
	$(BIN)/shellcheck --enable=quote-safe-variables,deprecate-which .ci/run .ci/image $(wildcard .github/actions/*/*.sh)
	$(BIN)/actionlint -shellcheck=$(BIN)/shellcheck -pyflakes= $(wildcard .github/workflows/*.yml)
	$(BIN)/zizmor --quiet --offline --persona=pedantic --strict-collection --no-progress .github .pre-commit-hooks.yaml
	$(VALID)github-workflows $(wildcard .github/workflows/*.yml)
	$(VALID)github-actions $(wildcard .github/actions/*/action.yml)
	$(VALID)github-issue-forms $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))
	$(VALID)github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(VALID)dependabot .github/dependabot.yml
	$(VALID)gitlab-ci templates/gitlab-ci.yml
	$(BIN)/lint-imports --no-logo & layers=$$!; $(BIN)/mypy; types=$$?; wait $$layers && exit $$types

messages: $(TOOLS) ## bring the catalogue of Chinese texts up to date with the English of the source
	@mkdir -p build
	$(BIN)/pybabel -q extract $(KEYWORDS) --add-location=file --omit-header -o build/vatspolicy.pot src
	$(BIN)/pybabel -q update -i build/vatspolicy.pot -l zh -o $(CATALOGUE) --no-fuzzy-matching --ignore-obsolete \
	  --ignore-pot-creation-date --width=120

spark: $(call EXTRA,spark) ## install what the tests on Spark need beside Java 17: half a gigabyte

docs: $(call EXTRA,docs) ## check the documentation
	@$(BIN)/vatspolicy docs build --check || { echo "docs/policies is stale: run vatspolicy docs build" >&2; exit 1; }
	$(BIN)/pymarkdown scan --recurse docs $(wildcard *.md)

pictures: $(TOOLS) ## draw the pictures of the README anew
	$(BIN)/python docs/pictures/draw.py

# A comparison takes no other engine.
ifdef AGAINST
bench: $(TOOLS) ## measure; one report, and build/bench.json; AGAINST=../checkout compares with that one
	@$(BIN)/python benchmarks/against.py '$(AGAINST)' $(BENCH_ARGS)
else
bench: $(TOOLS) $(call EXTRA,bench) $(VENV)/.opa-$(KEY) $(VENV)/.cerbos-$(KEY)
	$(BIN)/python -m pytest benchmarks
	@$(BIN)/python benchmarks/run.py $(BENCH_ARGS)
endif

audit: $(TOOLS) $(call EXTRA,audit) ## known vulnerabilities, and a bill of materials in dist/
	mkdir -p dist
	$(BIN)/python -m pip freeze --exclude-editable > dist/requirements.txt
	$(BIN)/cyclonedx-py environment $(BIN)/python --sv 1.6 --output-reproducible -o dist/sbom.cdx.json
	$(BIN)/pip-audit --strict --disable-pip --no-deps -r dist/requirements.txt

package: $(TOOLS) ## build the wheel and the sdist into dist/
	rm -rf dist
	$(BIN)/python -m build --no-isolation --outdir dist

# Tests that pass before anything is built; SIGN is a private key, or keyless. Without a tag it is a rehearsal, and TESTS=
# leaves the tests out.
TESTS ?= test pipelines
release: $(RELEASING) ## build what a release consists of into dist/, from a clean clone: see docs/releasing.md
	@$(RELEASE)/bin/python -m release --tests '$(TESTS)' --sign '$(SIGN)'

pins: $(CORE) ## resolve the versions that make release builds with
	rm -rf $(RELEASE)
	$(PYTHON) -m venv $(RELEASE)
	$(RELEASE)/bin/python -m pip --quiet --disable-pip-version-check install '.[calendar,release,serve,sign,sigstore]' hatchling
	$(RELEASE)/bin/python -m pip --disable-pip-version-check freeze --exclude vatspolicy >release/requirements.txt
	$(PIP) install 'uv>=0.9' && index=$$($(PIP) config list | sed -n "s/.*[.]index-url='\(.*\)'$$/\1/p" | tail -n 1) \
	  && echo sigstore | $(BIN)/uv pip compile --quiet --generate-hashes --no-header --no-annotate --python-version 3.13 \
	  --constraints release/requirements.txt $${index:+--default-index "$$index"} --output-file release/sigstore.txt -
	rm -rf $(RELEASE)

clean: ## remove everything that make made
	rm -rf $(VENV) $(RELEASE) build dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# An older interpreter, another folder or a changed pyproject.toml: nothing of the old .venv is worth keeping.
# What builds the package is installed once: a build of its own would fetch all of it for each extra. setuptools makes a
# wheel of pyspark, which is published as source.
$(MADE): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	@$(PIP) install hatchling editables 'setuptools>=70.1'
	@touch $@

# Every version is pinned: the tools leave their versions in what they build.
$(RELEASING): release/requirements.txt
	rm -rf $(RELEASE)
	$(PYTHON) -m venv $(RELEASE)
	$(RELEASE)/bin/python -m pip --quiet --disable-pip-version-check install --no-deps -r release/requirements.txt
	@touch $@

# Byte code as an installation makes it: where Python may not write its own, every start would compile what it imports.
$(CORE): $(MADE)
	$(PIP) install --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q -j 0 src
	@touch $@

# What lint and tests need, in one go, by uv: pip takes half a minute of the processor, uv five seconds. uv is told the
# index that pip is configured for; where it does not install, pip does. Of the byte code, tests write what they import.
$(TOOLS): $(MADE)
	$(PIP) install 'uv>=0.9' && index=$$($(PIP) config list | sed -n "s/.*[.]index-url='\(.*\)'$$/\1/p" | tail -n 1) \
	  && $(BIN)/uv pip install --quiet --python $(BIN)/python $${index:+--default-index "$$index"} $(EVERYTHING) \
	  || $(PIP) install --no-compile $(EVERYTHING)
	@$(BIN)/python -m compileall -q -j 0 src
	@touch $(CORE) $@

$(VENV)/.extra-%-$(KEY): $(CORE)
	$(PIP) install --no-build-isolation --editable '.[$*]'
	@touch $@

# The real OPA engine, which tests/acceptance/test_opa.py and the benchmarks ask. Its wheel claims a newer Python than it needs and is
# not made for every system, so no extra can name it; where it does not install, those tests and rows are left out.
$(VENV)/.opa-$(KEY): $(MADE)
	@$(PIP) install --no-deps --ignore-requires-python 'opa-golib-python-bindings==0.4.4' \
	  || echo "the OPA engine does not install here: what asks it is skipped" >&2
	@touch $@

# A collector of OpenTelemetry, which tests/server/test_collector.py asks. It has no wheel for every system and Python, either.
# It comes after the engine: pip does not install twice at once into one place.
$(VENV)/.rotel-$(KEY): $(MADE) | $(VENV)/.opa-$(KEY)
	@$(PIP) install --only-binary :all: 'rotel==0.0.1a15' \
	  || echo "the collector Rotel does not install here: what asks it is skipped" >&2
	@touch $@

# The client of another SDK for assistants, which tests/server/test_mcp_client.py runs.
$(VENV)/.mcp-$(KEY): $(MADE)
	@npm install --silent --no-audit --no-fund --ignore-scripts --prefix $(VENV)/npm '@modelcontextprotocol/sdk@1.32.2' \
	  || echo "the SDK for TypeScript does not install here, which takes npm: what runs it is skipped" >&2
	@touch $@

# Cerbos, which the benchmarks ask: of its program there are packages for npm alone.
$(VENV)/.cerbos-$(KEY): $(MADE)
	@system=$$(node -p 'process.platform + "-" + process.arch') \
	  && npm install --silent --no-audit --no-fund --prefix $(VENV)/npm "@cerbos/cerbos-$$system@0.55.0" \
	  || echo "Cerbos does not install here, which takes npm: its rows are left out, and say so" >&2
	@touch $@
