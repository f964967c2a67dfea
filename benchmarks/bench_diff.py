"""`vatspolicy diff` on a change of 15 rules of the shipped law, eight reworded and seven changed: the whole command.

    python benchmarks/bench_diff.py [--rounds 3] [--json FILE]

The two states are revisions of a git repository with the policies, schemas and fixtures of this one. The command reads
both, decides the fixtures, proves each changed rule and each transition over all profiles, and reports. It must not
find a profile for a rule that was only reworded. Needs the extra `smt` and git.
"""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from bench_startup import spawn
from measure import Report, Row, Table, Target, finish, median, parser
from servers import PROGRAM

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 8
"""Target: seconds of the whole command on two cores."""

SAME = [
    ("fite-provisions", "term.applicant && operator.registered_capital_rmb < param.least_capital\n",
     "'!(operator.registered_capital_rmb >= param.least_capital) && term.applicant'\n"),
    ("pipl", 'services.exists(s, s.channels.exists(c, c == "app"))', '!services.all(s, s.channels.all(c, c != "app"))'),
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


def edit(folder: Path) -> None:
    """Make the changes in a folder of policies, each at the first place that has the text."""
    for policy, old, new in SAME + CHANGED:
        file = next(folder.rglob(f"{policy}.yaml"))
        text = file.read_text(encoding="utf-8")
        if old not in text:
            sys.exit(f"{file.name} no longer has: {old}")
        file.write_text(text.replace(old, new, 1), encoding="utf-8")


def repository(folder: Path) -> None:
    """Make a repository with two revisions: the shipped law, and the law with the changes."""
    for name in ("policies", "schemas", "fixtures"):
        shutil.copytree(ROOT / name, folder / name)
    git = ["git", "-C", str(folder), "-c", "user.name=bench", "-c", "user.email=bench@example.org"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    for message in ("base", "head"):
        if message == "head":
            edit(folder / "policies")
        subprocess.run([*git, "add", "--all"], check=True)
        subprocess.run([*git, "commit", "--quiet", "--message", message], check=True)


def verdicts(report: Path) -> Counter[str]:
    """Return how often each verdict was given on a rule.

    Raises: RuntimeError if the command did not compare every rule, or found a profile for a reworded rule.
    """
    semantic = json.loads(report.read_text(encoding="utf-8"))["semantic"]
    found = Counter(rule["verdict"] for rule in semantic["rules"])
    if found.total() != len(SAME + CHANGED):
        raise RuntimeError(f"{found.total()} rules were compared in place of {len(SAME + CHANGED)}")
    if found["witness"] > len(CHANGED):
        raise RuntimeError(f"{found['witness']} rules have a witness, but only {len(CHANGED)} changed")
    return found


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--rounds", type=int, default=3)
    given = options.parse_args()
    try:
        with tempfile.TemporaryDirectory() as temporary:
            folder, said = Path(temporary) / "law", Path(temporary) / "report.json"
            repository(folder)
            command = [*PROGRAM, "diff", "HEAD~1..HEAD", "-o", f"json={said}"]
            turns = [spawn(command, folder=folder) for _ in range(given.rounds)]
            found = verdicts(said)
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    wall, cpu = median(turn.wall for turn in turns), median(turn.cpu for turn in turns)
    more = {"cpu s": cpu, "MB": round(max(turn.megabytes for turn in turns)), "rounds": len(turns)}
    proved = ", ".join(f"{count} {verdict}" for verdict, count in found.most_common())
    report = Report(
        "diff",
        "Two revisions of the shipped law and its fixtures: eight rules reworded, seven changed.",
        [
            Table(
                "diff",
                "Review of a change of 15 rules",
                [
                    Row(
                        "vatspolicy diff",
                        wall,
                        min(turn.wall for turn in turns),
                        "s by the clock",
                        note=proved,
                        more=more,
                    )
                ],
            )
        ],
        [
            Target(
                "diff of 15 changed rules, the whole command",
                f"at most {LIMIT} s",
                f"{wall:.1f} s ({cpu:.1f} s of the processor)",
                wall <= LIMIT,
            )
        ],
        {"z3-solver": importlib.metadata.version("z3-solver")},
        [f"`diff` reviews a change of 15 rules in {wall:.0f} s."],
    )
    return finish(report, given)


if __name__ == "__main__":
    sys.exit(main())
