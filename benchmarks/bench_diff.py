"""Time to prove the effect of a change: 15 rules of the shipped law, eight reworded and seven changed.

    python benchmarks/bench_diff.py [--json FILE]

Target: the whole semantic comparison in under 10 seconds on 2 cores. Needs the extra `smt`.
"""

from __future__ import annotations

import importlib.metadata
import os
import sys
import time
from collections.abc import Callable
from typing import TypeVar

from measure import Report, Row, Table, Target, finish, parser

from vatspolicy.authoring.symbolic import compare_change, compare_decisions, compare_rules
from vatspolicy.authoring.symbolic.mixed_bundle import find_rule
from vatspolicy.documents.schemas import resource_folder
from vatspolicy.policies.bundle import Bundle, build_bundle, read_sources

SAME = [
    ("fite-provisions", "term.applicant && operator.registered_capital_rmb < param.least_capital\n",
     "'!(operator.registered_capital_rmb >= param.least_capital) && term.applicant'\n"),
    ("pipl", 'services.exists(s, s.channels.exists(c, c == "app"))', '!services.all(s, s.channels.all(c, c != "app"))'),
    ("telecom-regulations", "when: term.vats && !term.foreign", "when: '!(term.foreign || !term.vats)'"),
    ("negative-list-general", """'"market-research" in service.offers && operator""",
     """'service.offers.exists(o, o == "market-research") && operator"""),
    ("mlps-measures", "product.mlps_level >= param.test_level &&", "!(product.mlps_level < param.test_level) &&"),
    ("internet-news-measures", 'service.operated_by == "contract-controlled" && term.carries_news',
     'term.carries_news && service.operated_by == "contract-controlled"'),
    ("generative-ai-measures", "term.public_generative && operator.foreign_percent > 0.0",
     "'!(operator.foreign_percent <= 0.0 || !term.public_generative)'"),
    ("pipl", "data.persons >= param.stored_persons && data.leaves_mainland",
     "data.leaves_mainland && param.stored_persons <= data.persons"),
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


def change(edits: list[tuple[str, str, str]]) -> Bundle:
    """Return the shipped law with texts of its files replaced, each at its first occurrence."""
    sources = []
    for name, data in read_sources(resource_folder("policies")):
        text = data.decode()
        for policy, old, new in edits:
            if name.endswith(f"/{policy}.yaml"):
                if old not in text:
                    sys.exit(f"{name} no longer has: {old}")
                text = text.replace(old, new, 1)
        sources.append((name, text.encode()))
    return build_bundle(sources)


def changed_rules(base: Bundle, head: Bundle) -> list[str]:
    found = []
    for policy in head.policies.values():
        for rule in policy.rules:
            before = find_rule(base, rule.name)
            if before and [e.text for e in before.expressions] != [e.text for e in rule.expressions]:
                found.append(rule.name)
    return found


def spent() -> tuple[float, float]:
    """Seconds that have passed, and processor seconds of this process and of workers that have ended."""
    return time.perf_counter(), sum(os.times()[:4])


T = TypeVar("T")


def measured(what: str, work: Callable[[], T]) -> tuple[T, Row]:
    """Do it, and what it took: the clock first, the processor beside it."""
    wall, cpu = spent()
    result = work()
    ended, used = spent()
    return result, Row(what, ended - wall, None, "s by the clock", more={"cpu s": round(used - cpu, 2)})


LIMIT = 10
"""Seconds that a comparison may take on two cores."""


def main() -> int:
    given = parser(__doc__).parse_args()
    base, head = change([]), change(SAME + CHANGED)
    names = changed_rules(base, head)
    if len(names) != len(SAME + CHANGED):
        sys.exit(f"{len(SAME + CHANGED)} edits change {len(names)} rules")
    (rules, transitions), whole = measured(
        f"{len(names)} rules and all transitions, 2 processes", lambda: compare_change(base, head, names, workers=2)
    )
    _, one = measured("the rules alone, 1 process", lambda: compare_rules(base, head, names))
    _, other = measured("the transitions alone, 1 process", lambda: compare_decisions(base, head))
    for rule in rules:
        print(f"{rule.rule:58} {rule.verdict:18} {' '.join(rule.transitions)}")
    for transition in transitions.found:
        days = f"{transition.first_day} to {transition.last_day or 'no end'}" if transition.first_day else ""
        print(f"{transition.name:58} {transition.verdict:18} {days}")
    seconds, work = whole.median or 0.0, whole.more["cpu s"]
    report = Report(
        "diff",
        "Proofs over all profiles for a change of 15 rules of the shipped law: eight said otherwise, seven changed.",
        [Table("diff", "Semantic comparison of two bundles", [whole, one, other])],
        [
            Target(
                "semantic comparison of 15 changed rules on 2 cores",
                f"under {LIMIT} s",
                f"{seconds:.1f} s by the clock, {work:.1f} s of the processor",
                seconds < LIMIT,
            )
        ],
        {"z3-solver": importlib.metadata.version("z3-solver")},
    )
    return finish(report, given)


if __name__ == "__main__":
    sys.exit(main())
