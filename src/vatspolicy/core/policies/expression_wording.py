"""Expressions in words, in English and Chinese: the check that a rule makes, from its typed tree.

Every term is expanded, so that the words cannot say more than the check.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from vatspolicy.core.cel.ast import (
    And,
    Arithmetic,
    Compare,
    Fact,
    In,
    Literal,
    Node,
    Not,
    Or,
    Param,
    Quantifier,
    Size,
    TextTest,
)
from vatspolicy.core.cel.types import Bool, Day
from vatspolicy.core.policies import phrases
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.plain_tree import is_negative, opposite, plain_tree
from vatspolicy.core.profile.vocabulary import Language, describe, gazetteer, label, words
from vatspolicy.core.profile.wording import FactWording
from vatspolicy.i18n import LocalizedText
from vatspolicy.i18n.words import aside, joint, number

Path = tuple[str | int, ...]
Scope = Mapping[str, Path]
"""The place in the profile of each variable; empty for members of a parameter."""

ABROAD = "overseas"
"""The place outside mainland China."""
_DERIVED = ("within", "province")
_SCOPE: Scope = {
    **{name: (name,) for name in ("product", "company", "partner", "services", "data", "deals", "filings")},
    "operator": ("company",),
    "service": ("services", 0),
    "license": ("company", "licenses", 0),
}
MEMBERS = 6
"""Maximum number of members of a parameter listed in a clause; the rest is counted."""
_MENTION = "\ue000{depth}{kind}{fact}\ue001"
"""A mention of the variable at a depth: kind `b` (bare) or `o` (of it), upper case inside a nested quantifier."""


@dataclass(frozen=True)
class Marks:
    """Markup functions of a page. Each takes plain text and returns markup."""

    text: Callable[[str], str] = str
    emphasis: Callable[[str], str] = "“{}”".format
    """The title of a parameter."""
    brackets: str = "({})"
    """Brackets in English."""


PLAIN = Marks()


@dataclass(frozen=True)
class Wording:
    """Words for expressions in one language."""

    bundle: Bundle
    lang: Language
    marks: Marks = PLAIN
    day: str | None = None
    """Day of the parameter values to show; None to show only titles."""
    most: int | None = MEMBERS
    """Maximum number of members of a parameter to list; the rest is counted. None: list all."""
    facts: FactWording = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "facts", FactWording(self.bundle.schemas))

    def say(self, node: Node) -> str:
        """Return an expression as a clause, in markup."""
        return self.clause(plain_tree(node), _SCOPE)

    def clauses(self, node: Node) -> list[str]:
        """Return the parts of an expression that must all be true, each as a clause."""
        plain = plain_tree(node)
        return [self.clause(part, _SCOPE) for part in (plain.parts if isinstance(plain, And) else (plain,))]

    def clause(self, node: Node, scope: Scope) -> str:
        """Return a plain tree as a clause."""
        match node:
            case Literal(value=bool() as value):
                return self.pick(phrases.ALWAYS if value else phrases.NEVER)
            case Fact() | Param(type=Bool()):
                return self.flag(node, True, scope)
            case Not(body=(Fact() | Param()) as body):
                return self.flag(body, False, scope)
            case Not(body=In() as body):
                return self.member(body, scope, False)
            case Not(body=body):
                return self.put(phrases.NOT, clause=self.bracketed(self.clause(body, scope)))
            case And(parts=parts):
                return joint("and-clause", self.lang).join(self.inner(part, scope) for part in parts)
            case Or(parts=parts):
                return self.either(parts, scope)
            case Compare():
                return self.comparison(node, scope)
            case In():
                return self.member(node, scope, True)
            case Quantifier():
                return self.quantifier(node, scope)
            case TextTest(kind=kind, text=text, pattern=pattern):
                return self.relate(phrases.TESTS[kind], self.name(text, scope), self.quoted(pattern))
            case _:
                return self.name(node, scope)

    def either(self, parts: Sequence[Node], scope: Scope) -> str:
        """Return alternatives, with negative alternatives as the premise of the others."""
        denied = [part for part in parts if is_negative(part)]
        rest = [part for part in parts if part not in denied] or [denied.pop()]
        if denied:
            premise = joint("and-clause", self.lang).join(self.inner(opposite(part), scope) for part in denied)
            then = self.inner(rest[0], scope) if len(rest) == 1 else self.either(rest, scope)
            return self.put(phrases.IF, premise=premise, clause=then)
        return joint("or-clause", self.lang).join(self.inner(part, scope) for part in parts)

    def pick(self, phrase: LocalizedText) -> str:
        """Return a phrase in the language."""
        return phrase[self.lang]

    def put(self, phrase: LocalizedText, **parts: str) -> str:
        """Return a phrase with its placeholders filled in."""
        return self.pick(phrase).format_map(parts)

    def relate(self, phrase: LocalizedText, left: str, right: str) -> str:
        """Return a phrase about two operands."""
        return self.pick(phrase).format(left=left, right=right)

    def inner(self, node: Node, scope: Scope) -> str:
        """Return a part of a larger clause, in brackets if it is ambiguous."""
        text = self.clause(node, scope)
        loose = isinstance(node, And | Or)
        if isinstance(node, Quantifier) and isinstance(node.body, And | Or | Quantifier):
            loose = self.brief(node, scope) is None
        return self.bracketed(text) if loose else text

    def bracketed(self, text: str) -> str:
        """Markup in brackets."""
        return aside(text, "zh") if self.lang == "zh" else self.marks.brackets.format(text)

    def flag(self, node: Fact | Param, value: bool, scope: Scope) -> str:
        """Word a boolean fact or parameter that is a clause by itself."""
        if isinstance(node, Fact):
            own = phrases.FLAGS.get(".".join((node.root, *node.names)))
            if own:
                return self.pick(own[not value])
            path = self.path(node, scope)
            clause = describe(path, self.bundle.schemas).get("x-clause") if path else None
            if clause:
                text = str(clause["yes" if value else "no"][self.lang])
                return self.marks.text(text.format(owner=self.owner(node, scope), of=self.owner(node, scope, "o")))
        return self.put(phrases.YES if value else phrases.NO, name=self.name(node, scope))

    # --- names of things

    def name(self, node: Node, scope: Scope, beside: Node | None = None) -> str:
        """Return the name of an operand: a fact, a parameter, a constant or a count. `beside`: the other operand."""
        match node:
            case Fact():
                return self.marks.text(self.title(node, scope))
            case Param():
                return self.parameter(node, scope, beside)
            case Size(list=over):
                return self.put(phrases.NUMBER, list=self.name(over, scope))
            case Arithmetic(op=op, left=left, right=right):
                return self.relate(phrases.SUM[op], self.name(left, scope), self.name(right, scope, left))
            case Literal(value=tuple() as values):
                return joint("or", self.lang).join(self.quoted(value, beside, scope) for value in values)
            case Literal(value=value):
                return self.quoted(value, beside, scope)
            case _:
                return self.inner(node, scope)

    def parameter(self, node: Param, scope: Scope, beside: Node | None) -> str:
        """Return the title of a parameter, with its value on the day."""
        owner, _, name = node.key.partition("/")
        parameter = self.bundle.policies[owner].parameters[name]
        title = self.marks.emphasis(parameter.title[self.lang] if parameter.title else name.replace("_", " "))
        value = parameter.on(self.day) if self.day is not None else None
        if value is None or isinstance(value.value, bool):
            return title
        shown = value.value if isinstance(value.value, list) else [value.value]
        if self.most is not None and len(shown) > self.most:
            return title + aside(self.put(phrases.ENTRIES, n=str(len(shown))), self.lang)
        members = [self.plain(member, beside, scope) for member in shown]
        return title + aside(self.marks.text(self.listed(members)), self.lang)

    def listed(self, members: Sequence[str]) -> str:
        """Return a list in words. Semicolons separate members that contain commas."""
        if not members:
            return self.pick(phrases.NONE)
        comma, stop = joint("list", self.lang), joint("semicolon", self.lang)
        return (stop if any(comma.strip() in member for member in members) else comma).join(members)

    def values(self, values: Sequence[Any], beside: Fact | None) -> str:
        """Return values in words, by their names in the vocabulary of a fact that they are compared with."""
        return self.listed([self.plain(value, beside, _SCOPE if beside is not None else {}) for value in values])

    def title(self, fact: Fact, scope: Scope) -> str:
        """Return the title of a fact in the schema, with its owner if that is ambiguous."""
        own = phrases.OWN.get(".".join((fact.root, *fact.names)))
        if own:
            return self.pick(own)
        names = tuple(name for name in fact.names if name not in _DERIVED)
        path = scope.get(fact.root, (fact.root,))
        if not path:  # a member of a parameter
            name = fact.names[0] if fact.names else ""
            field = self.pick(phrases.FIELDS[name]) if name in phrases.FIELDS else name.replace("_", " ")
            return self.mention(fact.root, scope, field)
        if fact.root not in _SCOPE:
            return self.mention(fact.root, scope, self.schema_title((*path, *names)) if names else "")
        text = self.schema_title((*path, *names)) if names else self.schema_title(path)
        if len(names) > 1:
            text += aside(self.schema_title((*path, *names[:-1])), self.lang)
        return self.put(phrases.OWNERS[fact.root], fact=text) if fact.root in phrases.OWNERS else text

    def mention(self, variable: str, scope: Scope, fact: str = "", kind: str = "b") -> str:
        """Return the mark of a variable or its fact, which `introduced` replaces with words."""
        depth, deepest = list(scope).index(variable), len(scope) - 1
        return _MENTION.format(depth=depth, kind=kind if depth == deepest else kind.upper(), fact=fact)

    def introduced(self, text: str, depth: int, noun: str, that: str) -> str:
        """Return a clause whose first mention of a variable is the noun; later ones are `it`, `its` or `that …`."""

        def put(mention: re.Match[str]) -> str:
            nonlocal noun
            kind, fact = mention[1], mention[2]
            named = bool(noun) or kind != "b"
            entry, noun = noun or that, ""
            key = "of" if kind in "oO" else "fact" if fact else "bare"
            if named and key == "bare":
                return entry
            return self.put((phrases.NAMED if named else phrases.LATER)[key], fact=fact, entry=entry)

        return re.sub(f"\ue000{depth}([boBO])([^\ue000\ue001]*)\ue001", put, text)

    def owner(self, fact: Fact, scope: Scope, kind: str = "b") -> str:
        """Return the owner of a fact; `o`: as the end of `a facility of`, empty if it is clear."""
        if fact.root in scope and fact.root not in _SCOPE:
            return self.mention(fact.root, scope, kind=kind)
        if kind == "o":
            table = phrases.OF_OWNERS
            return self.pick(table[fact.root]) if fact.root in table else ""
        return self.pick(phrases.THINGS[fact.root]) if fact.root in phrases.THINGS else ""

    def schema_title(self, path: Path) -> str:
        """Return the title of a fact for the middle of a sentence."""
        node = describe(path, self.bundle.schemas)
        if self.lang == "zh":
            return str(node.get("x-title-zh", path[-1]))
        title = str(node.get("title", path[-1]))
        return title if title[1:2].isupper() else title[0].lower() + title[1:]

    def quoted(self, value: Any, beside: Node | None = None, scope: Scope = _SCOPE) -> str:
        """Return a constant by its name in the vocabulary of the other operand."""
        text = self.marks.text(self.plain(value, beside, scope))
        bare = not isinstance(value, str) or (beside is not None and isinstance(beside.type, Day))
        return text if bare else f"“{text}”"

    def plain(self, value: Any, beside: Node | None, scope: Scope) -> str:
        """Return a value in words, without quotes."""
        if isinstance(value, dict):
            return self.plain(value.get("id", next(iter(value.values()))), None, scope)
        if isinstance(value, list):
            return self.listed([self.plain(member, beside, scope) for member in value])
        if isinstance(value, str):
            return self.word(value, beside, scope)
        path = self.path(beside, scope) if isinstance(beside, Fact) else ()
        if path and self.facts.unit(path):
            return self.facts.quantity(value, path)[self.lang]
        return f"{value:,}" if isinstance(value, int) else number(value)

    def path(self, fact: Fact, scope: Scope) -> Path:
        """Return the place of a fact in the profile; empty for a member of a parameter."""
        path = scope.get(fact.root, (fact.root,))
        return (*path, *fact.names) if path else ()

    def word(self, value: str, beside: Node | None, scope: Scope) -> str:
        """Return the name of a word of a fact's vocabulary."""
        schemas = self.bundle.schemas
        last = beside.names[-1] if isinstance(beside, Fact) and beside.names else ""
        if value in words("class", schemas) and last in ("class", "classes", ""):
            return label("class", value, schemas)[self.lang]
        if last == "instrument" and value in self.bundle.instruments:
            return self.bundle.instruments[value].title[self.lang]
        if last == "ftz":
            return label("zone", value, schemas)[self.lang]
        if (last in (*_DERIVED, "at", "id", "") or beside is None) and value in gazetteer(schemas):
            return label("place", value, schemas)[self.lang]
        path = self.path(beside, scope) if isinstance(beside, Fact) else ()
        for more in ((), (0,)):
            names = describe((*path, *more), schemas).get("x-enum", {}) if path else {}
            if value in names:
                return str(names[value][self.lang])
        return value

    # --- clauses

    def comparison(self, node: Compare, scope: Scope) -> str:
        """Word a comparison of two operands."""
        op, left, right = node.op, node.left, node.right
        if op in ("==", "!=") and self.is_entry(left, scope) and isinstance(right, Fact):
            left, right = right, left
        match left, right:
            case Size(list=over), Literal(value=0) if op in phrases.COUNTS:
                return self.put(phrases.COUNTS[op], list=self.name(over, scope))
            case Fact() as fact, Literal(value=bool() as value):
                return self.flag(fact, value == (op == "=="), scope)
            case Fact(names=(*_, "province")), Literal(value="overseas") if op in ("==", "!="):
                return self.put(phrases.AT_HOME if op == "!=" else phrases.ABROAD, left=self.name(left, scope))
            case Fact(names=(*_, "province")), Fact(names=(*_, "province")) if op == "==" and not self.is_entry(
                right, scope
            ):
                return self.relate(phrases.IN_SAME_PROVINCE, self.name(left, scope), self.name(right, scope, left))
            case Fact(names=(*_, "province")), _ if op in ("==", "!="):
                form = phrases.LIES_OUT if op == "!=" else phrases.LIES_IN
                return self.relate(form, self.name(left, scope), self.name(right, scope, left))
            case Fact() as fact, Literal(value=0) if op == ">" and self.facts.unit(self.path(fact, scope)) == "persons":
                return self.put(phrases.SOME_PERSONS, list=self.name(fact, scope))
        days = isinstance(left.type, Day) or isinstance(right.type, Day)
        forms = phrases.COMPARE_DAYS if days and op in phrases.COMPARE_DAYS else phrases.COMPARE
        return self.relate(forms[op], self.name(left, scope, right), self.name(right, scope, left))

    def is_entry(self, node: Node, scope: Scope) -> bool:
        """Return whether a node reads a member of a parameter."""
        return isinstance(node, Fact) and not scope.get(node.root, (node.root,))

    def member(self, node: In, scope: Scope, holds: bool) -> str:
        """Membership in a list, or its denial."""
        left, right = node.list, node.item
        if _within(left) and isinstance(right, Literal) and right.value == ABROAD:
            return self.put(phrases.ABROAD if holds else phrases.AT_HOME, left=self.name(left, scope))
        if _within(left):
            forms = phrases.LIES_OUT, phrases.LIES_IN
        elif isinstance(left, Fact) and not self.is_entry(left, scope):
            forms = phrases.HAS_NOT, phrases.HAS
        else:
            literal = isinstance(left, Literal)
            forms = (phrases.NEITHER, phrases.IS) if literal else (phrases.NOT_AMONG, phrases.AMONG)
            left, right = right, left
        return self.relate(forms[holds], self.name(left, scope), self.name(right, scope, left))

    def quantifier(self, node: Quantifier, scope: Scope) -> str:
        """`exists` and `all`: `every facility lies in …`."""
        brief = self.brief(node, scope) or self.holding(node, scope)
        if brief:
            return brief
        over, body = node.list, node.body
        own = self.path(over, scope) if isinstance(over, Fact) else ()
        inner = {**scope, node.variable: (*own, 0) if own else ()}
        key = "some" if node.kind == "exists" else "every"
        return self.introduced(
            self.clause(body, inner), len(scope), self.noun(over, key, scope), self.noun(over, "that", scope)
        )

    def noun(self, over: Node, key: str, scope: Scope) -> str:
        """Return the members of a list that a clause names: `a facility`, `that facility`, `one of “Pilot places”`."""
        if isinstance(over, Fact) and self.path(over, scope):
            item = describe(self.path(over, scope), self.bundle.schemas).get("x-item")
            if item:
                return self.marks.text(str(item[key][self.lang]).format(of=self.owner(over, scope, "o")))
        return self.put(phrases.MEMBERS[key], list=self.name(over, scope))

    def holding(self, node: Quantifier, scope: Scope) -> str | None:
        """Word `a license held is X` as `the operator holds X`; return None for another quantifier."""
        over, body, variable = node.list, node.body, node.variable
        forms = phrases.HOLDS.get(over.names[-1]) if isinstance(over, Fact) and over.names else None
        forms = phrases.HOLDS.get(over.root) if forms is None and isinstance(over, Fact) and not over.names else forms
        if forms is None or not isinstance(over, Fact):
            return None
        denied = node.kind == "all"
        parts = body.parts if isinstance(body, And) and not denied else (body,)
        inner = {**scope, variable: (*self.path(over, scope), 0)}
        for part in parts:
            test = _instrument(part, variable, "!=" if denied else "==")
            if test is not None:
                owner = self.owner(over, scope)
                held = self.put(forms[denied], owner=owner, list=self.name(test.right, inner, test.left))
                rest = [self.inner(other, inner) for other in parts if other is not part]
                text = joint("and-clause", self.lang).join([held, *rest])
                return self.introduced(text, len(scope), "", self.noun(over, "that", scope))
        return None

    def brief(self, node: Quantifier, scope: Scope) -> str | None:
        """Word a quantifier over words briefly if its body tests only the bare word; return None otherwise."""
        over, body, several = node.list, node.body, node.kind == "all"
        tests = body.parts if isinstance(body, And if several else Or) else (body,)
        values = [_equals(test, node.variable, "!=" if several else "==") for test in tests]
        own = isinstance(over, Fact) and bool(self.path(over, scope))
        if own and len(tests) > 1 and not all(values):
            briefs = [self.brief(replace(node, body=test), scope) for test in tests]
            joined = joint("and-clause" if several else "or-clause", self.lang).join(text for text in briefs if text)
            return joined if all(briefs) else None
        if own and all(values):
            options = joint("or", self.lang).join(self.quoted(value, over, scope) for value in values)
            return self.relate(phrases.HAS_NOT if several else phrases.HAS, self.name(over, scope), options)
        other = _equals(body, node.variable, "==" if several else "!=")
        if own and other:
            form = phrases.ALL_ARE if several else phrases.HAS_OTHER
            return self.relate(form, self.name(over, scope), self.quoted(other, over, scope))
        return self.among(node, scope)

    def among(self, node: Quantifier, scope: Scope) -> str | None:
        """Word a quantifier whose body only tests whether the bare word is in a list; return None for another one."""
        over, several, denied = node.list, node.kind == "all", isinstance(node.body, Not)
        match node.body.body if isinstance(node.body, Not) else node.body:
            case In(item=Fact(root=root, names=()), list=listed) if root == node.variable:
                own = isinstance(over, Fact) and bool(self.path(over, scope))
            case _:
                return None
        if own and isinstance(listed, Literal | Param):
            form = (_AMONG_WORDS if isinstance(listed, Literal) else _AMONG_ENTRIES)[several, denied]
            form = phrases.LIES_IN_ONE if form is phrases.SOME_IN and _within(over) else form
            return self.relate(form, self.name(over, scope), self.name(listed, scope, over))
        if not isinstance(listed, Fact) or not self.path(listed, scope):
            return None
        if several == denied:  # a word of a parameter is among the words of a fact
            some, none = phrases.SOME_IN, phrases.HAS_NONE
            some, none = (phrases.LIES_IN_ONE, phrases.LIES_IN_NONE) if _within(listed) else (some, none)
            return self.relate(none if denied else some, self.name(listed, scope), self.name(over, scope, listed))
        if denied:
            return None
        if isinstance(over, Literal):
            each = joint("list", self.lang).join(self.quoted(value, listed, scope) for value in over.value)
            return self.relate(phrases.HAS_ALL, self.name(listed, scope), each)
        form, left, right = (phrases.ALL_IN, over, listed) if own else (phrases.HAS_ALL, listed, over)
        return self.relate(form, self.name(left, scope), self.name(right, scope, listed))


