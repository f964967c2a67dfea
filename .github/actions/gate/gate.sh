#!/usr/bin/env bash
# The two steps of the gate action: `gate.sh install`, then `gate.sh check`.
#
# Reads GATE_* (the action's inputs, see action.yml) and the runner's RUNNER_TEMP, GITHUB_OUTPUT, GITHUB_STEP_SUMMARY,
# GITHUB_EVENT_NAME and GITHUB_SHA.
# Input values are data: they reach the tool as separate arguments, and what the tool writes to stderr cannot be taken
# for workflow commands. Runs on the bash 3.2 that macOS runners have.
set -Eeuf -o pipefail # -f: patterns are expanded by the tool, never here
trap 'exit 70' ERR    # what nobody foresaw must not look like a closed gate

# No Python of this step takes a module from the checkout: not from the working directory, nor by a variable of the job.
unset PYTHONPATH PYTHONHOME PYTHONSTARTUP
export PYTHONSAFEPATH=1 PYTHONNOUSERSITE=1

# The repository is the one of the working directory, whatever a variable of the job says.
for name in ${!GIT_@}; do unset "$name"; done
export GIT_NO_REPLACE_OBJECTS=1

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
venv=$RUNNER_TEMP/vatspolicy-venv
bin=$venv/bin
[[ ! -d $venv/Scripts ]] || bin=$venv/Scripts # on Windows

# Extras for what the inputs verify and sign: a key needs a library, and a policy about signers another one.
find_extras() {
  local key=${GATE_KEY:-} sign='' sigstore=''
  if [[ -z $key && ${GATE_CONFIG:-false} == true && -f vatspolicy.toml ]]; then
    key=$(sed -n "s/^ *key *= *[\"']\([^\"']*\)[\"'].*/\1/p" vatspolicy.toml)
  fi
  if [[ -f $key ]] && grep -qs -e '"trusted_root"' -- "$key"; then
    sigstore=sigstore
  elif [[ -n $key ]]; then
    sign=sign
  fi
  [[ -z ${GATE_SIGN_KEY:-} ]] || sign=sign
  [[ -z $sign$sigstore ]] || printf '[%s%s%s]' "$sign" "${sign:+${sigstore:+,}}" "$sigstore"
}

install() {
  local extra
  extra=$(find_extras)
  cd -- "$RUNNER_TEMP"
  "${GATE_PYTHON:-python3}" -I -m venv --clear "$venv"
  [[ ! -d $venv/Scripts ]] || bin=$venv/Scripts
  # Reports link to the documentation of the repository that the action comes from.
  if [[ -n ${GITHUB_ACTION_REPOSITORY:-} ]]; then
    export VATSPOLICY_BUILD_REPOSITORY=${GITHUB_SERVER_URL:-https://github.com}/$GITHUB_ACTION_REPOSITORY
  fi
  "$bin/python" -I -m pip install --quiet --disable-pip-version-check "$root$extra"
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

# The text of a workflow command, and one of its properties.
escape_message() {
  local text=$1
  text=${text//'%'/%25}
  text=${text//$'\r'/%0D}
  text=${text//$'\n'/%0A}
  printf '%s' "$text"
}

escape_property() {
  local text
  text=$(escape_message "$1")
  text=${text//':'/%3A}
  text=${text//','/%2C}
  printf '%s' "$text"
}

# Prints the tool's stderr $1 as plain text, then each `file:line:column: message` in it as an annotation on that line,
# unless its report $2 has one there.
show_errors() {
  local token line place
  local pattern='^([^:]+):([0-9]+):([0-9]+): (.*)$'
  [[ -s $1 ]] || return 0
  token=$(random_word)
  printf '::stop-commands::%s\n' "$token"
  cat "$1"
  printf '\n::%s::\n' "$token"
  while IFS= read -r line || [[ -n $line ]]; do
    [[ $line =~ $pattern ]] || continue
    place="file=$(escape_property "${BASH_REMATCH[1]}"),line=${BASH_REMATCH[2]},col=${BASH_REMATCH[3]}"
    ! grep -qsF -e "$place" -- "$2" || continue
    printf '::error %s::%s\n' "$place" "$(escape_message "${BASH_REMATCH[4]}")"
  done <"$1"
}

# Why the step fails, in one sentence.
reason() {
  case $1 in
    1) echo "The gate fails on ${GATE_FAIL_ON:-needs-license}; the worst decision is $2. The summary names what fails." ;;
    2) echo "The gate was not used correctly." ;;
    3) echo "A spec or a policy is not valid." ;;
    4) echo "Facts are missing: there is no decision yet." ;;
    5) echo "Nothing was evaluated: no spec was found." ;;
    *) echo "The gate itself failed." ;;
  esac
}

# finish STATUS DECISION [WHY]: writes the outputs and the summary, whatever happened, and ends the step.
finish() {
  local status=$1 decision=$2 why format file
  why=${3:-$(reason "$status" "$decision")}
  write_output decision "$decision"
  write_output exit-code "$status"
  write_output report-folder "$folder"
  for format in sarif json junit markdown comment; do
    file=$(report_file "$format")
    [[ -s $file ]] || file=
    write_output "$format" "$file"
  done

  file=$(report_file comment)
  if [[ $decision == not-evaluated && ! -s $file ]]; then
    printf '### Not evaluated\n\n%s The log of this step says more.\n\n' "$why"
  fi >>"$GITHUB_STEP_SUMMARY"
  [[ ! -s $file ]] || cat -- "$file" >>"$GITHUB_STEP_SUMMARY"
  file=$(report_file markdown)
  if [[ -s $file ]]; then
    printf '\n<details><summary>The whole report</summary>\n\n'
    # A runner refuses a summary of more than one megabyte as a whole.
    head -c 800000 -- "$file" | LC_ALL=C sed $'$ s/[\xc0-\xff][\x80-\xbf]*$//' # no half a character at the end
    [[ $(wc -c <"$file") -le 800000 ]] || printf '\n\n… cut here. The whole report is among the files of this run.\n'
    printf '\n</details>\n'
  fi >>"$GITHUB_STEP_SUMMARY"

  if [[ $status -ne 0 ]]; then
    printf '::error title=Launch gate::%s\n' "$(escape_message "$why (exit code $status)")"
  fi
  exit "$status"
}

# The inputs cannot be used; $1 says why.
refuse() {
  finish 2 not-evaluated "$1"
}

report_file() {
  case $1 in
    markdown) echo "$folder/decision.md" ;;
    comment) echo "$folder/comment.md" ;;
    gitlab) echo "$folder/gl-code-quality.json" ;;
    junit) echo "$folder/decision.junit.xml" ;;
    text) echo "$folder/decision.txt" ;;
    *) echo "$folder/decision.$1" ;;
  esac
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

