"""Files with which a repository of product specs begins: configuration, pre-commit and pipeline."""

from __future__ import annotations

import json

CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"
SETUP_PYTHON = "actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0"
"""Actions by commit. A test compares them with those of the project's own workflow."""

UNKNOWN = "vatspolicy @ git+https://HOST/OWNER/vatspolicy"
"""Source that CI installs from while the address of vatspolicy is not known."""
_REPLACE = "{indent}# Replace HOST/OWNER by the address of vatspolicy; pip installs it from there.\n"

_CONFIGURATION = """\
# What `vatspolicy check` checks, and how. An option, or a variable such as VATSPOLICY_FAIL_ON, overrides it;
# `vatspolicy check --show-config` shows what counts.
specs = ["specs"]
fail-on = "needs-license" # deny, needs-license, contested, duty or advice
lang = "{lang}"
# waivers = "waivers/waivers.yaml"
# approvers = "waivers/approvers.yaml"
# opinions = "waivers/opinions.yaml"
# formats = ["text", "build/vats.sarif", "build/report.html"]
"""

_PRE_COMMIT = """\
# https://pre-commit.com
repos:
  - repo: local
    hooks:
      - id: vatspolicy-check
        name: vatspolicy check
        language: python
{note}        additional_dependencies: [{source}]
        entry: vatspolicy check -f text --summary
        files: ^specs/
        types_or: [yaml, json]
        require_serial: true
"""

_GITHUB = """\
# Decides the specs in specs/; fails if one may not launch, or if facts are missing. A pull request is judged by the
# vatspolicy.toml, the waivers and the law of its base: what it brings along itself counts once it is merged. Let owners
# (CODEOWNERS) review .github/ and vatspolicy.toml, and have a ruleset require this check.
name: Launch gate

on:
  push:
    branches: [main]
  pull_request:
  merge_group:

permissions:
  contents: read

concurrency:
  group: ${{{{ github.workflow }}}}-${{{{ github.ref }}}}
  cancel-in-progress: ${{{{ github.event_name == 'pull_request' }}}}

jobs:
  launch-gate:
    name: Launch gate
    runs-on: ubuntu-latest
    timeout-minutes: 10
    steps:
      - uses: {checkout}
        with:
          fetch-depth: 0 # with the base
          persist-credentials: false
      - uses: {setup_python}
        with:
          python-version: "3.13"
          update-environment: false
        id: python
      # Nothing of the checkout is run: the tool lives outside it, and Python takes no module from it.
      - name: Install vatspolicy
        env:
{note}          SOURCE: {source}
          PYTHON: ${{{{ steps.python.outputs.python-path }}}}
        run: |
          cd "$RUNNER_TEMP"
          "$PYTHON" -I -m venv tool
          tool/bin/python -I -m pip install --quiet --disable-pip-version-check "$SOURCE"
      - name: Check the specs
        env:
          SPECS: specs
          BASE: ${{{{ github.event.merge_group.base_sha || 'HEAD^1' }}}} # what the checkout is merged into
        run: |
          options=(-f github -o "markdown=$RUNNER_TEMP/vatspolicy.md")
          if [[ $GITHUB_EVENT_NAME != push ]]; then options+=("--trust=$BASE"); fi
          status=0
          "$RUNNER_TEMP/tool/bin/vatspolicy" check "${{options[@]}}" -- "$SPECS" || status=$?
          if [[ -f $RUNNER_TEMP/vatspolicy.md ]]; then cat "$RUNNER_TEMP/vatspolicy.md" >> "$GITHUB_STEP_SUMMARY"; fi
          exit "$status"
"""

GITLAB_TRUST = """\
    - |
      # The branch whose files decide whether the gate opens: the target, else the default branch; a protected branch
      # is judged by its own.
      trust="" target=${CI_MERGE_REQUEST_TARGET_BRANCH_NAME:-}
      if [ -z "$target" ] && [ "${CI_COMMIT_REF_PROTECTED:-false}" != true ]; then target=${CI_DEFAULT_BRANCH:?}; fi
      if [ -n "$target" ]; then
        git fetch --quiet --no-tags --depth=1 origin "refs/heads/$target"
        trust=--trust=FETCH_HEAD
      fi
"""
"""Lines of a job for GitLab that find the side of the gate's owner. A test holds templates/gitlab-ci.yml to them."""

_GITLAB = """\
# Decides the specs in specs/; fails if one may not launch, or if facts are missing. A merge request is judged by the
# vatspolicy.toml, the waivers and the law of its target branch: what it brings along itself counts once it is merged.
# Let owners (CODEOWNERS) review this file and vatspolicy.toml.
launch-gate:
  stage: test
  image: python:3.13 # the slim image has no git
  variables:
{note}    SOURCE: {source}
    SPECS: specs
  before_script:
    # Nothing of the checkout is run: the tool lives outside it, and Python takes no module from it.
    - unset PYTHONPATH PYTHONHOME PYTHONSTARTUP && export PYTHONSAFEPATH=1 PYTHONNOUSERSITE=1
    - tool=$(mktemp -d)
    - python -I -m venv "$tool"
    - '"$tool/bin/python" -I -m pip install --quiet --disable-pip-version-check "$SOURCE"'
  script:
    - rm -rf vatspolicy-report # the repository may hold one, or a link of that name
{trust}    - >-
      "$tool/bin/vatspolicy" check $trust
      -o junit=vatspolicy-report/junit.xml -o html=vatspolicy-report/report.html -- "$SPECS"
  artifacts:
    when: always
    paths: [vatspolicy-report/]
    reports:
      junit: vatspolicy-report/junit.xml
"""


def configuration(lang: str) -> str:
    """Return the text of vatspolicy.toml."""
    return _CONFIGURATION.format(lang=lang)


def pre_commit(source: str) -> str:
    """Return the text of .pre-commit-config.yaml; `source` is what pip installs."""
    return _PRE_COMMIT.format(note=_note(source, 8), source=json.dumps(source))


def github_workflow(source: str) -> str:
    """Return the text of a workflow for GitHub Actions."""
    fixed = {"checkout": CHECKOUT, "setup_python": SETUP_PYTHON}
    return _GITHUB.format(note=_note(source, 10), source=json.dumps(source), **fixed)


def gitlab_pipeline(source: str) -> str:
    """Return the text of .gitlab-ci.yml."""
    return _GITLAB.format(note=_note(source, 4), source=json.dumps(source), trust=GITLAB_TRUST)


def _note(source: str, indent: int) -> str:
    """Return the comment that says what to replace, if the address is not known."""
    return _REPLACE.format(indent=" " * indent) if source == UNKNOWN else ""
