"""Every command that the documentation shows is run, in the order of its page, and prints what the page says.

A block of `console` holds commands after `$`, each with what it prints; a line of `…` stands for any lines, and a `…`
within a line for anything in it. A command that ends with another code than 0 says so: `# exit 1`. A block of YAML or TOML under
`<!-- file: NAME -->` is a file of the page. Each page has a folder of its own, with `policies` and `fixtures` in it.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.console import needs_posix
from tests.support.forked import import_everything, read_plain, run_forked
from tests.support.members import for_each
from tests.support.shipped import ROOT, shipped_bundle
from vatspolicy.core.policies.model import Route

TODAY = os.environ.get("TESTS_TODAY", "2026-11-24")
"""The day on which the pages are read; tests/pipelines/test_any_day.py sets later ones."""
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(
    r"(?:<!-- file: (?P<file>\S+) -->\n+)?^```(?P<kind>\w+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL
)
ABOUT = re.compile(
    r"(?:`|about: |\\$ vatspolicy explain )(?P<policy>[a-z][a-z0-9-]*)/(?P<rule>[a-z0-9-]+)(?:/(?P<condition>[a-z0-9-]+))?(?=[`,\\s])"
)
"""A rule of the law, or a condition of one, where a page names it as an example."""
ELSEWHERE = ("make ", "git config", "pip install ", "spark-submit ")
"""Commands that other tests run (tests/pipelines/test_packaging.py, tests/test_git_driver.py), or that change the machine."""


@dataclass(frozen=True)
class Step:
    """A command of a page, what it ends with, and what it prints; None where the page does not say."""

    command: str
    code: int
    output: str | None


def steps(body: str) -> Iterator[Step]:
    for text in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        line, _, output = text.partition("\n")
        while line.endswith("\\"):
            more, _, output = output.partition("\n")
            line = f"{line}\n{more}"
        code = re.search(r"\s# (?:.* )?exit (\d+)\s*$", line)
        command = re.sub(r"\s+# .*$", "", line)
        yield Step(command, int(code[1]) if code else 0, output if output.strip() else None)


def blocks(page: Path) -> Iterator[tuple[str | None, str, str]]:
    for found in FENCE.finditer(page.read_text(encoding="utf-8")):
        yield found["file"], found["kind"], found["body"]


def matches(shown: str, printed: str) -> bool:
    """Whether a page shows what was printed, as far as it does."""
    pattern = ""
    for line in shown.rstrip().splitlines():
        pattern += r"(?:.*\n)*?" if line.strip() == "…" else re.escape(line.rstrip()).replace("…", ".*") + r" *\n"
    return re.fullmatch(pattern, printed.rstrip() + "\n") is not None


def test_every_rule_that_a_page_gives_as_an_example_exists() -> None:
    """A reader who copies the name of a rule, or of a condition, of the shipped law must get an answer."""
    law = shipped_bundle()
    rules = {rule.name: rule for policy in law.policies.values() for rule in policy.rules}
    named = [
        (page.name, found["policy"], found["rule"], found["condition"])
        for page in PAGES
        for found in ABOUT.finditer(page.read_text(encoding="utf-8"))
        if found["policy"] in law.policies
    ]
    assert {page for page, *_ in named} >= {"policies-details.md", "coverage.md"}
    for page, policy, id, condition in named:
        rule = rules.get(f"{policy}/{id}")
        known = rule is not None or id in law.policies[policy].parameters
        assert known, f"{page} names {policy}/{id}, which does not exist"
        if condition:
            assert rule is not None
            assert isinstance(rule.effect, Route), f"{page}: {policy}/{id} has no conditions"
            assert condition in [one.id for one in rule.effect.requirements], f"{page}: {policy}/{id}/{condition}"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a `vatspolicy` and a `date` for which today is always the same day."""
    folder = tmp_path_factory.mktemp("bin")
    program = folder / "vatspolicy"
    program.write_text(
        f"#!{sys.executable}\nfrom vatspolicy import cli, clock\n\nclock.today = lambda: {TODAY!r}\n"
        "if __name__ == '__main__':  # a worker process reads this file again\n    cli.main()\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    date = folder / "date"
    date.write_text(f'#!/bin/sh\nshift\nexec {shutil.which("date")} -u -d "{TODAY} $1" "$2"\n', encoding="utf-8")
    date.chmod(0o755)
    return folder


CONTINUES = {"attestations": "bundles", "layers-reference": "layers"}
"""Pages whose commands use the files that another page makes."""
SMALL = ("bundles", "pages")
"""Pages beside which a small law lies. Sites are made of it, which takes a second; test_policy_site.py makes one of all."""
HISTORICAL = ("reviewing-a-change", "comparing-bundles", "accepted-changes", "analyzing-a-bundle", "properties")
"""Pages whose commands compare states of a law; of all the law that takes minutes."""
HISTORY = """
vatspolicy new policy cloud-measures
cp -r policies old-folder
tar -czf released.tar.gz policies
git -c init.defaultBranch=main init -q && git add policies && git commit -qm one && git checkout -qb work
sed -i 's/^version: .*/version: 0.9.9/' policies/bundle.yaml && cp -r policies new-folder
git commit -qam two
"""


def make_history(folder: Path, environment: dict[str, str]) -> None:
    """A repository of two commits on branches main and work, two folders and a bundle, all of a small law."""
    names = {f"GIT_{who}_{what}": "x@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    subprocess.run(["bash", "-ec", HISTORY], env={**environment, **names}, cwd=folder, check=True, capture_output=True)


def commands_of(page: Path) -> list[Step]:
    return [step for _, kind, body in blocks(page) if kind == "console" for step in steps(body)]


@pytest.fixture(scope="module")
def after(program: Path, law: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """The folder that a page leaves behind; its commands run once, also for the pages that continue it."""
    import_everything()
    environment = {
        **os.environ,
        "PATH": f"{program}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "src"),
        "COLUMNS": "100",
        "LC_ALL": "C.UTF-8",
    }

    @functools.cache
    def after(page: Path) -> Path:
        folder = tmp_path_factory.mktemp("page") / page.stem
        if page.stem in CONTINUES:
            shutil.copytree(after(page.with_stem(CONTINUES[page.stem])), folder, symlinks=True)
        else:
            folder.mkdir()
            prepare(page, folder, law, environment)
        run(page, folder, environment)
        return folder

    return after


def prepare(page: Path, folder: Path, law: Path, environment: dict[str, str]) -> None:
    """Put the law and the fixtures where the commands of a page look for them."""
    if page.stem in HISTORICAL:
        make_history(folder, environment)
        return
    (folder / "policies").symlink_to(law if page.stem in SMALL else ROOT / "policies")
    (folder / "fixtures").symlink_to(ROOT / "fixtures")


def run(page: Path, folder: Path, environment: dict[str, str]) -> None:
    """Write the files of a page and run its commands, in their order."""
    seen = 0
    for file, kind, body in blocks(page):
        if kind in ("yaml", "toml") and file:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(body, encoding="utf-8")
        for step in steps(body) if kind == "console" else ():
            if step.command.startswith(ELSEWHERE):
                continue
            small = {"VATSPOLICY_LAW": "policies"} if "docs build --format html" in step.command else {}
            code, output, problems = run_step(step.command, folder, environment | small)
            seen += 1
            assert code == step.code, f"{step.command}: {output}{problems}"
            if step.output is not None:
                assert matches(step.output, output), f"{step.command} prints\n{output}\nand not\n{step.output}"
    assert seen == len([step for step in commands_of(page) if not step.command.startswith(ELSEWHERE)])


def run_step(command: str, folder: Path, environment: dict[str, str]) -> tuple[int, str, str]:
    """Run a command and return its exit code and what it printed; what takes a shell starts the program anew."""
    if (words := read_plain(command)) is not None:
        ran = run_forked(words, folder, environment, TODAY)
        return ran.code, ran.out, ran.err
    shell = subprocess.run(
        ["bash", "-c", command],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        stdin=subprocess.DEVNULL,
    )
    return shell.returncode, shell.stdout, shell.stderr


@needs_posix
@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize("page", [page for page in PAGES if commands_of(page)], ids=lambda page: page.stem)
def test_the_commands_of_a_page(page: Path, after: Callable[[Path], Path]) -> None:
    assert after(page).is_dir()


def test_no_command_stands_in_another_kind_of_block() -> None:
    """A shell block would not be run."""
    other = ("sh", "bash", "shell")
    assert [page.name for page in PAGES for _, kind, _ in blocks(page) if kind in other] == []


def test_a_console_block_has_only_commands_and_what_they_print() -> None:
    found = [(page.name, body) for page in PAGES for _, kind, body in blocks(page) if kind == "console"]
    assert found
    assert [name for name, body in found if not body.startswith("$ ")] == []


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\n…\nc\n", "a\nx\ny\nc\n", True),
        ("a\n…\n", "a\n", True),
        ("a\n…\nc\n", "a\nx\nd\n", False),
        ("a … c\n", "a b c\n", True),
        ("a … c\n", "a b d\n", False),
        ("a.b\n", "axb\n", False),
    ],
)
def test_what_a_page_may_leave_out(shown: str, printed: str, same: bool) -> None:
    assert matches(shown, printed) is same


@for_each(PAGES)
def test_links_and_pictures_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s#]+)[^)]*\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_the_index_lists_every_page_once() -> None:
    text = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    listed = [target for target in re.findall(r"^\|.*?\]\(([\w/-]+\.md)\)", text, re.MULTILINE) if "/" not in target]
    assert sorted([*listed, "README.md"]) == sorted(path.name for path in (ROOT / "docs").glob("*.md"))


def test_what_the_page_on_development_names_exists() -> None:
    text = (ROOT / "docs/development.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"`make ([a-z-]+)", text))
    files = set(re.findall(r"`([\w./-]+\.(?:py|yml|json|po))\b", text))
    assert len(targets) > 10
    assert len(files) > 40
    assert [name for name in targets if not re.search(rf"^{name}:", makefile, re.MULTILINE)] == []
    folders = [ROOT / name for name in ("src", "tests", "schemas", ".github", "benchmarks")]
    assert [
        name
        for name in sorted(files)
        if not (ROOT / name).exists() and not any(next(folder.rglob(name), None) for folder in folders)
    ] == []


def test_the_readme_has_pictures_that_need_no_network() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    pictures = re.findall(r"!\[([^\]]+)\]\(([^)]+)\)", text)
    assert {Path(path).suffix for _, path in pictures} == {".svg", ".png"}
    for _, path in pictures:
        assert (ROOT / path).stat().st_size < 150_000
    svg = (ROOT / "docs/pictures/terminal.svg").read_text(encoding="utf-8")
    assert not re.search(r"url\(|<script|href", svg.replace("url(#", ""))


def test_the_readme_states_the_day_and_the_grades_of_the_law() -> None:
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    law = shipped_bundle()
    count = Counter(article.verification for policy in law.policies.values() for article in policy.articles.values())
    assert f"in force from {law.covers_from} and published by {law.known_until}, when" in text
    assert (
        f"They cite {count.total()} articles: {count['primary']} compared with the statute (`primary`), {count['copy']} with a "
        f"copy, {count['secondary']} based on commentary (`secondary`), {count['unverified']} `unverified`."
    ) in text


def test_the_readme_states_the_size_of_what_decides() -> None:
    found = re.search(
        r"`src/vatspolicy/core`, ([\d,]+) of\s([\d,]+) lines", (ROOT / "README.md").read_text(encoding="utf-8")
    )
    assert found is not None
    for stated, folder in zip(found.groups(), ("core", "."), strict=True):
        lines = sum(
            len(file.read_text(encoding="utf-8").splitlines())
            for file in (ROOT / "src/vatspolicy" / folder).rglob("*.py")
        )
        assert int(stated.replace(",", "")) == round(lines, -3), folder


def test_pages_are_short() -> None:
    """A page that is read from top to bottom has 1,500 words at most; what is looked up may be longer."""
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    reference = set(re.findall(r"\]\(([\w/-]+\.md)", index.partition("## Reference")[2].partition("## Development")[0]))
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120
    long = [
        page.name
        for page in PAGES
        if page.name not in reference | {"CHANGELOG.md"} and len(page.read_text(encoding="utf-8").split()) > 1500
    ]
    assert long == []


def test_the_readme_opens_with_two_commands_and_three_ways_in() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\$ (make \w+)", text, flags=re.MULTILINE)[:2] == ["make demo", "make test"]
    ways = re.findall(r"^### (Counsel|Product|Platform): .*\n((?:(?!^#).*\n)*)", text, flags=re.MULTILINE)
    assert [name for name, _ in ways] == ["Counsel", "Product", "Platform"]
    for name, body in ways:
        assert sum(bool(line.strip()) for line in body.splitlines()) <= 10, name


def test_what_the_examples_in_python_import_exists() -> None:
    lines = [
        line
        for page in PAGES
        for _, kind, body in blocks(page)
        if kind == "python"
        for line in body.splitlines()
        if re.match(r"(from|import) ", line)
    ]
    assert len(lines) > 3
    for line in lines:
        exec(line, {})  # an ImportError names what is missing
