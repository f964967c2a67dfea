"""A launch of several companies is expanded to ordinary profiles: nothing is lost, and nothing becomes milder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import pytest

from tests.support.effort import LONG, part
from tests.support.records import decision_to_data
from tests.support.shipped import fixture_files, shipped_bundle
from vatspolicy.core.documents import Document, load_document, parse_document
from vatspolicy.core.documents.launch_schema import BY_SERVICE, SHARED
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.profile.launch import open_launch
from vatspolicy.core.profile.profile import Profile, read_granted
from vatspolicy.errors import InvalidInput
from vatspolicy.reports.decision.digest import SEVERITY

Data = dict[str, Any]
COMPANY = ("filings", "opinions")


def fixtures() -> Iterator[tuple[str, str, Data]]:
    """Yield name, day and facts of each fixture that has services: each says itself what only a service of a launch may say."""
    for path in fixture_files():
        data = load_document(path).data
        day = load_document(path.with_suffix(".expect.yaml")).data["decisions"][0]["as_of"]
        for service in data["services"]:
            for key in BY_SERVICE:
                if service.get(key) is None and data["product"].get(key) is not None:
                    service[key] = data["product"][key]
            service["operated_by"] = service.get("operated_by") or "company"
        for key in BY_SERVICE:
            data["product"].pop(key, None)
        if all(service["operated_by"] == "company" for service in data["services"]):
            data.pop("partner", None)
        if data["services"] and (data.get("partner") or "partner" not in data):
            yield path.stem, day, data


def make_launch(data: Data, ids: tuple[str, ...] = ("main",)) -> Data:
    """Return the facts of a profile as a launch, whose services go to companies with these ids and equal facts in turn."""
    own = {key: value for key, value in data["product"].items() if key not in SHARED}
    company = {**(data.get("company") or {}), "product": own, **{key: data[key] for key in COMPANY if key in data}}
    services = []
    for place, service in enumerate(data["services"]):
        by, id = service["operated_by"], ids[place % len(ids)]
        told = {"operator": id} if by == "company" else {"operator": "other-side", "company": id}
        rest = {key: value for key, value in service.items() if key != "operated_by"}
        services.append({**rest, **told, **({"operated_by": by} if by == "contract-controlled" else {})})
    deals = []
    for deal in data.get("deals") or ():
        targets = {"company": ids[: len(services)], "partner": ("other-side",)}.get(deal.get("target"), (None,))
        deals += [{**deal, **({"target": target} if target else {})} for target in targets]
    return {
        "schema": 2,
        "product": {key: value for key, value in data["product"].items() if key in SHARED},
        "companies": dict.fromkeys(ids[: len(services)], company),
        **({"partners": {"other-side": data["partner"]}} if data.get("partner") else {}),
        "services": services,
        **({"data": data["data"]} if "data" in data else {}),
        **({"deals": deals} if deals else {}),
    }


def read(data: Data) -> Document:
    """Return facts as a document."""
    return parse_document(json.dumps(data, ensure_ascii=False), "launch.json")


def decide(profile: Profile, day: str) -> Data:
    """Return the record of a decision, without places in the text and the id of the product."""
    bundle = shipped_bundle()
    found: Data = without_places(decision_to_data(bundle, profile, evaluate(bundle, profile, day)))
    return found


def without_places(value: Any) -> Any:
    if isinstance(value, Mapping):
        skipped = ("line", "column", "file", "product")
        return {key: without_places(one) for key, one in value.items() if key not in skipped}
    return [without_places(one) for one in value] if isinstance(value, list | tuple) else value


def test_a_launch_of_one_company_decides_as_its_profile_does() -> None:
    every, other = list(fixtures()), []
    chosen = part(every, 10, [one for one in every if one[2].get("deals")])
    for name, day, data in chosen:
        [profile] = open_launch(read(make_launch(data)))
        plain, made = (json.dumps(decide(read_granted(one), day)) for one in (read(data), profile))
        if plain != made or profile.data["product"]["id"] != f"{data['product']['id']}-main":
            other.append(name)
    assert other == []
    assert len(chosen) > (140 if LONG else 14)


def test_a_launch_of_companies_with_equal_facts_is_never_milder_than_one_profile() -> None:
    milder, count = [], 0
    for (name, day, data), (_, _, other) in part(pairwise(fixtures()), 8):
        both = {**data, "services": [data["services"][0], {**other["services"][0], "id": "other"}]}
        try:
            plain = read_granted(read(both))
            parts = [read_granted(one) for one in open_launch(read(make_launch(both, ("one", "two"))))]
        except InvalidInput:
            continue  # the service of another product, or a fact that is shared, does not fit
        words = [decide(one, day)["decision"] for one in (*parts, plain)]
        count += 1
        if max(map(SEVERITY.index, words[:-1])) < SEVERITY.index(words[-1]):
            milder.append((name, words))
    assert (milder, count > (60 if LONG else 7)) == ([], True), count


LAUNCH = """\
schema: 2
product: {id: pair, title: Pair}
companies:
  parent:
    name: Parent
    product: {hardware: []}
    filings: [{instrument: icp-filing, date: '2026-01-02'}]
    opinions: [{about: class, service: site, classes: [], by: Counsel, date: '2026-01-02'}]
  child: {name: Child, data: {persons: 7}}