# Sets trust: the revision that what opens the gate is read from, so that no pull request judges itself.
find_trust() {
  trust=${GATE_TRUST:-}
  [[ -z $trust ]] || return 0
  case ${GITHUB_EVENT_NAME:-} in
    pull_request)
      # Only of the merge that the runner checks out is the first parent the base.
      [[ -n ${GITHUB_SHA:-} && $(git rev-parse --verify --quiet HEAD 2>/dev/null) == "$GITHUB_SHA" ]] ||
        refuse 'The checkout is not the merge of the pull request. Name its base with the input trust.'
      trust=HEAD^1
      git rev-parse --verify --quiet 'HEAD^1^{commit}' >/dev/null ||
        refuse 'The base of the pull request is not there. Check out with fetch-depth: 2.'
      ;;
    merge_group)
      trust=${GATE_QUEUE_BASE:-}
      [[ -n $trust ]] || refuse 'The merge group has no base. Name it with the input trust.'
      ;;
    pull_request_target | workflow_run | issue_comment)
      refuse 'This event has no base that can be found. Name it with the input trust.'
      ;;
  esac
}

# Sets base: the commit whose specs the run compares its own with, so that the report says what the change does.
find_base() {
  case ${GITHUB_EVENT_NAME:-} in
    pull_request) [[ $(git rev-parse --verify --quiet HEAD 2>/dev/null) != "${GITHUB_SHA:-}" ]] || base=HEAD^1 ;;
    merge_group) base=${GATE_QUEUE_BASE:-} ;;
    push) base=${GATE_BEFORE:-} ;; # what it adds to
  esac
  [[ -z $base ]] || git merge-base "$base" HEAD >/dev/null 2>&1 || base=''
  [[ -n $base || ${GATE_FAIL_ON:-} != new:* ]] ||
    refuse 'fail-on asks for what is new, and the base is not there. Check out with fetch-depth: 0; of an event without a change, name another level.'
}

# Whether a text names something, or is a pattern that matches something.
is_there() {
  [[ -e $1 || -L $1 ]] || compgen -G "$1" >/dev/null
}

