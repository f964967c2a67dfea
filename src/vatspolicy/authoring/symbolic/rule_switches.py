"""Rule sets whose rules can be switched off one by one, so that one encoding serves questions about each of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from vatspolicy.authoring.symbolic.formula import FALSE
from vatspolicy.authoring.symbolic.ruleset_encoder import SymbolicRuleSet
from vatspolicy.core.policies.model import Rule


class RuleSwitches:
    """A rule set, and for each of some rules a formula under which it never applies."""

    def __init__(self, ruleset: SymbolicRuleSet, rules: Iterable[Rule], name: str = "") -> None:
        pool = ruleset.space.pool
        self.off = {rule.name: pool.flag(f"{name}without {rule.name}") for rule in rules}
        both = {key: pool.disjoin((ruleset.off.get(key, FALSE), switch)) for key, switch in self.off.items()}
        self.ruleset = dataclasses.replace(ruleset, off={**ruleset.off, **both})
        one_before, apart = FALSE, list[int]()
        for switch in self.off.values():
            apart.append(pool.disjoin((-one_before, -switch)))
            one_before = pool.disjoin((one_before, switch))
        self.at_most_one_off = pool.conjoin(apart)