partners:
  carrier: {name: Carrier, licenses: []}
  courier: {name: Courier}
services:
  - {id: site, operator: parent}
  - {id: sales, operator: child}
  - {id: delivery, operator: courier, company: child}
  - {id: cloud, operator: carrier, company: child, operated_by: contract-controlled}
data: {persons: 5, minors: 1}
deals:
  - {kind: acquisition, target: child}
  - {kind: acquisition, target: carrier}
"""


def parts_of(text: str, *changes: tuple[str, Any], name: str = "") -> dict[str, Data]:
    return {one.file: one.data for one in open_launch(parse_document(text, "l.yaml"), changes, name=name)}


def test_each_part_has_the_services_of_one_company_with_one_partner() -> None:
    parts = parts_of(LAUNCH)
    services = {file: [service["id"] for service in data["services"]] for file, data in parts.items()}
    assert services == {
        "l.yaml#parent": ["site"],
        "l.yaml#child": ["sales"],
        "l.yaml#child-courier": ["delivery"],
        "l.yaml#child-carrier": ["cloud"],
    }
    ids = [data["product"]["id"] for data in parts.values()]
    assert ids == ["pair-parent", "pair-child", "pair-child-courier", "pair-child-carrier"]
    holders = {
        file: (data["company"]["name"], data.get("partner", {}).get("name"), data["services"][0]["operated_by"])
        for file, data in parts.items()
    }
    assert holders == {
        "l.yaml#parent": ("Parent", None, "company"),
        "l.yaml#child": ("Child", None, "company"),
        "l.yaml#child-courier": ("Child", "Courier", "partner"),
        "l.yaml#child-carrier": ("Child", "Carrier", "contract-controlled"),
    }


def test_one_partner_and_the_company_itself_are_one_part() -> None:
    alone = LAUNCH.replace("  courier: {name: Courier}\n", "").replace("operator: courier", "operator: carrier")
    [_, child] = parts_of(alone).items()
    assert (child[0], [one["id"] for one in child[1]["services"]]) == ("l.yaml#child", ["sales", "delivery", "cloud"])


def test_shared_facts_stand_in_each_part_and_own_ones_in_those_of_their_company() -> None:
    parts = parts_of(LAUNCH)
    assert parts["l.yaml#parent"]["data"] == {"persons": 5, "minors": 1}
    assert parts["l.yaml#child"]["data"] == {"persons": 7, "minors": 1}
    assert [("filings" in data, "opinions" in data) for data in parts.values()] == [(True, True), *[(False, False)] * 3]
    assert parts["l.yaml#parent"]["product"] == {"id": "pair-parent", "title": "Pair", "hardware": []}
    assert [[deal["target"] for deal in data["deals"]] for data in parts.values()] == [
        ["other", "other"],
        ["company", "other"],
        ["company", "other"],
        ["company", "partner"],
    ]


def test_places_are_those_of_the_launch() -> None:
    profile = open_launch(parse_document(LAUNCH, "l.yaml"), name="child-carrier")[0]
    lines = LAUNCH.splitlines()
    for path, text in (
        (("company", "name"), "Child"),
        (("partner", "licenses"), "[]"),
        (("services", 0, "operated_by"), "carrier"),
        (("data", "persons"), "7"),
        (("data", "minors"), "1"),
        (("deals", 1, "target"), "carrier"),
    ):
        line, column = profile.mark(path)
        assert lines[line - 1][column - 1 :].startswith(text), path
    key = profile.mark(("company", "name"), key=True)
    assert lines[key[0] - 1][key[1] - 1 :].startswith("name: Child")


WRONG = (
    ("operator: parent", "operator: parnt", "14:26: services[0].operator: The id 'parnt' does not exist here. Did you mean"),
    ("operator: parent}", "offers: [own-shop]}", "14:5: services[0]: The key 'operator' is missing."),
    (", company: child}", "}", "16:30: services[2].operator: 'courier' is a partner, but the service does not state"),
    (", company: child}", ", company: carrier}", "16:48: services[2].company: The id 'carrier' does not exist here."),
    ("operator: child", "operator: parent", "9:3: companies.child: No service refers to"),
    ("operator: courier", "operator: carrier", "12:3: partners.courier: No service refers to 'courier'."),
    ("operator: child}", "operator: child, company: parent}", "15:43: services[1].company: 'child' is a company of the launch"),
    ("carrier: {name: Carrier, licenses: []}", "carrier: {name: x}\n  other: {name: Other}", "12:3: partners.other: The name 'other' is already in use."),
    ("id: sales", "id: site", "15:10: services[1].id: The name 'site' is already in use."),
    ("target: child", "target: chil", "20:33: deals[0].target: The id 'chil' does not exist here. Did you mean 'child'?"),
    ("service: site", "service: sales", "8:40: companies.parent.opinions[0].service: The id 'sales' does not exist here."),
    ("name: Child", "nam: Child", "9:11: companies.child.nam: This key is unknown. Did you mean 'name'?"),
    ("operator: child}", "operator: child, operated_by: contract-controlled}", "A company cannot control itself"),
)  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), WRONG)
def test_what_is_wrong_is_said_at_its_place(old: str, new: str, said: str) -> None:
    assert old in LAUNCH
    text = LAUNCH.replace(old, new, 1)
    if old == "operator: child" and new == "operator: parent":
        text = text.replace(", company: child", ", company: parent")
    with pytest.raises(InvalidInput) as caught:
        parts_of(text)
    found = [str(problem) for problem in caught.value.problems]
    assert any(said in one for one in found), found
    assert all(problem.hint for problem in caught.value.problems if "missing" not in problem.message)


def test_a_null_is_unknown_in_a_launch_too() -> None:
    parts = parts_of(LAUNCH.replace("name: Carrier", "name: null"), ("companies.child.listing", None))
    assert parts["l.yaml#child-carrier"]["partner"]["name"] is None


def test_a_launch_is_no_profile() -> None:
    with pytest.raises(InvalidInput, match="launch of several companies"):
        read_granted(parse_document(LAUNCH, "l.yaml"))
    with pytest.raises(InvalidInput, match="no part 'chil'"):
        parts_of(LAUNCH, name="chil")
    with pytest.raises(InvalidInput, match="all parts"):
        parts_of(LAUNCH, ("company.name", "x"))
