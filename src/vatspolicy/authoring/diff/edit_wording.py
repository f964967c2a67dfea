"""Edits in words: values, conditions and rules before and after, and the relevant articles."""

from __future__ import annotations

import contextlib
import difflib
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from vatspolicy.authoring.diff.edited import (
    CitedArticle,
    Edit,
    EditedRule,
    Field,
    Override,
    QuotedArticle,
    RouteCondition,
    RuleInWords,
)
from vatspolicy.authoring.diff.edits import ReviewItem
from vatspolicy.authoring.diff.result import EditedWords
from vatspolicy.authoring.diff.rules import RuleSignatures, cited_by, name_layer
from vatspolicy.authoring.diff.structure import Part, new_parts, parts_of_list
from vatspolicy.core.cel.ast import Compare, Fact, In, Node, Param, SetTest, Term, walk
from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.documents.word_search import words_of_schema
from vatspolicy.core.engine.evaluator import BEARING
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.expression_wording import Wording
from vatspolicy.core.policies.model import ALWAYS, NEVER, Article, Classify, Duty, Expression, Need, Policy, Route, Rule
from vatspolicy.core.policies.wording import describe_effect
from vatspolicy.core.profile.vocabulary import LocalizedText, fact_schemas, label
from vatspolicy.i18n import LANGUAGES, Language, Phrase
from vatspolicy.i18n.words import GRADES, aside, both, joint, say_both
from vatspolicy.proofs.timeline import find_rule

Text: TypeAlias = LocalizedText
_QUOTED = 3
"""Maximum number of articles that an edit quotes."""
FIRST_DAY = Phrase("first day of “{value}”")
YES, NO, NOTHING = Phrase("yes"), Phrase("no"), Phrase("none")
FIELDS = {
    "from": Phrase("first day"),
    "cite": Phrase("cited articles"),
    "message": Phrase("message"),
    "bearer": Phrase("who must act"),
    "until": Phrase("ceases to apply on"),
    "is": Phrase("condition"),
    "covers": Phrase("what a license covers"),
    "known_until": Phrase("known until"),
    "number": Phrase("document number"),
    "verification": Phrase("verification"),
    "authority": Phrase("authority"),
    "no_term": Phrase("valid without an end date"),
    "label": Phrase("name of the article"),
    "en": Phrase("English text"),
    "zh": Phrase("Chinese text"),
    "title": Phrase("title"),
    "file": Phrase("file"),
    "rules": Phrase("order of the rules"),
    "readings": Phrase("other readings"),
    "renamed": Phrase("name"),
}
"""Names of entry fields that can be put in words."""
BEARERS = {"company": Phrase("the company"), "operator": Phrase("the operator")}
OF_SCHEMAS = {
    "within": Phrase("lies in"),
    "province": Phrase("province"),
    "zone": Phrase("free-trade zone"),
    "enum": Phrase("values"),
    "x-empty-behind": Phrase("assumed none if left out, where every offer is one of these"),
    "x-invariants": Phrase("conditions that every spec meets"),
    "x-question": Phrase("question"),
    "x-enum": Phrase("name"),
    "title": Phrase("title"),
    "x-title-zh": Phrase("title"),
}
"""Keys of schema fields that can be put in words."""
OF_ENFORCEMENT = {
    "level": Phrase("level", "enforcement"),
    "from": Phrase("first day"),
    "until": Phrase("last day"),
    "reason": Phrase("reason"),
    "owner": Phrase("owner"),
}
"""Fields of an entry of `enforce`."""
_SILENT = ("cite",)
"""Fields that a card omits because it quotes the articles elsewhere."""
CEASING = Phrase("articles that cease")
_KINDS = {"places": "place", "ftz": "zone", "zones": "zone"}
"""Kinds of the names in a list entry, by the key of its members."""
_WHOLE = {"places": Phrase("the whole of {name}"), "ftz": Phrase("{name} (free-trade zone)")}
"""Members of an entry by their key, for entries with members of several kinds."""
IF, OTHERWISE = Phrase("{names}, if {condition}"), Phrase("{names} otherwise")


