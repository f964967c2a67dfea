"""How long the proofs of a change take: 15 rules of the shipped law, eight said otherwise and seven changed.

Target: the whole semantic comparison in under 10 seconds on 2 cores. Needs the extra `smt`.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import TypeVar

from vatspolicy.analysis import compare_change, compare_decisions, compare_rules
from vatspolicy.analysis.isolate import expressions_of, find_rule
from vatspolicy.bundle import Bundle, build_bundle, read_sources
from vatspolicy.schema import resource_folder

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
    """The shipped law with texts of its files replaced, each where it first stands."""
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
            if before and [e.text for e in expressions_of(before)] != [e.text for e in expressions_of(rule)]:
                found.append(rule.name)
    return found


def spent() -> tuple[float, float]:
    """Seconds that have passed, and processor seconds of this process and of workers that have ended."""
    return time.perf_counter(), sum(os.times()[:4])


T = TypeVar("T")


def measured(what: str, work: Callable[[], T]) -> T:
    """Do it, and print what it took."""
    wall, cpu = spent()
    result = work()
    ended, used = spent()
    print(f"{ended - wall:6.2f} s  {used - cpu:6.2f} processor s  {what}")
    return result


def main() -> None:
    base, head = change([]), change(SAME + CHANGED)
    names = changed_rules(base, head)
    if len(names) != len(SAME + CHANGED):
        sys.exit(f"{len(SAME + CHANGED)} edits change {len(names)} rules")
    rules, transitions = measured(
        f"{len(names)} rules and all transitions, 2 processes", lambda: compare_change(base, head, names, workers=2)
    )
    measured("the rules alone, 1 process", lambda: compare_rules(base, head, names))
    measured("the transitions alone, 1 process", lambda: compare_decisions(base, head))
    for rule in rules:
        print(f"{rule.rule:58} {rule.verdict:18} {' '.join(rule.transitions)}")
    for transition in transitions.found:
        days = f"{transition.first_day} to {transition.last_day or 'no end'}" if transition.first_day else ""
        print(f"{transition.name:58} {transition.verdict:18} {days}")


if __name__ == "__main__":
    main()
