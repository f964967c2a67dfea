"""Subjects: what rules are asked of, and the variables they may read there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vatspolicy.access import licensed
from vatspolicy.expression.kleene import Env
from vatspolicy.expression.scope import Scope
from vatspolicy.law import Law
from vatspolicy.profile import Profile


def product_env(profile: Profile, as_of: str) -> Scope:
    """Variables of product rules."""
    return Scope({**profile.facts, "as_of": as_of})


def service_env(product: Env, service: Mapping[str, Any]) -> Scope:
    """Variables of service rules: `operator` is the company or the partner, by `operated_by`; unknown without it."""
    env = {**product, "service": service}
    operated_by = service.get("operated_by")
    operator = product.get("company" if operated_by == "company" else "partner")
    if operated_by is not None and operator is not None:
        env["operator"] = operator
    return Scope(env, product if isinstance(product, Scope) else None)


def activity_env(law: Law, service: Env, cls: str) -> Scope:
    """Variables of activity rules: the class, and whether the operator is licensed for it where that is known."""
    activity: dict[str, Any] = {"class": cls}
    has_licence = licensed(law, {**service, "activity": activity})
    if has_licence is not None:
        activity["licensed"] = has_licence
    return Scope({**service, "activity": activity}, service if isinstance(service, Scope) else None)
