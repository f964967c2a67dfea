"""Law that nobody here has read: it decides nothing until an opinion settles it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.law_builder import CLASSES, LICENSE, bundle_of, decide, route, rule
from vatspolicy.authoring.unread import unread_warnings
from vatspolicy.core.engine.decision import Decision, Finding
from vatspolicy.core.engine.result import encode
from vatspolicy.core.engine.timeline import timeline
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.guidance.remediation import find_remediations
from vatspolicy.guidance.remediation.result import describe_ways
from vatspolicy.reports import remediation

UNREAD = "  art-2: {en: Unseen., zh: 未见。, verification: unverified}\n"
CENTER = {"offers": ["data-center"], "operated_by": "company", "area": ["beijing"]}
SHOP = {"offers": ["own-shop"], "operated_by": "company"}
FOREIGN, DOMESTIC = (
    {"foreign_percent": 100, "foreign_percent_basis": "ultimate"},
    {"foreign_percent": 0, "foreign_percent_basis": "ultimate"},
)
PERMIT = (
    "instruments:\n  game-approval:\n    title: {en: Permit, zh: 批准}\n    authority: [{when: 'true', is: miit}]\n"
)


def unread(text: str) -> str:
    """The same law on an article that nobody has read."""
    return text.replace("cite: [art-1]", "cite: [art-2]")


def law(folder: Path, **files: str) -> Bundle:
    found = {
        "classes": CLASSES,
        "license": LICENSE,
        "home": "rules:\n" + route("home", "operator.foreign_percent == 0.0"),
    }
    found |= files
    return bundle_of(folder, **{name: text for name, text in found.items() if text})


def file(*rules: str, head: str = "") -> str:
    """A policy of unread rules beside one read rule that never holds, which cites the other article."""
    quiet = rule("quiet", "product", "false", "deny: {reason: DISCREDITED}")
    return UNREAD + head + "rules:\n" + quiet + "".join(rules)


def bar(each: str = "product", when: str = "company.foreign_percent > 0.0", extra: str = "") -> str:
    return unread(rule("bar", each, when, "deny: {reason: DISCREDITED}", extra))


def opinion(about: str, reading: str = "applies", on: str = "2025-01-01", **more: object) -> dict[str, object]:
    return {"about": about, "reading": reading, "by": "Counsel", "date": on, **more}


def found(decision: Decision, name: str) -> Finding:
    return next(finding for finding in decision.undetermined if finding.rule.name == name)


def asked(decision: Decision) -> dict[str, tuple[str, ...]]:
    return {".".join(map(str, fact.path)): fact.rules for fact in decision.missing}


def states(decision: Decision) -> list[str]:
    return [result.state for result in decision.opinions]


class TestDenials:
    @pytest.fixture
    def bundle(self, tmp_path: Path) -> Bundle:
        return law(tmp_path, barred=file(bar(extra="unwaivable: true")))

    def test_it_leaves_the_decision_open_up_to_deny(self, bundle: Bundle) -> None:
        decision = decide(bundle, FOREIGN, SHOP)
        assert (decision.decision, decision.range) == ("incomplete", ("allow", "deny"))
        assert decision.denials == ()
        assert (found(decision, "barred/bar").state, found(decision, "barred/bar").holds) == ("unread", False)
        assert asked(decision) == {"opinions": ("barred/bar",)}

    def test_it_says_nothing_where_it_does_not_hold(self, bundle: Bundle) -> None:
        assert decide(bundle, DOMESTIC, SHOP).decision == "allow"

    def test_facts_are_asked_for_first(self, bundle: Bundle) -> None:
        share = ["company.foreign_percent", "company.foreign_percent_basis"]
        assert list(asked(decide(bundle, {}, SHOP))) == share

    def test_it_is_never_unwaivable(self, bundle: Bundle) -> None:
        assert not bundle.rule("barred/bar").unwaivable

    def test_an_opinion_that_it_applies_makes_it_a_denial(self, bundle: Bundle) -> None:
        decision = decide(bundle, FOREIGN, SHOP, opinions=[opinion("barred/bar")])
        assert decision.decision == "deny"
        assert [finding.rule.name for finding in decision.denials] == ["barred/bar"]
        assert states(decision) == ["counted"]

    def test_an_opinion_that_it_does_not_apply_silences_it(self, bundle: Bundle) -> None:
        decision = decide(bundle, FOREIGN, SHOP, opinions=[opinion("barred/bar", "does-not-apply")])
        assert (decision.decision, decision.undetermined) == ("allow", ())
        assert states(decision) == ["counted"]

    def test_an_opinion_of_a_later_day_does_not_count_yet(self, bundle: Bundle) -> None:
        decision = decide(bundle, FOREIGN, SHOP, opinions=[opinion("barred/bar", on="2026-01-02")])
        assert decision.decision == "incomplete"
        assert states(decision) == ["not-yet-in-force"]
        assert decide(bundle, FOREIGN, SHOP, opinions=[opinion("barred/bar", on="2026-01-01")]).decision == "deny"

    def test_the_later_opinion_counts(self, bundle: Bundle) -> None:
        both = [opinion("barred/bar", "does-not-apply", "2025-06-01"), opinion("barred/bar", "applies", "2025-01-01")]
        decision = decide(bundle, FOREIGN, SHOP, opinions=both)
        assert decision.decision == "allow"
        assert states(decision) == ["counted", "superseded"]

    def test_an_opinion_without_a_finding_has_no_effect(self, bundle: Bundle) -> None:
        assert states(decide(bundle, DOMESTIC, SHOP, opinions=[opinion("barred/bar")])) == ["no-effect"]

    def test_one_article_that_was_read_is_enough(self, tmp_path: Path) -> None:
        both = bar().replace("cite: [art-2]", "cite: [art-1, art-2]")
        assert decide(law(tmp_path, barred=file(both)), FOREIGN, SHOP).decision == "deny"

    def test_an_opinion_does_not_overrule_law_that_was_read(self, tmp_path: Path) -> None:
        read = "rules:\n" + rule("bar", "product", "company.foreign_percent > 0.0", "deny: {reason: DISCREDITED}")
        decision = decide(law(tmp_path, barred=read), FOREIGN, SHOP, opinions=[opinion("barred/bar", "does-not-apply")])
        assert decision.decision == "deny"
        assert states(decision) == ["law-was-read"]

    def test_an_opinion_on_one_service_settles_that_one(self, tmp_path: Path) -> None:
        bundle = law(tmp_path, barred=file(bar("service", "operator.foreign_percent > 0.0")))
        about = opinion("barred/bar", "does-not-apply", service="s0")
        decision = decide(bundle, FOREIGN, SHOP, SHOP, opinions=[about])
        assert [finding.subject.service for finding in decision.undetermined] == ["s1"]


class TestNeeds:
    def test_it_leaves_the_decision_open_up_to_a_license(self, tmp_path: Path) -> None:
        need = unread(rule("permit", "service", "true", "need: {instrument: game-approval}"))
        bundle = law(tmp_path, permits=file(need, head=PERMIT))
        decision = decide(bundle, DOMESTIC, SHOP)
        assert decision.range == ("allow", "needs-license")
        assert found(decision, "permits/permit").state == "unread"
        assert asked(decision) == {"opinions": ("permits/permit",)}
        assert decide(bundle, DOMESTIC, SHOP, opinions=[opinion("permits/permit")]).decision == "needs-license"
        held = {**DOMESTIC, "licenses": [{"instrument": "game-approval", "valid_until": "2030-01-01"}]}
        assert decide(bundle, held, SHOP).decision == "allow"

    def test_one_through_routes_leaves_what_they_leave(self, tmp_path: Path) -> None:
        need = LICENSE.replace(
            "rules:\n", "rules:\n" + rule("quiet", "product", "false", "deny: {reason: DISCREDITED}")
        )
        unseen = UNREAD + need.replace("{id: duty, cite: [art-1]", "{id: duty, cite: [art-2]")
        bundle = law(tmp_path, license=unseen)
        assert decide(bundle, DOMESTIC, CENTER).range == ("allow", "needs-license")
        assert decide(bundle, FOREIGN, CENTER).range == ("allow", "deny")


class TestRoutes:
    def test_an_unread_route_carries_no_pass(self, tmp_path: Path) -> None:
        bundle = law(tmp_path, home=file(unread(route("home", "operator.foreign_percent == 0.0"))))
        decision = decide(bundle, DOMESTIC, CENTER)
        assert decision.range == ("needs-license", "deny")
        (activity,) = decision.services[0].activities
        assert [(state.state, state.unread) for state in activity.routes] == [("unknown", ("home/home",))]
        assert asked(decision) == {"opinions": ("home/home",)}
        assert decide(bundle, DOMESTIC, CENTER, opinions=[opinion("home/home")]).decision == "needs-license"
        refused = decide(bundle, DOMESTIC, CENTER, opinions=[opinion("home/home", "does-not-apply")])
        assert refused.decision == "deny"

    def test_another_open_route_is_enough(self, tmp_path: Path) -> None:
        bundle = law(tmp_path, more=file(unread(route("more", "true"))))
        assert decide(bundle, DOMESTIC, CENTER).decision == "needs-license"
        assert decide(bundle, FOREIGN, CENTER).range == ("needs-license", "deny")


class TestConditions:
    @pytest.fixture
    def bundle(self, tmp_path: Path) -> Bundle:
        way = route("home", "true", "domestic|false|SECTOR-NOT-OPEN|operator.foreign_percent == 0.0")
        return law(tmp_path, home=UNREAD + "rules:\n" + way.replace("check:", "cite: art-2, check:"))

    def test_one_that_fails_does_not_close_the_route(self, bundle: Bundle) -> None:
        decision = decide(bundle, FOREIGN, CENTER)
        assert decision.range == ("needs-license", "deny")
        assert asked(decision) == {"opinions": ("home/home/domestic",)}

    def test_one_that_holds_changes_nothing(self, bundle: Bundle) -> None:
        assert decide(bundle, DOMESTIC, CENTER).decision == "needs-license"

    def test_an_opinion_settles_it(self, bundle: Bundle) -> None:
        name = "home/home/domestic"
        assert decide(bundle, FOREIGN, CENTER, opinions=[opinion(name)]).decision == "deny"
        decision = decide(bundle, FOREIGN, CENTER, opinions=[opinion(name, "does-not-apply")])
        assert decision.decision == "needs-license"
        assert states(decision) == ["counted"]

    def test_one_that_cites_nothing_rests_on_its_route(self, tmp_path: Path) -> None:
        way = unread(route("home", "true", "domestic|false|SECTOR-NOT-OPEN|operator.foreign_percent == 0.0"))
        bundle = law(tmp_path, home=file(way))
        assert decide(bundle, FOREIGN, CENTER).range == ("needs-license", "deny")
        assert decide(bundle, FOREIGN, CENTER, opinions=[opinion("home/home")]).decision == "deny"

    def test_a_share_cap_rests_on_its_route(self, tmp_path: Path) -> None:
        bundle = law(tmp_path, home=file(unread(route("home", "true", cap="50.0"))))
        assert decide(bundle, FOREIGN, CENTER).range == ("needs-license", "deny")
        assert decide(bundle, FOREIGN, CENTER, opinions=[opinion("home/home")]).decision == "deny"


class TestClasses:
    @pytest.fixture
    def bundle(self, tmp_path: Path) -> Bundle:
        return law(tmp_path, classes=UNREAD + CLASSES.replace("id: center, cite: [art-1]", "id: center, cite: [art-2]"))

    def test_it_makes_nothing_telecom_and_frees_nothing(self, bundle: Bundle) -> None:
        decision = decide(bundle, FOREIGN, CENTER)
        assert decision.range == ("allow", "deny")
        assert decision.services[0].state == "partly-classified"
        assert asked(decision) == {"opinions": ("classes/center",)}

    def test_an_opinion_on_the_rule_or_on_the_classes_settles_it(self, bundle: Bundle) -> None:
        assert decide(bundle, FOREIGN, CENTER, opinions=[opinion("classes/center")]).decision == "deny"
        classes: dict[str, Any] = {"about": "class", "service": "s0", "by": "Authority", "date": "2025-01-01"}
        none = decide(bundle, FOREIGN, CENTER, opinions=[{**classes, "classes": []}])
        assert (none.decision, none.services[0].state) == ("allow", "not-telecom")
        assert states(none) == ["counted"]
        assert decide(bundle, FOREIGN, CENTER, opinions=[{**classes, "classes": ["B22"]}]).decision == "deny"

    def test_a_rule_that_does_not_apply_classifies_nothing(self, bundle: Bundle) -> None:
        decision = decide(bundle, FOREIGN, CENTER, opinions=[opinion("classes/center", "does-not-apply")])
        assert decision.services[0].state == "unclassified"

    def test_an_opinion_settles_a_contested_rule(self, bundle: Bundle) -> None:
        saas = {"offers": ["saas"], "operated_by": "company", "area": ["beijing"]}
        assert decide(bundle, DOMESTIC, saas).readings
        settled = decide(bundle, DOMESTIC, saas, opinions=[opinion("classes/software")])
        assert (settled.decision, settled.readings, states(settled)) == ("allow", (), ["counted"])


def test_a_contested_route_is_settled_by_an_opinion(tmp_path: Path) -> None:
    bundle = law(tmp_path, home="rules:\n" + route("home", "true", contested=True))
    assert decide(bundle, DOMESTIC, CENTER).readings
    settled = decide(bundle, DOMESTIC, CENTER, opinions=[opinion("home/home")])
    assert (settled.decision, settled.readings) == ("needs-license", ())
    assert decide(bundle, DOMESTIC, CENTER, opinions=[opinion("home/home", "does-not-apply")]).decision == "deny"


def test_a_duty_on_unread_law_stays_a_duty(tmp_path: Path) -> None:
    due = unread(rule("file", "service", "true", "duty: {instrument: game-approval, due: {before: launch}}"))
    decision = decide(law(tmp_path, filing=file(due, head=PERMIT)), DOMESTIC, SHOP)
    assert decision.decision == "allow"
    assert [finding.rule.verification for finding in decision.duties] == ["unverified"]


def test_the_day_of_an_opinion_turns_the_timeline(tmp_path: Path) -> None:
    bundle = law(tmp_path, barred=file(bar()))
    services = [{"id": "s0", **SHOP}]
    given = [opinion("barred/bar", "does-not-apply", "2025-03-03")]
    data = {"schema": 2, "product": {"id": "p"}, "company": FOREIGN, "services": services, "opinions": given}
    entries = timeline(bundle, load_profile(data).grant_all(), "2026-01-01").entries
    assert [(entry.from_, entry.decision) for entry in entries] == [
        ("2020-01-01", "incomplete"),
        ("2025-03-03", "allow"),
    ]
    assert encode(entries[1].facts) == [{"path": "opinions[0].date", "day": "2025-03-03"}]


def test_ways_forward_name_the_rule_to_ask_counsel_about(tmp_path: Path) -> None:
    bundle = law(tmp_path, barred=file(bar()))
    data = {"schema": 2, "product": {"id": "p"}, "company": FOREIGN, "services": [{"id": "s0", **SHOP}]}
    profile = load_profile(data)
    plan = describe_ways(bundle, profile, find_remediations(bundle, profile, "2026-01-01"))
    for format in ("text", "markdown", "html"):
        assert "Get a legal opinion on barred/bar" in remediation.render(format, plan, "en")


def test_lint_warns_and_names_the_articles(tmp_path: Path) -> None:
    way = route("home", "true", "domestic|false|SECTOR-NOT-OPEN|operator.foreign_percent == 0.0")
    home = UNREAD + "rules:\n" + way.replace("check:", "cite: art-2, check:")
    bundle = law(tmp_path, home=home, barred=file(bar(extra="unwaivable: true")))
    told = [(problem.path, problem.message) for problem in unread_warnings(bundle)]
    assert [path for path, _ in told] == ["rules[1].cite", "rules[1].unwaivable", "rules[0].route.conditions[0].cite"]
    assert all("unverified" in message for _, message in told)
    assert told[0][1].endswith("decides nothing: art-2.")
