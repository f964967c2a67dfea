"""Proofs of every edit and of the change as a whole, as plain data.

Each witness is decided again by the evaluator before it is shown, dated, and worded by the schemas.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from vatspolicy.authoring.diff.decided_witness import DecidedWitness, UnconfirmedProof
from vatspolicy.authoring.diff.decisions import Answer, Comparison, Product, direction
from vatspolicy.authoring.diff.law_revision import LawRevision
from vatspolicy.authoring.diff.proof import Proof
from vatspolicy.authoring.diff.rules import Differences
from vatspolicy.authoring.granted_profiles import load_granted
from vatspolicy.engine.decision import WORDS
from vatspolicy.errors import WorkerLost
from vatspolicy.policies.bundle import Bundle
from vatspolicy.profile.profile import Profile
from vatspolicy.profile.wording import FactWording
from vatspolicy.workers import can_fork, map_in_order

if TYPE_CHECKING:
    from vatspolicy.authoring.diff.nearest import Nearby

_LISTED = 6
"""Most items of a witness that are shown."""
Cause = Callable[[str, str], Mapping[str, Any]]
"""Returns a rule with its citations, by its name and a day."""
_Shown = Sequence[tuple[Any, Mapping[str, Any]]]
"""Changes of the decision word, each with its plain data."""


def semantic_data(
    proof: Proof,
    head: LawRevision,
    differences: Differences,
    groups: Sequence[Sequence[str]],
    cause: Cause,
    compared: Comparison,
    products: Sequence[Product],
    workers: int = 1,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the semantic layer of a comparison, and the verdict on each group of rules, if there is a proof.

    `products` are those compared; `workers` are processes that share the search for those nearest to a witness.
    Raises UnconfirmedProof.
    """
    verdicts: list[dict[str, Any]] = []
    data: dict[str, Any] = {
        "status": proof.status,
        "engine": proof.engine,
        "period": None,
        "transitions": [],
        "rules": [],
        "assumptions": [],
    }
    if proof.status == "evaluated":
        serializer = _ProofSerializer(proof, head.bundle, differences, cause, compared, products)
        serializer.settle_open()
        proof = serializer.proof
        if proof.transitions.period is not None:
            data["period"] = asdict(proof.transitions.period)
        tasks: list[tuple[Any, ...]] = [(serializer.transition, found) for found in proof.transitions.found]
        tasks += [(serializer.rule, found) for found in proof.rules]
        tasks += [(serializer.verdict, found, group) for found, group in zip(proof.groups, groups, strict=True)]
        done = _run(serializer, tasks, workers)
        rules, verdicts = len(proof.transitions.found), done[len(done) - len(groups) :]
        data["transitions"], data["rules"] = done[:rules], done[rules : len(done) - len(groups)]
        shown = list(zip(proof.transitions.found, data["transitions"], strict=True))
        pairs = zip(verdicts, groups, strict=True)
        verdicts = [serializer.with_best(verdict, group, shown) for verdict, group in pairs]
        data["assumptions"] = list(proof.transitions.assumptions)
    return data, verdicts


_SHARED = 8
"""Witnesses from which on it pays to start processes."""


def _run(serializer: _ProofSerializer, tasks: Sequence[tuple[Any, ...]], workers: int) -> list[dict[str, Any]]:
    """Return the results of methods of the serializer, each given with its arguments, in their order."""

    def run(place: int) -> dict[str, Any]:
        method, *arguments = tasks[place]
        result: dict[str, Any] = method(*arguments)
        return result

    shown = sum(found.witness is not None for _, found, *_ in tasks)
    if workers > 1 and shown >= _SHARED and can_fork():
        serializer.prepare()
        try:
            return list(map_in_order(lambda: run, range(len(tasks)), workers))
        except WorkerLost:
            pass  # run the tasks here instead: the results are the same
    return [run(place) for place in range(len(tasks))]


