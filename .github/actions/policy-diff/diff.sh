#!/usr/bin/env bash
# The two steps of the policy-diff action: `diff.sh install`, then `diff.sh compare`.
#
# Reads DIFF_* (the action's inputs, see action.yml) and the runner's RUNNER_TEMP, GITHUB_OUTPUT, GITHUB_STEP_SUMMARY.
# Input values are data: they reach the tool as separate arguments. Whatever happens, a report is left behind that does
# not say "no change" of what was not compared. Runs on the bash 3.2 that macOS runners have.
set -Eeuf -o pipefail # -f: patterns are expanded by the tool, never here
trap 'exit 70' ERR    # what nobody foresaw must not look like a condition that holds

# No Python of this step takes a module from the checkout: not from the working directory, nor by a variable of the job.
unset PYTHONPATH PYTHONHOME PYTHONSTARTUP
export PYTHONSAFEPATH=1 PYTHONNOUSERSITE=1

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
venv=$RUNNER_TEMP/vatspolicy-diff-venv
bin=$venv/bin
[[ ! -d $venv/Scripts ]] || bin=$venv/Scripts # on Windows

install() {
  local wanted="${root}[smt]"
  case ${DIFF_SEMANTIC:-auto} in
    off) wanted=$root ;;
  esac
  cd -- "$RUNNER_TEMP"
  "${DIFF_PYTHON:-python3}" -I -m venv --clear "$venv"
  [[ ! -d $venv/Scripts ]] || bin=$venv/Scripts
  "$bin/python" -I -m pip install --quiet --disable-pip-version-check "$wanted"
}

random_word() {
  od -An -N16 -tx1 /dev/urandom | tr -d ' \n'
}

# A delimiter nobody can guess, so that no value can end its own output and start another.
write_output() {
  local delimiter
  delimiter=$(random_word)
  printf '%s<<%s\n%s\n%s\n' "$1" "$delimiter" "$2" "$delimiter" >>"$GITHUB_OUTPUT"
}

# Prints what the tool wrote to stderr so that no line of it is taken for a workflow command.
show_errors() {
  local token
  [[ -s $1 ]] || return 0
  token=$(random_word)
  printf '::stop-commands::%s\n' "$token"
  cat "$1"
  printf '\n::%s::\n' "$token"
}

# Why the step fails, in one sentence.
reason() {
  case $1 in
    1) echo "A condition of fail-on holds." ;;
    2) echo "The comparison was not asked for correctly." ;;
    3) echo "A side, a profile or the file of accepted changes is not valid." ;;
    4) echo "A part of the comparison was not evaluated." ;;
    5) echo "Nothing was compared: there is no profile." ;;
    *) echo "The comparison itself failed." ;;
  esac
}

# finish STATUS VERDICT [WHY]: leaves outputs, a report and the summary, whatever happened, and ends the step.
finish() {
  local status=$1 verdict=$2 why
  why=${3:-$(reason "$status")}
  write_output verdict "$verdict"
  write_output exit-code "$status"
  write_output report-folder "$folder"
  if [[ ! -s $folder/comparison.md ]]; then
    printf '## 🛑 NOT EVALUATED\n\n%s The log of this step says more.\n' "$why" >"$folder/comparison.md"
  fi
  cat "$folder/comparison.md" >>"$GITHUB_STEP_SUMMARY"
  if [[ $status -ne 0 ]]; then
    printf '::error title=Policy diff::%s (exit code %s)\n' "$why" "$status"
  fi
  exit "$status"
}

# The inputs cannot be used; $1 says why.
refuse() {
  finish 2 not-evaluated "$1"
}

# The verdict of the report; a comparison that is not whole has none.
read_verdict() {
  "$bin/python" -I - "$folder/comparison.json" <<'PYTHON'
import json, pathlib, sys

data = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
verdict = data["verdict"] if data["state"] == "evaluated" else "not-evaluated"
if verdict not in ("tightened", "loosened", "both", "neither", "unknown", "not-evaluated"):
    sys.exit("the report holds no verdict that this action knows")
print(verdict)
PYTHON
}

compare() {
  local folder=${DIFF_REPORT_FOLDER:-$RUNNER_TEMP/vatspolicy-comparison}
  local arguments=(-f github) line verdict status=0 errors=$RUNNER_TEMP/vatspolicy-diff-errors.txt

  case $folder in
    *$'\n'* | *$'\r'*)
      folder=$RUNNER_TEMP/vatspolicy-comparison
      mkdir -p -- "$folder"
      refuse 'The input report-folder holds a line break.'
      ;;
  esac
  mkdir -p -- "$folder"
  folder=$(cd -- "$folder" && pwd)
  # A report of an earlier run must not pass for one of this run.
  rm -f -- "$folder/comparison.md" "$folder/comparison.html" "$folder/comparison.json" "$folder/comparison.sarif"

  for line in markdown=md html=html json=json sarif=sarif; do
    arguments+=(-o "${line%=*}=$folder/comparison.${line#*=}")
  done
  while IFS= read -r line || [[ -n $line ]]; do
    line=${line%$'\r'}
    [[ -z ${line//[[:space:]]/} ]] || arguments+=("--profiles=$line")
  done <<<"${DIFF_PROFILES:-}"
  [[ -z ${DIFF_LAW:-} ]] || arguments+=("--law=$DIFF_LAW")
  while IFS= read -r line || [[ -n $line ]]; do
    line=${line%$'\r'}
    [[ -z ${line//[[:space:]]/} ]] || arguments+=("--policies=$line")
  done <<<"${DIFF_POLICIES:-}"
  [[ -z ${DIFF_FAIL_ON:-} ]] || arguments+=("--fail-on=$DIFF_FAIL_ON")
  [[ -z ${DIFF_ACCEPTED:-} ]] || arguments+=("--accepted=$DIFF_ACCEPTED")
  [[ -z ${DIFF_SEMANTIC:-} ]] || arguments+=("--semantic=$DIFF_SEMANTIC")
  [[ -z ${DIFF_LANG:-} ]] || arguments+=("--lang=$DIFF_LANG")

  cd -- "${DIFF_FOLDER:-.}" 2>/dev/null || refuse 'The folder that the input folder names is not there.'
  "$bin/vatspolicy" diff "${arguments[@]}" -- "${DIFF_BASE:-}" "${DIFF_HEAD:-}" </dev/null 2>"$errors" || status=$?
  show_errors "$errors"
  if [[ ! -s $folder/comparison.json ]]; then
    [[ $status -eq 2 ]] || status=70
    finish "$status" not-evaluated
  fi
  if ! verdict=$(read_verdict); then
    rm -f -- "$folder/comparison.md" "$folder/comparison.html"
    finish 70 not-evaluated
  fi
  finish "$status" "$verdict"
}

case ${1:-} in
  install | compare) "$1" ;;
  *)
    echo "usage: diff.sh install|compare" >&2
    exit 2
    ;;
esac
