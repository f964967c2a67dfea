"""Subjects: what rules are asked of, and the variables they may read there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from vatspolicy.cel.activation import Activation
from vatspolicy.cel.interpreter import Env
from vatspolicy.engine.licensing import is_licensed
from vatspolicy.policies.ruleset import RuleSet
from vatspolicy.profile.profile import Profile

if TYPE_CHECKING:
    from typing import Any


def product_activation(profile: Profile, as_of: str) -> Activation:
    """Variables of product rules."""
    return Activation(profile.facts, as_of=as_of)


def service_activation(product: Env, service: Mapping[str, Any]) -> Activation:
    """Variables of service rules: `operator` is the company or the partner, by `operated_by`; unknown without it."""
    own = {"service": service}
    operated_by = service.get("operated_by")
    operator = product.get("company" if operated_by == "company" else "partner")
    if operated_by is not None and operator is not None:
        own["operator"] = operator
    return Activation(product, **own)


def activity_activation(law: RuleSet, service: Env, cls: str) -> Activation:
    """Variables of activity rules: the class, and whether the operator is licensed for it where that is known."""
    activity: dict[str, Any] = {"class": cls}
    env = Activation(service, activity=activity)
    has_licence = is_licensed(law, env)
    if has_licence is not None:
        activity["licensed"] = has_licence
    return env
