"""Law in layers: the law as the base, above it the rules of a company, of a unit, and so on.

A layer tightens the law below it. It loosens a rule only where the layer directly below says so (`may_loosen`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from vatspolicy.clock import LAST, later
from vatspolicy.core.documents import Document, Path, parse_document
from vatspolicy.core.documents.validation import validate
from vatspolicy.core.policies.model import EFFECTS, Enforcement, Layer
from vatspolicy.errors import InvalidInput, Problem, suggest
from vatspolicy.i18n import Phrase, _

BASE = "law"
"""Name of a base that has no layer.yaml."""
LONGEST = 366
"""Maximum days of an entry of `enforce`, including the first and the last; a base may set fewer."""
_BASE_TITLE = Phrase("The law", "layer")


class LayerDocuments(NamedTuple):
    """The documents of one layer."""

    head: Document | None
    """layer.yaml; None for a base without one."""
    policies: Sequence[Document]
    """Schema-valid policies."""
    folder: str
    digest: str


@dataclass
class _Below:
    """The layers below the checked layer."""

    rules: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """Rules by their names (policy/rule)."""
    policies: dict[str, str] = field(default_factory=dict)
    """Place of the id of each policy."""
    needs: dict[str, str] = field(default_factory=dict)
    """Names of the rules that need an instrument through routes, by the target of the routes."""


def read_head(name: str, text: bytes) -> Document:
    """Read a layer.yaml. Raises InvalidInput."""
    document = parse_document(text, name)
    if problems := validate(document, "layer"):
        raise InvalidInput(problems)
    return document


def check_layers(
    stack: Sequence[LayerDocuments], longest: int = LONGEST
) -> tuple[list[Layer], list[str], list[Problem]]:
    """Return the layers, the names of the rules that replace another one, and every problem.

    `longest`: days that an entry of `enforce` may last, as the bundle.yaml of the base says.
    """
    problems = list(_references(stack))
    layers: list[Layer] = []
    replacing: list[str] = []
    below, allowed = _Below(), frozenset[str]()
    for height, documents in enumerate(stack):
        policies = documents.policies
        own = {f"{doc.data['id']}/{rule['id']}": rule for doc in policies for rule in doc.data.get("rules", ())}
        needs = {rule["need"]["through"]: name for name, rule in own.items() if "through" in rule.get("need", {})}
        for document in policies:
            if height:
                problems += _check_policy(document, below, {*allowed, *own}, needs)
            else:
                problems += refuse_overrides(document)
        replacing += [name for name, rule in own.items() if rule.get("overrides", {}).get("rule") in allowed]
        layer = _layer(documents)
        if (head := documents.head) is not None:
            problems += _check_head(head, layer, [other.name for other in layers], {*own, *allowed}, height)
            problems += _check_periods(head, layer, longest)
        layers.append(layer)
        allowed = frozenset(layer.may_loosen) & {*own, *allowed}
        below.rules |= own
        below.needs |= needs
        below.policies |= {doc.data["id"]: _shown(doc, ("id",)) for doc in policies}
    return layers, replacing, problems


def _layer(documents: LayerDocuments) -> Layer:
    head = documents.head
    said: Mapping[str, Any] = head.data if head is not None else {"name": BASE, "title": dict(_BASE_TITLE)}
    ids = tuple(document.data["id"] for document in documents.policies)
    entries = tuple(_enforcements(head)) if head is not None else ()
    stated = said["name"], said["title"], said.get("owner")
    return Layer(*stated, ids, tuple(said.get("may_loosen", ())), documents.folder, documents.digest, entries)


def _enforcements(head: Document) -> Iterator[Enforcement]:
    for name, said in head.data.get("enforce", {}).items():
        line, _column = head.mark(("enforce", name), key=True)
        days = said["from"], said["until"]
        yield Enforcement(name, said["level"], said["reason"], *days, said["owner"], head.data["name"], head.file, line)


def _check_head(head: Document, layer: Layer, before: list[str], own: Iterable[str], height: int) -> Iterator[Problem]:
    if layer.name in before:
        yield head.problem(("name",), _("Another layer has the same name."))
    if height and not layer.policies:
        yield head.problem((), _("The layer has no policies."))
    known = set(own)
    for index, name in enumerate(layer.may_loosen):
        if name not in known:
            message = _("This layer may not allow others to loosen {name!r}.", name=name)
            hint = suggest(name, known) or _("Choose a rule of this layer, or a rule that this layer may loosen.")
            yield head.problem(("may_loosen", index), message, hint)
    if layer.enforce and not height:
        yield head.problem(("enforce",), _("Only a layer above the law can set the enforcement of rules."), key=True)
    for entry in layer.enforce:
        if entry.rule not in known:
            message = _("This layer cannot set the enforcement of {name!r}.", name=entry.rule)
            hint = suggest(entry.rule, known) or _("Choose a rule of this layer, or a rule that this layer may loosen.")
            yield head.problem(("enforce", entry.rule), message, hint, key=True)


def _check_periods(head: Document, layer: Layer, longest: int) -> Iterator[Problem]:
    """Yield the entries of `enforce` that end before they begin, or last more days than the base allows."""
    for entry in layer.enforce:
        path: Path = ("enforce", entry.rule, "until")
        if entry.until < entry.since:
            yield head.problem(path, _("The last day of the entry is before its first."))
        elif entry.until > last_day(entry.since, longest):
            message = _("An entry lasts at most {longest} days.", longest=longest)
            hint = _("Write {day} or an earlier day; renew the entry when it ends.", day=last_day(entry.since, longest))
            yield head.problem(path, message, hint)


def refuse_overrides(document: Document) -> Iterator[Problem]:
    """Yield the overrides of a policy that has no layer below it."""
    for index, rule in enumerate(document.data.get("rules", ())):
        if "overrides" in rule:
            yield document.problem(
                ("rules", index, "overrides"), _("Only a rule of a layer above the law can override.")
            )


def _check_policy(document: Document, below: _Below, open_rules: set[str], needs: dict[str, str]) -> Iterator[Problem]:
    """Yield the offenses of a policy of a layer.

    `open_rules` are the rules that the layer may loosen, its own among them; `needs` are its own needs.
    """
    id = document.data["id"]
    if id in below.policies:
        message = _("A policy of a lower layer already has the id {id!r} ({place}).", id=id, place=below.policies[id])
        yield document.problem(("id",), message, _("Add rules under another id, or override a rule."))
    for index, earlier in enumerate(document.data.get("supersedes", ())):
        if earlier in below.policies:
            message = _("A layer cannot supersede a policy of a lower layer.")
            yield document.problem(("supersedes", index), message, _("Override single rules instead."))
    for index, rule in enumerate(document.data.get("rules", ())):
        path: Path = ("rules", index)
        target = rule.get("overrides", {}).get("rule")
        if target is not None and target not in below.rules:
            message = _("The lower layers do not contain the rule {name!r}.", name=target)
            yield document.problem((*path, "overrides", "rule"), message, suggest(target, below.rules))
            continue
        if loosening := _find_loosening(rule, target, below, open_rules, needs):
            yield document.problem((*path, kind_of(rule)), loosening, _("See may_loosen in docs/layers.md."))


def _find_loosening(
    rule: Mapping[str, Any], target: str | None, below: _Below, open_rules: set[str], needs: dict[str, str]
) -> str:
    """Return why a rule would loosen the law; empty if it does not, or may. `target`: the rule that it overrides.

    Only a classification or a route can loosen by being added: other rules only add obstacles, duties and advice.
    """
    replaced = below.rules[target] if target else {}
    if "route" in rule:
        to = rule["route"]["to"]
        loosened = needs.get(to) or below.needs.get(to)
        replaces = target in open_rules and replaced.get("route", {}).get("to") == to
        if replaces or loosened is None or loosened in open_rules:  # the compiler reports routes without a need
            return ""
        return _("This route loosens {name!r}, but the lower layer does not allow that.", name=loosened)
    if "classify" not in rule or (target in open_rules and "classify" in replaced):
        return ""
    if target is None:
        return _(
            "A classification can loosen the law, so it can override only a classification that the "
            "lower layer allows to be loosened."
        )
    if "classify" not in replaced:
        return _("A classification can override only a classification.")
    return _("This classification loosens {name!r}, but the lower layer does not allow that.", name=target)


def _references(stack: Sequence[LayerDocuments]) -> Iterator[Problem]:
    """Yield references to a higher layer: law does not depend on the rules of those it binds."""
    placed = [(height, document) for height, layer in enumerate(stack) for document in layer.policies]
    policies = {document.data["id"]: height for height, document in placed}
    instruments = {name: height for height, document in placed[::-1] for name in document.data.get("instruments", {})}
    for height, document in placed:
        for index, used in enumerate(document.data.get("uses", ())):
            if policies.get(used, 0) > height:
                yield document.problem(("uses", index), _("A policy cannot use a policy of a higher layer."))
        for index, rule in enumerate(document.data.get("rules", ())):
            kind = kind_of(rule)
            if instruments.get(rule[kind].get("instrument"), 0) > height:
                path: Path = ("rules", index, kind, "instrument")
                yield document.problem(path, _("A rule cannot use an instrument of a higher layer."))


def last_day(since: str, count: int) -> str:
    """Return the last of `count` days from a day, at most the last day that text can represent."""
    try:
        return later(since, count - 1)
    except OverflowError:
        return LAST


def kind_of(rule: Mapping[str, Any]) -> str:
    """Return the name of the effect of a rule, as a policy file writes it."""
    return next(name for name in EFFECTS if name in rule)


def _shown(document: Document, path: Path) -> str:
    line, column = document.mark(path)
    return f"{document.file}:{line}:{column}"
