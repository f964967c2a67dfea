"""Policies built from the data of policy files and the typed trees of their expressions."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any, TypeAlias

from vatspolicy.core.documents import Path
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.policies.changing_lists import stated_values
from vatspolicy.core.policies.message_values import name_facts, shows_facts
from vatspolicy.core.policies.model import (
    ALWAYS,
    EFFECTS,
    NEVER,
    NOT_TELECOM,
    SHARE_CAP,
    UNREAD,
    VERIFICATIONS,
    Advise,
    Article,
    Classify,
    Condition,
    Deny,
    Duty,
    Edition,
    Effect,
    Expression,
    Instrument,
    Need,
    Override,
    Parameter,
    Policy,
    Reading,
    Readings,
    Route,
    Rule,
    Value,
    as_tuple,
)
from vatspolicy.i18n import LocalizedText, Phrase
from vatspolicy.i18n.words import numeral

Positions: TypeAlias = Mapping[Path, tuple[int, int]]
"""Line and column of rules, terms and expressions by path."""
Trees: TypeAlias = Mapping[Path, bytes]
"""Stored trees of expressions by path."""

_ARTICLE = Phrase("art. {article}")
_PARAGRAPH = Phrase("art. {article}({paragraph})")
_WITHIN_CAP = Phrase("The foreign share does not exceed the cap.")


def build_policies(
    compiled: Iterable[tuple[Mapping[str, Any], str, Positions, Trees]],
    schemas: SchemaSet,
    indexes: Iterator[int] | None = None,
    others: Iterable[Policy] = (),
) -> list[Policy]:
    """Build the policies of a bundle from schema-valid data, file name, positions and trees of each.

    `indexes` are those of the expressions, by default in their order. `others` are policies that these may use.
    """
    indexes = itertools.count() if indexes is None else indexes
    built = [
        _Builder(data, file, positions, trees, indexes, schemas).policy() for data, file, positions, trees in compiled
    ]
    by_id = {policy.id: policy for policy in (*others, *built)}
    unread = {key for policy in by_id.values() for key in policy.unread_parameters}
    return [_with_unread(policy, unread) for policy in built] if unread else built


def _with_unread(policy: Policy, unread: AbstractSet[str]) -> Policy:
    """Mark the rules, and conditions of routes, that read an unread parameter, also through terms."""

    def marked(rule: Rule) -> Rule:
        effect = rule.effect
        if isinstance(effect, Route):
            conditions = tuple(map(condition, effect.conditions))
            cap = None if effect.share_cap is None else condition(effect.share_cap)
            effect = effect._replace(conditions=conditions, share_cap=cap)
        if unread.isdisjoint(rule.when.parameters):
            return rule if effect == rule.effect else replace(rule, effect=effect)
        return replace(rule, effect=effect, is_unread=True, unwaivable=False)

    def condition(written: Condition) -> Condition:
        return written if unread.isdisjoint(written.check.parameters) else written._replace(is_unread=True)

    return replace(policy, rules=tuple(map(marked, policy.rules)))


class _Builder:
    """Build one policy. Expressions get their indexes in the order in which `Policy.compiled` yields them."""

    def __init__(
        self,
        data: Mapping[str, Any],
        file: str,
        positions: Positions,
        trees: Trees,
        indexes: Iterator[int],
        schemas: SchemaSet,
    ) -> None:
        self.schemas = schemas
        self.data, self.file, self.positions, self.trees, self.indexes = data, file, positions, trees, indexes
        self.id = data["id"]
        self.since, self.until = data["effective"]["from"], data["effective"].get("until", NEVER)
        verified = data.get("verified", {})
        self.articles = {
            key: _article(key, entry, verified.get(key, {}), data) for key, entry in data.get("articles", {}).items()
        }

    def policy(self) -> Policy:
        data = self.data
        return Policy(
            id=self.id,
            version=data["version"],
            title=data["title"],
            topics=tuple(data["topics"]),
            source=data["source"],
            editions=tuple(
                Edition(e["from"], e["number"], e.get("title"), e.get("verification", "unverified"))
                for e in data.get("editions", ())
            ),
            since=self.since,
            until=self.until,
            supersedes=tuple(data.get("supersedes", ())),
            uses=tuple(data.get("uses", ())),
            articles=self.articles,
            rules=tuple(self.rule(index, entry) for index, entry in enumerate(data.get("rules", ()))),
            instruments={name: self.instrument(name, entry) for name, entry in data.get("instruments", {}).items()},
            parameters={
                name: Parameter(
                    f"{self.id}/{name}",
                    entry.get("title"),
                    tuple(
                        Value(v["from"], as_tuple(v["cite"]), value)
                        for v, value in zip(entry["values"], stated_values(entry["values"]), strict=True)
                    ),
                )
                for name, entry in data.get("parameters", {}).items()
            },
            terms=data.get("terms", {}),
            term_lines={name: self.positions["terms", name][0] for name in data.get("terms", {})},
            file=self.file,
        )

    def expression(self, text: str, *path: str | int, place: Path | None = None) -> Expression:
        line, column = self.positions[place or path]
        return Expression(next(self.indexes), text, line, column, self.trees[path])

    def instrument(self, name: str, entry: Mapping[str, Any]) -> Instrument:
        path = ("instruments", name)
        authority = tuple(
            (self.expression(item["when"], *path, "authority", index, "when"), as_tuple(item["is"]))
            for index, item in enumerate(entry["authority"])
        )
        covers = self.expression(entry["covers"], *path, "covers") if "covers" in entry else None
        return Instrument(name, self.id, entry["title"], authority, covers, entry.get("no_term", False))

    def rule(self, index: int, entry: Mapping[str, Any]) -> Rule:
        path, cite = ("rules", index), tuple(entry["cite"])
        is_unread = self.is_unread(cite)
        kind = next(name for name in EFFECTS if name in entry)
        return Rule(
            policy=self.id,
            id=entry["id"],
            cite=cite,
            each=entry["each"],
            since=max(self.since, entry.get("from", ALWAYS)),
            until=min(self.until, entry.get("until", NEVER)),
            when=self.expression(entry["when"], *path, "when"),
            kind=kind,
            effect=self.effect(kind, entry[kind], path, is_unread),
            message=self.message(entry["message"]),
            template=entry["message"] if shows_facts(entry["message"]) else None,
            readings=_readings(entry.get("readings")),
            unwaivable=entry.get("unwaivable", False) and not is_unread,
            line=self.positions[path][0],
            verification=self.verification(cite),
            is_unread=is_unread,
            overrides=Override(**entry["overrides"]) if "overrides" in entry else None,
        )

    def message(self, written: LocalizedText) -> LocalizedText:
        """Return a message as shown without a product: with the titles of its facts."""
        return name_facts(written, self.schemas) if shows_facts(written) else written

    def effect(self, kind: str, body: Mapping[str, Any], path: Path, is_unread: bool) -> Effect:
        match kind:
            case "classify":
                return Classify(() if body["classes"] == NOT_TELECOM else tuple(body["classes"]))
            case "deny":
                return Deny(body["reason"], body.get("curable", False))
            case "need":
                return Need(body.get("instrument"), body.get("through"), body.get("bearer", "operator"))
            case "route":
                return self.route(body, (*path, "route"), is_unread)
            case "duty":
                return Duty(body["instrument"], body["due"], body.get("bearer", "operator"))
            case _:
                return Advise(body["kind"])

    def route(self, body: Mapping[str, Any], path: Path, is_unread: bool) -> Route:
        cap = None
        if "max_foreign_percent" in body:
            cap = self.expression(body["max_foreign_percent"], *path, "max_foreign_percent")
        conditions = tuple(
            self.condition(item, (*path, "conditions", index), is_unread)
            for index, item in enumerate(body.get("conditions", ()))
        )
        share_cap = None if cap is None else self.share_cap(cap, (*path, "max_foreign_percent"), is_unread)
        return Route(body["to"], body["name"], body["title"], body["instrument"], conditions, share_cap)

    def condition(self, item: Mapping[str, Any], path: Path, is_unread: bool) -> Condition:
        """Build a condition. Without citations it rests on the articles of its route, which may be unread."""
        cite = as_tuple(item.get("cite", []))
        return Condition(
            id=item["id"],
            where=item.get("where", False),
            reason=item.get("reason"),
            cite=cite,
            check=self.expression(item["check"], *path, "check"),
            message=self.message(item["message"]),
            template=item["message"] if shows_facts(item["message"]) else None,
            verification=self.verification(cite),
            is_unread=self.is_unread(cite) if cite else is_unread,
        )

    def share_cap(self, cap: Expression, path: Path, is_unread: bool) -> Condition:
        check = self.expression(share_check(cap.text), *path, "check", place=path)
        return Condition(SHARE_CAP, False, "SHARE-ABOVE-CAP", (), check, dict(_WITHIN_CAP), None, cap, is_unread)

    def is_unread(self, keys: Iterable[str]) -> bool:
        """Return whether all cited articles are unread."""
        return all(self.articles[key].verification == UNREAD for key in keys)

    def verification(self, keys: Iterable[str]) -> str | None:
        ranks = [VERIFICATIONS.index(self.articles[key].verification) for key in keys]
        return VERIFICATIONS[max(ranks)] if ranks else None


def share_check(cap: str) -> str:
    """Return the CEL text of the condition that a share cap is compiled to."""
    return f"operator.foreign_percent <= {cap}"


def _readings(entry: Mapping[str, Any] | None) -> Readings | None:
    if entry is None:
        return None
    others = tuple(Reading(other.get("class") or other["route"], other["held_by"]) for other in entry["others"])
    return Readings(entry["why"], entry["settled_by"], others)


def _article(key: str, entry: Mapping[str, Any], verified: Mapping[str, str], policy: Mapping[str, Any]) -> Article:
    label = entry.get("label") or _label(key)
    compared = (verified["day"], verified["against"], verified["hash"]) if len(verified) == 3 else None
    url, obtain = entry.get("url"), entry.get("obtain")
    text = verified.get("against", "").partition("(")[0]
    is_own = obtain is None and ("/" in text or text in policy["title"]["zh"])
    address = url or (policy["source"].get("url") if is_own else None)
    verification = entry["verification"], entry.get("note"), url, obtain, address, compared
    return Article(key, label, entry["en"], entry.get("zh"), *verification)


def _label(key: str) -> LocalizedText:
    """Return the label of an article: art-13 is article 13, art-9-2 its paragraph 2; other keys name themselves."""
    word, *numbers = key.split("-")
    if word != "art" or not numbers or not all(number.isdigit() for number in numbers):
        return {"en": key, "zh": key}
    article, *inner = map(int, numbers)
    if not inner:
        return dict(_ARTICLE.fill(article=numeral(article)))
    paragraph = numeral(inner[0]) | {"en": ")(".join(numbers[1:])}
    return dict(_PARAGRAPH.fill(article=numeral(article), paragraph=paragraph))
