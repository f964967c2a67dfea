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
# The repository is the one of the working directory, whatever a variable of the job says.
for name in ${!GIT_@}; do unset "$name"; done
export GIT_NO_REPLACE_OBJECTS=1

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
  if [[ -n $edits ]]; then
    { head -n 1 && printf '\n%s\n' "$edits" && cat; } <"$folder/comparison.md" >"$RUNNER_TEMP/vatspolicy-comparison.md"
    cp -- "$RUNNER_TEMP/vatspolicy-comparison.md" "$folder/comparison.md"
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

# Fails if a part of a path below the working directory is a link: a link of the checkout must not lead reports elsewhere.
has_no_link() {
  local path=$1
  case $path in
    /*) ;;
    *) path=$PWD/$path ;;
  esac
  while [[ $path == "$PWD"/* ]]; do
    [[ ! -L $path ]] || return 1
    path=${path%/*}
  done
}

# Sets edits: the line that says what the change edits of what judges it. Names are those of the input, not of files.
find_edits() {
  local line names found=()
  while IFS= read -r line || [[ -n $line ]]; do
    line=${line%$'\r'}
    [[ -n ${line//[[:space:]]/} ]] || continue
    if ! names=$(git --literal-pathspecs diff-tree -r --name-only --no-renames --ignore-submodules=none \
      "$1" "$2" -- "$line"); then
      edits='**Whether this change edits what judges it could not be found out.**'
      return 0
    fi
    [[ -z $names ]] || found+=("\`$line\` ($(wc -l <<<"$names" | tr -d ' '))")
  done <<<"${DIFF_JUDGES:-}"
  [[ ${#found[@]} -gt 0 ]] || return 0
  printf -v names '%s, ' "${found[@]}"
  edits="**⚠️ This change edits what judges it (number of files): ${names%, }.** Nothing below is about these edits."
}

# The full path of an input that names a file, and of a pattern.
full() {
  case $1 in
    /*) printf '%s' "$1" ;;
    *) printf '%s' "$PWD/$1" ;;
  esac
}

# Fails if a path leads through a folder, by links or without.
stays_outside() {
  "$bin/python" -I - "$1" "$2" <<'PYTHON'
import pathlib, sys

folder, path = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).absolute()
steps = [step.resolve() for step in (path, *path.parents)]
sys.exit(any(folder in (step, *step.parents) for step in steps))
PYTHON
}

# Goes to a copy of the base, where settings are those of the owner of the law, not those of the change.
enter_base() {
  local copy=$RUNNER_TEMP/vatspolicy-base place
  place=$(git rev-parse --show-prefix)
  rm -rf -- "$copy"
  git worktree prune
  git -c core.hooksPath=/dev/null worktree add --quiet --force --detach "$copy" "$1"
  cd -- "$copy/$place" 2>/dev/null || refuse 'The folder that the input folder names is not there in the base.'
}

compare() {
  local folder=${DIFF_REPORT_FOLDER:-$RUNNER_TEMP/vatspolicy-comparison} edits=''
  local arguments=(-f github) line verdict status=0 errors=$RUNNER_TEMP/vatspolicy-diff-errors.txt
  local base=${DIFF_BASE:-} head=${DIFF_HEAD:-} before after checkout

  case $folder in
    *$'\n'* | *$'\r'*)
      folder=$RUNNER_TEMP/vatspolicy-comparison
      mkdir -p -- "$folder"
      refuse 'The input report-folder holds a line break.'
      ;;
  esac
  if ! has_no_link "$folder"; then
    folder=$RUNNER_TEMP/vatspolicy-comparison
    mkdir -p -- "$folder"
    refuse 'The input report-folder is a link, or lies below one.'
  fi
  mkdir -p -- "$folder"
  folder=$(cd -- "$folder" && pwd)
  # A report of an earlier run must not pass for one of this run.
  rm -f -- "$folder/comparison.md" "$folder/comparison.html" "$folder/comparison.json" "$folder/comparison.sarif"

  for line in markdown=md html=html json=json sarif=sarif; do
    arguments+=(-o "${line%=*}=$folder/comparison.${line#*=}")
  done
  # A variable of the job would be a setting that nobody gave to the action.
  if [[ -n ${!VATSPOLICY_@} ]]; then
    refuse "The job sets ${!VATSPOLICY_@}. The inputs of the action are the whole question: use an input."
  fi
  cd -- "${DIFF_FOLDER:-.}" 2>/dev/null || refuse 'The folder that the input folder names is not there.'
  checkout=$PWD/$(git rev-parse --show-cdup 2>/dev/null || true)

  while IFS= read -r line || [[ -n $line ]]; do
    line=${line%$'\r'}
    [[ -z ${line//[[:space:]]/} ]] || arguments+=("--profiles=$(full "$line")")
  done <<<"${DIFF_PROFILES:-}"
  [[ -z ${DIFF_LAW:-} ]] || arguments+=("--law=$DIFF_LAW")
  while IFS= read -r line || [[ -n $line ]]; do
    line=${line%$'\r'}
    [[ -z ${line//[[:space:]]/} ]] || arguments+=("--policies=$line")
  done <<<"${DIFF_POLICIES:-}"
  [[ -z ${DIFF_FAIL_ON:-} ]] || arguments+=("--fail-on=$DIFF_FAIL_ON")
  [[ -z ${DIFF_SEMANTIC:-} ]] || arguments+=("--semantic=$DIFF_SEMANTIC")
  [[ -z ${DIFF_LANG:-} ]] || arguments+=("--lang=$DIFF_LANG")

  if before=$(git rev-parse --verify --quiet --short=12 --end-of-options "$base^{commit}") &&
    after=$(git rev-parse --verify --quiet --short=12 --end-of-options "$head^{commit}"); then
    find_edits "$before" "$after"
    enter_base "$before"
    base=$before head=$after
  fi
  if [[ -n ${DIFF_ACCEPTED:-} ]]; then
    stays_outside "$checkout" "$DIFF_ACCEPTED" ||
      refuse 'The input accepted names a file of the checkout, which comes with the change.'
    arguments+=("--accepted=$(full "$DIFF_ACCEPTED")")
  fi
  "$bin/vatspolicy" diff "${arguments[@]}" -- "$base" "$head" </dev/null 2>"$errors" || status=$?
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
