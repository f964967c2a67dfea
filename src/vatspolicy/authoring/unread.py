"""Rules and conditions of routes that rest on unverified articles alone, so that they decide nothing by themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vatspolicy.authoring.testing.rule_states import outside_terms
from vatspolicy.core.cel.ast import Node, Param, Term
from vatspolicy.core.documents import Path
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Expression, Policy, Route
from vatspolicy.errors import Problem
from vatspolicy.i18n import _

NOUNS = {"classify": "classification", "deny": "denial", "need": "need", "route": "route"}


def unread_warnings(bundle: Bundle, policies: Iterable[Policy] | None = None) -> list[Problem]:
    """Return a warning for every unread denial, need, route, classification and condition.

    `policies`: those to look at, by default all of the bundle.
    """
    chosen = bundle.policies.values() if policies is None else policies
    return sorted(problem for policy in chosen for problem in _Unread(bundle, policy).warnings())


class _Unread:
    """Finds the rules and conditions of one policy that rest on unverified articles alone."""

    def __init__(self, bundle: Bundle, policy: Policy) -> None:
        self.bundle, self.policy, self.document = bundle, policy, bundle.document(policy)

    def warnings(self) -> Iterator[Problem]:
        for index, rule in enumerate(self.policy.rules):
            path: Path = ("rules", index)
            if rule.is_unread and rule.kind in NOUNS:
                yield from self._told(path, NOUNS[rule.kind], rule.cite, rule.when, "when")
            if rule.is_unread and self.document.data["rules"][index].get("unwaivable"):
                message = _("A rule on unverified articles can always be waived: the mark has no effect.")
                hint = _("Verify an article, or remove the mark.")
                yield self.document.problem((*path, "unwaivable"), message, hint)
            effect = rule.effect
            if not isinstance(effect, Route):
                continue
            for place, condition in enumerate(effect.conditions):
                where = (*path, "route", "conditions", place)
                if condition.is_unread:
                    yield from self._told(where, "condition", condition.cite, condition.check, "check")
            if effect.share_cap is not None and effect.share_cap.is_unread:
                check = effect.share_cap.check
                yield from self._told((*path, "route"), "condition", (), check, "max_foreign_percent")

    def _told(
        self, path: Path, noun: str, cite: tuple[str, ...], expression: Expression, place: str
    ) -> Iterator[Problem]:
        """Yield the warnings about a clause: that it cites unread articles alone, or reads a parameter that does."""
        if cite and self.policy.is_unread(cite):
            message = _(
                "This {noun} cites only unverified articles, so it decides nothing: {cite}.",
                noun=noun,
                cite=", ".join(cite),
            )
            hint = _("Verify one of them, or make it advice with kind: verify.")
            yield self.document.problem((*path, "cite"), message, hint)
            return
        for chain in dict.fromkeys(self._chains(self.policy, expression.tree)):
            message = _(
                "This {noun} reads a value that cites only unverified articles, so it decides nothing: {chain}.",
                noun=noun,
                chain=chain,
            )
            hint = _("Verify an article of the parameter, or cite a verified source of the value.")
            yield self.document.problem((*path, place), message, hint)

    def _chains(self, policy: Policy, tree: Node) -> Iterator[str]:
        """Yield how a tree comes to each unread parameter: term → parameter → articles."""
        for node in outside_terms(tree):
            if isinstance(node, Term):
                owner = self.bundle.term(policy, node.name)[0]
                yield from (f"term.{node.name} → {chain}" for chain in self._chains(owner, node.body))
            elif isinstance(node, Param):
                owner = self.bundle.policies[node.key.partition("/")[0]]
                if node.key in owner.unread_parameters:
                    values = owner.parameters[node.key.partition("/")[2]].values
                    articles = dict.fromkeys(key for value in values for key in value.cite)
                    yield f"{node.key} → {', '.join(articles)}"
