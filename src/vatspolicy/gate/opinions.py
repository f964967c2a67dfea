"""Checks of the opinions in a profile against a bundle and the present day, for every place where profiles come in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vatspolicy.documents import Path
from vatspolicy.errors import InvalidInput, Problem, first_problems, suggest
from vatspolicy.i18n import _
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import Route, Rule
from vatspolicy.profile.profile import Profile
from vatspolicy.profile.vocabulary import CLASS


def check_opinions(bundle: Bundle, profile: Profile, today: str) -> None:
    """Check that every opinion is about a rule of the bundle, and that none is of a day to come.

    Raises:
        InvalidInput: With the first problems found.
    """
    if profile.facts["opinions"]:
        problems = first_problems(_problems(bundle, profile, today))
        if problems:
            raise InvalidInput(problems)


def _problems(bundle: Bundle, profile: Profile, today: str) -> Iterator[Problem]:
    rules = {rule.name: rule for policy in bundle.policies.values() for rule in policy.rules}
    for index, opinion in enumerate(profile.facts["opinions"]):
        path: Path = ("opinions", index)
        if opinion["date"] > today:
            message = _(
                "The opinion is dated {date}, which is after today ({today}).", date=opinion["date"], today=today
            )
            yield profile.document.problem((*path, "date"), message, _("Add it once it has been given."))
        if opinion["about"] != CLASS:
            yield from _about(profile, path, opinion, rules)


def _about(profile: Profile, path: Path, opinion: Mapping[str, Any], rules: Mapping[str, Rule]) -> Iterator[Problem]:
    """Yield the problem of the matter of an opinion: no such rule or condition, or a service of a product rule."""
    policy, rule_id, *rest = opinion["about"].split("/")
    name = f"{policy}/{rule_id}"
    rule = rules.get(name)
    if rule is None:
        yield profile.document.problem(
            (*path, "about"), _("The bundle has no rule {name!r}.", name=name), suggest(name, rules)
        )
        return
    conditions = [one.id for one in rule.effect.requirements] if isinstance(rule.effect, Route) else []
    if rest and rest[0] not in conditions:
        message = _("The rule {name!r} has no condition {condition!r}.", name=name, condition=rest[0])
        yield profile.document.problem((*path, "about"), message, suggest(rest[0], conditions))
    elif opinion.get("service") is not None and rule.each == "product":
        message = _("The rule {name!r} is about the whole product.", name=name)
        yield profile.document.problem((*path, "service"), message, _("Leave out the service."))
