"""Law in layers: what a layer adds, what it may loosen, and everything that it may not."""

from __future__ import annotations

import errno
import os
import random
from pathlib import Path
from typing import Any

import pytest

from tests.support.effort import trials
from tests.support.law_builder import Facts, decide, route, rule
from tests.support.layer_builder import overriding, stack, write_law, write_layer
from vatspolicy.core.engine.decision import WORDS, Decision
from vatspolicy.core.policies.bundle import Bundle, load_bundle
from vatspolicy.errors import InvalidInput

COMPANY = {
    "mainland_entity": True,
    "foreign_percent": 0,
    "licenses": [{"instrument": "vats-license", "classes": ["B11"], "valid": True, "area": [{"at": "china"}]}],
}
PUBLIC = {"offers": ["own-shop"], "audience": "public", "operated_by": "company"}
INTERNAL = PUBLIC | {"audience": "own-group"}
CENTER = {"offers": ["data-center"], "audience": "own-group", "operated_by": "company", "area": [{"at": "china"}]}
DENIAL = "deny: {reason: SECTOR-NOT-OPEN}"
GROUP = 'service.audience == "own-group"'
RELAY = "limits/relay"


def only(relay: str = "") -> str:
    """A rule that denies nothing, to be put in the place of another one."""
    return "rules:\n" + overriding(relay or RELAY, rule("relay", "service", "false", DENIAL))


@pytest.fixture
def law(tmp_path: Path) -> Path:
    return write_law(tmp_path / "law")


def allow(law: Path, name: str) -> None:
    """Let the next layer loosen a rule of the base."""
    head = f"name: nation\ntitle: {{en: Nation, zh: 国家}}\nowner: us\nmay_loosen: [{name}]\n"
    (law / "layer.yaml").write_text(head, encoding="utf-8")


def grouped(folder: Path, *may_loosen: str) -> Path:
    """A layer of a company that denies what is for the own group."""
    text = "rules:\n" + rule("group", "service", GROUP, DENIAL)
    return write_layer(folder / "company", "company", may_loosen, company=text)


def idle(folder: Path, name: str, *may_loosen: str) -> Path:
    """A layer whose one rule never applies."""
    return write_layer(folder / name, name, may_loosen, **{name: "rules:\n" + rule("none", "service", "false", DENIAL)})


def problems_of(base: Path, *layers: Path) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        stack(base, *layers)
    return [problem.message for problem in caught.value.problems]


def denied_by(bundle: Bundle, service: Facts) -> tuple[str, list[str]]:
    found: Decision = decide(bundle, COMPANY, service)
    return found.decision, [finding.rule.name for finding in found.denials]


# --- adding -----------------------------------------------------------------------------------------------------------


def test_a_layer_adds_rules_to_the_law_below(law: Path, tmp_path: Path) -> None:
    company = grouped(tmp_path)
    assert denied_by(load_bundle(law), INTERNAL) == ("allow", [])
    bundle = stack(law, company)
    assert denied_by(bundle, INTERNAL) == ("deny", ["company/group"])
    assert denied_by(bundle, PUBLIC) == ("deny", [RELAY])
    assert [(layer.name, layer.owner, layer.policies) for layer in bundle.layers] == [
        ("law", None, ("classes", "license", "limits")),
        ("company", "company office", ("company",)),
    ]


def test_a_law_alone_has_no_layers(law: Path) -> None:
    bundle = load_bundle(law)
    assert (bundle.layers, bundle.layer_of("limits"), bundle.replaced("2026-01-01")) == ((), None, {})


def test_every_file_of_a_layer_is_part_of_the_digest(law: Path, tmp_path: Path) -> None:
    company = grouped(tmp_path)
    digests = {load_bundle(law).digest, stack(law, company).digest}
    (company / "layer.yaml").write_text((company / "layer.yaml").read_text().replace("office", "board"))
    digests.add(stack(law, company).digest)
    policy = company / "company.yaml"
    policy.write_text(policy.read_text().replace("1.0.0", "1.0.1"))
    digests.add(stack(law, company).digest)
    assert len(digests) == 4
    assert stack(law, company).layers[0].digest == load_bundle(law).digest


