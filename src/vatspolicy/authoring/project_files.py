"""Initial files of a repository of product specs: configuration, pre-commit and pipeline."""

from __future__ import annotations

import json

CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"
SETUP_PYTHON = "actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0"
UPLOAD = "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0"
DOWNLOAD = "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1"
"""Actions by commit. A test compares them with those of the project's own workflow."""

UNKNOWN = "vatspolicy @ git+https://HOST/OWNER/vatspolicy"
"""Placeholder for the source in CI while the address of vatspolicy is unknown."""
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
# Decides the specs that vatspolicy.toml names; fails if one may not launch, or if facts are missing. A pull request is
# judged by the vatspolicy.toml, the waivers and the law of its base: what it brings along itself counts once it is
# merged. Let owners (CODEOWNERS) review .github/ and vatspolicy.toml, and have a ruleset require this check.
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
          # What the checkout is merged into; of a push, what it adds to.
          BASE: >-
            ${{{{ github.event_name == 'push' && github.event.before ||
            github.event.merge_group.base_sha || 'HEAD^1' }}}}
        run: |
          options=(--allow-none -f github -o "comment=$RUNNER_TEMP/comment.md" -o "markdown=$RUNNER_TEMP/vatspolicy.md")
          if [[ $GITHUB_EVENT_NAME != push ]]; then
            options+=("--trust=$BASE" "--base=$BASE")
          elif git merge-base "$BASE" HEAD >/dev/null 2>&1; then # not of a new branch
            options+=("--base=$BASE")
          fi
          status=0
          "$RUNNER_TEMP/tool/bin/vatspolicy" check "${{options[@]}}" || status=$?
          if [[ -f $RUNNER_TEMP/comment.md ]]; then
            cat "$RUNNER_TEMP/comment.md"
            printf '\\n<details><summary>The whole report</summary>\\n\\n'
            head -c 800000 "$RUNNER_TEMP/vatspolicy.md"
            printf '\\n\\n</details>\\n'
          fi >> "$GITHUB_STEP_SUMMARY"
          exit "$status"
      - if: ${{{{ !cancelled() && github.event_name == 'pull_request' }}}}
        uses: {upload}
        with:
          name: launch-gate
          path: ${{{{ runner.temp }}}}/comment.md
          if-no-files-found: ignore

  # Writes the comment on the pull request, or renews it. It runs nothing of the change, and the job above has no token.
  comment:
    name: Comment
    needs: launch-gate
    if: >-
      ${{{{ !cancelled() && github.event_name == 'pull_request' &&
      github.event.pull_request.head.repo.full_name == github.repository }}}}
    runs-on: ubuntu-latest
    timeout-minutes: 5
    permissions:
      pull-requests: write # to write the comment
    steps:
      - id: report
        continue-on-error: true
        uses: {download}
        with:
          name: launch-gate
      - if: ${{{{ steps.report.outcome == 'success' }}}}
        env:
          GH_TOKEN: ${{{{ github.token }}}}
          REPOSITORY: ${{{{ github.repository }}}}
          NUMBER: ${{{{ github.event.pull_request.number }}}}
        run: |
          marker=$(head -n 1 comment.md)
          comments="repos/$REPOSITORY/issues/$NUMBER/comments"
          mine=".[] | select(.user.login == \\"github-actions[bot]\\" and (.body | startswith(\\"$marker\\"))) | .id"
          found=$(gh api --paginate "$comments?per_page=100" --jq "$mine" || true)
          found=${{found%%$'\\n'*}}
          if [[ $found =~ ^[0-9]+$ ]]; then
            written=(--method PATCH "repos/$REPOSITORY/issues/comments/$found")
          else
            written=(--method POST "$comments")
          fi
          # A token that may not write, as Dependabot's, is no fault of the change.
          gh api --silent "${{written[@]}}" --field body=@comment.md ||
            echo '::notice::The comment could not be written. The job summary holds it.'
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
      # What the change does is told against the commit at which it began, or of a push, against what it adds to, if the
      # clone is deep enough to have that.
      base=${CI_MERGE_REQUEST_DIFF_BASE_SHA:-${CI_COMMIT_BEFORE_SHA:-none}}
      if git merge-base "$base" HEAD >/dev/null 2>&1; then base=--base=$base; else base=""; fi