# Adds a line of the input `specs` to the array of that name: whole when it names something, else its words. A line that
# can be read in both ways is refused: whoever names files must not choose which are decided.
add_specs() {
  local line=$1 words word
  IFS=$' \t' read -r -a words <<<"$line"
  if [[ ${#words[@]} -eq 1 ]] || is_there "$line"; then
    for word in "${words[@]}"; do
      if [[ ${#words[@]} -gt 1 ]] && is_there "$word"; then
        refuse 'A line of the input specs is one name, and several names, too. Write one a line.'
      fi
    done
    specs+=("$line")
  else
    specs+=("${words[@]}")
  fi
}

# The decision of all specs together. A run that could not decide every spec has decided nothing.
read_decision() {
  case $1 in
    0 | 1 | 4) ;;
    *)
      echo not-evaluated
      return
      ;;
  esac
  "$bin/python" -I - "$(report_file json)" <<'PYTHON'
import json, pathlib, sys

decision = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))["decision"]
if decision not in ("allow", "needs-license", "incomplete", "deny"):
    sys.exit("the report holds no decision that this action knows")
print(decision)
PYTHON
}

check() {
  local folder=${GATE_REPORT_FOLDER:-$RUNNER_TEMP/vatspolicy-report}
  local specs=() arguments=(-f github) deciding=() formats=(sarif json junit markdown comment)
  local line word wanted=${GATE_FORMATS:-} format decision status=0 errors annotations trust='' base=''

  case $folder in
    *$'\n'* | *$'\r'*)
      folder=$RUNNER_TEMP/vatspolicy-report
      refuse 'The input report-folder holds a line break.'
      ;;
  esac
  if ! has_no_link "$folder"; then
    folder=$RUNNER_TEMP/vatspolicy-report
    refuse 'The input report-folder is a link, or lies below one.'
  fi
  # A report of an earlier run must not pass for one of this run.
  mkdir -p -- "$folder" || refuse 'The folder that the input report-folder names cannot be made.'
  for format in "${formats[@]}"; do
    rm -f -- "$(report_file "$format")"
  done

  # A variable of the job would be a setting that nobody gave to the action.
  if [[ -n ${!VATSPOLICY_@} ]]; then
    refuse "The job sets ${!VATSPOLICY_@}. The inputs of the action are the whole gate: use an input."
  fi

  while IFS= read -r line || [[ -n $line ]]; do
    line=${line%$'\r'}
    line="${line#"${line%%[![:space:]]*}"}"
    line="${line%"${line##*[![:space:]]}"}"
    [[ -z $line ]] || add_specs "$line"
  done <<<"${GATE_SPECS:-}"
  if [[ ${#specs[@]} -eq 0 && ${GATE_CONFIG:-false} != true ]]; then
    finish 5 not-evaluated
  fi

  for word in ${wanted//[,[:space:]]/ }; do
    [[ $word =~ ^[a-z0-9]+$ ]] || refuse 'The input formats may hold the names of formats only.'
    case " ${formats[*]} " in
      *" $word "*) ;;
      *) formats+=("$word") ;;
    esac
  done
  for format in "${formats[@]}"; do
    arguments+=(-o "$format=$(report_file "$format")")
  done

  [[ -z ${GATE_AS_OF:-} ]] || arguments+=("--as-of=$GATE_AS_OF")
  [[ -z ${GATE_FAIL_ON:-} ]] || arguments+=("--fail-on=$GATE_FAIL_ON")
  [[ -z ${GATE_ATTEST:-} ]] || arguments+=("--attest=$GATE_ATTEST")
  [[ -z ${GATE_SIGN_KEY:-} ]] || arguments+=("--sign-key=$GATE_SIGN_KEY")
  [[ -z ${GATE_LOG:-} ]] || arguments+=("--log=$GATE_LOG")
  [[ -z ${GATE_EXPECT:-} ]] || arguments+=("--expect=$GATE_EXPECT")
  # The files that decide whether the gate opens, and vatspolicy.toml if the workflow says so.
  for word in LAW BUNDLE KEY WAIVERS APPROVERS OPINIONS BASELINE; do
    line=GATE_$word
    [[ -z ${!line:-} ]] || deciding+=("--$(tr '[:upper:]' '[:lower:]' <<<"$word")=${!line}")
  done
  while IFS= read -r line || [[ -n $line ]]; do
    line=${line%$'\r'}
    [[ -z ${line//[[:space:]]/} ]] || deciding+=("--policies=$line")
  done <<<"${GATE_POLICIES:-}"
  arguments+=(${deciding[@]+"${deciding[@]}"})
  [[ ${GATE_CONFIG:-false} == false && ${#deciding[@]} -eq 0 ]] || find_trust
  [[ -z $trust ]] || arguments+=("--trust=$trust")
  find_base
  [[ -z $base ]] || arguments+=("--base=$base")
  case ${GATE_CONFIG:-false} in
    true) ;;
    false) arguments+=(--no-config) ;;
    *) refuse 'The input config must be true or false.' ;;
  esac
  [[ -z ${GATE_LANG:-} ]] || arguments+=("--lang=$GATE_LANG")
  case ${GATE_ALLOW_PAST_AS_OF:-false} in
    true) arguments+=(--allow-past-as-of) ;;
    false) ;;
    *) refuse 'The input allow-past-as-of must be true or false.' ;;
  esac

  case ${GATE_STRICT_WAIVERS:-false} in
    true) arguments+=(--strict-waivers) ;;
    false) ;;
    *) refuse 'The input strict-waivers must be true or false.' ;;
  esac

  errors=$RUNNER_TEMP/vatspolicy-errors.txt
  annotations=$RUNNER_TEMP/vatspolicy-annotations.txt
  "$bin/vatspolicy" check "${arguments[@]}" -- ${specs[@]+"${specs[@]}"} </dev/null 2>"$errors" >"$annotations" || status=$?
  cat -- "$annotations"
  show_errors "$errors" "$annotations"
  if ! decision=$(read_decision "$status"); then
    status=70
    decision=not-evaluated
  fi
  finish "$status" "$decision"
}

case ${1:-} in
  install | check) "$1" ;;
  *)
    echo "usage: gate.sh install|check" >&2
    exit 2
    ;;
esac