def test_a_layer_uses_the_terms_and_parameters_below(law: Path, tmp_path: Path) -> None:
    text = "terms: {group: 'service.audience == \"own-group\"'}\nrules:\n" + rule(
        "group", "service", "term.group", DENIAL
    )
    company = write_layer(tmp_path / "company", "company", company=text)
    unit = write_layer(
        tmp_path / "unit", "unit", unit="uses: [company]\nrules:\n" + rule("too", "service", "term.group", DENIAL)
    )
    assert denied_by(stack(law, company, unit), INTERNAL) == ("deny", ["company/group", "unit/too"])
    assert any("no policy 'company'" in message for message in problems_of(law, unit))
    assert "A policy cannot use a policy of a higher layer." in problems_of(law, unit, company)


def test_the_approval_of_a_company_has_routes_of_its_own(law: Path, tmp_path: Path) -> None:
    """A need that a layer adds is answered by routes that it adds: only its own need is easier for them."""
    approval = (
        "instruments:\n  approval: {title: {en: Approval, zh: 批准}, authority: [{when: 'true', is: miit}]}\n"
        "rules:\n" + rule("ask", "activity", "true", "need: {through: approval}")
    )
    own = route("board", "true", instrument="approval").replace("to: vats-license", "to: approval")
    company = write_layer(tmp_path / "company", "company", company=approval + own)
    bundle = stack(law, company)
    assert decide(load_bundle(law), COMPANY, CENTER).decision == "allow"
    found = decide(bundle, COMPANY, CENTER)
    assert (found.decision, [one.rule.name for one in found.needs]) == ("needs-license", ["company/ask"])
    assert bundle.on("2026-01-01").access == load_bundle(law).on("2026-01-01").access == ("vats-license",)


# --- overriding -------------------------------------------------------------------------------------------------------


def test_an_override_without_permission_leaves_the_rule_in_force(law: Path, tmp_path: Path) -> None:
    company = write_layer(tmp_path / "company", "company", company=only())
    bundle = stack(law, company)
    assert denied_by(bundle, PUBLIC) == ("deny", [RELAY])
    assert not bundle.replaces(bundle.rule("company/relay"))


def test_a_layer_loosens_what_the_layer_below_allows(law: Path, tmp_path: Path) -> None:
    company = grouped(tmp_path, "company/group")
    unit = write_layer(tmp_path / "unit", "unit", unit=only("company/group"))
    bundle = stack(law, company, unit)
    assert denied_by(stack(law, company), INTERNAL) == ("deny", ["company/group"])
    assert denied_by(bundle, INTERNAL) == ("allow", [])
    assert {name: rule.name for name, rule in bundle.replaced("2026-01-01").items()} == {"company/group": "unit/relay"}
    assert denied_by(bundle, PUBLIC) == ("deny", [RELAY]), "the law below stays"


def test_the_base_may_allow_too_and_permission_goes_one_layer_up(law: Path, tmp_path: Path) -> None:
    allow(law, RELAY)
    company = write_layer(tmp_path / "company", "company", company=only())
    assert denied_by(stack(law, company), PUBLIC) == ("allow", [])
    assert stack(law, company).layers[0].name == "nation"
    between = idle(tmp_path, "between")
    assert denied_by(stack(law, between, company), PUBLIC) == ("deny", [RELAY])
    passing = idle(tmp_path, "passing", RELAY)
    assert denied_by(stack(law, passing, company), PUBLIC) == ("allow", [])


def test_an_override_replaces_only_while_it_is_in_force(law: Path, tmp_path: Path) -> None:
    allow(law, RELAY)
    text = only().replace("each:", "from: '2025-01-01', until: '2026-01-01', each:")
    bundle = stack(law, write_layer(tmp_path / "company", "company", company=text))
    words = [
        decide(bundle, COMPANY, PUBLIC, as_of=day).decision
        for day in ("2024-12-31", "2025-01-01", "2025-12-31", "2026-01-01")
    ]
    assert words == ["deny", "allow", "allow", "deny"]


