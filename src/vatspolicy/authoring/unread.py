"""Rules and conditions of routes that rest on unverified articles alone, so that they decide nothing by themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vatspolicy.core.documents import Document, Path
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Policy, Route
from vatspolicy.errors import Problem
from vatspolicy.i18n import _

NOUNS = {"classify": "classification", "deny": "denial", "need": "need", "route": "route"}


def unread_warnings(bundle: Bundle, policies: Iterable[Policy] | None = None) -> list[Problem]:
    """Return a warning for every denial, need, route, classification and condition that nobody has read.

    `policies`: those to look at, by default all of the bundle.
    """
    chosen = bundle.policies.values() if policies is None else policies
    found = [one for policy in chosen for one in _of_policy(policy, bundle.document(policy))]
    return sorted(found)


def _of_policy(policy: Policy, document: Document) -> Iterator[Problem]:
    for index, rule in enumerate(policy.rules):
        path: Path = ("rules", index)
        if rule.is_unread and rule.kind in NOUNS:
            yield _warning(document, (*path, "cite"), NOUNS[rule.kind], rule.cite)
        if rule.is_unread and document.data["rules"][index].get("unwaivable"):
            message = _("Nothing unverified is unwaivable: the mark has no effect.")
            yield document.problem((*path, "unwaivable"), message, _("Raise an article, or remove the mark."))
        conditions = rule.effect.conditions if isinstance(rule.effect, Route) else ()
        for place, condition in enumerate(conditions):
            if condition.is_unread and condition.cite:
                where = (*path, "route", "conditions", place, "cite")
                yield _warning(document, where, "condition", condition.cite)


def _warning(document: Document, path: Path, noun: str, cite: tuple[str, ...]) -> Problem:
    message = _(
        "This {noun} rests on unverified articles alone, so that it decides nothing: {cite}.",
        noun=noun,
        cite=", ".join(cite),
    )
    return document.problem(path, message, _("Raise one of them, or make it advice with kind: verify."))
