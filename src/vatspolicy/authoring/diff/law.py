"""Added, amended and removed rules in words: when each applies and what follows, beside the rule before it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import replace

from vatspolicy.authoring.diff.result import Edit, EditedRule, Override, QuotedArticle, RouteCondition, RuleInWords
from vatspolicy.core.engine.evaluator import BEARING
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.expression_wording import Wording
from vatspolicy.core.policies.model import ALWAYS, NEVER, Classify, Duty, Expression, Need, Route, Rule
from vatspolicy.core.policies.wording import describe_effect
from vatspolicy.i18n import LANGUAGES, Language, LocalizedText
from vatspolicy.i18n.words import say_both

LIKENESS = 0.6
"""Likeness of two ids from which on a rule with another target may be the one before."""
_WORDED = ("when", "effect", "conditions", "since", "until", "unwaivable", "overrides")
"""Parts of a rule in words whose change is told."""


def law_in_words(base: Bundle, head: Bundle, changes: Iterable[Edit]) -> tuple[EditedRule, ...]:
    """Return the rules that were added, amended or removed, in the order of the changes.

    A removed rule stands beside the rule that follows it, if there is one.
    """
    found: dict[str, tuple[Rule | None, Rule | None]] = {}
    for name in _edited(base, head, changes):
        old, new = (_rule(bundle, name) for bundle in (base, head))
        found[name] = (old if new is None or old is not None else _predecessor(base, head, new), new)
    cards = [card for old, new in found.values() if (card := _card(base, head, old, new)) is not None]
    followed = {card.predecessor for card in cards}
    return tuple(card for card in cards if card.rule not in followed or not _only_ends(card))


def find_followers(base: Bundle, head: Bundle, changes: Iterable[Edit]) -> dict[str, str]:
    """Return the rule before, by the name of each added rule that takes the place of another."""
    found = {}
    for name in _edited(base, head, changes):
        old, new = (_rule(bundle, name) for bundle in (base, head))
        before = _predecessor(base, head, new) if new is not None and old is None else None
        if before is not None:
            found[name] = before.name
    return found


def _only_ends(card: EditedRule) -> bool:
    """Return True for a rule that is gone, or ends, and is otherwise as it was."""
    before, after = card.before, card.after
    return after is None or (before is not None and replace(before, until=None) == replace(after, until=None))


def _edited(base: Bundle, head: Bundle, changes: Iterable[Edit]) -> Iterator[str]:
    """Yield the names of the rules that were edited themselves, each once."""
    names: dict[str, None] = {}
    for change in changes:
        if change.kind == "rule":
            names[f"{change.policy}/{change.name}"] = None
        elif change.kind == "policy":
            side = base if change.change == "removed" else head
            names |= {rule.name: None for rule in side.policies[change.policy].rules}
    yield from names


def _rule(bundle: Bundle, name: str) -> Rule | None:
    policy, _, id = name.partition("/")
    rules = bundle.policies[policy].rules if policy in bundle.policies else ()
    return next((rule for rule in rules if rule.id == id), None)


# --- predecessors


def _predecessor(base: Bundle, head: Bundle, rule: Rule) -> Rule | None:
    """Return the rule of the base that a new rule takes the place of: it ends where the new one begins, or is gone."""
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
    now = _rule(head, old.name)
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
    """Return a rule with its parts before and after; None if none of them differs."""
    before = _words(base, old) if old is not None else None
    after = _words(head, new) if new is not None else None
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
                article.url or policy.source.get("url"),
            )
            for article in (policy.articles[key] for key in shown.cite)
        ),
    )


def _words(bundle: Bundle, rule: Rule) -> RuleInWords:
    effect = rule.effect
    conditions = effect.requirements if isinstance(effect, Route) else ()
    overrides = rule.overrides and Override(**rule.overrides._asdict(), replaces=bundle.replaces(rule))
    return RuleInWords(
        since=None if rule.since == ALWAYS else rule.since,
        until=None if rule.until == NEVER else rule.until,
        when=_say(bundle, rule.when, rule.since),
        clauses=_clauses(bundle, rule.when, rule.since),
        effect={lang: describe_effect(bundle, rule, lang) for lang in LANGUAGES},
        conditions=tuple(
            RouteCondition(one.id, say_both(one.message), _say(bundle, one.check, rule.since)) for one in conditions
        ),
        unwaivable=rule.unwaivable,
        overrides=overrides,
    )


def name_layer(bundle: Bundle, policy: str) -> str | None:
    """Return the name of the layer of a policy; None for a policy of the law, or of no side."""
    layer = bundle.layer_of(policy)
    return None if layer is None or bundle.is_base(policy) else layer.name


def _say(bundle: Bundle, expression: Expression, day: str) -> LocalizedText:
    """Return a condition in words, with the values of parameters on a day."""
    return {lang: wording.say(expression.tree) for lang, wording in _wordings(bundle, day)}


def _clauses(bundle: Bundle, expression: Expression, day: str) -> tuple[LocalizedText, ...]:
    """Return the parts of a condition that must all hold, in words."""
    told = {lang: wording.clauses(expression.tree) for lang, wording in _wordings(bundle, day)}
    return tuple(dict(zip(told, texts, strict=True)) for texts in zip(*told.values(), strict=True))


def _wordings(bundle: Bundle, day: str) -> Iterator[tuple[Language, Wording]]:
    on = max(day, bundle.covers_from)
    yield from ((lang, Wording(bundle, lang, day=on)) for lang in LANGUAGES)