class EditWording:
    """Descriptions of the edits of a comparison."""

    def __init__(self, base: RuleSignatures, head: RuleSignatures, changes: Sequence[Edit]) -> None:
        self.base, self.head, self.changes = base, head, changes

    def lines(self, item: ReviewItem) -> list[EditedWords]:
        """Return the differing values in words. `law_in_words` describes the rules."""
        found = (line for place in item.changes for line in self._lines(self.changes[place], item.rules))
        return [line for line in found if line is not None and not line.is_empty]

    def _lines(self, change: Edit, rules: Sequence[str]) -> Iterator[EditedWords | None]:
        if (change.kind, change.change) == ("rule", "changed"):
            yield from (self._text_line(change, field) for field in change.fields)
        elif change.kind not in ("rule", "policy") and (change.kind, change.change) != ("article", "added"):
            yield from (self._line(change, field, rules) for field in change.fields)
        yield from self._ceasing_words(change, rules)

    def _ceasing(self, change: Edit, rules: Iterable[str]) -> list[Rule]:
        """Return the rules that end with a regulation that an edit ends or removes."""
        return [one for one in _rules(self.base, rules) if change.is_repeal and one.policy == change.policy]

    def _ceasing_words(self, change: Edit, rules: Iterable[str]) -> Iterator[EditedWords]:
        """Yield the articles and rules that end with a regulation, in words if an edit removes it."""
        ceasing = self._ceasing(change, rules)
        if keys := list(dict.fromkeys(key for rule in ceasing for key in cited_by(rule))):
            yield EditedWords(say_both(CEASING), None, None, None, self._labels(change.policy, keys))
        if change.kind == "dates":
            yield from (EditedWords(None, None, None, None, say_both(rule.message)) for rule in ceasing)

    def _text_line(self, change: Edit, field: Field) -> EditedWords | None:
        """Return the differing articles that a rule cites, its message or its bearer if they differ."""
        name = field.name.partition(".")[0]
        if field.name in ("duty.bearer", "need.bearer"):
            old, new = (say_both(BEARERS[str(value or "operator")]) for value in (field.before, field.after))
            return EditedWords(say_both(FIELDS["bearer"]), old, new, None, None)
        if name not in FIELDS:
            return None
        what = say_both(FIELDS[name])
        if name == "cite":
            before, after = (_listed(keys) for keys in (field.before, field.after))
            added, removed = ([key for key in a if key not in b] for a, b in ((after, before), (before, after)))
            if bool(added) == bool(removed):
                labels = self._labels(change.policy, before), self._labels(change.policy, after)
                return EditedWords(what, *labels, None, None)
            labels = self._labels(change.policy, added), self._labels(change.policy, removed)
            return EditedWords(what, None, None, *labels)
        if name == "message":
            return EditedWords(what, say_both(field.before), say_both(field.after), None, None)
        if name == "readings":
            return EditedWords(what, self._readings(field.before), self._readings(field.after), None, None)
        return None

    def _readings(self, value: Tree) -> Text | None:
        """Return the other readings of a rule, each with the name of its class or state and its holder."""
        if not isinstance(value, dict):
            return _say(value)
        found: list[Text] = []
        for other in value.get("others", ()):
            own = [text for key, text in other.items() if key != "held_by"]
            name: Text = {lang: plain_words(own, lang) for lang in LANGUAGES}
            with contextlib.suppress(KeyError):
                name = label("class", other["class"], self.head.bundle.schemas)
            held = other.get("held_by")
            found.append({lang: name[lang] + (aside(held[lang], lang) if held else "") for lang in LANGUAGES})
        return _together(found)

    def _labels(self, policy: str, keys: Sequence[str]) -> Text | None:
        """Return the names of articles in one line."""
        found = [both[1].label for key in keys if (both := self._article(policy, key)) is not None]
        return (
            {lang: joint("semicolon", lang).join(one[lang] for one in found) for lang in LANGUAGES} if found else None
        )

    def _line(self, change: Edit, field: Field, rules: Sequence[str]) -> EditedWords | None:
        name = field.name or ("is" if change.kind == "term" else "value")
        stands_above = name == "title" and (change.kind == "parameter" or change.change != "changed")
        if (change.kind, change.change, [one.name for one in change.fields]) == ("parameter", "changed", ["cite"]):
            before, after = (self._labels(change.policy, _listed(keys)) for keys in (field.before, field.after))
            return EditedWords(say_both(FIELDS["cite"]), before, after, None, None)
        if name.partition(".")[0] in _SILENT or stands_above:
            return None
        if name == "renamed":
            return EditedWords(say_both(FIELDS[name]), _say(field.before), _say(field.after), None, None)
        if change.kind == "schema":
            return self._schema_line(change, field)
        if (change.kind, change.change, name) == ("instrument", "changed", "authority"):
            return self._authority(change.name)
        if change.kind == "parameter" and name.partition("[")[0] == "value":
            return self._value_line(change, field, rules)
        before = self._plain(change, field.before, self.base, rules, name)
        after = self._plain(change, field.after, self.head, rules, name)
        known = OF_ENFORCEMENT if change.kind == "enforce" else FIELDS
        label = None if name == "value" else say_both(known.get(name, {"en": name, "zh": name}))
        if name == "from" and change.kind == "parameter" and field.before and field.after:
            value = self.head.bundle.policies[change.policy].parameters[change.name].on(field.after)
            assert value is not None
            label = say_both(FIRST_DAY, value=self._value(change, value.value, rules))
        return EditedWords(label, before, after, None, None)

    def _value_line(self, change: Edit, field: Field, rules: Sequence[str]) -> EditedWords:
        """Return a parameter value: its added and removed members, or both values."""
        before, after = field.before, field.after
        if isinstance(before, list) and isinstance(after, list):
            sides = parts_of_list(before), parts_of_list(after)
            come, gone = (new_parts(*pair) for pair in (sides, sides[::-1]))
            added, removed = (self._value(change, some, rules, sides) if some else None for some in (come, gone))
            return EditedWords(None, None, None, added, removed)
        old, new = (None if value is None else self._value(change, value, rules) for value in (before, after))
        return EditedWords(None, old, new, None, None)

    def _value(self, change: Edit, value: Tree, rules: Iterable[str], sides: Sequence[Sequence[Tree]] = ()) -> Text:
        """Return a parameter value in the words of the facts that rules compare with it.

        `sides`: all parts of the lists that are compared, if these are parts of them.
        """
        if isinstance(value, bool):
            return say_both(YES if value else NO)
        key = f"{change.policy}/{change.name}"
        beside = next(itertools.chain(_beside(self.head, rules, key), _beside(self.base, rules, key)), None)
        members = value if sides else parts_of_list(value if isinstance(value, list) else [value])
        if not members:
            return say_both(NOTHING)
        told = [self._part(part, beside, sides or [members]) for part in members]
        names = {lang: list(dict.fromkeys(one[lang] for one in told)) for lang in LANGUAGES}
        return {lang: Wording(self.head.bundle, lang).listed(names[lang]) for lang in LANGUAGES}

    def _part(self, part: Tree, beside: Fact | None, sides: Sequence[Sequence[Tree]]) -> Text:
        """Return the name of a list member. A member of an entry is a whole place, shown with its entry if it moves."""
        wordings = {lang: Wording(self.head.bundle, lang) for lang in LANGUAGES}
        if not isinstance(part, Part):
            return {lang: wording.values([part], beside) for lang, wording in wordings.items()}
        name: Text = {lang: wording.values([part.value], None) for lang, wording in wordings.items()}
        with contextlib.suppress(KeyError, TypeError):
            name = label(_KINDS[part.key], part.value, self.head.bundle.schemas)
        every = [one for side in sides for one in side if isinstance(one, Part)]
        if part.key in _WHOLE and len({one.key for one in every} - {""}) > 1:
            name = say_both(_WHOLE[part.key], name=name)
        if len({one.id for one in every if one[1:] == part[1:]}) < 2:
            return name
        return {lang: name[lang] + aside(wording.values([part.id], None), lang) for lang, wording in wordings.items()}

    def _plain(self, change: Edit, value: Tree, side: RuleSignatures, rules: Iterable[str], name: str) -> Text | None:
        """Return any other value: a condition in words, or else the text in the file."""
        if value is None:
            return None
        tree = None
        if change.kind == "term":
            tree = next(_bodies(side, rules, change.name), None)
        elif change.kind == "instrument" and name == "covers":
            covers = side.bundle.instruments[change.name].covers if change.name in side.bundle.instruments else None
            tree = covers.tree if covers is not None else None
        if name == "verification":
            return both(GRADES, value)
        if tree is not None:
            return {lang: Wording(side.bundle, lang).say(tree) for lang in LANGUAGES}
        return _say(value)

    def _authority(self, instrument: str) -> EditedWords:
        """Return the added and removed authorities of an instrument, or all if only their order differs."""
        what = say_both(FIELDS["authority"])
        before, after = (_authorities(side, instrument) for side in (self.base, self.head))
        added, removed = ([one for one in a if one not in b] for a, b in ((after, before), (before, after)))
        if len(before) == len(after) == 1 or not (added or removed):
            return EditedWords(what, _together(before), _together(after), None, None)
        return EditedWords(what, None, None, _together(added), _together(removed))

    def _schema_line(self, change: Edit, field: Field) -> EditedWords:
        """Return a differing schema value: the added and removed list members, or else both values."""
        keys, before, after = field.name.split("/"), field.before, field.after
        known = next((OF_SCHEMAS[key] for key in keys if key in OF_SCHEMAS), None)
        what = say_both(known or {"en": field.name, "zh": field.name})
        place = tuple(change.name.split("/")[1:])
        fact = (*place[:-1], keys[-1]) if keys[0] == "x-empty-behind" else place
        if isinstance(before, list) and isinstance(after, list):
            members = [m for m in after if m not in before], [m for m in before if m not in after]
            added, removed = (self._words(some, fact) for some in members)
            return EditedWords(what, None, None, added, removed)
        return EditedWords(what, self._words(before, fact), self._words(after, fact), None, None)

    def _words(self, value: Tree, fact: tuple[str, ...]) -> Text | None:
        """Return a schema value with the names of its offers, places and classes. A condition has its message."""
        if value is None or value == []:
            return None
        members = [
            one.get("message", one) if isinstance(one, dict) else one
            for one in (value if isinstance(value, list) else [value])
        ]
        if not all(isinstance(member, str) for member in members):
            return _say(members)
        names: dict[str, LocalizedText] = {}
        for schemas in (self.base.bundle.schemas, self.head.bundle.schemas):
            nodes = (node for path, node in fact_schemas(schemas) if path == fact)
            words = (word for node in nodes for word in words_of_schema(node.get("items", node), schemas))
            names |= {word.value: word.name for word in words if word.name is not None}
        wordings = {lang: Wording(self.head.bundle, lang) for lang in LANGUAGES}
        return {
            lang: wording.listed(
                [names[member][lang] if member in names else wording.values([member], None) for member in members]
            )
            for lang, wording in wordings.items()
        }

    def articles(self, item: ReviewItem) -> list[CitedArticle]:
        """Return the articles that the edited entries cite, or else the articles of its rules."""
        changes = [self.changes[place] for place in item.changes]
        keys = dict.fromkeys(itertools.chain.from_iterable(map(self._cited, changes)))
        ceasing = (rule for change in changes for rule in self._ceasing(change, item.rules))
        keys = keys or dict.fromkeys((rule.policy, key) for rule in ceasing for key in cited_by(rule))
        if not keys and len(item.rules) <= _QUOTED:  # the articles of many rules say nothing of what they share
            keys = dict.fromkeys(itertools.chain.from_iterable(self._cited_by(name) for name in item.rules))
        return [_quoted(*found) for key in list(keys)[:_QUOTED] if (found := self._article(*key)) is not None]

    def _cited(self, change: Edit) -> Iterator[tuple[str, str]]:
        """Yield the policy and key of each article that an edited entry cites."""
        for side in (self.head, self.base):
            policy = side.bundle.policies.get(change.policy)
            if policy is None:
                continue
            found: list[str] = []
            match change.kind:
                case "article":
                    found = [change.name]
                case "rule":
                    cited = [key for rule in policy.rules if rule.id == change.name for key in cited_by(rule)]
                    found = list(dict.fromkeys([*_cited_by_fields(change), *cited]))
                case "parameter" if change.name in policy.parameters and change.since is not None:
                    moved = [field for field in change.fields if field.name == "from" and field.before and field.after]
                    days = [max(field.before, field.after) for field in moved]
                    value = policy.parameters[change.name].on(max(days, default=change.since))
                    found = list(value.cite) if value is not None else []
            yield from ((change.policy, key) for key in found)
            if found:
                return

    def _cited_by(self, name: str) -> Iterator[tuple[str, str]]:
        rule = self.head.by_name.get(name) or self.base.by_name[name]
        yield from ((rule.policy, key) for key in cited_by(rule))

    def _article(self, policy: str, key: str) -> tuple[Policy, Article] | None:
        for side in (self.head, self.base):
            found = side.bundle.policies.get(policy)
            if found is not None and key in found.articles:
                return found, found.articles[key]
        return None