class _ProofSerializer:
    def __init__(
        self,
        proof: Proof,
        head: Bundle,
        differences: Differences,
        cause: Cause,
        compared: Comparison,
        products: Sequence[Product],
    ) -> None:
        assert proof.base is not None
        base = proof.base
        self.proof, self.base, self.head, self.differences, self.cause = proof, base, head, differences, cause
        self.compared, self.products = compared, products
        titles = {name: instrument.title for name, instrument in head.instruments.items()}
        self.wording = FactWording(head.schemas, titles)
        self.first = max(base.covers_from, head.covers_from)
        self.boundaries = sorted({*base.boundaries, *head.boundaries})

    @functools.cached_property
    def known(self) -> Any:
        """The known products (`nearest.KnownProducts`)."""
        from vatspolicy.authoring.diff.nearest import KnownProducts

        return KnownProducts(self.products, self.head.schemas)

    def settle_open(self) -> None:
        """Look near witnesses for profiles that show changes of the decision word which the proof leaves open."""
        if not self.proof.transitions.undecided:
            return
        from vatspolicy.authoring.diff.borrowed_facts import read_by_versions
        from vatspolicy.authoring.diff.open_changes import settle_open

        read = read_by_versions(self.differences, self.differences.names)
        found = settle_open((self.base, self.head), self.proof.transitions, self.proof.groups, self.known, read)
        self.proof = replace(self.proof, transitions=found)

    def prepare(self) -> None:
        """Make what processes are to share before they are forked."""
        _ = self.sides, self.known

    @functools.cached_property
    def sides(self) -> tuple[Any, Any]:
        """The deciding rules of both sides (`change_calendar.DecidingRules`)."""
        from vatspolicy.authoring.symbolic.change_calendar import DecidingRules

        return DecidingRules(self.base), DecidingRules(self.head)

    def transition(self, found: Any) -> dict[str, Any]:
        """Return one transition of the outcome, with the verdict on whether the whole change can cause it."""
        witness, turn = None, direction(_answer(found.before), _answer(found.after))
        if found.witness is not None:
            words = found.before, found.after
            answers = self.decide(found.witness).confirmed(found.as_of)
            if (answers[0].decision, answers[1].decision) != words:
                raise UnconfirmedProof(found.name)
            shown, day, near = self.near_transition(found)
            answers = shown.confirmed(day)
            witness = self.witness(found, shown, near, day, lambda on: shown.answers(on) == answers, shown.days)
            turn = direction(*answers)
        return {
            "before": found.before,
            "after": found.after,
            "verdict": found.verdict,
            "direction": turn,
            "witness": witness,
            "reason": found.reason,
        }

    def near_transition(self, found: Any) -> tuple[DecidedWitness, str, Nearby | None]:
        """Return the profile to show for a transition, a day that shows it, and the known product beside it, if any."""
        from vatspolicy.authoring.symbolic.witness import decision_of

        rows = [
            row
            for row in self.compared.rows
            if (row.before.decision, row.after.decision) == (found.before, found.after)
        ]
        for day in dict.fromkeys([*(row.days[-1] for row in rows[:1]), found.as_of]):

            def decides(profile: Profile, day: str = day) -> bool:
                sides = ((self.base, found.before), (self.head, found.after))
                return all(decision_of(bundle, profile, day) == word for bundle, word in sides)

            first = [row.product for row in rows if day in row.days]
            near = self.known.find_nearest(found.witness, decides, first)
            if near is not None:
                return self.decide(near.profile), day, near
        return self.decide(found.witness), found.as_of, None

    def rule(self, found: Any) -> dict[str, Any]:
        """Return the verdict on one rule, changed alone."""
        verdict = self.verdict(found, (found.rule,))
        witness = verdict["witness"]
        day = witness["since"] if witness is not None else self.boundaries[-1]
        since, until = self.differences.period(found.rule)
        return {**self.cause(found.rule, day), "since": since, "until": until, **verdict}

    def verdict(self, found: Any, names: Sequence[str]) -> dict[str, Any]:
        """Return the verdict on rules that are changed together, with a profile that shows it."""
        witness, shown = None, found
        if found.witness is not None:
            decided = self.decide(found.witness)
            if found.before is not None and decided.confirmed(found.as_of)[0].decision != found.before:
                raise UnconfirmedProof(found.rule)
            best = self.examples.find(found, names, lambda: self.near_group(found, names, decided))
            shown, witness = best.change, self.group_witness(best.change, names, best.near, best.day)
        return {
            "verdict": found.verdict,
            "transitions": list(found.transitions),
            "before": shown.before,
            "after": shown.after,
            "witness": witness,
            "reason": found.reason,
            "assumptions": list(found.assumptions),
        }

    @functools.cached_property
    def examples(self) -> Any:
        """The examples of groups of rules (`example.Examples`)."""
        from vatspolicy.authoring.diff.example import Examples

        return Examples((self.base, self.head), self.differences, self.compared, self.known, self.proof)

    def group_witness(self, found: Any, names: Sequence[str], near: Nearby | None, day: str) -> dict[str, Any]:
        """Return the witness of some rules, with what they list on a day."""
        shown = self.decide(found.witness if near is None else near.profile)
        answers = shown.confirmed(day)
        same = answers[0] == answers[1]
        listed = shown.listed(names, day)

        def shows(on: str) -> bool:
            if self.differences.on(on).isdisjoint(names) or shown.answers(on) != answers:
                return False
            return not same or shown.listed(names, on) == listed

        days = shown.days.union(*map(self.days_of, names))
        return self.witness(found, shown, near, day, shows, days) | {"listed": listed[:_LISTED]}

    def with_best(self, verdict: dict[str, Any], names: Sequence[str], shown: _Shown) -> dict[str, Any]:
        """Return the verdict on some rules with the best example of the shown changes, if they cause these changes."""
        best = self.examples.choose(verdict, names, shown)
        if best is None:
            return verdict
        witness = self.group_witness(best.change, names, best.near, best.day)
        return verdict | {"before": best.change.before, "after": best.change.after, "witness": witness}

    def near_group(self, found: Any, names: Sequence[str], decided: DecidedWitness) -> Nearby | None:
        """Return the profile nearest to a known product that shows the change of the witness of some rules."""
        from vatspolicy.authoring.symbolic.listed_items import EVERYTHING, ListedItems
        from vatspolicy.authoring.symbolic.mixed_bundle import mix
        from vatspolicy.authoring.symbolic.witness import decision_of

        mixed = mix(self.base, self.head, names)
        items = ListedItems(self.base, self.head, names, found.as_of)
        shown = EVERYTHING if found.transitions else items.find_shown(decided.profile) or EVERYTHING

        def decides(profile: Profile) -> bool:
            words = (decision_of(bundle, profile, found.as_of) for bundle in (self.base, mixed))
            return tuple(words) == (found.before, found.after)

        def lists(profile: Profile) -> bool:
            return bool(items.differing(profile, shown))

        seen = {name for one in self.compared.details if one.rule in names for name in one.products}
        seen |= {row.product.name for row in self.compared.rows if not set(names).isdisjoint(row.because)}
        first = [product for product in self.products if product.name in seen]
        near: Nearby | None = self.known.find_nearest(found.witness, decides if found.transitions else lists, first)
        return near

    def witness(
        self,
        found: Any,
        shown: DecidedWitness,
        near: Nearby | None,
        as_of: str,
        shows: Callable[[str], bool],
        days: AbstractSet[str],
    ) -> dict[str, Any]:
        """Return the profile, its facts in words, the days that show it, and the decisions of both sides."""
        since, until = self.since(as_of, days, shows), self.until(as_of, days, shows)
        before, after = shown.answers(since)
        profile = found.witness if near is None else near.profile
        return {
            "product": None if near is None else self.product(near),
            "profile": profile,
            "facts": self.wording.facts(profile),
            "minimal": {"profile": found.witness, "facts": self.wording.facts(found.witness), "as_of": found.as_of},
            "as_of": as_of,
            "since": since,
            "until": until,
            "before": {"decision": before.decision, "range": list(before.range)},
            "after": {"decision": after.decision, "range": list(after.range)},
            "listed": [],
        }

    def product(self, near: Nearby) -> dict[str, Any]:
        """Return the known product of a witness, and the facts in which the witness differs from it."""
        product = near.product
        sides = [
            {fact["path"]: fact for fact in self.wording.facts(one)} for one in (product.document.data, near.profile)
        ]
        changed = []
        for path in dict.fromkeys((*sides[1], *sides[0])):
            before, after = (side.get(path) for side in sides)
            values = [None if one is None else one["value"] for one in (before, after)]
            if values[0] != values[1]:
                title = (after or before or {})["title"]
                changed.append({"path": path, "title": title, "before": values[0], "after": values[1]})
        return {
            "id": product.id,
            "variant": product.variant or None,
            "file": product.document.file,
            "changed": changed,
        }

    def decide(self, witness: Mapping[str, Any]) -> DecidedWitness:
        """Return a witness that both sides decide."""
        return DecidedWitness(self.sides, load_granted(witness, schemas=self.head.schemas))

    def days_of(self, name: str) -> set[str]:
        """Return the days on which a version of a rule begins, ends, or reads another value."""
        found: set[str] = set()
        for side in (self.differences.base, self.differences.head):
            last: Any = None
            for day in self.boundaries:
                signature = side.signature_on(name, day) if day >= side.bundle.covers_from else None
                found |= set() if signature == last else {day}
                last = signature
        return found

    def since(self, as_of: str, days: AbstractSet[str], shows: Callable[[str], bool]) -> str:
        """Return the first of the days up to `as_of`, without a gap, on which a witness shows the same.

        `days` are those on which something may change.
        """
        since = as_of
        for day in sorted((day for day in {self.first, *days} if self.first <= day < as_of), reverse=True):
            if not shows(day):
                break
            since = day
        return since

    def until(self, as_of: str, days: AbstractSet[str], shows: Callable[[str], bool]) -> str | None:
        """Return the last day from `as_of` on, without a gap, on which a witness shows the same; None for no end."""
        from vatspolicy.authoring.symbolic.domain import iso, ordinal

        for day in sorted(day for day in days if as_of < day < "9999"):
            if not shows(day):
                return iso(ordinal(day) - 1)
        return None


def _answer(word: str) -> Answer:
    """Return an outcome as an answer; `incomplete` alone leaves everything open."""
    return Answer(word, (word, word) if word in WORDS else (WORDS[0], WORDS[-1]))