"""
"""Lines of a job for GitLab that find the side of the gate's owner. A test holds templates/gitlab-ci.yml to them."""

GITLAB_COMMENT = """\
  after_script:
    - |
      # Writes the comment on the merge request, or renews it, with a token of the project (scope api) that is masked.
      # A merge request could read it, so give it no other right. Without the variable no comment is written.
      notes=${CI_API_V4_URL:-}/projects/${CI_PROJECT_ID:-}/merge_requests/${CI_MERGE_REQUEST_IID:-}/notes
      comment=vatspolicy-report/comment.md
      if [ -n "${VATSPOLICY_COMMENT_TOKEN:-}" ] && [ -n "${CI_MERGE_REQUEST_IID:-}" ] && [ -s "$comment" ]; then
        python -I - "$notes" "$comment" <<'PYTHON'
      import json, os, sys, urllib.request
      address, body = sys.argv[1], open(sys.argv[2], encoding="utf-8").read()
      def ask(address, method="GET", data=None):
          head = {"PRIVATE-TOKEN": os.environ["VATSPOLICY_COMMENT_TOKEN"], "Content-Type": "application/json"}
          data = None if data is None else json.dumps(data).encode()
          with urllib.request.urlopen(urllib.request.Request(address, data, head, method=method), timeout=60) as reply:
              return json.load(reply)
      marker = body.partition("\\n")[0]
      old = [one["id"] for one in ask(address + "?per_page=100&sort=asc") if one["body"].startswith(marker)]
      ask(f"{address}/{old[0]}" if old else address, "PUT" if old else "POST", {"body": body})
      PYTHON
      fi
"""
"""Lines of a job for GitLab that write the comment. A test holds templates/gitlab-ci.yml to them."""

_GITLAB = """\
# Decides the specs that vatspolicy.toml names; fails if one may not launch, or if facts are missing. A merge request is
# judged by the vatspolicy.toml, the waivers and the law of its target branch: what it brings along itself counts once
# it is merged. Let owners (CODEOWNERS) review this file and vatspolicy.toml.
launch-gate:
  stage: test
  image: python:3.13 # the slim image has no git
  variables:
{note}    SOURCE: {source}
  before_script:
    # Nothing of the checkout is run: the tool lives outside it, and Python takes no module from it.
    - unset PYTHONPATH PYTHONHOME PYTHONSTARTUP && export PYTHONSAFEPATH=1 PYTHONNOUSERSITE=1
    - tool=$(mktemp -d)
    - python -I -m venv "$tool"
    - '"$tool/bin/python" -I -m pip install --quiet --disable-pip-version-check "$SOURCE"'
  script:
    - rm -rf vatspolicy-report # the repository may hold one, or a link of that name
{trust}    - >-
      "$tool/bin/vatspolicy" check --allow-none $trust $base
      -o junit=vatspolicy-report/junit.xml -o gitlab=vatspolicy-report/gl-code-quality.json
      -o comment=vatspolicy-report/comment.md -o html=vatspolicy-report/report.html
{comment}  artifacts:
    when: always
    paths: [vatspolicy-report/]
    reports:
      junit: vatspolicy-report/junit.xml
      codequality: vatspolicy-report/gl-code-quality.json
"""


def configuration(lang: str) -> str:
    """Return the text of vatspolicy.toml."""
    return _CONFIGURATION.format(lang=lang)


def pre_commit(source: str) -> str:
    """Return the text of .pre-commit-config.yaml; `source` is what pip installs."""
    return _PRE_COMMIT.format(note=_note(source, 8), source=json.dumps(source))


def github_workflow(source: str) -> str:
    """Return the text of a workflow for GitHub Actions."""
    fixed = {"checkout": CHECKOUT, "setup_python": SETUP_PYTHON, "upload": UPLOAD, "download": DOWNLOAD}
    return _GITHUB.format(note=_note(source, 10), source=json.dumps(source), **fixed)


def gitlab_pipeline(source: str) -> str:
    """Return the text of .gitlab-ci.yml."""
    return _GITLAB.format(note=_note(source, 4), source=json.dumps(source), trust=GITLAB_TRUST, comment=GITLAB_COMMENT)


def _note(source: str, indent: int) -> str:
    """Return the comment with the placeholder to replace, if the address is unknown."""
    return _REPLACE.format(indent=" " * indent) if source == UNKNOWN else ""