def _authorities(side: RuleSignatures, name: str) -> list[Text]:
    """Return the authorities of an instrument, each with its condition, in words."""
    bundle = side.bundle
    instrument = bundle.instruments[name]
    authorities = []
    for place, (when, bodies) in enumerate(instrument.authority):
        names = [label("authority", body, bundle.schemas) for body in bodies]
        told: Text = {lang: joint("list", lang).join(name[lang] for name in names) for lang in LANGUAGES}
        if not when.is_true:
            condition = {lang: Wording(bundle, lang).say(when.tree) for lang in LANGUAGES}
            told = say_both(IF, names=told, condition=condition)
        elif place:
            told = say_both(OTHERWISE, names=told)
        authorities.append(told)
    return authorities


def _together(texts: Sequence[Text]) -> Text | None:
    return {lang: joint("semicolon", lang).join(text[lang] for text in texts) for lang in LANGUAGES} if texts else None


def _say(value: Tree) -> Text | None:
    """Return the text of a value without programming syntax."""
    if value is None:
        return None
    return {lang: plain_words(value, lang) for lang in LANGUAGES}


def plain_words(value: Tree, lang: Language) -> str:
    """Return the text of a value without programming syntax."""
    match value:
        case bool():
            return say_both(YES if value else NO)[lang]
        case {"en": _, "zh": _}:
            return str(value[lang])
        case dict():
            told = (f"{key}{joint('colon', lang)}{plain_words(child, lang)}" for key, child in value.items())
            return joint("comma", lang).join(told)
        case list():
            nested = any(isinstance(one, dict | list) for one in value)
            return joint("semicolon" if nested else "list", lang).join(plain_words(one, lang) for one in value)
    return str(value)