_AMONG_WORDS: Mapping[tuple[bool, bool], LocalizedText] = {
    (True, False): phrases.ALL_ARE,
    (True, True): phrases.HAS_NOT,
    (False, False): phrases.HAS,
    (False, True): phrases.SOME_OUT,
}
"""Words of a fact among words: whether all words of the fact are tested, and whether the test is denied."""
_AMONG_ENTRIES: Mapping[tuple[bool, bool], LocalizedText] = {
    (True, False): phrases.ALL_IN,
    (True, True): phrases.NONE_IN,
    (False, False): phrases.SOME_IN,
    (False, True): phrases.SOME_OUT,
}
"""Words of a fact among the entries of a parameter, likewise."""


def _within(node: Node) -> bool:
    return isinstance(node, Fact) and node.names[-1:] == ("within",)


def _equals(node: Node, variable: str, op: str) -> str | None:
    """Return the word that a test compares a bare variable with; None for another test."""
    match node:
        case Compare(op=own, left=Fact(root=root, names=()), right=Literal(value=str() as value)):
            return value if (own, root) == (op, variable) else None
    return None


def _instrument(node: Node, variable: str, op: str) -> Compare | None:
    """Return a test of the instrument of a variable; None for another test."""
    match node:
        case Compare(op=own, left=Fact(root=root, names=("instrument",)), right=Literal()):
            return node if (own, root) == (op, variable) else None
    return None