def test_a_rule_comes_back_when_what_replaced_it_is_replaced(law: Path, tmp_path: Path) -> None:
    """Who may replace the rule of a company may not, by that, replace the law for which it stands."""
    allow(law, RELAY)
    company = write_layer(tmp_path / "company", "company", ("company/relay",), company=only())
    unit = write_layer(tmp_path / "unit", "unit", unit=only("company/relay"))
    bundle = stack(law, company, unit)
    assert denied_by(bundle, PUBLIC) == ("deny", [RELAY])


# --- attacks: each tries to make the answer milder --------------------------------------------------------------------

ALLOWING = rule("shop", "service", '"own-shop" in service.offers', "classify: {classes: not-telecommunications}")
OPEN_ROUTE = route("easy", "true")


def test_a_policy_of_the_same_id_is_refused_with_both_places(law: Path, tmp_path: Path) -> None:
    company = write_layer(
        tmp_path / "company", "company", limits="rules:\n" + rule("relay", "service", "false", DENIAL)
    )
    with pytest.raises(InvalidInput) as caught:
        stack(law, company)
    [problem] = caught.value.problems
    assert (problem.file, problem.line) == (str(company / "limits.yaml"), 1)
    assert f"({law / 'limits.yaml'}:1:5)" in problem.message


@pytest.mark.parametrize("target", ["", "license/general"])
def test_a_route_without_permission_is_refused(law: Path, tmp_path: Path, target: str) -> None:
    text = (
        OPEN_ROUTE.replace("    route:", f"    overrides: {{rule: {target}, reason: R., owner: O}}\n    route:")
        if target
        else OPEN_ROUTE
    )
    company = write_layer(tmp_path / "company", "company", company="rules:\n" + text)
    assert problems_of(law, company) == ["This route loosens 'license/duty', but the lower layer does not allow that."]


def test_a_route_with_permission_answers_the_need_and_is_no_license_elsewhere(law: Path, tmp_path: Path) -> None:
    allow(law, "license/duty")
    text = (
        "instruments:\n  basic-license: {title: {en: Pass, zh: 通行}, authority: [{when: 'true', is: miit}]}\n"
        "rules:\n" + route("easy", "true", instrument="basic-license")
    )
    bundle = stack(law, write_layer(tmp_path / "company", "company", company=text))
    foreign = {**COMPANY, "mainland_entity": False, "licenses": [{"instrument": "basic-license", "valid": True}]}
    assert decide(load_bundle(law), foreign, CENTER).decision == "deny"
    assert decide(bundle, foreign, CENTER).decision == "allow"
    assert bundle.on("2026-01-01").access == ("vats-license",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ALLOWING, "A classification can loosen the law, so it can override only a classification that the lower layer allows to be loosened."),
        (overriding("classes/shop", ALLOWING), "This classification loosens 'classes/shop', but the lower layer does not allow that."),
        (overriding(RELAY, ALLOWING), "A classification can override only a classification."),
    ],
)  # fmt: skip
def test_a_classification_without_permission_is_refused(law: Path, tmp_path: Path, text: str, message: str) -> None:
    company = write_layer(tmp_path / "company", "company", company="rules:\n" + text)
    assert problems_of(law, company) == [message]


def test_no_classification_stands_for_a_rule_of_another_kind_even_with_permission(law: Path, tmp_path: Path) -> None:
    allow(law, RELAY)
    company = write_layer(tmp_path / "company", "company", company="rules:\n" + overriding(RELAY, ALLOWING))
    assert problems_of(law, company) == ["A classification can override only a classification."]


def test_a_layer_does_not_allow_itself(law: Path, tmp_path: Path) -> None:
    company = write_layer(tmp_path / "company", "company", (RELAY,), company=only())
    assert problems_of(law, company) == [f"This layer may not allow others to loosen {RELAY!r}."]


def test_an_accomplice_between_does_not_help(law: Path, tmp_path: Path) -> None:
    helper = idle(tmp_path, "helper", RELAY)
    unit = write_layer(tmp_path / "unit", "unit", unit=only())
    assert problems_of(law, helper, unit) == [f"This layer may not allow others to loosen {RELAY!r}."]


