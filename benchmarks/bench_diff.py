"""`vatspolicy diff` on changes of the shipped law, small and large: the whole command.

    python benchmarks/bench_diff.py [--rounds 3] [--only one] [--all] [--json FILE]

The two states are revisions of a git repository with the policies, schemas and fixtures of this one. The command
reads both, decides the fixtures, proves each edit and each transition over all profiles, and reports. Changes: one
rule; 15 rules, eight reworded and seven changed, where no profile may be found for a rule that was only reworded; 50
rules of any kind and a term of 100 rules; with `--all`, a small edit of every rule in force. Needs the extra `smt`
and git.
"""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bench_startup import Turn, command_row, command_target, spawn
from measure import Report, Table, finish, parser
from servers import PROGRAM

ROOT = Path(__file__).resolve().parents[1]

SAME = [
    ("fite-provisions", "term.applicant && operator.registered_capital_rmb < param.least_capital\n",
     "'!(operator.registered_capital_rmb >= param.least_capital) && term.applicant'\n"),
    ("pipl", 'services.exists(s, "app" in s.channels)', '!services.all(s, !("app" in s.channels))'),
    ("telecom-regulations", "when: term.vats && !term.foreign", "when: '!(term.foreign || !term.vats)'"),
    ("negative-list-general", '"market-research" in service.offers && operator',
     'service.offers.exists(o, o == "market-research") && operator'),
    ("mlps-measures", "product.mlps_level >= param.test_level &&", "!(product.mlps_level < param.test_level) &&"),
    ("internet-news-measures", 'service.operated_by == "contract-controlled" && term.carries_news',
     'term.carries_news && service.operated_by == "contract-controlled"'),
    ("generative-ai-measures", "term.public_generative && operator.foreign_percent > 0.0",
     "'!(operator.foreign_percent <= 0.0 || !term.public_generative)'"),
    ("pipl", "data.persons >= param.stored_persons && term.exports",
     "term.exports && param.stored_persons <= data.persons"),
]  # fmt: skip

CHANGED = [
    ("vats-pilot-2024", "check: param.launched", "check: 'true'"),
    ("fite-provisions", "operator.registered_capital_rmb < param.least_capital_beyond_province",
     "operator.registered_capital_rmb <= param.least_capital_beyond_province"),
    ("negative-list-general", "foreign_percent >= param.whole_share\n", "foreign_percent > param.whole_share\n"),
    ("telecom-regulations", "operator.mainland_entity == false", "operator.mainland_entity == false && term.foreign"),
    ("mlps-measures", "product.mlps_level >= param.filing_level", "product.mlps_level > param.filing_level"),
    ("internet-news-measures", "term.carries_news && company.foreign_percent > 0.0",
     "term.carries_news && company.foreign_percent > 10.0"),
    ("generative-ai-measures", 'service.ai.model == "filed-unchanged"',
     'service.ai.model in ["filed-unchanged", "tuned"]'),
]  # fmt: skip


TERM = [("definitions", "foreign: operator.foreign_percent > 0.0", "foreign: operator.foreign_percent > 10.0")]

RANDOM_EDITS = ("narrowed by a number", "boundary", "condition doubly negated")
"""Edits of 50 rules, and of all (tests.support.law_edits)."""


def replace_texts(changes: Iterable[tuple[str, str, str]]) -> Callable[[Path], None]:
    """Return the edit of a folder of policies that makes the changes, each at the first place that has the text.

    The edit raises ValueError if a policy lacks the text.
    """

    def edit(folder: Path) -> None:
        for policy, old, new in changes:
            file = next(folder.rglob(f"{policy}.yaml"))
            text = file.read_text(encoding="utf-8")
            if old not in text:
                raise ValueError(f"{file.name} does not have: {old}")
            file.write_text(text.replace(old, new, 1), encoding="utf-8")

    return edit


def edit_rules(count: int) -> Callable[[Path], None]:
    """Return the edit of a folder of policies that makes a small edit of so many rules of any kind, or of all."""

    def edit(folder: Path) -> None:
        from tests.support.law_edits import many_rules
        from vatspolicy.core.policies.model import KINDS

        for file, text in many_rules(count, 1, KINDS, RANDOM_EDITS, whole=True).policies.items():
            if text is not None:
                (folder.parent / file).write_bytes(text)

    return edit


