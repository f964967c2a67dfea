"""Opinions in a profile, for every entry point of profiles: the check against the law, and the grants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from vatspolicy.core.documents import Path
from vatspolicy.core.documents.plain import Fields
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Rule
from vatspolicy.core.profile.opinions import Grant, stated
from vatspolicy.core.profile.profile import Profile
from vatspolicy.core.profile.vocabulary import CLASS
from vatspolicy.errors import InvalidInput, Problem, first_problems, suggest
from vatspolicy.i18n import _

if TYPE_CHECKING:
    from vatspolicy.gate.waivers.load import WaiverSet


def admit_opinions(bundle: Bundle, profile: Profile, as_of: str, waiver_set: WaiverSet | None, today: str) -> Profile:
    """Return the profile with the opinions that the owner of the gate has granted. The others stay claims.

    The one place where an opinion of a product begins to count. An entry must match the claim exactly.

    Raises:
        InvalidInput: An opinion is about no rule, or of a day to come.
    """
    claims = profile.facts["opinions"]
    if claims:
        check_opinions(bundle, profile, today)
    if not claims or waiver_set is None or not waiver_set.opinions:
        return profile
    from vatspolicy.gate.waivers.apply import find_faults, find_misfits, find_stronger
    from vatspolicy.gate.waivers.fingerprint import opinion_fingerprint

    granted = {}
    for position, claim in enumerate(claims):
        said = stated(claim)
        for opinion in waiver_set.opinions:
            if (
                opinion.product == profile.name
                and opinion.opinion == said
                and not any(find_faults(opinion, waiver_set, today))
                and not any(find_misfits(opinion, profile, as_of, today))
                and find_stronger(opinion, waiver_set, profile) is None
                and opinion.fingerprint == opinion_fingerprint(bundle, profile, as_of, claim)
            ):
                days = (opinion.granted, opinion.expiry)
                granted[position] = Grant(
                    opinion.approver, opinion.ticket, opinion.reason, *days, opinion.file, opinion.line
                )
    return profile.grant(granted)


def check_opinions(bundle: Bundle, profile: Profile, today: str) -> None:
    """Check that every opinion concerns a rule of the bundle, and that its date is not in the future.

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
            message = _("The date of the opinion, {date}, is after today ({today}).", date=opinion["date"], today=today)
            yield profile.document.problem((*path, "date"), message, _("Add it once it exists."))
        if opinion["about"] != CLASS:
            yield from _about(profile, path, opinion, rules)


def _about(profile: Profile, path: Path, opinion: Fields, rules: Mapping[str, Rule]) -> Iterator[Problem]:
    """Yield the problem of the matter of an opinion: no such rule or condition, or a service of a product rule."""
    policy, rule_id, *rest = opinion["about"].split("/")
    name = f"{policy}/{rule_id}"
    rule = rules.get(name)
    if rule is None:
        yield profile.document.problem(
            (*path, "about"), _("The bundle has no rule {name!r}.", name=name), suggest(name, rules)
        )
        return
    conditions = [requirement.id for requirement in rule.requirements]
    if rest and rest[0] not in conditions:
        message = _("The rule {name!r} has no condition {condition!r}.", name=name, condition=rest[0])
        yield profile.document.problem((*path, "about"), message, suggest(rest[0], conditions))
    elif opinion.get("service") is not None and rule.each == "product":
        message = _("The rule {name!r} applies to the whole product.", name=name)
        yield profile.document.problem((*path, "service"), message, _("Omit the service."))