@pytest.mark.parametrize(
    "text", ["", "name: x\n", "name: x\ntitle: {en: X, zh: 甲}\nowner: ' '\n", "[]\n", "name: [\n"]
)
def test_a_layer_without_a_valid_head_is_refused(law: Path, tmp_path: Path, text: str) -> None:
    company = write_layer(tmp_path / "company", "company", company=only())
    (company / "layer.yaml").write_text(text)
    assert problems_of(law, company)


@pytest.mark.parametrize("key", ["enforce: {limits/relay: {level: off}}", "covers: {from: '2020-01-01'}", "schema: 1"])
def test_a_head_says_nothing_that_is_not_known(law: Path, tmp_path: Path, key: str) -> None:
    company = write_layer(tmp_path / "company", "company", company=only())
    head = company / "layer.yaml"
    head.write_text(head.read_text() + key + "\n")
    assert problems_of(law, company)


def test_a_layer_that_lost_its_files_is_refused(law: Path, tmp_path: Path) -> None:
    """A rule that is not seen forbids nothing, so what would be left out ends the run."""
    company = grouped(tmp_path)
    policy = company / "company.yaml"
    policy.rename(company / "company.yml")
    assert problems_of(law, company) == ["vatspolicy would not read this file."]
    (company / "company.yml").unlink()
    assert problems_of(law, company) == ["The layer has no policies."]
    (company / "layer.yaml").unlink()
    assert problems_of(law, company) == ["The layer has no layer.yaml."]
    company.rmdir()
    assert problems_of(law, company) == ["This layer does not exist."]


def test_links_in_a_layer_are_refused(law: Path, tmp_path: Path) -> None:
    company = write_layer(tmp_path / "company", "company", company=only())
    (tmp_path / "elsewhere").mkdir()
    for target, name in (
        (law / "limits.yaml", "limits.yaml"),
        (tmp_path / "elsewhere", "rules"),
        (tmp_path / "none", "x"),
    ):
        link = company / name
        link.symlink_to(target)
        assert problems_of(law, company) == ["A layer cannot contain links."]
        link.unlink()
    head = company / "layer.yaml"
    head.rename(tmp_path / "head.yaml")
    head.symlink_to(tmp_path / "head.yaml")
    assert "A layer cannot contain links." in problems_of(law, company)


