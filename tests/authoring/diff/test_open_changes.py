"""Changes of the word that no search settled, shown by profiles near the witness of another one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.law_builder import bundle_of, rule
from vatspolicy.authoring.diff.decisions import Product
from vatspolicy.authoring.diff.open_changes import settle_open
from vatspolicy.authoring.diff.rules import read_by
from vatspolicy.core.documents import parse_document
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.proofs.verdicts import UNKNOWN, WITNESS, Transition, Transitions
from vatspolicy.proofs.witness import decision_of

DAY = "2026-06-01"
LAW = (
    "instruments:\n  game-approval: {title: {en: Permit, zh: 许可证}, authority: [{when: 'true', is: miit}]}\n"
    "rules:\n"
    + rule("own", "service", 'service.audience == "own-group"', "classify: {classes: not-telecommunications}")
    + rule("news", "service", '"news" in service.offers', "need: {instrument: game-approval}")
)
DENIAL = '"own-shop" in service.offers && service.hosting == "overseas"'


def law(folder: Path, when: str) -> Bundle:
    folder.mkdir()
    return bundle_of(folder, law=LAW + rule("servers", "service", when, "deny: {reason: CONTENT-HELD-OFFSHORE}"))


def profile(service: Mapping[str, Any], **facts: Any) -> dict[str, Any]:
    named = {"id": "s0", "operated_by": "company", "audience": "own-group", **service}
    return {"schema": 2, "product": {"id": "p"}, "company": {"licenses": []}, "services": [named], **facts}


def settled(base: Bundle, head: Bundle, shown: Transition, left: Transition, *products: dict[str, Any]) -> Transition:
    """What becomes of an open change, given a shown one and known products."""
    known = [Product(parse_document(str(one).replace("'", '"'), "p.json")) for one in products]
    read = read_by(side.rule("law/servers") for side in (base, head))
    found = settle_open((base, head), Transitions((shown, left)), (), known, read)
    [one] = [one for one in found.found if one.name == left.name]
    assert found.found[0] == shown, "what is shown stays as it is"
    if one.witness is not None:
        decided = load_profile(dict(one.witness))
        words = tuple(decision_of(side, decided, str(one.as_of)) for side in (base, head))
        assert words == (left.before, left.after), "the evaluator decides it so"
    return one


def open_change(before: str, after: str) -> Transition:
    return Transition(before, after, UNKNOWN, reason="The solver reached its limit.")


SHOWN = Transition("allow", "deny", WITNESS, profile({"offers": ["own-shop"], "hosting": "mainland"}), DAY, DAY)


def test_a_witness_without_a_fact_and_with_all_permits_shows_another_change(tmp_path: Path) -> None:
    """It is not known what is offered, so that the permit for news may be needed as well: it is held."""
    base, head = law(tmp_path / "base", DENIAL), law(tmp_path / "head", DENIAL.replace("==", "!="))
    found = settled(base, head, SHOWN, open_change("allow", "incomplete"))
    assert found.verdict == WITNESS
    assert found.witness is not None
    assert "offers" not in found.witness["services"][0]
    assert found.witness["company"]["licenses"] == [{"instrument": "game-approval", "valid": True}]


def test_a_known_product_with_facts_of_a_witness_shows_another_change(tmp_path: Path) -> None:
    """The product sells news, too, for which it needs a permit; the witness lends it the place of its servers."""
    where = DENIAL.replace('"own-shop" in service.offers && ', "")
    base, head = law(tmp_path / "base", where), law(tmp_path / "head", where.replace("==", "!="))
    product = profile({"offers": ["own-shop", "news"], "hosting": "overseas"})
    found = settled(base, head, SHOWN, open_change("needs-license", "deny"), product)
    assert found.verdict == WITNESS
    assert found.witness is not None
    [service] = found.witness["services"]
    assert (service["offers"], service["hosting"]) == (["news"], "mainland")


@pytest.mark.parametrize("pair", [("deny", "allow"), ("needs-license", "allow")])
def test_a_change_that_no_profile_near_a_witness_shows_stays_open(tmp_path: Path, pair: tuple[str, str]) -> None:
    base, head = law(tmp_path / "base", DENIAL), law(tmp_path / "head", DENIAL.replace("==", "!="))
    assert settled(base, head, SHOWN, open_change(*pair)) == open_change(*pair)