def _cited_by_fields(change: Edit) -> Iterator[str]:
    """Yield the keys of the articles that the edited conditions of a route cite."""
    for field in change.fields:
        for value in (field.after, field.before):
            if isinstance(value, dict):
                yield from _listed(value.get("cite"))


def _listed(keys: Tree) -> list[str]:
    return [keys] if isinstance(keys, str) else list(keys or ())


def _rules(side: RuleSignatures, names: Iterable[str]) -> Iterator[Rule]:
    yield from (side.by_name[name] for name in names if name in side.by_name)


def _nodes(side: RuleSignatures, names: Iterable[str]) -> Iterator[Node]:
    for rule in _rules(side, names):
        for expression in rule.expressions:
            yield from walk(expression.tree)


def _beside(side: RuleSignatures, names: Iterable[str], key: str) -> Iterator[Fact]:
    """Yield the facts that rules compare a parameter with."""
    for node in _nodes(side, names):
        parts: tuple[Node, ...] = ()
        if isinstance(node, In):
            parts = (node.item, node.list)
        elif isinstance(node, Compare | SetTest):
            parts = (node.left, node.right)
        if any(isinstance(part, Param) and part.key == key for part in parts):
            yield from (part for part in parts if isinstance(part, Fact))


def _bodies(side: RuleSignatures, names: Iterable[str], term: str) -> Iterator[Node]:
    """Yield the bodies of a term where rules read it."""
    yield from (node.body for node in _nodes(side, names) if isinstance(node, Term) and node.name == term)