def test_a_folder_that_cannot_be_read_is_refused(law: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests: root reads a folder without permissions, so the system's answer is put in its place."""
    company = write_layer(tmp_path / "company", "company", company=only())
    inner = company / "inner"
    inner.mkdir()
    scan = os.scandir

    def refuse(path: Any = ".") -> Any:
        if Path(path) == inner:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert any("cannot be read" in message for message in problems_of(law, company))
    inner.rename(inner := law / "inner")
    assert any("cannot be read" in message for message in problems_of(law)), "nor is a rule of the law lost"


@pytest.mark.parametrize("name", ["accepted.yaml", "properties.yaml", "company.test.yaml"])
def test_a_policy_under_the_name_of_another_file_is_refused(law: Path, tmp_path: Path, name: str) -> None:
    company = write_layer(tmp_path / "company", "company", company=only(), more=only())
    (company / "more.yaml").rename(company / name)
    assert problems_of(law, company) == ["vatspolicy would not read this policy."]


def test_a_second_release_or_head_is_refused(law: Path, tmp_path: Path) -> None:
    company = write_layer(tmp_path / "company", "company", company=only())
    (company / "bundle.yaml").write_text("version: 9.9.9\ncovers: {from: '1990-01-01'}\n")
    assert problems_of(law, company) == ["This folder contains both layer.yaml and bundle.yaml, so it is not a layer."]
    (company / "bundle.yaml").unlink()
    (company / "deep").mkdir()
    (company / "deep/bundle.yaml").write_text("version: 9.9.9\ncovers: {from: '1990-01-01'}\n")
    assert problems_of(law, company) == ["A layer cannot contain bundle.yaml."]
    (company / "deep/bundle.yaml").unlink()
    write_layer(company / "inner", "inner", (RELAY,))
    assert problems_of(law, company) == ["A layer has one layer.yaml, in its top folder."]


def test_the_law_does_not_override_and_a_layer_does_not_supersede(law: Path, tmp_path: Path) -> None:
    company = write_layer(tmp_path / "company", "company", company="supersedes: [limits]\n" + only())
    assert "A layer cannot supersede a policy of a lower layer." in problems_of(law, company)
    limits = law / "limits.yaml"
    limits.write_text(limits.read_text() + overriding("classes/shop", rule("other", "service", "true", DENIAL)))
    with pytest.raises(InvalidInput, match="Only a rule of a layer above the law can override"):
        load_bundle(law)


def test_an_override_names_a_rule_below_and_a_layer_has_one_name(law: Path, tmp_path: Path) -> None:
    company = write_layer(tmp_path / "company", "company", company=only("limits/relai"))
    assert problems_of(law, company) == ["The lower layers do not contain the rule 'limits/relai'."]
    twin = write_layer(tmp_path / "twin", "law", twin=only())
    assert problems_of(law, twin) == ["Another layer has the same name."]


def test_an_instrument_of_the_law_is_not_established_again(law: Path, tmp_path: Path) -> None:
    """Other words for what a license covers would loosen every need of it."""
    text = "instruments:\n  vats-license: {title: {en: L, zh: 证}, authority: [{when: 'true', is: miit}]}\n" + only()
    company = write_layer(tmp_path / "company", "company", company=text)
    assert any("also establishes this instrument" in message for message in problems_of(law, company))


# --- and at random ----------------------------------------------------------------------------------------------------

WHENS = (
    "true", 'service.audience == "public"', GROUP, '"own-shop" in service.offers || "data-center" in service.offers',
    'product.id == "p" && operator.mainland_entity', "!operator.mainland_entity", "operator.foreign_percent > 50.0",
)  # fmt: skip
EFFECTS = (
    DENIAL,
    "need: {instrument: vats-license}",
    "duty: {instrument: vats-license, due: {before: launch}}",
    "advise: {kind: note}",
)
FACTS: tuple[tuple[str, tuple[object, ...]], ...] = (
    ("offers", (["own-shop"], ["data-center"], ["saas"], None)),
    ("audience", ("public", "own-group", None)),
    ("operated_by", ("company", None)),
    ("area", ([{"at": "china"}], None)),
)


def random_rules(draw: random.Random, id: str, below: list[str]) -> tuple[str, list[str]]:
    text, names = "rules:\n", []
    for index in range(draw.randint(1, 3)):
        line = rule(f"r{index}", draw.choice(("service", "activity")), draw.choice(WHENS), draw.choice(EFFECTS))
        text += overriding(draw.choice(below), line) if draw.random() < 0.6 else line
        names.append(f"{id}/r{index}")
    return text, names


def random_service(draw: random.Random) -> Facts:
    chosen = {name: draw.choice(values) for name, values in FACTS}
    return {name: value for name, value in chosen.items() if value is not None}


def test_no_layer_without_permission_makes_a_decision_milder(law: Path, tmp_path: Path) -> None:
    """Whatever the rules of layers say and override: neither end of the range of outcomes becomes milder."""
    draw, alone, changed = random.Random("layers"), load_bundle(law), 0
    for number in range(trials(40, least=8)):
        below = [rule.name for policy in alone.policies.values() for rule in policy.rules if rule.kind != "route"]
        folders = []
        for place in range(draw.randint(1, 3)):
            id = f"layer-{place}"
            text, names = random_rules(draw, id, below)
            folders.append(write_layer(tmp_path / f"{number}-{place}", id, **{id: text}))
            below += names
        bundle = stack(law, *folders)
        assert bundle.replaced("2026-01-01") == {}
        for _ in range(25):
            company = {**COMPANY, "mainland_entity": draw.choice((True, False))}
            if draw.random() < 0.3:
                del company["licenses"]
            services = [random_service(draw) for _ in range(draw.randint(1, 2))]
            before, after = decide(alone, company, *services), decide(bundle, company, *services)
            for was, now in zip(before.range, after.range, strict=True):
                assert WORDS.index(was) <= WORDS.index(now), (folders, company, services)
            changed += before.range != after.range
    assert changed > 10


# --- enforcement ------------------------------------------------------------------------------------------------------


def enforce(folder: Path, name: str, level: str, until: str = "2026-06-30", since: str = "2026-01-01") -> Path:
    """Add to a layer.yaml how a rule is enforced."""
    head = folder / "layer.yaml"
    entry = f"{{level: '{level}', reason: Trial., from: '{since}', until: '{until}', owner: board}}"
    text = head.read_text()
    head.write_text(text + ("" if "enforce:" in text else "enforce:\n") + f"  {name}: {entry}\n")
    return folder


def test_the_entry_of_the_highest_layer_counts_until_its_last_day(law: Path, tmp_path: Path) -> None:
    company, unit = grouped(tmp_path, "company/group"), idle(tmp_path, "unit")
    enforce(company, "company/group", "off", "2026-12-31")
    enforce(unit, "company/group", "deny")
    bundle = stack(law, company, unit)
    levels = [
        bundle.enforced(day).get("company/group") for day in ("2026-06-30", "2026-07-01", "2026-12-31", "2027-01-01")
    ]
    assert [one and (one.level, one.layer) for one in levels] == [
        ("deny", "unit"),
        ("off", "company"),
        ("off", "company"),
        None,
    ]
    assert denied_by(bundle, INTERNAL) == ("deny", ["company/group"]), "no decision changes"


@pytest.mark.parametrize("name", [RELAY, "unit/none", "company/none"])
def test_a_layer_does_not_enforce_what_it_may_not_loosen(law: Path, tmp_path: Path, name: str) -> None:
    company = enforce(grouped(tmp_path), name, "off")
    unit = idle(tmp_path, "unit")
    assert problems_of(law, company, unit) == [f"This layer cannot set the enforcement of {name!r}."]


def test_the_base_does_not_enforce(law: Path, tmp_path: Path) -> None:
    """It would count under a layer alone, so that a layer which adds a rule would make the gate milder."""
    company = grouped(tmp_path)
    (law / "layer.yaml").write_text((company / "layer.yaml").read_text().replace("name: company", "name: base"))
    assert stack(law, company).layers[0].name == "base"
    enforce(law, "limits/relay", "off")
    assert problems_of(law, company) == ["Only a layer above the law can set the enforcement of rules."]


@pytest.mark.parametrize("key", ["reason", "from", "until", "owner", "level"])
def test_an_entry_says_why_until_when_and_who(law: Path, tmp_path: Path, key: str) -> None:
    company = enforce(grouped(tmp_path), "company/group", "warn")
    head = company / "layer.yaml"
    head.write_text(
        head.read_text().replace(f"{key}: ", f"x-{key}: ", 1)
        if key != "owner"
        else head.read_text().replace(", owner: board", "")
    )
    assert problems_of(law, company)


@pytest.mark.parametrize(("until", "own", "said"), [
    ("2027-01-01", "", None),
    ("2027-01-02", "", "An entry lasts at most 366 days."),
    ("9999-12-31", "", "An entry lasts at most 366 days."),
    ("2026-01-30", "longest_enforcement: 30", None),
    ("2026-01-31", "longest_enforcement: 30", "An entry lasts at most 30 days."),
    ("2025-12-31", "", "The last day of the entry is before its first."),
])  # fmt: skip
def test_an_entry_has_a_longest_period(law: Path, tmp_path: Path, until: str, own: str, said: str | None) -> None:
    (law / "bundle.yaml").write_text(f"{(law / 'bundle.yaml').read_text()}{own}\n")
    company = grouped(tmp_path)
    enforce(company, "company/group", "off", until, "2026-01-01")
    if said is None:
        bundle = stack(law, company)
        assert [day for day in ("2025-12-31", "2026-01-01", until) if bundle.enforced(day)] == ["2026-01-01", until]
    else:
        assert problems_of(law, company) == [said]


@pytest.mark.parametrize("days", ["0", "367", "'30'"])
def test_a_base_may_set_a_shorter_period_alone(law: Path, days: str) -> None:
    (law / "bundle.yaml").write_text(f"{(law / 'bundle.yaml').read_text()}longest_enforcement: {days}\n")
    with pytest.raises(InvalidInput):
        stack(law)
