"""Workflows, the GitLab template, templates to copy and the pre-commit hooks, beside what `make lint` checks of them."""

import fnmatch
import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from release.addresses import UNSET, read_owner
from tests.support.changes import OPENING, until, write
from tests.support.console import Console
from tests.support.law_builder import bundle_of, rule
from tests.support.layer_builder import LAW
from tests.support.repositories import commit, git
from tests.support.shipped import ROOT, fixture_file
from tests.support.specs import DENIED, SHOP
from vatspolicy.authoring import project_files
from vatspolicy.bundles.lockfile import read_lock

SCRIPTS = Path(sysconfig.get_path("scripts"))
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.y*ml"))
ACTIONS = sorted((ROOT / ".github/actions").glob("*/action.yml"))
SHELL = [ROOT / ".ci/run", ROOT / ".ci/image", *sorted((ROOT / ".github").rglob("*.sh"))]
GITLAB = ROOT / "templates/gitlab-ci.yml"
UPDATE = ROOT / "templates/update-law.yml"
RELEASE = ROOT / ".github/workflows/release.yml"
REVIEW = ROOT / "templates/policy-review.yml"
HOOKS = ROOT / ".pre-commit-hooks.yaml"


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a tool of this environment with its scripts first on PATH and without the caller's tokens."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("GH_", "GITHUB_", "ZIZMOR_"))}
    clean["PATH"] = f"{SCRIPTS}{os.pathsep}{clean['PATH']}"
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=clean | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def read(path: Path) -> Any:
    # PyYAML follows YAML 1.1, where the key `on` is true; nothing here reads that key.
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in WORKFLOWS:
        for name, job in read(path)["jobs"].items():
            for step in job["steps"]:
                yield f"{path.name}: {name}", step
    for path in ACTIONS:
        for step in read(path)["runs"]["steps"]:
            yield path.parent.name, step


