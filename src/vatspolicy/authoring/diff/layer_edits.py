"""Edits of layers: what each may loosen, how it enforces rules, and the layers that come and go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from vatspolicy.authoring.diff.law import name_layer
from vatspolicy.authoring.diff.law_revision import LawRevision
from vatspolicy.authoring.diff.result import Field, RedLine
from vatspolicy.authoring.diff.rules import RuleSignatures
from vatspolicy.authoring.diff.structure import LAYER_PREFIX, Change, compare_fields
from vatspolicy.core.documents import Document, Path
from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.layers import last_day
from vatspolicy.core.policies.model import Enforcement

_LEVELS = ("deny", "warn", "off")
"""Levels of enforcement, the strictest first."""
_TEXTS = ("title", "owner")
"""Keys of a layer.yaml that decide nothing."""


def policy_of(layer: str) -> str:
    """Return the name that stands for a layer where an edit names its policy; no policy has such an id."""
    return LAYER_PREFIX + layer


def compare_layers(base: LawRevision, head: LawRevision) -> Iterator[Change]:
    """Yield the edits of the layer.yaml of every layer, with those of the base first, and policies in another layer."""
    places = [_places(side) for side in (base, head)]
    for name in dict.fromkeys((*head.heads, *base.heads)):
        before, after = base.heads.get(name), head.heads.get(name)
        yield from _LayerDiff(before, after).changes([side.get(name) for side in places])
    for id, policy in head.bundle.policies.items():
        if id in base.bundle.policies:
            names = [name_layer(side.bundle, id) for side in (base, head)]
            if names[0] != names[1]:
                yield Change(id, "layer", "", "changed", policy.file, 1, (Field("layer", names[0], names[1]),))


def _places(side: LawRevision) -> dict[str, int]:
    """Return the place of each layer above the base, the lowest first, by the name that `heads` has for it."""
    return {layer.name: place for place, layer in enumerate(side.bundle.layers) if place}


@dataclass(frozen=True)
class _LayerDiff:
    before: Document | None
    after: Document | None

    def changes(self, places: Sequence[int | None]) -> Iterator[Change]:
        old, new = (dict(document.data) if document else {} for document in (self.before, self.after))
        texts = [
            {key: data.get(key) for key in _TEXTS} | {"place": at} for data, at in zip((old, new), places, strict=True)
        ]
        change = "added" if self.before is None else "removed" if self.after is None else "changed"
        if change != "changed" or places[0] != places[1]:
            yield self.change("layer", "", change, ("name",), compare_fields(texts[0], texts[1]))
        elif texts[0] != texts[1]:
            yield self.change("source", "", change, ("name",), compare_fields(texts[0], texts[1]))
        allowed = [set(data.get("may_loosen", ())) for data in (old, new)]
        for rule in sorted(allowed[0] ^ allowed[1]):
            change = "removed" if rule in allowed[0] else "added"
            yield self.change(
                "may_loosen", rule, change, ("may_loosen", (old, new)[change == "added"]["may_loosen"].index(rule))
            )
        entries = [data.get("enforce", {}) for data in (old, new)]
        for rule in dict.fromkeys((*entries[1], *entries[0])):
            was, now = (side.get(rule) for side in entries)
            if was != now:
                change = "added" if was is None else "removed" if now is None else "changed"
                fields = compare_fields(was or {}, now or {})
                yield self.change("enforce", rule, change, ("enforce", rule), fields, _since(was, now))

    def change(
        self, kind: str, name: str, change: str, path: Path, fields: Iterable[Field] = (), since: str | None = None
    ) -> Change:
        document = self.before if change == "removed" or self.after is None else self.after
        assert document is not None
        policy = policy_of(document.data["name"])
        line = document.mark(path, key=True)[0]
        return Change(policy, kind, name, change, document.file, line, tuple(fields), since)


def _since(was: Mapping[str, Tree] | None, now: Mapping[str, Tree] | None) -> str | None:
    """Return the first day on which an edit of an entry of `enforce` counts; None if only its texts changed."""
    both = [entry for entry in (was, now) if entry is not None]
    if len(both) == 2 and all(was[key] == now[key] for key in ("level", "from")):  # type: ignore[index]
        ends = sorted(entry["until"] for entry in both)
        return last_day(ends[0], 2) if ends[0] != ends[1] else None
    return min(str(entry["from"]) for entry in both)


# --- red lines -------------------------------------------------------------------------------------------------------


def find_red_lines(base: RuleSignatures, head: RuleSignatures, changes: Iterable[Change]) -> list[RedLine]:
    """Return the rules of the base whose findings pass the gate from now on, and those that may be loosened."""
    loosenable = [
        RedLine("loosenable", one.name, one.policy.partition(":")[2], one.file, one.line, None, None, None)
        for one in changes
        if (one.kind, one.change) == ("may_loosen", "added") and one.name in base.by_name
    ]
    return [*find_unenforced(base, head), *loosenable]


def find_unenforced(base: RuleSignatures, head: RuleSignatures) -> list[RedLine]:
    """Return the rules of the base whose findings pass the gate from now on."""
    found = (_unenforced(base.bundle, head.bundle, name) for name in base.by_name if name in head.by_name)
    return [one for one in found if one is not None]


def _unenforced(base: Bundle, head: Bundle, rule: str) -> RedLine | None:
    """Return the red line of a rule that is enforced less on some day than before."""
    entries = [[entry for entry in side.enforcements if entry.rule == rule] for side in (base, head)]
    if not entries[1]:
        return None
    starts = {day for side in entries for entry in side for day in (entry.since, last_day(entry.until, 2))}
    milder: list[tuple[str, Enforcement]] = []
    for day in sorted(starts):
        before, after = (_entry_on(side, day) for side in entries)
        if after is not None and _rank(after) > _rank(before):
            milder.append((day, after))
    if not milder:
        return None
    entry = max((entry for _, entry in milder), key=_rank)
    ends = [day for day in sorted(starts) if day > milder[-1][0]]
    until = last_day(ends[0], 0) if ends else milder[-1][1].until
    return RedLine("unenforced", rule, entry.layer, entry.file, entry.line, entry.level, milder[0][0], until)


def _entry_on(entries: Iterable[Enforcement], day: str) -> Enforcement | None:
    """Return the entry that counts on a day: that of the highest layer."""
    return next((entry for entry in reversed(list(entries)) if entry.since <= day <= entry.until), None)


def _rank(entry: Enforcement | None) -> int:
    return 0 if entry is None else _LEVELS.index(entry.level)
