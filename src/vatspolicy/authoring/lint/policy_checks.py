"""Checks of policies and schemas beyond those at load time. Each yields rules with problems."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from vatspolicy.authoring.quotations import numbers_in
from vatspolicy.authoring.testing.cases import cases_of
from vatspolicy.authoring.testing.coverage import Coverage, expressions_of
from vatspolicy.authoring.testing.rule_states import outside_terms, reads_facts
from vatspolicy.authoring.verification import hash_problems, issuer_of
from vatspolicy.core.cel.ast import And, Fact, Literal, Node, Not, Or, Quantifier, Term, walk
from vatspolicy.core.cel.types import Int, Number
from vatspolicy.core.documents import Document, Path
from vatspolicy.core.documents.plain import Fields, Tree
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.compiler import variables
from vatspolicy.core.policies.cost import COSTLY, expression_cost
from vatspolicy.core.policies.model import COMPARED, NEVER, Article, Deny, Duty, Expression, Policy, Route, Rule
from vatspolicy.core.profile.vocabulary import gazetteer, within, words_of
from vatspolicy.errors import Problem
from vatspolicy.i18n import Listing, _
from vatspolicy.i18n.lint import faults

Found: TypeAlias = "Iterator[tuple[str, Problem]]"
"""Rules of the catalogue, each with a problem."""

ORDER = tuple(SchemaSet.shipped().load("policy")["properties"])
"""Order of keys in a policy file."""

_FIRES = {"fires", "met", "unmet", "open", "done"}
_SILENT = {"silent", "closed"}


@dataclass(frozen=True)
class CheckedPolicy:
    """A policy under lint."""

    bundle: Bundle
    policy: Policy
    document: Document
    expressions: Sequence[Expression]
    terms: Mapping[str, Node]
    """The terms of the file that some expression uses."""


def _key_order(file: CheckedPolicy) -> Found:
    keys = list(file.document.data)
    if keys != sorted(keys, key=ORDER.index):
        first = next(key for key, wanted in zip(keys, sorted(keys, key=ORDER.index), strict=True) if key != wanted)
        hint = _("The order is {order}.", order=Listing(ORDER))
        message = _("The keys of a policy have a fixed order.")
        yield "key-order", file.document.problem((first,), message, hint, key=True)


def _translations(file: CheckedPolicy) -> Found:
    for path, text in find_texts(file.document.data):
        for lang, message, hint in faults(text["en"], text["zh"]):
            yield "translation", file.document.problem((*path, lang), message, hint)


def find_texts(value: Tree, path: Path = ()) -> Iterator[tuple[Path, Mapping[str, str]]]:
    """Yield every {en, zh} text. Articles are quotations of the law, not translations of one another."""
    if isinstance(value, dict):
        if set(value) == {"en", "zh"}:
            yield path, value
            return
        for key, child in value.items():
            yield from find_texts(child, (*path, key))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from find_texts(member, (*path, index))


def _citations(file: CheckedPolicy) -> Found:
    yield from hash_problems(file.document)
    for key, article in file.document.data.get("articles", {}).items():
        path: Path = ("articles", key)
        if "label" not in article and not key.startswith("art-"):
            message = _("A key that is not an article number needs a label.")
            yield "label-missing", file.document.problem(path, message, _("Add label: {en, zh}."), key=True)
        if article["verification"] in COMPARED and "zh" not in article:
            message, hint = _("An article of this grade quotes the Chinese text."), _("Add zh, or call it secondary.")
            yield "primary-without-quote", file.document.problem(path, message, hint, key=True)
        known = file.policy.articles[key]
        if known.address is None and known.verified is None and issuer_of(file.policy, known) is None:
            message, hint = (
                _("Nobody can find the text of this article."),
                _("Add url, or name a holder of the text under obtain."),
            )
            yield "text-nowhere", file.document.problem(path, message, hint, key=True)
    if (
        file.policy.rules
        and "number" not in file.policy.source
        and not file.policy.editions
        and "note" not in file.policy.source
    ):
        message, hint = (
            _("The source has no document number."),
            _("Write the number, or a note that explains why it is missing."),
        )
        yield "source-number-missing", file.document.problem(("source",), message, hint)


def _unwaivable(file: CheckedPolicy) -> Found:
    """Yield unwaivable rules that cite no primary article."""
    for index, rule in enumerate(file.policy.rules):
        marked = file.document.data["rules"][index].get("unwaivable", False)
        if marked and all(file.policy.articles[key].verification != "primary" for key in rule.cite):
            message = _("This rule cites no primary article, so an approver must be able to waive it.")
            hint = _("Raise one of them ({cite}), or remove the mark.", cite=", ".join(rule.cite))
            yield "unwaivable-not-primary", file.document.problem(("rules", index, "unwaivable"), message, hint)


def _unmarked(file: CheckedPolicy) -> Found:
    """Yield waivable rules next to an unwaivable rule with the same effect on the same primary article."""
    for index, rule in enumerate(file.policy.rules):
        primary = {key for key in rule.cite if file.policy.articles[key].verification == "primary"}
        for other in file.policy.rules:
            if not rule.unwaivable and other.unwaivable and other.effect == rule.effect and primary & {*other.cite}:
                message = _(
                    "An approver may waive this rule, but not {rule}, which has the same effect.", rule=other.id
                )
                yield "unwaivable-missing", file.document.problem(("rules", index), message)
                break


def _places(file: CheckedPolicy) -> Found:
    """Yield places in an entry of a list that do not lie in the place that the entry is named after."""
    places = gazetteer(file.bundle.schemas)
    for path, entry in _entries(file.document.data.get("parameters", {}), ("parameters",)):
        if entry["id"] in places:
            lists = ((key, codes) for key, codes in entry.items() if isinstance(codes, list))
            for key, code in ((key, code) for key, codes in lists for code in codes if code in places):
                if entry["id"] not in within(code, file.bundle.schemas):
                    message = _("{place} does not lie in {region}.", place=code, region=entry["id"])
                    yield "place-outside", file.document.problem((*path, key), message)


_ASKS_WHO = {"operated_by", "customer_contract"}
"""Facts of a service about whether the company or a partner acts."""


def _company_facts(file: CheckedPolicy) -> Found:
    """Yield expressions about services that read a fact of the company without asking who operates the service."""
    message = _("A partner may operate the service, and this reads a fact of the company.")
    for index, rule in enumerate(file.policy.rules):
        if rule.each != "product" and any(_reads_company(one.tree) for one in rule.expressions):
            yield "company-fact", file.document.problem(("rules", index), message)
    for name, tree in file.terms.items():
        if _reads_company(tree) and any(
            isinstance(one, Fact) and one.root in ("service", "operator") for one in walk(tree)
        ):
            yield "company-fact", file.document.problem(("terms", name), message)


def _reads_company(tree: Node) -> bool:
    """Return True if an expression itself reads the company, and neither it nor a term asks just who acts."""
    own = [one for one in outside_terms(tree) if isinstance(one, Fact | Term)]
    facts = [[fact for fact in walk(one) if isinstance(fact, Fact)] for one in own]
    asks = any(found and all(_ASKS_WHO & {*fact.names} for fact in found) for found in facts)
    return not asks and any(isinstance(one, Fact) and one.root == "company" for one in own)


_PERIOD = re.compile(r"([\w-]+) (?:(working|calendar) )?(hour|day|month)s?\b")
_BEFORE = re.compile(r"\bbefore (?:the )?(launch|export|use|sale|closing|release|import|change)\b")
"""Number of hours, days or months, and event, in English."""
_LATE = 28
"""First day of a month that may be its last."""


def _deadlines(file: CheckedPolicy) -> Found:
    """Yield duties whose articles or message count in another unit or state another day or event."""
    for index, rule in enumerate(file.policy.rules):
        due = rule.effect.due if isinstance(rule.effect, Duty) else {}
        text = "\n".join((rule.message["en"], *(file.policy.articles[key].en for key in rule.cite)))
        periods = [one for one in _PERIOD.findall(text) if due.get("within") in numbers_in(one[0])]
        units = {f"{kind or 'calendar'}-day" if unit == "day" else unit for _number, kind, unit in periods}
        for key, words in (("unit", units), ("before", {*_BEFORE.findall(rule.message["en"])})):
            if key in due and words and due[key] not in words:
                said = Listing(sorted(words))
                message = _("The deadline is {word}, and its texts say {words}.", word=due[key], words=said)
                yield "deadline-differs", file.document.problem(("rules", index, "duty", "due", key), message)
        if "by" in due and int(due["by"][3:]) not in {*numbers_in(text), *range(_LATE, 32)}:
            message = _("No text states the day {day}.", day=due["by"])
            yield "deadline-differs", file.document.problem(("rules", index, "duty", "due", "by"), message)


_LARGE, _YEARS = 1000, range(1990, 2101)
"""Least number in a message that is compared with those of its rule, and numbers that are years."""


def _message_numbers(file: CheckedPolicy) -> Found:
    """Yield messages with a large number that their rule does not compare with, or that no cited article states."""
    for index, rule in enumerate(file.policy.rules):
        articles = [file.policy.articles[key] for _expression, keys in _cited_by(rule) for key in keys]
        stated, *cited = (_large(numbers_in(text)) for text in (rule.message["en"], *map(_words_of, articles)))
        owners = (key.partition("/") for one in rule.expressions for key in one.parameters)
        values = [
            v.value for policy, _slash, name in owners for v in file.bundle.policies[policy].parameters[name].values
        ]
        values += [one.value for each in rule.expressions for one in walk(each.tree) if isinstance(one, Literal)]
        read = _large(value for value in values if isinstance(value, int | float))
        if stated and read and not stated & read:
            message = _("The rule compares with another number.")
        elif stated.difference(*cited) and rule.kind != "advise":
            message = _("No cited article states this number.")
        else:
            continue
        yield "message-number", file.document.problem(("rules", index, "message", "en"), message)


def _large(numbers: Iterable[Fraction | float]) -> frozenset[Fraction]:
    return frozenset(Fraction(one) for one in numbers if one >= _LARGE and one not in _YEARS)


def _words_of(article: Article) -> str:
    return f"{article.en}\n{article.zh or ''}"


_ALIKE = 3
"""Least number of other denials that together say how one should be."""


def _denials(file: CheckedPolicy) -> Found:
    """Yield denials unlike all others: in `curable` for the same reason, or in the reason for the same articles."""
    every = (rule for policy in file.bundle.policies.values() for rule in policy.rules)
    denials = [(one, one.effect) for one in every if isinstance(one.effect, Deny)]
    for rule, own in denials:
        if rule.policy != file.policy.id:
            continue
        others = [(one, effect) for one, effect in denials if one is not rule]
        curable = [effect.curable for _one, effect in others if effect.reason == own.reason]
        beside = [effect.reason for one, effect in others if (one.policy, one.cite) == (rule.policy, rule.cite)]
        for key, value, alike in (("curable", own.curable, curable), ("reason", own.reason, beside)):
            if len(alike) >= _ALIKE and len({*alike}) == 1 and value not in alike:
                message = _("The other denials that are alike have another {key}.", key=f"`{key}`")
                place = ("rules", file.policy.rules.index(rule), "deny")
                yield "denial-differs", file.document.problem(place, message)


def _entries(value: Tree, path: Path) -> Iterator[tuple[Path, Fields]]:
    """Yield the objects that have an id, with their paths."""
    if isinstance(value, dict) and "id" in value:
        yield path, value
    elif isinstance(value, dict | list):
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _entries(child, (*path, key))


def _messages(file: CheckedPolicy) -> Found:
    """Yield messages that repeat their article word for word instead of advising the product team."""
    for index, rule in enumerate(file.policy.rules):
        cited = [file.policy.articles[key] for key in rule.cite]
        for lang, texts in (("en", [one.en for one in cited]), ("zh", [one.zh for one in cited if one.zh])):
            if _letters(rule.message[lang]) in map(_letters, texts):
                message = _("The message repeats the article. Write what the product team does.")
                yield "message-repeats-article", file.document.problem(("rules", index, "message", lang), message)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _numbers(file: CheckedPolicy) -> Found:
    """Yield lists in expressions, and numbers missing from the cited articles. These should be parameters."""
    cited = {expression.index: keys for rule in file.policy.rules for expression, keys in _cited_by(rule)}
    stated = {key: numbers_in(_words_of(one)) for key, one in file.policy.articles.items()}
    for expression in file.expressions:
        numbers = frozenset().union(*(stated[key] for key in cited.get(expression.index, stated)))
        for message, __ in _unstated(expression.tree, numbers):
            yield "number-in-expression", Problem(file.policy.file, expression.line, expression.column, "", message)
    for name, tree in file.terms.items():
        for message, offset in _unstated(tree, frozenset().union(*stated.values())):
            line, column = file.document.locate(("terms", name), offset)
            yield "number-in-expression", Problem(file.policy.file, line, column, f"terms.{name}", message)


def _cited_by(rule: Rule) -> Iterator[tuple[Expression, tuple[str, ...]]]:
    """Yield the expressions of a rule with the articles that they rest on."""
    conditions = rule.effect.conditions if isinstance(rule.effect, Route) else ()
    own = {condition.check.index: condition.cite for condition in conditions}
    yield from ((expression, (*rule.cite, *own.get(expression.index, ()))) for expression in rule.expressions)


def _unstated(tree: Node, stated: AbstractSet[Fraction]) -> Iterator[tuple[str, int]]:
    """Yield a message and an offset for each list, and for each number that is not stated; 0 and 1 need no source."""
    for node in outside_terms(tree):
        match node:
            case Literal(value=tuple()):
                yield _("A list in an expression must be a parameter, with dates and citations."), node.span[0]
            case Literal(type=Int() | Number(), value=value) if value not in (0, 1) and Fraction(value) not in stated:
                yield _("No cited article states this number. Cite the article, or use a parameter."), node.span[0]


def _seen_both_ways(file: CheckedPolicy) -> Found:
    """Yield rules that the tests of their policy do not show firing, silent and, for a missing fact, undecided."""
    if not file.policy.rules:
        return
    coverage, named = Coverage(file.bundle), set[str]()
    for case in cases_of(file.bundle, file.policy):
        coverage.note_states(case)
        named |= case.expect.get("expect", {}).keys()
    for index, rule in enumerate(file.policy.rules):
        seen = coverage.states(rule)
        unseen = [word for word, wanted in _wanted(rule) if not seen & wanted]
        if unseen:
            message = _("No test shows {id} {unseen}.", id=rule.id, unseen=Listing(unseen, "or"))
            yield "untested", file.document.problem(("rules", index), message)
        elif rule.id not in named:
            message = _("The tests show {id}, and none expects anything of it.", id=rule.id)
            yield "untested", file.document.problem(("rules", index), message)


def _wanted(rule: Rule) -> Iterator[tuple[str, set[str]]]:
    yield _("applying"), _FIRES
    if any(reads_facts(expression.tree) for expression in expressions_of(rule)) or rule.until != NEVER:
        yield _("not applying"), _SILENT
    if any(_may_be_missing(node) for expression in expressions_of(rule) for node in walk(expression.tree)):
        yield _("undecided for a missing fact"), {"unknown"}


def _may_be_missing(node: Node) -> bool:
    return (
        isinstance(node, Fact)
        and (node.root, node.names) != ("activity", ("class",))
        and node.root != "as_of"
        and bool(node.names)
    )


def _unused_terms(file: CheckedPolicy) -> Found:
    for name in file.policy.terms:
        if name not in file.terms:
            yield "unused-term", file.document.problem(("terms", name), _("No expression uses this term."), key=True)


def _costs(file: CheckedPolicy) -> Found:
    """Yield expressions that some profile could make slow."""
    for expression in file.expressions:
        steps = expression_cost(file.bundle, expression)
        if steps > COSTLY:
            message = _(
                "Evaluating this can take {steps} steps. The limit is {most}.",
                steps=f"{steps:,}",
                most=f"{COSTLY:,}",
            )
            hint = _("Quantify over fewer lists at once.")
            yield "costly-expression", Problem(file.policy.file, expression.line, expression.column, "", message, hint)


def _unmeetable(file: CheckedPolicy) -> Found:
    """Yield instruments of needs and routes that cannot cover any subject of their rule."""
    every = variables("activity").keys()
    held = {word.value for word in words_of(("company", "licenses", 0, "instrument"), file.bundle.schemas)}
    for index, rule in enumerate(file.policy.rules):
        name = rule.instrument
        if name is not None and rule.kind != "duty" and held and name not in held:
            message = _("{name} cannot be held: the profile schema does not list it.", name=name)
            yield "unmeetable", file.document.problem(("rules", index, rule.kind, "instrument"), message)
        covers = None if name is None or rule.kind == "duty" else file.bundle.instruments[name].covers
        if covers is not None and not _can_be(True, covers.tree, every - variables(rule.each).keys()):
            message = _("No license ({name}) can cover the subject of this rule.", name=name)
            yield "unmeetable", file.document.problem(("rules", index, rule.kind, "instrument"), message)


def _can_be(value: bool, node: Node, missing: AbstractSet[str]) -> bool:
    """Return False if an expression never has the value because variables are missing or a constant excludes it."""
    match node:
        case Literal(value=constant):
            return constant is value
        case Not(body=body):
            return _can_be(not value, body, missing)
        case Term(body=body):
            return _can_be(value, body, missing)
        case And(parts=parts) | Or(parts=parts):
            every = all if isinstance(node, And) is value else any
            return every(_can_be(value, part, missing) for part in parts)
        case Quantifier(list=over):  # of an empty list, regardless of the body
            return _can_be(value, over, missing)
        case _:
            return not any(isinstance(one, Fact) and one.root in missing for one in walk(node))


CHECKS: tuple[Callable[[CheckedPolicy], Found], ...] = (
    _key_order,
    _translations,
    _citations,
    _unwaivable,
    _unmarked,
    _places,
    _company_facts,
    _deadlines,
    _message_numbers,
    _denials,
    _messages,
    _numbers,
    _costs,
    _seen_both_ways,
    _unused_terms,
    _unmeetable,
)


def added_overrides(bundle: Bundle, chosen: Iterable[Policy]) -> Found:
    """Yield overrides without effect, because the lower layer does not allow them."""
    for policy in chosen:
        for index, rule in enumerate(policy.rules):
            if rule.overrides is not None and not bundle.replaces(rule):
                message = _(
                    "{rule} stays in force too: the layers below do not allow loosening it.", rule=rule.overrides.rule
                )
                place = ("rules", index, "overrides")
                yield "override-adds", bundle.document(policy).problem(place, message, key=True)


def unused(bundle: Bundle, chosen: Sequence[Policy]) -> Found:
    """Yield parameters and instruments of the chosen policies that the bundle does not use."""
    params: set[str] = set()
    instruments: set[str] = set()
    for policy in bundle.policies.values():
        for rule in policy.rules:
            instruments.update(rule.instruments)
            if isinstance(rule.effect, Route):
                instruments.add(rule.effect.to)
    for expression in bundle.expressions():
        params |= set(expression.parameters)
        instruments |= {str(node.value) for node in walk(expression.tree) if isinstance(node, Literal)}
    for policy in chosen:
        document = bundle.document(policy)
        for name in policy.parameters:
            if f"{policy.id}/{name}" not in params:
                message = _("No expression reads this parameter.")
                yield "unused-parameter", document.problem(("parameters", name), message, key=True)
        for name in policy.instruments:
            if name not in instruments:
                message = _("No rule uses this instrument.")
                yield "unused-instrument", document.problem(("instruments", name), message, key=True)
