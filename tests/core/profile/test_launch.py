"""A launch of several companies is expanded to ordinary profiles: nothing is lost, and nothing becomes milder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

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
    return without_places(decision_to_data(bundle, profile, evaluate(bundle, profile, day)))


def without_places(value: Any) -> Any:
    if isinstance(value, Mapping):
        skipped = ("line", "column", "file", "product")
        return {key: without_places(one) for key, one in value.items() if key not in skipped}
    return [without_places(one) for one in value] if isinstance(value, list | tuple) else value


def test_a_launch_of_one_company_decides_as_its_profile_does() -> None:
    other, count = [], 0
    for name, day, data in fixtures():
        [part] = open_launch(read(make_launch(data)))
        plain, made = (json.dumps(decide(read_granted(one), day)) for one in (read(data), part))
        count += 1
        if plain != made or part.data["product"]["id"] != f"{data['product']['id']}-main":
            other.append(name)
    assert (other, count > 140) == ([], True), count


def test_a_launch_of_companies_with_equal_facts_is_never_milder_than_one_profile() -> None:
    milder, count = [], 0
    for (name, day, data), (_, _, other) in pairwise(fixtures()):
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
    assert (milder, count > 60) == ([], True), count
