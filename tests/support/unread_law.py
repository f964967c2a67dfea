"""The shipped law as it would be if nobody had read a part of it."""

from __future__ import annotations

import random
from dataclasses import replace

from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Condition, Route, Rule


def unread_law(bundle: Bundle, draw: random.Random, part: float = 0.3) -> Bundle:
    """The bundle in which a part of the rules, and of the conditions of routes, rest on unverified law alone."""

    def changed(rule: Rule) -> Rule:
        is_unread = draw.random() < part
        effect = rule.effect
        if isinstance(effect, Route):
            conditions = tuple(condition(one, is_unread) for one in effect.conditions)
            cap = None if effect.share_cap is None else condition(effect.share_cap, is_unread)
            effect = effect._replace(conditions=conditions, share_cap=cap)
        return replace(rule, is_unread=is_unread, effect=effect)

    def condition(one: Condition, of_rule: bool) -> Condition:
        return one._replace(is_unread=draw.random() < part if one.cite else of_rule)

    policies = {
        name: replace(policy, rules=tuple(map(changed, policy.rules))) for name, policy in bundle.policies.items()
    }
    return replace(bundle, policies=policies)
