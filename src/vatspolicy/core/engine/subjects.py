"""Activations of the subjects of a profile: the product, its services, and its activities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.engine.decision import Subject
from vatspolicy.core.engine.licensing import is_licensed
from vatspolicy.core.policies.model import Duty, Need
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.operators import holders, operator_of
from vatspolicy.core.profile.profile import Profile


def product_activation(profile: Profile, as_of: str) -> Activation:
    """Return the variables of product rules. Of the opinions, it has those that are granted."""
    return {**profile.facts, "opinions": profile.granted_opinions, "as_of": as_of}


def service_activation(product: Activation, service: Mapping[str, Any]) -> Activation:
    """Return the variables of service rules: `operator` is the company or the partner, by `operated_by`."""
    own = {"service": service}
    operator = operator_of(product, service)
    if operator is not None:
        own["operator"] = operator
    return {**product, **own}


def activity_activation(ruleset: RuleSet, service: Activation, cls: str) -> Activation:
    """Return the variables of activity rules: the class, and whether the operator is licensed for it if known."""
    activity: dict[str, Any] = {"class": cls}
    activation = {**service, "activity": activity}
    licensed = is_licensed(ruleset, activation)
    if licensed is not None:
        activity["licensed"] = licensed
    return activation


class Bearer(TypedDict):
    """Who must hold a license or do a duty."""

    bearer: str
    """company, partner, or `operator` while the operator of the service is not stated."""
    bearer_name: NotRequired[str]
    """Its name, where the spec states one."""


def bearer_of(effect: Need | Duty, profile: Profile, activation: Activation) -> Bearer:
    """Return who must hold a license or do a duty."""
    service = activation.get("service")
    bearer = "company"
    if service is not None and effect.bearer == "operator":
        bearer = next(iter(holders(service.get("operated_by"))), "operator")
    name = (profile.facts.get(bearer) or {}).get("name")
    return {"bearer": bearer, "bearer_name": name} if name else {"bearer": bearer}


class Activations:
    """Activations of one profile by subject, as the evaluator had them."""

    def __init__(self, ruleset: RuleSet, profile: Profile, as_of: str) -> None:
        self._ruleset = ruleset
        self._product = product_activation(profile, as_of)
        self._kept: dict[Subject, Activation] = {Subject(): self._product}

    def of(self, subject: Subject) -> Activation:
        """Return the activation of a subject. Raises StopIteration for a service that the profile does not have."""
        activation = self._kept.get(subject)
        if activation is None:
            if subject.cls is None:
                service = next(service for service in self._product["services"] if service["id"] == subject.service)
                activation = service_activation(self._product, service)
            else:
                activation = activity_activation(self._ruleset, self.of(Subject(subject.service)), subject.cls)
            self._kept[subject] = activation
        return activation