def _quoted(policy: Policy, article: Article) -> CitedArticle:
    return CitedArticle(
        regulation=say_both(policy.title),
        label=say_both(article.label),
        verification=article.verification,
        text={"en": article.en, "zh": article.zh},
        url=article.address,
    )


# --- added, amended and removed rules in words: when each applies and what follows, beside the rule before it


LIKENESS = 0.6
"""Minimum similarity of two ids for a rule with another target to be the predecessor."""
_WORDED = ("when", "effect", "conditions", "since", "until", "unwaivable", "overrides")
"""Parts of a rule in words that reports compare."""


def law_in_words(base: Bundle, head: Bundle, changes: Iterable[Edit]) -> tuple[EditedRule, ...]:
    """Return the added, amended or removed rules, in the order of the changes.

    A removed rule precedes its successor, if any.
    """
    found: dict[str, tuple[Rule | None, Rule | None]] = {}
    changes = list(changes)
    twins = {f"{one.policy}/{one.name}": one.twin for one in changes if one.kind == "rule" and one.change == "added"}
    for name in _edited(base, head, changes):
        old, new = (find_rule(bundle, name) for bundle in (base, head))
        if old is None and new is not None:
            twin = twins.get(name)
            old = find_rule(base, twin) if twin else _predecessor(base, head, new)
        found[name] = old, new
    cards = [card for old, new in found.values() if (card := _card(base, head, old, new)) is not None]
    followed = {card.predecessor for card in cards}
    return tuple(card for card in cards if card.rule not in followed or not _only_ends(card))


