"""A policy or a rule by its name, and the tests that show a rule."""

from __future__ import annotations

from vatspolicy.authoring.testing.cases import load_tests, test_entries
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.errors import suggest
from vatspolicy.i18n import Sentences, _
from vatspolicy.reports.policy.page import PolicyPage, RulePart, collect_terms


def find(bundle: Bundle, name: str) -> PolicyPage | RulePart:
    """Return the page of a policy, or the part about a rule for a name as policy/rule.

    Raises:
        KeyError: The name is unknown; with a message.
    """
    policy_id, slash, rule_id = name.partition("/")
    policy = bundle.policies.get(policy_id)
    if policy is None:
        raise KeyError(
            Sentences(_("there is no policy {policy_id!r}.", policy_id=policy_id), suggest(policy_id, bundle.policies))
        )
    page = PolicyPage(bundle, policy, collect_terms(bundle))
    if not slash:
        return page
    for rule in policy.rules:
        if rule.id == rule_id:
            return page.rule(rule)
    known = [rule.id for rule in policy.rules]
    raise KeyError(
        Sentences(
            _("there is no rule {rule_id!r} in {policy_id}.", rule_id=rule_id, policy_id=policy_id),
            suggest(rule_id, known),
        )
    )


def list_cases(part: RulePart) -> list[str]:
    """Return what the tests of a policy say about a rule, by their titles."""
    tests = load_tests(part.page.bundle, part.page.policy)
    entries = test_entries(tests) if tests is not None else ()
    return [case["it"] for _, case in entries if part.rule.id in case["expect"]]