@dataclass(frozen=True)
class Change:
    """A change to review."""

    name: str
    what: str
    edit: Callable[[Path], None]
    limit: int
    """Target: seconds of the whole command on two cores."""
    changed: int | None = None
    """Number of rules or edits of which a profile may show a change; None for any."""


CHANGES = (
    Change("one", "1 changed rule", replace_texts(CHANGED[1:2]), 2, 1),
    Change("fifteen", "15 changed rules", replace_texts(SAME + CHANGED), 8, len(CHANGED)),
    Change("fifty", "50 changed rules", edit_rules(50), 25),
    Change("term", "a changed term of 100 rules", replace_texts(TERM), 20),
)
ALL = Change("all", "a small edit of every rule in force", edit_rules(10_000), 60)


def repository(folder: Path, edit: Callable[[Path], None], root: Path = ROOT) -> None:
    """Make a repository with two revisions: the law of a checkout, and the law with a change."""
    for name in ("policies", "schemas", "fixtures"):
        shutil.copytree(root / name, folder / name)
    git = ["git", "-C", str(folder), "-c", "user.name=bench", "-c", "user.email=bench@example.org"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    for message in ("base", "head"):
        if message == "head":
            edit(folder / "policies")
        subprocess.run([*git, "add", "--all"], check=True)
        subprocess.run([*git, "commit", "--quiet", "--message", message], check=True)


def verdicts(change: Change, report: Path) -> Counter[str]:
    """Return how often each verdict was given on a rule.

    Raises: RuntimeError if a part of the report is missing, or a profile was found for a reworded rule.
    """
    data = json.loads(report.read_text(encoding="utf-8"))
    if data["state"] != "evaluated":
        raise RuntimeError(f"{change.what}: the comparison was not evaluated")
    found = Counter(str(rule["verdict"]) for rule in data["semantic"]["rules"])
    if change.changed is not None and found["witness"] > change.changed:
        raise RuntimeError(f"{found['witness']} rules have a witness, but only {change.changed} changed")
    return found


def measure(change: Change, rounds: int) -> tuple[list[Turn], Counter[str]]:
    """Review a change so many times. Raises RuntimeError."""
    with tempfile.TemporaryDirectory() as temporary:
        folder, said = (Path(temporary) / name for name in ("law", "report.json"))
        repository(folder, change.edit)
        command = [*PROGRAM, "diff", "HEAD~1..HEAD", "-o", f"json={said}"]
        return [spawn(command, folder=folder) for _ in range(rounds)], verdicts(change, said)


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--only", choices=[change.name for change in (*CHANGES, ALL)], action="append")
    options.add_argument(
        "--all", action="store_true", help="also review an edit of every rule, which takes about a minute"
    )
    given = options.parse_args()
    wanted = [one for one in (*CHANGES, ALL) if (one.name in given.only if given.only else one is not ALL or given.all)]
    rows, targets, expect = [], [], []
    for change in wanted:
        try:  # large changes take long enough to be measured once
            turns, found = measure(change, given.rounds if change.limit < 10 else 1)
        except (RuntimeError, ValueError) as error:
            print(error, file=sys.stderr)
            return 1
        proved = ", ".join(f"{count} {verdict}" for verdict, count in found.most_common())
        rows.append(command_row(change.what, turns, proved))
        targets.append(command_target("diff of", rows[-1], change.limit))
        if change.name in ("one", "fifteen"):
            expect.append(f"`diff` reviews {change.what} in {rows[-1].median:.0f} s.")
    report = Report(
        "diff",
        "Two revisions of the shipped law and its fixtures.",
        [Table("diff", "Review of a change with `vatspolicy diff`", rows)],
        targets,
        {"z3-solver": importlib.metadata.version("z3-solver")},
        expect,
    )
    return finish(report, given)


if __name__ == "__main__":
    sys.exit(main())
