"""Lists of any length and free texts: what a proof says of them, and that its witnesses are real."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.law_builder import CLASSES, LICENSE, bundle_of, route, rule
from tests.support.solver import needs_solver
from tests.support.transitions import checked, names
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.proofs import compare_change, compare_decisions, formula, rule_comparison
from vatspolicy.proofs.domain import ProfileSpace
from vatspolicy.proofs.free_text import find_text, pass_test
from vatspolicy.proofs.solver import CONFLICT, Budget, Undecided, open_solver
from vatspolicy.proofs.values import FreeText
from vatspolicy.proofs.witness import opinions_of

if TYPE_CHECKING:
    import z3
else:
    z3 = pytest.importorskip("z3", reason="proofs need the extra smt")

BECOMES_MILDER = {
    "deny->allow", "deny->needs-license", "deny->incomplete", "incomplete->allow", "incomplete->needs-license",
}  # fmt: skip


def law(folder: Path, when: str, each: str = "service") -> Bundle:
    text = "rules:\n" + route("open", "true") + rule("r", each, when, "deny: {reason: CAPITAL-TOO-LOW}")
    return bundle_of(folder, classes=CLASSES, license=LICENSE, changed=text)


LISTS = [
    ("services.size() > 19", "services.size() > 20", "services"),
    ("services.size() < 20", "services.size() < 31", "services"),
    ("company.licenses.size() > 28", "company.licenses.size() > 29", "licenses"),
]


@needs_solver
@pytest.mark.parametrize(("before", "after", "fact"), LISTS)
def test_long_lists_cost_as_much_as_short_ones(
    tmp_path: Path, before: str, after: str, fact: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formula, "LARGEST", 20_000)  # twenty services with all that rules read take more
    base, head = law(tmp_path / "base", before, "product"), law(tmp_path / "head", after, "product")
    found = compare_decisions(base, head)
    assert not found.undecided
    assert names(found), fact
    for shown in found.possible:
        assert shown.witness is not None
        listed = shown.witness[fact] if fact == "services" else shown.witness["company"][fact]
        assert len(listed) in (19, 20, 29, 30)


@needs_solver
def test_the_length_of_a_list_is_counted_exactly(tmp_path: Path) -> None:
    """Random profiles attack what is proved; `checked` decides each witness again and makes none smaller."""
    base = law(tmp_path / "base", "service.area.size() > 3", "service")
    head = law(tmp_path / "head", "service.area.size() > 4 && services.size() < 3", "service")
    found = checked(base, head, compare_decisions(base, head))
    assert names(found) == BECOMES_MILDER
    assert not found.undecided


def test_an_opinion_on_all_services_is_one_on_the_product() -> None:
    """A profile holds 32 opinions at most, fewer than one for each of many services that are alike."""
    space = ProfileSpace()
    space.opinions["p/r"] = ("p/r", "services.0", "2020-01-01")
    data = {"services": [{"id": f"s{place}"} for place in range(40)]}
    opinion = {"about": "p/r", "reading": "applies", "by": "witness", "date": "2020-01-01"}
    assert opinions_of(space, {"p/r?": True, "p/r": True}, data) == [opinion]
    first = opinions_of(space, {"p/r?": True, "p/r": True, "services.1?": True}, data)
    assert first == [opinion | {"service": "s0"}]


TEXTS_OF: dict[str, Callable[[str, str], bool]] = {
    "==": str.__eq__, "startsWith": str.startswith, "endsWith": str.endswith, "contains": str.__contains__,
}  # fmt: skip
TEXTS = [
    ('service.title != "Trial"', BECOMES_MILDER),
    ('!service.title.startsWith("Trial")', BECOMES_MILDER),
    ('service.title in ["A", "B"] || !service.title.contains("x")', BECOMES_MILDER),
    ('service.title == "A" || service.title != "A"', {"deny->incomplete"}),
    ('service.title == ""', BECOMES_MILDER),
]


@needs_solver
@pytest.mark.parametrize(("clause", "changes"), TEXTS)
def test_free_text_is_settled(tmp_path: Path, clause: str, changes: set[str]) -> None:
    base = law(tmp_path / "base", 'service.audience == "public"')
    head = law(tmp_path / "head", f'service.audience == "public" && ({clause})')
    found = checked(base, head, compare_decisions(base, head))
    assert not found.undecided
    assert names(found) == changes


@needs_solver
def test_a_text_is_made_for_each_set_of_tests_that_one_can_pass() -> None:
    """Whatever the solver holds for possible is shown by a text, and whatever a text shows is possible."""
    draw = random.Random(7)
    parts = ["a", "ab", "b", "ba", "A b", "trial", "trials"]
    for _ in range(25):
        space = ProfileSpace()
        text = FreeText("product.note", "a note", 1, 200)
        tests = {(draw.choice(["==", "startsWith", "endsWith", "contains"]), draw.choice(parts)) for _ in range(4)}
        formulas = {test: pass_test(space, text, *test) for test in sorted(tests)}
        solver = open_solver(space)
        for wanted in range(2 ** len(formulas)):
            sides = [place for place in range(len(formulas)) if wanted >> place & 1]
            asked = [one if place in sides else -one for place, one in enumerate(formulas.values())]
            model = solver.find(asked)
            if model is None:
                continue
            made = find_text(space, text.path, [name for name, held in model.items() if held is True], "note")
            assert [TEXTS_OF[kind](made, part) for kind, part in formulas] == [
                place in sides for place in range(len(formulas))
            ], (made, asked, formulas)


# --- one budget for each question


def pigeons(space: ProfileSpace, holes: int) -> list[int]:
    """One pigeon more than there are holes, no two in one: nothing but conflicts, of which z3 counts little."""
    rows = [[space.pool.flag(f"{one} in {hole}") for hole in range(holes)] for one in range(holes + 1)]
    apart = [
        space.pool.disjoin((-one[hole], -two[hole]))
        for one in rows
        for two in rows
        if one < two
        for hole in range(holes)
    ]
    return [*map(space.pool.disjoin, rows), *apart]


def test_questions_share_a_whole_budget() -> None:
    budget = Budget(200, 300)
    budget.left -= 150
    budget.renew()
    assert budget.left == 150
    budget.left -= 200
    with pytest.raises(Undecided, match="the edits examined together used their budget of 300 units"):
        budget.renew()


@needs_solver
def test_edits_without_a_budget_are_unknown_and_the_rest_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def two(folder: Path, shares: tuple[int, int]) -> Bundle:
        denials = [
            rule(f"r{place}", "service", f"company.foreign_percent > {share}.0", "deny: {reason: CAPITAL-TOO-LOW}")
            for place, share in enumerate(shares)
        ]
        text = "rules:\n" + route("open", "true") + "".join(denials)
        return bundle_of(folder, classes=CLASSES, license=LICENSE, changed=text)

    base, head = two(tmp_path / "base", (20, 40)), two(tmp_path / "head", (30, 50))
    groups = [("changed/r0",), ("changed/r1",)]
    settled, transitions = compare_change(base, head, groups)
    assert [one.verdict for one in settled] == ["witness", "masked"]
    monkeypatch.setattr(rule_comparison, "QUESTIONS", 0)
    found, same = compare_change(base, head, groups)
    assert {one.verdict for one in found} == {"unknown"}
    assert all("the edits examined together used their budget of 0 units" in one.reason for one in found)
    assert names(same) == names(transitions)


@needs_solver
def test_the_checks_of_a_question_share_its_budget() -> None:
    space, budget = ProfileSpace(), Budget(200_000)
    solver = open_solver(space, budget)
    asked = pigeons(space, 9)
    assert solver.find(asked[:1]) is not None
    assert 0 < budget.left < budget.units
    with pytest.raises(Undecided, match="the question used its budget of 200,000 units"):
        solver.find(asked)
    with pytest.raises(Undecided):
        solver.find(asked[:1])
    budget.renew()
    assert solver.find(asked[:1]) is not None


@needs_solver
def test_a_question_of_conflicts_ends_after_as_many_as_its_budget_pays_for() -> None:
    space, budget = ProfileSpace(), Budget(4_000 * CONFLICT)
    solver = open_solver(space, budget)
    with pytest.raises(Undecided, match="the question used its budget of 4,000,000 units"):
        solver.find(pigeons(space, 10))
    assert 3_900 <= solver.conflicts <= 4_000, "the rest paid for its formulas"
    assert solver.spent < budget.units / 4, "z3 alone would have gone on"


@needs_solver
def test_memory_that_runs_out_ends_one_question_and_leaves_the_rest_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    easy = ProfileSpace()
    kept = open_solver(easy, Budget())
    assert kept.find(pigeons(easy, 3)) is None
    start = z3.Z3_get_estimated_alloc_size()
    monkeypatch.setattr("vatspolicy.proofs.solver.MEMORY", (start >> 20) + 1)
    space = ProfileSpace()
    solver, asked = open_solver(space, Budget(20_000 * CONFLICT)), pigeons(space, 10)
    with pytest.raises(Undecided, match=r"z3 used \d+ megabytes"):
        solver.find(asked)
    assert (solver.may_hold(asked[:1]), solver.core(asked)) == (None, None)
    with pytest.raises(Undecided, match=r"z3 used \d+ megabytes"):
        solver.find(asked[:1])
    assert z3.Z3_get_estimated_alloc_size() - start < 1 << 18, "what it held is free again"
    monkeypatch.undo()
    other = ProfileSpace()
    assert open_solver(other, Budget()).find(pigeons(other, 4)) is None
    assert kept.find(pigeons(easy, 3)[1:]) is not None


@needs_solver
def test_without_memory_nothing_is_proved_and_the_reason_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = law(tmp_path / "base", 'service.audience == "public"')
    head = law(tmp_path / "head", 'service.audience == "public" && data.persons > 3')
    monkeypatch.setattr("vatspolicy.proofs.solver.MEMORY", 1)
    [verdict], transitions = compare_change(base, head, [("changed/r",)])
    assert (verdict.verdict, verdict.reason) == ("unknown", "No answer within the limit: z3 used 1 megabytes.")
    assert not transitions.possible
    assert {one.reason for one in transitions.undecided} == {"No answer within the limit: z3 used 1 megabytes."}


@needs_solver
def test_what_runs_out_is_named_and_the_rest_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One rule needs more formulas than there may be; the verdict on the other one stands."""
    groups = [("changed/easy",), ("changed/hard",)]

    def sides(name: str, amount: int, services: str) -> Bundle:
        hard = " && ".join(f'services.exists(s, s.area.exists(a, a.at == "{at}"))' for at in services.split())
        text = "rules:\n" + route("open", "true")
        text += rule("easy", "product", f"data.persons > {amount}", "advise: {kind: verify}")
        text += rule("hard", "product", hard, "deny: {reason: CAPITAL-TOO-LOW}")
        return bundle_of(tmp_path / name, classes=CLASSES, license=LICENSE, changed=text)

    base, head = sides("base", 10, "beijing tianjin dalian"), sides("head", 20, "beijing tianjin wuhan xian jinan")
    monkeypatch.setattr(formula, "LARGEST", 700)
    (easy, hard), transitions = compare_change(base, head, groups)
    assert easy.verdict == "witness"
    assert (hard.verdict, hard.reason) == (
        "unknown", "No answer within the limit: the question needs more than 700 formulas."
    )  # fmt: skip
    assert {one.verdict for one in transitions.undecided} == {"unknown"}
    assert all("more than 700 formulas" in one.reason for one in transitions.undecided)