def find_followers(base: Bundle, head: Bundle, changes: Iterable[Edit]) -> dict[str, str]:
    """Return the predecessors of added rules, by the name of the new rule."""
    followers = {}
    for name in _edited(base, head, changes):
        old, new = (find_rule(bundle, name) for bundle in (base, head))
        before = _predecessor(base, head, new) if new is not None and old is None else None
        if before is not None:
            followers[name] = before.name
    return followers


def _only_ends(card: EditedRule) -> bool:
    """Return True for a rule that only ends, or was removed."""
    before, after = card.before, card.after
    return after is None or (before is not None and replace(before, until=None) == replace(after, until=None))


def _edited(base: Bundle, head: Bundle, changes: Iterable[Edit]) -> Iterator[str]:
    """Yield the names of the rules with direct edits, each once."""
    names: dict[str, None] = {}
    for change in changes:
        if change.kind == "rule":
            names[f"{change.policy}/{change.name}"] = None
        elif change.kind == "policy":
            side = base if change.change == "removed" else head
            names |= {rule.name: None for rule in side.policies[change.policy].rules}
    yield from names


def _predecessor(base: Bundle, head: Bundle, rule: Rule) -> Rule | None:
    """Return the base rule that a new rule succeeds: it ends where the new one begins, or was removed."""
    policy = head.policies[rule.policy]
    candidates = [
        old
        for id in (policy.id, *policy.supersedes)
        for old in (base.policies[id].rules if id in base.policies else ())
        if (old.each, old.kind) == (rule.each, rule.kind) and _makes_room(head, old, rule)
    ]
    scored = [(_target(old) == _target(rule), _likeness(old, rule), old) for old in candidates]
    fitting = [one for one in scored if one[0] or one[1] >= LIKENESS]
    return max(fitting, key=lambda one: one[:2], default=(False, 0.0, None))[2]


