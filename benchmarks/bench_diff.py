"""How long the proofs of a change take: 15 rules of the shipped law, eight said otherwise and seven changed.

Target: the whole semantic comparison in under 10 seconds on 2 cores. Needs the extra `smt`.
"""

from __future__ import annotations

import sys
import time

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
    ("negative-list-general", "foreign_percent >= param.whole_share'", "foreign_percent > param.whole_share'"),
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


def main() -> None:
    base, head = change([]), change(SAME + CHANGED)
    names = changed_rules(base, head)
    for workers in (1, 2):
        start = time.perf_counter()
        rules, transitions = compare_change(base, head, names, workers=workers)
        spent = time.perf_counter() - start
        if workers == 1:
            for rule in rules:
                print(f"{rule.rule:58} {rule.verdict:18} {' '.join(rule.transitions)}")
            for transition in transitions.found:
                days = f"{transition.first_day} to {transition.last_day or 'no end'}" if transition.first_day else ""
                print(f"{transition.name:58} {transition.verdict:18} {days}")
        print(f"{spent:6.2f} s  {len(names)} rules and all transitions, {workers} process{'es' * (workers > 1)}")
    start = time.perf_counter()
    compare_rules(base, head, names)
    print(f"{time.perf_counter() - start:6.2f} s  the rules alone, 1 process")
    start = time.perf_counter()
    compare_decisions(base, head)
    print(f"{time.perf_counter() - start:6.2f} s  the transitions alone, 1 process")


if __name__ == "__main__":
    main()
