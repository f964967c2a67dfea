"""Decisions: precedence, unknowns, routes, held licenses, readings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.law_builder import CLASSES, CLOSED_TOO, LICENSE, bundle_of, decide, route, rule
from tests.support.shipped import shipped_bundle
from vatspolicy import evaluate, load_profile
from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.engine.decision import Decision
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.ruleset import Match, RuleSet

CENTER = {"offers": ["data-center"], "operated_by": "company", "area": ["beijing"]}
SAAS = {"offers": ["saas"], "operated_by": "company", "area": ["beijing"]}
SHOP = {"offers": ["own-shop"], "operated_by": "company"}
FOREIGN, DOMESTIC = (
    {"foreign_percent": 100, "foreign_percent_basis": "ultimate"},
    {"foreign_percent": 0, "foreign_percent_basis": "ultimate"},
)
HOME = route("domestic", "operator.foreign_percent == 0.0")
ZONE = route(
    "zone",
    "operator.foreign_percent > 0.0",
    'in-zone|true|REGION-MISMATCH|operator.registered.at == "beijing"',
    "ready|false|NOT-READY|operator.lacking_means.size() == 0",
)
CAPPED = route(
    "capped", "operator.foreign_percent > 0.0", 'opened|false|SECTOR-NOT-OPEN|activity.class == "B22"', cap="param.cap"
)
NO_ENTITY = "rules:\n" + rule("bar", "product", "company.mainland_entity == false", "deny: {reason: NO-LOCAL-ENTITY}")
CAP = "parameters:\n  cap: {values: [{from: '2020-01-01', cite: art-1, value: 50.0}]}\nrules:\n"
LICENSED = {"instrument": "vats-license", "classes": ["B11"], "area": ["beijing"], "valid_until": "2026-06-30"}


@pytest.fixture(scope="module")
def law(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return bundle_of(
        tmp_path_factory.mktemp("law"),
        classes=CLASSES,
        license=LICENSE,
        home="rules:\n" + HOME,
        zone="rules:\n" + ZONE,
        capped=CAP + CAPPED,
    )


def law_of(folder: Path, **more: str) -> Bundle:
    """The law with a route for domestic companies alone, and more policies."""
    return bundle_of(folder, **{"classes": CLASSES, "license": LICENSE, "home": f"rules:\n{HOME}", **more})


def on_classes(*classes: str) -> dict[str, object]:
    return {"about": "class", "service": "s0", "classes": [*classes], "by": "the administration", "date": "2025-05-05"}


def asked(decision: Decision) -> list[str]:
    return [".".join(map(str, ask.path)) for ask in decision.missing]


def routes(decision: Decision) -> dict[str, str]:
    return {
        state.rule.id: state.state for service in decision.services for a in service.activities for state in a.routes
    }


class TestPrecedence:
    def test_a_shop_is_allowed(self, law: Bundle) -> None:
        assert decide(law, FOREIGN, SHOP).decision == "allow"

    def test_an_open_route_means_needs_license(self, law: Bundle) -> None:
        decision = decide(law, DOMESTIC, CENTER)
        assert (decision.decision, decision.range) == ("needs-license", ("needs-license", "needs-license"))
        assert [offer.route for finding in decision.needs for offer in finding.any_of] == ["domestic"]

    def test_all_routes_closed_means_deny(self, law: Bundle) -> None:
        decision = decide(law, {**FOREIGN, "registered": {"at": "chengdu", "ftz": "none"}}, CENTER)
        assert decision.decision == "deny"
        assert decision.denials[0].state == "closed"

    def test_the_strictest_service_decides(self, law: Bundle) -> None:
        assert decide(law, DOMESTIC, SHOP, CENTER).decision == "needs-license"

    def test_a_denial_moves_needs_aside(self, tmp_path: Path) -> None:
        barred = "rules:\n" + rule("bar", "product", "company.foreign_percent == 0.0", "deny: {reason: DISCREDITED}")
        bundle = law_of(tmp_path, barred=barred)
        decision = decide(bundle, DOMESTIC, CENTER)
        assert decision.decision == "deny"
        assert decision.needs == ()
        assert [finding.rule.name for finding in decision.would_need] == ["license/duty"]

    def test_every_denial_is_kept(self, tmp_path: Path) -> None:
        barred = "rules:\n" + "".join(
            rule(f"bar-{n}", "product", "company.foreign_percent == 0.0", "deny: {reason: DISCREDITED}") for n in "abc"
        )
        decision = decide(law_of(tmp_path, barred=barred), DOMESTIC, SHOP)
        assert [finding.rule.id for finding in decision.denials] == ["bar-a", "bar-b", "bar-c"]


class TestUnknown:
    def test_a_missing_share_leaves_everything_from_license_to_deny(self, law: Bundle) -> None:
        decision = decide(law, {}, CENTER)
        assert (decision.decision, decision.range) == ("incomplete", ("needs-license", "deny"))
        assert asked(decision)[0] == "company.foreign_percent"

    def test_a_proven_denial_needs_no_further_fact(self, tmp_path: Path) -> None:
        bundle = law_of(tmp_path, barred=NO_ENTITY)
        decision = decide(bundle, {"mainland_entity": False}, CENTER)
        assert (decision.decision, decision.missing) == ("deny", ())

    def test_an_unknown_denial_makes_it_incomplete(self, tmp_path: Path) -> None:
        decision = decide(law_of(tmp_path, barred=NO_ENTITY), DOMESTIC, SHOP)
        assert (decision.decision, decision.range) == ("incomplete", ("allow", "deny"))
        assert asked(decision) == ["company.mainland_entity"]

    def test_null_is_unknown(self, law: Bundle) -> None:
        assert (
            decide(law, {"foreign_percent": None, "foreign_percent_basis": "ultimate"}, CENTER).decision == "incomplete"
        )

    def test_a_service_that_no_rule_knows_is_never_free(self, law: Bundle) -> None:
        decision = decide(law, DOMESTIC, {"offers": ["other"], "operated_by": "company"})
        assert (decision.decision, asked(decision)) == ("incomplete", ["services.0.offers"])
        assert decision.services[0].state == "unclassified"

    def test_missing_offers_are_asked_for_and_nothing_behind_them(self, law: Bundle) -> None:
        decision = decide(law, DOMESTIC, {"operated_by": "company"})
        assert (decision.decision, asked(decision)) == ("incomplete", ["services.0.offers"])
        assert decision.range == ("allow", "deny")

    def test_a_product_without_services_is_incomplete(self, law: Bundle) -> None:
        decision = decide(law, DOMESTIC)
        assert (decision.decision, asked(decision)) == ("incomplete", ["services"])

    def test_a_missing_operator_is_asked_for_first(self, law: Bundle) -> None:
        decision = decide(law, DOMESTIC, {"offers": ["data-center"], "area": ["beijing"]})
        of_operator = [path for path in asked(decision) if path.startswith(("company", "services.0.operated_by"))]
        assert of_operator[0] == "services.0.operated_by"

    def test_a_missing_partner_is_asked_for(self, law: Bundle) -> None:
        decision = decide(law, DOMESTIC, {**CENTER, "operated_by": "partner"})
        assert "partner.foreign_percent" in asked(decision)

    def test_an_unknown_duty_does_not_make_it_incomplete(self, tmp_path: Path) -> None:
        filing = (
            "instruments:\n  filing: {title: {en: Filing, zh: 备案}, authority: [{when: 'true', is: cac}]}\nrules:\n"
        )
        filing += rule("file", "product", "data.persons > 0", "duty: {instrument: filing, due: {before: launch}}")
        bundle = law_of(tmp_path, filing=filing)
        decision = decide(bundle, DOMESTIC, SHOP)
        assert decision.decision == "allow"
        assert [(f.rule.id, f.state, f.missing[0].path) for f in decision.undetermined] == [
            ("file", "unknown", ("data", "persons"))
        ]
        assert [f.rule.id for f in decision.outstanding] == ["file"]

    def test_a_second_unknown_need_does_not_matter_once_one_is_proven(self, tmp_path: Path) -> None:
        permit = (
            "instruments:\n  permit: {title: {en: Permit, zh: 许可}, authority: [{when: 'true', is: cac}]}\nrules:\n"
        )
        permit += rule("permit", "product", "data.persons > 0", "need: {instrument: permit}")
        bundle = law_of(tmp_path, permit=permit)
        decision = decide(bundle, DOMESTIC, CENTER)
        assert (decision.decision, decision.missing) == ("needs-license", ())
        assert [f.rule.id for f in decision.undetermined] == ["permit"]
        assert decide(bundle, DOMESTIC, SHOP).decision == "incomplete"

    def test_inherited_facts_are_asked_for_where_they_belong(self, law: Bundle) -> None:
        decision = decide(
            law, {**DOMESTIC, "licenses": [LICENSED]}, {"offers": ["data-center"], "operated_by": "company"}
        )
        assert asked(decision) == ["services.0.area"]


class TestRoutes:
    def test_a_false_condition_closes_whatever_is_unknown(self, law: Bundle) -> None:
        decision = decide(law, {**FOREIGN, "registered": "chengdu"}, CENTER)
        assert routes(decision) == {"zone": "closed", "capped": "closed"}

    def test_a_missing_condition_leaves_it_unknown(self, law: Bundle) -> None:
        decision = decide(law, {**FOREIGN, "registered": "beijing"}, CENTER)
        assert (decision.decision, routes(decision)["zone"]) == ("incomplete", "unknown")
        assert asked(decision) == ["company.lacking_means"]

    def test_every_condition_true_opens_it(self, law: Bundle) -> None:
        decision = decide(law, {**FOREIGN, "registered": "beijing", "lacking_means": []}, CENTER)
        assert (decision.decision, routes(decision)["zone"]) == ("needs-license", "open")

    @pytest.mark.parametrize(("share", "state"), [(50, "open"), (50.0, "open"), (50.01, "closed")])
    def test_the_cap_includes_its_value(self, tmp_path: Path, share: float, state: str) -> None:
        capped = CAP + route("capped", "operator.foreign_percent > 0.0", cap="param.cap")
        bundle = bundle_of(tmp_path, classes=CLASSES, license=LICENSE, capped=capped)
        assert routes(decide(bundle, {"foreign_percent": share, "foreign_percent_basis": "ultimate"}, CENTER)) == {
            "capped": state
        }

    def test_an_open_route_is_enough_and_an_unknown_one_asks_nothing(self, tmp_path: Path) -> None:
        doubtful = route(
            "doubtful", "operator.foreign_percent == 0.0", "x|false|NOT-READY|operator.lacking_means.size() == 0"
        )
        bundle = law_of(tmp_path, doubtful="rules:\n" + doubtful)
        decision = decide(bundle, DOMESTIC, CENTER)
        assert (decision.decision, decision.missing) == ("needs-license", ())
        assert routes(decision) == {"domestic": "open", "doubtful": "unknown"}

    def test_two_open_routes_are_both_offered(self, tmp_path: Path) -> None:
        bundle = law_of(tmp_path, home="rules:\n" + HOME + HOME.replace("domestic", "other"))
        assert [offer.route for offer in decide(bundle, DOMESTIC, CENTER).needs[0].any_of] == ["domestic", "other"]

    def test_reasons_come_from_the_closest_routes(self, law: Bundle) -> None:
        far = decide(law, {**FOREIGN, "registered": "chengdu", "lacking_means": []}, CENTER)
        assert set(far.denials[0].reasons) == {
            "SECTOR-NOT-OPEN",
            "SHARE-ABOVE-CAP",
        }  # its places fit; the zone's do not
        near = decide(law, {**FOREIGN, "registered": "beijing", "lacking_means": ["facilities"]}, CENTER)
        assert near.denials[0].reasons == ("NOT-READY",)  # one failure against two

    def test_an_open_condition_keeps_a_route_from_being_the_closest(self, tmp_path: Path) -> None:
        fails = "a|false|NOT-READY|operator.foreign_percent == 0.0"
        asks = "b|false|SECTOR-NOT-OPEN|operator.lacking_means.size() == 0"
        bundle = bundle_of(
            tmp_path,
            classes=CLASSES,
            license=LICENSE,
            asking="rules:\n" + route("asking", "true", fails.replace("NOT-READY", "SHARE-ABOVE-CAP"), asks),
            failing="rules:\n" + route("failing", "true", fails),
        )
        [denial] = decide(bundle, FOREIGN, CENTER).denials
        assert denial.reasons == ("NOT-READY",)
        [denial] = decide(bundle, {**FOREIGN, "lacking_means": []}, CENTER).denials
        assert denial.reasons == ("SHARE-ABOVE-CAP", "NOT-READY")  # nothing is open: both fail once

    def test_what_nothing_can_cure_is_said_first(self, tmp_path: Path) -> None:
        rules = "rules:\n" + rule("a", "service", "true", "deny: {reason: NOT-READY, curable: true}")
        rules += rule("b", "service", "true", "deny: {reason: PROHIBITED-SECTOR, curable: false}")
        decision = decide(bundle_of(tmp_path, classes=CLASSES, rules=rules), FOREIGN, CENTER)
        assert [finding.reasons for finding in decision.denials] == [("PROHIBITED-SECTOR",), ("NOT-READY",)]

    def test_no_route_at_all_is_a_closed_sector(self, tmp_path: Path) -> None:
        bundle = law_of(tmp_path)
        assert decide(bundle, FOREIGN, CENTER).denials[0].reasons == ("SECTOR-NOT-OPEN",)


class TestHeld:
    def test_a_license_answers_on_its_last_day(self, law: Bundle) -> None:
        company = {**DOMESTIC, "licenses": [LICENSED]}
        assert decide(law, company, CENTER, as_of="2026-06-30").decision == "allow"
        assert decide(law, company, CENTER, as_of="2026-07-01").decision == "needs-license"

    @pytest.mark.parametrize(
        "change", [{"classes": ["B22"]}, {"area": ["hangzhou"]}, {"instrument": "pilot-approval"}, {"classes": []}]
    )
    def test_it_answers_only_what_it_covers(self, law: Bundle, change: dict[str, object]) -> None:
        assert decide(law, {**DOMESTIC, "licenses": [{**LICENSED, **change}]}, CENTER).decision == "needs-license"

    @pytest.mark.parametrize("lost", ["valid_until", "classes", "area"])
    def test_what_it_does_not_say_is_asked_for(self, law: Bundle, lost: str) -> None:
        license = {key: value for key, value in LICENSED.items() if key != lost}
        decision = decide(law, {**DOMESTIC, "licenses": [license]}, CENTER)
        assert (decision.decision, decision.range) == ("incomplete", ("allow", "needs-license"))
        assert asked(decision) == [f"company.licenses.0.{lost}"]

    def test_it_does_not_survive_a_closed_route(self, law: Bundle) -> None:
        company = {**FOREIGN, "registered": "chengdu", "licenses": [LICENSED]}
        assert decide(law, company, CENTER).decision == "deny"

    def test_none_given_means_none_held(self, law: Bundle) -> None:
        assert (
            decide(law, DOMESTIC, CENTER).decision
            == decide(law, {**DOMESTIC, "licenses": []}, CENTER).decision
            == "needs-license"
        )

    def test_the_partner_is_asked_and_not_the_company(self, law: Bundle) -> None:
        partner = {"foreign_percent": 0, "foreign_percent_basis": "ultimate", "licenses": [LICENSED]}
        service = {**CENTER, "operated_by": "partner"}
        assert decide(law, FOREIGN, service, partner=partner).decision == "allow"
        assert (
            decide(law, {**FOREIGN, "licenses": [LICENSED]}, service, partner={**partner, "licenses": []}).decision
            == "needs-license"
        )

    def test_the_activity_knows_whether_it_is_licensed(self, tmp_path: Path) -> None:
        bar = "rules:\n" + rule(
            "bar", "activity", "activity.licensed == false", "deny: {reason: NOT-READY, curable: true}"
        )
        bundle = law_of(tmp_path, bar=bar)
        assert decide(bundle, DOMESTIC, CENTER).decision == "deny"
        assert decide(bundle, {**DOMESTIC, "licenses": [LICENSED]}, CENTER).decision == "allow"
        vague = {key: value for key, value in LICENSED.items() if key != "valid_until"}
        decision = decide(bundle, {**DOMESTIC, "licenses": [vague]}, CENTER)
        assert (decision.decision, asked(decision)) == ("incomplete", ["company.licenses.0.valid_until"])


class TestReadings:
    def test_another_reading_that_changes_the_word_is_shown(self, law: Bundle) -> None:
        decision = decide(law, DOMESTIC, SAAS)
        assert decision.decision == "allow"
        assert [(r.reading, r.decision) for r in decision.readings] == [
            ("B25-publishing", "needs-license"),
            ("B22", "needs-license"),
        ]

    def test_readings_match_the_rules_of_a_subject_once(self, law: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
        matched: list[object] = []
        match = RuleSet.match

        def tell(ruleset: RuleSet, each: str, activation: Activation, kinds: tuple[str, ...]) -> Sequence[Match]:
            matched.append((each, id(activation)))
            return match(ruleset, each, activation, kinds)

        monkeypatch.setattr(RuleSet, "match", tell)
        assert len(decide(law, DOMESTIC, SAAS).readings) == 2
        assert len(matched) == len(set(matched)) > 3

    def test_a_reading_that_changes_a_license_and_not_the_word_is_shown(self, law: Bundle) -> None:
        company = {**DOMESTIC, "licenses": [{**LICENSED, "classes": ["B22", "B25-publishing"]}]}
        decision = decide(law, company, SAAS)
        assert [(r.reading, r.decision, r.stricter) for r in decision.readings] == [
            ("B25-publishing", "allow", False),
            ("B22", "allow", False),
        ]
        found = [(change.kind, change.added, change.id, change.cls) for change in decision.readings[1].changes]
        assert found == [
            ("class", True, "B22", None),
            ("held", True, "vats-license", "B22"),
            ("route", True, "home/domestic", "B22"),
        ]
        assert decision.worst_reading is None or not decision.worst_reading.stricter

    def test_another_license_beside_one_that_is_needed_anyway_is_stricter(self, law: Bundle) -> None:
        decision = decide(law, DOMESTIC, SAAS, CENTER)
        assert decision.decision == "needs-license"
        assert [(r.reading, r.decision, r.stricter) for r in decision.readings] == [
            ("B25-publishing", "needs-license", True),
            ("B22", "needs-license", True),
        ]

    def test_a_reading_that_another_rule_finds_too_changes_nothing(self, tmp_path: Path) -> None:
        meets = rule("meets", "service", '"conferencing" in service.offers', "classify: {classes: [B22]}")
        bundle = law_of(tmp_path, more="rules:\n" + meets)
        decision = decide(bundle, DOMESTIC, {**SAAS, "offers": ["saas", "conferencing"]})
        assert [r.reading for r in decision.readings] == ["B25-publishing"]

    def test_the_worst_of_readings_together_is_told(self, tmp_path: Path) -> None:
        """Read as a class whose one route is contested, and that route closed: only together they deny."""
        contested = HOME.replace("    route:", f"{CLOSED_TOO}\n    route:")
        bundle = law_of(tmp_path, home="rules:\n" + contested)
        decision = decide(bundle, DOMESTIC, SAAS)
        assert {r.decision for r in decision.readings} == {"needs-license"}
        worst = decision.worst_reading
        assert worst is not None
        assert (worst.decision, worst.stricter, worst.complete) == ("deny", True, True)
        assert [(rule.name, str(subject), name) for rule, subject, name in worst.readings] == [
            ("classes/software", "s0", "B25-publishing"),
            ("home/domestic", "s0/B25-publishing", "closed"),
        ]

    def test_where_nothing_is_contested_there_is_no_worst_reading(self, law: Bundle) -> None:
        assert decide(law, DOMESTIC, CENTER).worst_reading is None

    def test_an_opinion_settles_it(self, law: Bundle) -> None:
        decision = decide(law, DOMESTIC, SAAS, opinions=[on_classes("B22")])
        assert (decision.decision, decision.readings) == ("needs-license", ())
        assert [a.cls for a in decision.services[0].activities] == ["B22"]

    def test_an_opinion_counts_from_its_day_on(self, law: Bundle) -> None:
        later = [{**on_classes("B22"), "date": "2030-01-01"}]
        assert decide(law, DOMESTIC, SAAS, opinions=later).decision == "allow"

    def test_an_opinion_settles_nothing_that_is_not_contested(self, law: Bundle) -> None:
        assert decide(law, DOMESTIC, CENTER, opinions=[on_classes()]).decision == "needs-license"

    def test_a_contested_route_is_read_as_closed_too(self, tmp_path: Path) -> None:
        bundle = law_of(
            tmp_path,
            home="rules:\n" + HOME.replace("    route:", f"{CLOSED_TOO}\n    route:"),
        )
        decision = decide(bundle, DOMESTIC, CENTER)
        assert decision.decision == "needs-license"
        assert [(r.reading, r.decision) for r in decision.readings] == [("closed", "deny")]


class TestDuties:
    FILING = (
        "instruments:\n  icp-filing: {title: {en: Filing, zh: 备案}, authority: [{when: 'true', is: cac}]}\nrules:\n"
    )

    def test_a_duty_that_is_done_is_shown_as_done(self, tmp_path: Path) -> None:
        law = self.FILING + rule("file", "service", "true", "duty: {instrument: icp-filing, due: {before: launch}}")
        bundle = law_of(tmp_path, filing=law)
        done = decide(bundle, DOMESTIC, SHOP, filings=[{"instrument": "icp-filing", "date": "2025-12-31"}])
        assert [(f.state, f.done_on) for f in done.duties] == [("done", "2025-12-31")]
        assert done.outstanding == ()
        later = decide(bundle, DOMESTIC, SHOP, filings=[{"instrument": "icp-filing", "date": "2026-01-02"}])
        assert [f.state for f in later.duties] == ["fires"]

    def test_all_authorities_that_may_hold_are_named(self, law: Bundle) -> None:
        known = decide(law, DOMESTIC, CENTER).needs[0].any_of[0]
        unknown = decide(law, DOMESTIC, {"offers": ["data-center"], "operated_by": "company"}).needs[0].any_of[0]
        assert (known.authority, unknown.authority) == (("provincial-ca",), ("provincial-ca", "miit"))


class TestTime:
    def test_from_is_the_first_day_and_until_the_first_day_no_longer(self, tmp_path: Path) -> None:
        dated = "rules:\n" + rule(
            "bar",
            "product",
            "company.foreign_percent == 0.0",
            "deny: {reason: DISCREDITED}",
            "from: '2024-03-01', until: '2025-03-01'",
        )
        bundle = law_of(tmp_path, dated=dated)
        words = {
            day: decide(bundle, DOMESTIC, SHOP, as_of=day).decision
            for day in ("2024-02-29", "2024-03-01", "2025-02-28", "2025-03-01")
        }
        assert list(words.values()) == ["allow", "deny", "deny", "allow"]

    def test_a_day_before_the_bundle_is_refused(self, law: Bundle) -> None:
        with pytest.raises(ValueError, match="2020-01-01"):
            decide(law, DOMESTIC, SHOP, as_of="2019-12-31")

    def test_the_weakest_article_is_named(self, tmp_path: Path) -> None:
        weak = "rules:\n" + rule("bar", "product", "company.foreign_percent == 0.0", "deny: {reason: DISCREDITED}")
        bundle = law_of(tmp_path, weak=weak)
        assert decide(bundle, DOMESTIC, SHOP).verification == "primary"
        text = (tmp_path / "weak.yaml").read_text().replace("verification: primary", "verification: secondary")
        (tmp_path / "weak.yaml").write_text(text)
        from vatspolicy.core.policies.bundle import load_bundle

        assert decide(load_bundle(tmp_path), DOMESTIC, SHOP).verification == "secondary"


def test_a_held_instrument_of_unstated_validity_is_asked_for_where_it_stands() -> None:
    """A need of the product itself is the company's: there is no service, and no operator, to ask."""
    facts = {
        "schema": 2,
        "product": {"id": "lock", "hardware": ["security-product"]},
        "company": {"mainland_entity": True, "licenses": [{"instrument": "security-product-sales-permit"}]},
        "services": [{"id": "s", "offers": ["own-shop"], "channels": ["device"]}],
    }
    decision = evaluate(shipped_bundle(), load_profile(facts), "2021-11-01")
    assert ("company", "licenses", 0, "valid_until") in {fact.path for fact in decision.missing}