def lint_workflows(*paths: Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    # Without its path given, a shellcheck that is missing goes unnoticed and no script is checked.
    return run("actionlint", f"-shellcheck={SCRIPTS / 'shellcheck'}", "-pyflakes=", *paths, cwd=cwd)


def audit(*paths: Path) -> subprocess.CompletedProcess[str]:
    return run("zizmor", "--offline", "--persona=pedantic", "--strict-collection", "--no-progress", *paths)


def test_linters_find_nothing_in_what_init_writes(tmp_path: Path) -> None:
    source = "vatspolicy @ git+https://git.example.org/law/vatspolicy"
    workflow, pipeline = tmp_path / ".github/workflows/vatspolicy.yml", tmp_path / ".gitlab-ci.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text(project_files.github_workflow(source))
    pipeline.write_text(project_files.gitlab_pipeline(source))
    linted = lint_workflows(workflow, cwd=tmp_path), audit(workflow)
    schemas = [("github-workflows", workflow), ("gitlab-ci", pipeline)]
    checked = [run("check-jsonschema", "--builtin-schema", f"vendor.{name}", path) for name, path in schemas]
    for result in (*linted, *checked):
        assert result.returncode == 0, result.stdout + result.stderr


def test_init_pins_the_actions_of_this_project() -> None:
    text = (ROOT / ".github/workflows/ci.yml").read_text()
    assert f"uses: {project_files.CHECKOUT}\n" in text
    assert f"uses: {project_files.SETUP_PYTHON}\n" in text
    review = (ROOT / ".github/workflows/policy-review.yml").read_text()
    assert f"uses: {project_files.UPLOAD}\n" in review
    assert f"uses: {project_files.DOWNLOAD}\n" in review


@pytest.mark.parametrize("path", SHELL, ids=lambda path: path.name)
def test_scripts_can_be_executed(path: Path) -> None:
    assert os.access(path, os.X_OK)


def test_linters_would_find_a_fault(tmp_path: Path) -> None:
    """The linters above are really at work: each finds what is planted here."""
    workflow = tmp_path / ".github/workflows/ci.yml"
    workflow.parent.mkdir(parents=True)
    text = WORKFLOWS[0].read_text(encoding="utf-8")
    planted = text.replace("- run: make lint", "- run: cd $FOLDER && echo ${{ github.event.pull_request.title }}")
    assert planted != text
    workflow.write_text(planted, encoding="utf-8")
    linted = lint_workflows(workflow, cwd=tmp_path)
    assert "shellcheck reported issue" in linted.stdout
    assert "potentially untrusted" in linted.stdout
    audited = audit(workflow)
    assert audited.returncode == 14
    assert "template-injection" in audited.stdout


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_are_bounded(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] in ({}, {"contents": "read"})
    assert "group" in workflow["concurrency"]
    for name, job in workflow["jobs"].items():
        assert 0 < job["timeout-minutes"] <= 60, name


def test_ci_tests_every_python_that_the_package_names() -> None:
    named = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', (ROOT / "pyproject.toml").read_text("utf-8"))
    assert read(ROOT / ".github/workflows/ci.yml")["jobs"]["test"]["strategy"]["matrix"]["python"] == named


def test_actions_are_pinned_to_a_commit() -> None:
    """A tag can be moved; a commit cannot. `$/` is this repository at the same commit."""
    used = [
        line
        for path in (*WORKFLOWS, *ACTIONS, UPDATE, REVIEW)
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    used = [line.split("uses:", 1)[1].strip() for line in used if re.match(r"\s*(- )?uses:", line)]
    assert used
    for reference in used:
        assert reference.startswith("$/") or re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", reference)


def test_workflows_call_what_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for where, step in steps():
        for target in re.findall(r"^make ([\w-]+)", step.get("run", ""), flags=re.MULTILINE):
            assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), f"{where}: make {target}"
        for script in re.findall(r"^\.[\w./-]+", step.get("run", ""), flags=re.MULTILINE):
            assert (ROOT / script).is_file(), f"{where}: {script}"
        if step.get("uses", "").startswith("$/"):
            assert (ROOT / step["uses"].removeprefix("$/") / "action.yml").is_file(), where
            for spec in step["with"].get("specs", "").split():
                assert list(ROOT.glob(spec)), f"{where}: {spec}"


@pytest.mark.parametrize("hook", read(HOOKS), ids=lambda hook: hook["id"])
def test_hooks_name_real_commands(hook: dict[str, Any]) -> None:
    program, command = hook["entry"].split()
    result = run(SCRIPTS / program, command, "--help")
    assert result.returncode == 0, result.stderr
    assert hook["language"] == "python"


def test_hooks_choose_their_files() -> None:
    hooks = {hook["id"]: hook for hook in read(HOOKS)}
    check = hooks["vatspolicy-check"]
    assert re.search(check["files"], "specs/cloud.yaml")
    assert not re.search(check["files"], "src/specs.py")
    assert re.search(check["exclude"], "specs/cloud.expect.yaml")
    assert not re.search(check["exclude"], "specs/cloud.yaml")
    for name in ("vatspolicy-lint", "vatspolicy-test"):
        assert re.search(hooks[name]["files"], "policies/pilot.yaml")
        assert hooks[name]["pass_filenames"] is False


@pytest.fixture
def gitlab(tmp_path: Path) -> tuple[dict[str, Any], Path]:
    """The GitLab job, and a project in which its `before_script` has been done."""
    template = read(GITLAB)
    binaries = tmp_path / "tool/bin"
    project = tmp_path / "project"
    binaries.mkdir(parents=True)
    project.mkdir()
    (binaries / "vatspolicy").symlink_to(SCRIPTS / "vatspolicy")
    job: dict[str, Any] = template["vatspolicy"]
    job["variables"] = template["variables"]
    return job, project


def run_gitlab(job: dict[str, Any], project: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """As GitLab's runner does, on a protected branch: the lines in one shell, which ends at the first that fails."""
    tool = f"vatspolicy_tool={project.parent}/tool"
    script = "\n".join(["set -eo pipefail", tool, *job["script"]])
    return run(
        "bash", "-c", script, cwd=project, **({"CI_COMMIT_REF_PROTECTED": "true"} | job["variables"] | variables)
    )


def test_gitlab_job_reports(gitlab: tuple[dict[str, Any], Path]) -> None:
    job, project = gitlab
    (project / "specs").mkdir()
    expected = min((ROOT / "fixtures").rglob("*.expect.yaml"))
    shutil.copy(expected.with_name(expected.name.replace(".expect", "")), project / "specs")
    options = "--allow-past-as-of --no-fail"
    result = run_gitlab(job, project, VATSPOLICY_SPECS="specs/*.yaml", VATSPOLICY_OPTIONS=options)
    assert result.returncode == 0, result.stderr
    assert "<testsuite" in (project / job["artifacts"]["reports"]["junit"]).read_text(encoding="utf-8")
    [folder] = job["artifacts"]["paths"]
    assert json.loads((project / folder / "decision.json").read_text(encoding="utf-8"))["decisions"]
    assert job["artifacts"]["when"] == "always"


@pytest.mark.parametrize(
    ("variables", "installed"),
    [
        ({}, None),
        (
            {"VATSPOLICY_PROJECT": "group/vatspolicy"},
            "git+https://gitlab-ci-token:secret@gitlab.example/group/vatspolicy.git",
        ),
        (
            {"VATSPOLICY_PROJECT": "group/vatspolicy", "VATSPOLICY_REF": "v1"},
            "git+https://gitlab-ci-token:secret@gitlab.example/group/vatspolicy.git@v1",
        ),
        ({"VATSPOLICY_PACKAGE": "vatspolicy==0.1.0"}, "vatspolicy==0.1.0"),
        (
            {"VATSPOLICY_PROJECT": "group/vatspolicy", "VATSPOLICY_SIGN_KEY": "key.pem"},
            "vatspolicy[sign]@git+https://gitlab-ci-token:secret@gitlab.example/group/vatspolicy.git",
        ),
    ],
)
def test_gitlab_job_installs_from_the_project_that_holds_it(
    gitlab: tuple[dict[str, Any], Path], variables: dict[str, str], installed: str | None
) -> None:
    result, arguments = install_by_gitlab(*gitlab, variables)
    if installed is None:
        assert (result.returncode, "Set VATSPOLICY_PROJECT" in result.stderr) == (2, True)
    else:
        assert result.returncode == 0, result.stderr
        assert arguments[-1] == installed


def install_by_gitlab(
    job: dict[str, Any], project: Path, variables: dict[str, str]
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """The lines that install, and what pip is told."""
    python = project.parent / "tool/bin/python"
    python.write_text('#!/bin/sh\necho "$*" >>installed\n')
    python.chmod(0o755)
    lines = (line for line in job["before_script"] if "-m venv" not in line)
    given_tool = f"vatspolicy_tool={project.parent}/tool"
    script = "\n".join(["set -eo pipefail", *(given_tool if "mktemp" in line else line for line in lines)])
    given = job["variables"] | {"CI_JOB_TOKEN": "secret", "CI_SERVER_HOST": "gitlab.example"} | variables
    result = run("bash", "-c", script, cwd=project, **given)
    log = project / "installed"
    return result, log.read_text().split() if log.exists() else []


@pytest.mark.parametrize(
    ("variables", "toml", "extras"),
    [
        ({}, "", ""),
        ({"VATSPOLICY_KEY": "law.pub"}, "", "[sign]"),
        ({"VATSPOLICY_KEY": "a signer.json"}, "", "[sigstore]"),
        ({"VATSPOLICY_KEY": "a signer.json", "VATSPOLICY_SIGN_KEY": "a.pem"}, "", "[sign,sigstore]"),
        ({"VATSPOLICY_OPTIONS": "--bundle law.tar.gz --key=law.pub"}, "", "[sign]"),
        ({"VATSPOLICY_OPTIONS": "--bundle law.tar.gz --key signer.json --fail-on deny"}, "", "[sigstore]"),
        ({"VATSPOLICY_OPTIONS": "--sign-key a.pem --key signer.json --attest r*"}, "", "[sign,sigstore]"),
        ({"VATSPOLICY_CONFIG": "true"}, "key = 'a signer.json' # who\n", "[sigstore]"),
        ({"VATSPOLICY_CONFIG": "true"}, 'bundle = "law.tar.gz"\nkey = "law.pub"\n', "[sign]"),
        ({}, "key = 'a signer.json'\n", ""),
        ({"VATSPOLICY_KEY": "law.pub"}, "key = 'a signer.json'\n", "[sign]"),
    ],
)
def test_gitlab_job_installs_what_its_inputs_need(
    gitlab: tuple[dict[str, Any], Path], variables: dict[str, str], toml: str, extras: str
) -> None:
    job, project = gitlab
    for name in ("a signer.json", "signer.json"):
        (project / name).write_text('{"trusted_root": "root.json"}')
    (project / "law.pub").write_text("-----BEGIN PUBLIC KEY-----")
    if toml:
        (project / "vatspolicy.toml").write_text(toml)
    result, arguments = install_by_gitlab(job, project, {"VATSPOLICY_PROJECT": "group/vatspolicy"} | variables)
    assert result.returncode == 0, result.stderr
    address = "git+https://gitlab-ci-token:secret@gitlab.example/group/vatspolicy.git"
    assert arguments[-1] == (f"vatspolicy{extras}@{address}" if extras else address)


@pytest.mark.skipif(importlib.util.find_spec("cryptography") is None, reason="the extra sign is missing")
def test_gitlab_job_attests_decisions(gitlab: tuple[dict[str, Any], Path]) -> None:
    job, project = gitlab
    (project / "my specs").mkdir()
    expected = min((ROOT / "fixtures").rglob("*.expect.yaml"))
    shutil.copy(expected.with_name(expected.name.replace(".expect", "")), project / "my specs/a.yaml")
    keys = project.parent / "key folder"
    keys.mkdir()
    assert run(SCRIPTS / "vatspolicy", "bundle", "keygen", "pipeline", cwd=keys).returncode == 0
    given = {"VATSPOLICY_SPECS": "my*/*.yaml", "VATSPOLICY_OPTIONS": "--allow-past-as-of --no-fail"}
    written = project / "vatspolicy-report/decision.intoto.jsonl"
    given["VATSPOLICY_ATTEST"] = "vatspolicy-report/decision.intoto.jsonl"
    assert run_gitlab(job, project, **given).returncode == 2, "without a key"
    assert not written.exists()
    result = run_gitlab(job, project, **given, VATSPOLICY_SIGN_KEY=str(keys / "pipeline.pem"))
    assert result.returncode == 0, result.stderr
    assert json.loads(written.read_text(encoding="utf-8"))["signatures"]


def test_gitlab_job_runs_no_python_of_the_checkout(gitlab: tuple[dict[str, Any], Path]) -> None:
    job, project = gitlab
    mark = project.parent / "mark"
    for name in ("pip", "venv", "json", "vatspolicy"):
        (project / f"{name}.py").write_text(f"open({str(mark)!r}, 'a').write(__name__)\nraise SystemExit(0)\n")
    (project / ".vatspolicy/bin").mkdir(parents=True)
    (project / ".vatspolicy/bin/vatspolicy").write_text("#!/bin/sh\nexit 0\n")
    (project / ".vatspolicy/bin/vatspolicy").chmod(0o755)
    lines = ["set -eo pipefail", *job["before_script"], "false"]
    given = job["variables"] | {"VATSPOLICY_PACKAGE": "nothing==0", "PIP_NO_INDEX": "1", "PYTHONPATH": "."}
    result = run("bash", "-c", "\n".join(lines), cwd=project, **given)
    assert result.returncode != 0, "nothing can be installed without an index"
    assert "No matching distribution" in result.stderr
    assert run_gitlab(job, project, VATSPOLICY_SPECS="specs/*.yaml").returncode == 5
    assert not mark.exists()


def test_gitlab_reports_follow_no_link_of_the_checkout(gitlab: tuple[dict[str, Any], Path]) -> None:
    job, project = gitlab
    victim = project.parent / "victim"
    victim.mkdir()
    (project / "specs").mkdir()
    (project / "vatspolicy-report").symlink_to(victim)
    fixture = min((ROOT / "fixtures").rglob("*.expect.yaml"))
    shutil.copy(fixture.with_name(fixture.name.replace(".expect", "")), project / "specs")
    options = "--allow-past-as-of --no-fail"
    assert run_gitlab(job, project, VATSPOLICY_OPTIONS=options).returncode == 0
    assert list(victim.iterdir()) == []
    assert (project / "vatspolicy-report/decision.json").is_file()


def test_no_placeholder_breaks_a_copy() -> None:
    """A text to copy that names nobody's repository says in a line above what to replace; no tag that is not there.

    Once an owner is set, tests/pipelines/test_release_rehearsal.py compares the lines with it.
    """
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md"), GITLAB, UPDATE, REVIEW]
    found = 0
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"@v0\b|rev: v\d", text), page
        for block in re.split(r"^```.*$", text, flags=re.MULTILINE):
            for name in ("OWNER/vatspolicy", "your-group/vatspolicy"):
                lines = [line for line in block.splitlines() if name in line]
                found += len(lines)
                assert not lines or f"Replace {name}" in lines[0], page
    assert found >= (8 if read_owner() == UNSET else 1)


def test_gitlab_job_takes_no_settings_from_the_checkout(gitlab: tuple[dict[str, Any], Path]) -> None:
    """The change under review may edit vatspolicy.toml, and so the gate, only where the pipeline says so."""
    job, project = gitlab
    (project / "specs").mkdir()
    shutil.copy(fixture_file("cloud-hosting-beijing"), project / "specs")
    (project / "vatspolicy.toml").write_text("fail-on = 'deny'\n")
    assert run_gitlab(job, project, VATSPOLICY_SPECS="specs/*.yaml").returncode == 1
    assert run_gitlab(job, project, VATSPOLICY_SPECS="specs/*.yaml", VATSPOLICY_CONFIG="true").returncode == 0
    report = (project / "vatspolicy-report/decision.md").read_text()
    assert "vatspolicy.toml" in report, "a report names the settings that it used"


@pytest.mark.parametrize("name", OPENING)
def test_gitlab_job_judges_a_merge_request_by_its_target(gitlab: tuple[dict[str, Any], Path], name: str) -> None:
    job, project = gitlab
    git(project, "init", "--quiet")
    write(project, {"vatspolicy.toml": 'specs = ["specs"]\n'})
    until(project)
    commit(project)
    git(project.parent, "clone", "--quiet", "--bare", str(project), "origin.git")
    git(project, "remote", "add", "origin", f"file://{project.parent}/origin.git")
    OPENING[name](project)
    commit(project)
    given = {"VATSPOLICY_CONFIG": "true", "VATSPOLICY_SPECS": "ok" if name == "specs" else "specs"}
    assert run_gitlab(job, project, **given).returncode == 0, "the same files on the protected branch"
    own = given | {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main", "VATSPOLICY_SPECS": "specs"}
    assert run_gitlab(job, project, **own).returncode == 1
    assert "edits files that control the gate" in (project / "vatspolicy-report/decision.md").read_text(
        encoding="utf-8"
    )
    assert run_gitlab(job, project, **own, VATSPOLICY_OPTIONS="--trust HEAD").returncode == 2


def test_gitlab_job_decides_the_specs_of_the_settings(gitlab: tuple[dict[str, Any], Path]) -> None:
    job, project = gitlab
    write(project, {"vatspolicy.toml": 'specs = ["products"]\n', "products/a.yaml": DENIED, "specs/b.yaml": "nonsense"})
    assert run_gitlab(job, project, VATSPOLICY_CONFIG="true").returncode == 1
    assert run_gitlab(job, project).returncode == 3, "without settings, those of specs/"
    assert run_gitlab(job, project, VATSPOLICY_SPECS="products").returncode == 1


def test_gitlab_job_compares_a_push_with_the_commit_before_it(gitlab: tuple[dict[str, Any], Path]) -> None:
    job, project = gitlab
    git(project, "init", "--quiet")
    write(project, {"README.md": "Specs.\n"})
    commit(project)
    before = git(project, "rev-parse", "HEAD").strip()
    for name in ("a", "b"):
        write(project, {f"specs/{name}.yaml": DENIED.replace("id: denied", f"id: {name}")})
        commit(project)
    given = {"VATSPOLICY_OPTIONS": "--fail-on new:deny"}
    assert run_gitlab(job, project, **given, CI_COMMIT_BEFORE_SHA=before).returncode == 1
    assert run_gitlab(job, project, **given, CI_COMMIT_BEFORE_SHA="HEAD").returncode == 0
    assert run_gitlab(job, project, **given, CI_COMMIT_BEFORE_SHA="0" * 40).returncode == 2


def test_gitlab_job_fails_when_there_is_no_spec(gitlab: tuple[dict[str, Any], Path]) -> None:
    job, project = gitlab
    assert run_gitlab(job, project, VATSPOLICY_SPECS="specs/*.yaml").returncode == 5


# --- the workflows to copy -----------------------------------------------------------------------------


@pytest.mark.parametrize("template", [UPDATE, REVIEW], ids=lambda path: path.stem)
def test_linters_find_nothing_in_a_workflow_to_copy(tmp_path: Path, template: Path) -> None:
    workflow = tmp_path / ".github/workflows" / template.name
    workflow.parent.mkdir(parents=True)
    shutil.copy(template, workflow)
    checked = run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", workflow)
    for result in (lint_workflows(workflow, cwd=tmp_path), audit(workflow), checked):
        assert result.returncode == 0, result.stdout + result.stderr


def test_the_update_workflow_fetches_the_law_and_its_signature_from_a_release() -> None:
    """The names are those that a release has: what the workflow signs, and the table of its files."""
    [fetch] = [step["run"] for step in read(UPDATE)["jobs"]["update"]["steps"] if "gh release" in step.get("run", "")]
    pattern = shlex.split(fetch)[shlex.split(fetch).index("--pattern") + 1]
    listed = (ROOT / "docs/releasing.md").read_text(encoding="utf-8")
    files = re.findall(r"^\| `(\S+)` \|", listed, re.MULTILINE)
    [law] = [name for name in files if fnmatch.fnmatch(name, pattern)]
    assert law == "vatspolicy-law-X.Y.Z.tar.gz"
    [sign] = [
        step["run"] for step in read(RELEASE)["jobs"]["attest"]["steps"] if "sigstore sign" in step.get("run", "")
    ]
    [signed] = re.findall(r"for law in dist/(\S+); do", sign)
    assert fnmatch.fnmatch(law, signed)
    assert '"$law.sigstore.json"' in sign
    assert fnmatch.fnmatch(f"{law}.sigstore.json", pattern)


RELEASES = {
    "a newer one": ("8.tar.gz", 0, "true"),
    "the one in use": ("7.tar.gz", 0, "false"),
    "an older one": ("6.tar.gz", 3, None),
    "one of another signer": ("other.tar.gz", 3, None),
}


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.parametrize(("released", "code", "newer"), RELEASES.values(), ids=RELEASES)
def test_the_update_workflow_opens_a_pull_request(
    console: Console, released: str, code: int, newer: str | None
) -> None:
    """Its scripts, with a `gh` that delivers a release and writes down how it was called."""
    tmp_path, project = console.folder, console.folder / "project"
    for number, when in ((6, "false"), (7, "false"), (8, 'service.audience == "public"')):
        limits = "rules:\n" + rule("relay", "service", when, "deny: {reason: SECTOR-NOT-OPEN}")
        bundle_of(tmp_path / f"law-{number}", **LAW | {"limits": limits})
        console("bundle", "build", "--law", f"law-{number}", "--number", str(number), "-o", f"{number}.tar.gz")
    shutil.copy(tmp_path / "8.tar.gz", tmp_path / "other.tar.gz")
    for key in ("release", "other"):
        console("bundle", "keygen", key)
    for name in ("6", "7", "8", "other"):
        assert (
            console(
                "bundle", "sign", f"{name}.tar.gz", "--key", f"{name}.pem" if name == "other" else "release.pem"
            ).code
            == 0
        )
    subprocess.run(["git", "init", "-q", "--bare", tmp_path / "origin"], check=True)
    subprocess.run(["git", "clone", "-q", tmp_path / "origin", project], check=True, capture_output=True)
    console.write("project/specs/shop.yaml", SHOP)
    console.write("project/release.pub", (tmp_path / "release.pub").read_text())
    (project / "law").mkdir()
    shutil.copy(tmp_path / "7.tar.gz", project / "law/bundle.tar.gz")
    lock = ("--lock", "project/vatspolicy.lock")
    assert console("bundle", "pin", "project/law/bundle.tar.gz", "--key", "release.pub", *lock).code == 0
    for name, text in (
        ("runner/tool/bin/vatspolicy", f'exec {sys.executable} -m vatspolicy "$@"\n'),
        (
            "bin/gh",
            f'echo "gh $*" >>"$CALLS"\nif [[ $1 == release ]]; then mkdir -p "$RUNNER_TEMP/law" && cp "{tmp_path / released}" "$RUNNER_TEMP/law/"; fi\n[[ $2 != edit ]]\n',
        ),
    ):
        console.write(name, f"#!/bin/bash\n{text}").chmod(0o755)
    workflow = read(UPDATE)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
        **workflow["env"],
        "KEY": "release.pub",
        "RUNNER_TEMP": str(tmp_path / "runner"),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "CALLS": str(tmp_path / "calls"),
        "BASE": "main",
    }
    (tmp_path / "output").touch()
    scripts = {step.get("name"): step["run"] for step in workflow["jobs"]["update"]["steps"] if "run" in step}

    def script(name: str) -> int:
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", scripts[name]]
        return subprocess.run(command, cwd=project, env=environment, capture_output=True, check=False).returncode

    assert script("Fetch the law of the newest release, with its signature") == 0
    assert script("Compare and take into use") == code
    assert (tmp_path / "output").read_text() == (f"newer={newer}\n" if newer else "")
    if newer == "true":
        assert "shop: ALLOW → DENY" in (tmp_path / "runner/update.md").read_text(encoding="utf-8")
        assert script("Open the pull request") == 0
        assert "gh pr create --base main --head update-law" in (tmp_path / "calls").read_text()
        for name, content in (
            ("law/bundle.tar.gz", (tmp_path / released).read_bytes()),
            ("vatspolicy.lock", (project / "vatspolicy.lock").read_bytes()),
        ):
            pushed = ["git", "--git-dir", str(tmp_path / "origin"), "show", f"update-law:{name}"]
            assert subprocess.run(pushed, capture_output=True, check=True).stdout == content
        assert read_lock(project / "vatspolicy.lock").number == 8