def _makes_room(head: Bundle, old: Rule, rule: Rule) -> bool:
    now = find_rule(head, old.name)
    return now is None or now.until == rule.since


def _target(rule: Rule) -> object:
    """Return the subject of the effect of a rule."""
    match rule.effect:
        case Classify(classes=classes):
            return classes
        case Need(instrument=instrument, through=through):
            return instrument, through
        case Route(to=to, instrument=instrument):
            return to, instrument
        case Duty(instrument=instrument):
            return instrument
    return getattr(rule.effect, "reason", None) or getattr(rule.effect, "kind", None)


def _likeness(old: Rule, new: Rule) -> float:
    return difflib.SequenceMatcher(None, old.id, new.id).ratio()


# --- words


def _card(base: Bundle, head: Bundle, old: Rule | None, new: Rule | None) -> EditedRule | None:
    """Return a rule with its parts before and after, or None if they are the same."""
    before = _in_words(base, old) if old is not None else None
    after = _in_words(head, new) if new is not None else None
    same_name = old is not None and new is not None and old.name == new.name
    if same_name and before and after and all(getattr(before, key) == getattr(after, key) for key in _WORDED):
        return None
    shown = new or old
    assert shown is not None
    bundle = head if new is not None else base
    policy = bundle.policies[shown.policy]
    return EditedRule(
        rule=shown.name,
        change="removed" if new is None else "changed" if same_name else "added",
        predecessor=old.name if old is not None and new is not None and not same_name else None,
        waits=new is not None and new.is_unread and new.kind in BEARING,
        message=say_both(shown.message),
        layer=name_layer(bundle, shown.policy),
        file=policy.file,
        line=shown.line,
        before=before,
        after=after,
        articles=tuple(
            QuotedArticle(
                say_both(article.label),
                article.verification,
                {"en": article.en, "zh": article.zh},
                article.address,
            )
            for article in (policy.articles[key] for key in shown.cite)
        ),
    )


def _in_words(bundle: Bundle, rule: Rule) -> RuleInWords:
    effect = rule.effect
    conditions = effect.requirements if isinstance(effect, Route) else ()
    overrides = rule.overrides and Override(**rule.overrides._asdict(), replaces=bundle.replaces(rule))
    return RuleInWords(
        since=None if rule.since == ALWAYS else rule.since,
        until=None if rule.until == NEVER else rule.until,
        when=_say_condition(bundle, rule.when, rule.since),
        clauses=_clauses(bundle, rule.when, rule.since),
        effect={lang: describe_effect(bundle, rule, lang) for lang in LANGUAGES},
        conditions=tuple(
            RouteCondition(
                condition.id, say_both(condition.message), _say_condition(bundle, condition.check, rule.since)
            )
            for condition in conditions
        ),
        unwaivable=rule.unwaivable,
        overrides=overrides,
    )


def _say_condition(bundle: Bundle, expression: Expression, day: str) -> LocalizedText:
    """Return a condition in words, with the values of parameters on a day."""
    return {lang: wording.say(expression.tree) for lang, wording in _wordings(bundle, day)}


def _clauses(bundle: Bundle, expression: Expression, day: str) -> tuple[LocalizedText, ...]:
    """Return the required parts of a condition in words."""
    told = {lang: wording.clauses(expression.tree) for lang, wording in _wordings(bundle, day)}
    return tuple(dict(zip(told, texts, strict=True)) for texts in zip(*told.values(), strict=True))


def _wordings(bundle: Bundle, day: str) -> Iterator[tuple[Language, Wording]]:
    on = max(day, bundle.covers_from)
    yield from ((lang, Wording(bundle, lang, day=on, most=None)) for lang in LANGUAGES)
