"""Expressions in words, in English and Chinese, as Markdown or HTML."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vatspolicy.cel.ast import (
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
    Term,
    TextTest,
)
from vatspolicy.cel.types import Bool, Day
from vatspolicy.i18n.words import number
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import Policy
from vatspolicy.profile.vocabulary import Language, describe, label, words
from vatspolicy.reports.formats.markdown import escape

Path = tuple[str | int, ...]
Scope = Mapping[str, Path]
"""The place in the profile that each variable stands for; an empty one for members of a parameter."""

_DERIVED = ("within", "province")
_SCOPE: Scope = {
    "product": ("product",),
    "company": ("company",),
    "operator": ("company",),
    "service": ("services", 0),
    "services": ("services",),
    "data": ("data",),
    "deals": ("deals",),
    "filings": ("filings",),
    "license": ("company", "licenses", 0),
}
_OWNERS = {"company": ("{} of the company", "本公司的{}"), "operator": ("{} of the operator", "经营者的{}")}
_FIELDS = {
    "ftz": ("zones", "片区"),
    "id": ("name", "名称"),
    "places": ("places", "地点"),
    "province": ("province", "省份"),
    "zones": ("zones", "片区"),
}
"""Fields of members of parameters."""
_OWN = {
    "activity.class": ("the class", "该业务的种类"),
    "activity.licensed": ("a license for the class is held", "已取得该类业务许可"),
    "as_of": ("the day of the decision", "判定日"),
    "license.area": ("area of the license", "许可的覆盖范围"),
    "license.classes": ("classes of the license", "许可载明的业务种类"),
}
_COMPARE = {
    "==": ("{} is {}", "{}为{}"),
    "!=": ("{} is not {}", "{}不是{}"),
    "<": ("{} is below {}", "{}低于{}"),
    "<=": ("{} is at most {}", "{}不超过{}"),
    ">": ("{} is above {}", "{}高于{}"),
    ">=": ("{} is at least {}", "{}不低于{}"),
}
_COMPARE_DAYS = {
    "<": ("{} is before {}", "{}早于{}"),
    "<=": ("{} is on or before {}", "{}不晚于{}"),
    ">": ("{} is after {}", "{}晚于{}"),
    ">=": ("{} is on or after {}", "{}不早于{}"),
}
_TESTS = {
    "startsWith": ("{} begins with {}", "{}以{}开头"),
    "endsWith": ("{} ends with {}", "{}以{}结尾"),
    "contains": ("{} contains {}", "{}包含{}"),
    "matches": ("{} matches {}", "{}匹配{}"),
}
_SUM = {"+": ("{} plus {}", "{}加{}"), "-": ("{} less {}", "{}减{}"), "*": ("{} times {}", "{}乘以{}")}
_QUANTIFIERS = {
    "exists": ("for at least one{1} of the {0}: {2}", "{0}中至少有一项{1}：{2}"),
    "all": ("for every one{1} of the {0}: {2}", "{0}中每一项{1}：{2}"),
}
_SOME_IN = ("{} include one of {}", "{}包括{}之一")
_SOME_OUT = ("{} include something beside {}", "{}含{}以外的内容")
_ALL_IN = ("all {} are among {}", "{}均属于{}")
_NONE_IN = ("no {} are among {}", "{}均不属于{}")
_LIES_IN = ("{} lies in one of {}", "{}位于{}之一")


@dataclass(frozen=True)
class Marks:
    """Markup functions of a page. Each takes plain text or an address and returns markup."""

    text: Callable[[str], str]
    code: Callable[[str], str]
    emphasis: Callable[[str], str]
    link: Callable[[str, str], str]
    """A name in code that leads to an address."""
    brackets: str = "({})"


MARKDOWN = Marks(
    escape, lambda name: f"`{name}`", lambda text: f"*{escape(text)}*", lambda name, to: f"[`{name}`]({to})", r"\({}\)"
)


@dataclass(frozen=True)
class Wording:
    """Words for the expressions of one policy in one language."""

    bundle: Bundle
    policy: Policy
    lang: Language
    link: Callable[[str, str], str]
    """Address of a term: the id of its policy and its name."""
    marks: Marks = MARKDOWN

    def say(self, node: Node, scope: Scope = _SCOPE) -> str:
        """Return the expression as a clause, in markup."""
        match node:
            case Literal(value=value) if isinstance(value, bool):
                return self.pick(("always", "一律") if value else ("never", "从不"))
            case Fact():
                return self.flag(node, True, scope)
            case Param(type=Bool()):
                return self.flag(node, True, scope)
            case Term(name=name):
                owner, _ = self.bundle.term(self.policy, name)
                return self.marks.link(name, self.link(owner.id, name))
            case Not(body=(Fact() | Param()) as body):
                return self.flag(body, False, scope)
            case Not(body=In() as body):
                return self.member(body, scope, False)
            case Not(body=body):
                text = self.say(body, scope)
                if isinstance(body, Term):
                    return self.put(("not {}", "非{}"), text)
                return self.put(("not {}", "并非{}"), self.bracketed(text))
            case And(parts=parts):
                return self.pick((" and ", "，且")).join(self.inner(part, scope) for part in parts)
            case Or(parts=parts):
                return self.pick((" or ", "，或")).join(self.inner(part, scope) for part in parts)
            case Compare():
                return self.comparison(node, scope)
            case In():
                return self.member(node, scope, True)
            case Quantifier():
                return self.quantifier(node, scope)
            case TextTest(kind=kind, text=text, pattern=pattern):
                return self.put(_TESTS[kind], self.name(text, scope), self.quoted(pattern))
            case _:
                return self.name(node, scope)

    def pick(self, pair: tuple[str, str]) -> str:
        """Return the English or the Chinese form."""
        return pair[self.lang == "zh"]

    def put(self, pair: tuple[str, str], *parts: str) -> str:
        """Return a form with its placeholders filled in."""
        return self.pick(pair).format(*parts)

    def inner(self, node: Node, scope: Scope) -> str:
        """Return a part of a larger clause, in brackets if it is ambiguous."""
        text = self.say(node, scope)
        loose = isinstance(node, And | Or) or (isinstance(node, Quantifier) and self.brief(node, scope) is None)
        return self.bracketed(text) if loose else text

    def bracketed(self, text: str) -> str:
        """Markup in brackets."""
        return self.put((self.marks.brackets, "（{}）"), text)

    def flag(self, fact: Fact | Param, value: bool, scope: Scope) -> str:
        """Word a boolean fact or parameter that is a clause by itself."""
        answer = (("{}: yes", "{}：是"), ("{}: no", "{}：否"))[not value]
        return self.put(answer, self.name(fact, scope))

    # --- names of things

    def name(self, node: Node, scope: Scope) -> str:
        """Return the name of an operand: a fact, a parameter, a constant or a count."""
        match node:
            case Fact():
                return self.marks.text(self.title(node, scope))
            case Param(key=key):
                owner, _, name = key.partition("/")
                title = self.bundle.policies[owner].parameters[name].title
                return self.marks.emphasis(title[self.lang]) if title else self.marks.code(name)
            case Size(list=over):
                return self.put(("number of {}", "{}的数量"), self.name(over, scope))
            case Arithmetic(op=op, left=left, right=right):
                return self.put(_SUM[op], self.name(left, scope), self.name(right, scope))
            case Literal(value=tuple() as values):
                return self.pick((" or ", "或")).join(self.quoted(value) for value in values)
            case Literal(value=value):
                return self.quoted(value)
            case _:
                return self.inner(node, scope)

    def title(self, fact: Fact, scope: Scope) -> str:
        """Return the title of a fact in the schema, with its owner if that is ambiguous."""
        own = _OWN.get(".".join((fact.root, *fact.names)))
        if own:
            return self.pick(own)
        names = tuple(name for name in fact.names if name not in _DERIVED)
        path = scope.get(fact.root, ())
        if not path:  # a member of a parameter, which is called by its letter
            return self.put(("{1} of {0}", "{0}的{1}"), fact.root, self.pick(_FIELDS[names[0]])) if names else fact.root
        if fact.root not in _SCOPE:
            text = self.schema_title((*path, *names)) if names else ""
            return self.put(("its {}", "其{}"), text) if names else self.pick(("it", "其"))
        text = self.schema_title((*path, *names))
        if len(names) > 1:
            text += self.put((" ({})", "（{}）"), self.schema_title((*path, *names[:-1])))
        return self.put(_OWNERS.get(fact.root, ("{}", "{}")), text)

    def schema_title(self, path: Path) -> str:
        """Return the title of a fact for the middle of a sentence."""
        node = describe(path, self.bundle.schemas)
        if self.lang == "zh":
            return str(node.get("x-title-zh", path[-1]))
        title = str(node.get("title", path[-1]))
        return title if title[1:2].isupper() else title[0].lower() + title[1:]

    def quoted(self, value: Any, fact: Node | None = None, scope: Scope = _SCOPE) -> str:
        """Return a constant by its name in the vocabulary of the other operand."""
        if isinstance(value, bool | int | float):
            return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else number(value)
        if fact is not None and isinstance(fact.type, Day):
            return str(value)
        text = self.word(str(value), fact, scope) if isinstance(fact, Fact) else str(value)
        return self.put(("“{}”", "“{}”"), self.marks.text(text))

    def word(self, value: str, fact: Fact, scope: Scope) -> str:
        """Return the name of a word of a fact's vocabulary."""
        if (fact.root, *fact.names) == ("activity", "class") or fact.names[-1:] == ("classes",):
            schemas = self.bundle.schemas
            return label("class", value, schemas)[self.lang] if value in words("class", schemas) else value
        if fact.names[-1:] == ("instrument",) and value in self.bundle.instruments:
            return self.bundle.instruments[value].title[self.lang]
        if fact.names[-1:] == ("ftz",):
            return label("zone", value, self.bundle.schemas)[self.lang]
        path = scope.get(fact.root, ())
        if fact.names[-1:] and fact.names[-1] in _DERIVED:
            return label("place", value, self.bundle.schemas)[self.lang]
        if not path:
            return value
        schemas = self.bundle.schemas
        node, member = (describe((*path, *fact.names, *more), schemas) for more in ((), (0,)))
        names = node.get("x-enum") or member.get("x-enum", {})
        return str(names[value][self.lang]) if value in names else value

    # --- clauses

    def comparison(self, node: Compare, scope: Scope) -> str:
        """Word a comparison of two operands."""
        op, left, right = node.op, node.left, node.right
        if isinstance(left, Fact) and isinstance(right, Literal) and isinstance(right.value, bool):
            return self.flag(left, right.value == (op == "=="), scope)
        if isinstance(left, Fact) and left.names[-1:] == ("province",):
            form = (("{} lies in {}", "{}位于{}"), ("{} does not lie in {}", "{}不位于{}"))[op == "!="]
            if isinstance(right, Fact):
                same = right.names[-1:] == ("province",) and bool(scope.get(right.root, ()))
                form = (("{} lies in the same province as {}", "{}与{}在同一省份"), form)[op == "!=" or not same]
            return self.put(form, self.name(left, scope), self.value(right, left, scope))
        days = isinstance(left.type, Day) or isinstance(right.type, Day)
        form = (_COMPARE_DAYS if days and op in _COMPARE_DAYS else _COMPARE)[op]
        return self.put(form, self.name(left, scope), self.value(right, left, scope))

    def value(self, node: Node, beside: Node, scope: Scope) -> str:
        """Word the right side of a comparison, in the vocabulary of the left side (`beside`)."""
        if isinstance(node, Literal) and not isinstance(node.value, tuple):
            return self.quoted(node.value, beside, scope)
        return self.name(node, scope)

    def member(self, node: In, scope: Scope, holds: bool) -> str:
        """Membership in a list, or its denial."""
        item, over = node.item, node.list
        if isinstance(over, Fact) and over.names[-1:] == ("within",):
            form = ("{} lies in {}", "{}位于{}") if holds else ("{} does not lie in {}", "{}不位于{}")
            return self.put(form, self.name(over, scope), self.value(item, over, scope))
        if isinstance(over, Fact):
            form = ("{} include {}", "{}包括{}") if holds else ("{} do not include {}", "{}不包括{}")
            return self.put(form, self.name(over, scope), self.value(item, over, scope))
        form = ("{} is one of {}", "{}属于{}") if holds else ("{} is not one of {}", "{}不属于{}")
        if isinstance(over, Literal):
            options = self.pick((" or ", "或")).join(self.quoted(value, item, scope) for value in over.value)
            form = ("{} is {}", "{}为{}") if holds else ("{} is neither {}", "{}不是{}")
            return self.put(form, self.name(item, scope), options)
        return self.put(form, self.name(item, scope), self.name(over, scope))

    def quantifier(self, node: Quantifier, scope: Scope) -> str:
        """`exists` and `all`."""
        brief = self.brief(node, scope)
        if brief is not None:
            return brief
        over = node.list
        root = scope.get(over.root, ()) if isinstance(over, Fact) else ()
        path: Path = (*root, *over.names, 0) if isinstance(over, Fact) and root else ()
        inner = self.say(node.body, {**scope, node.variable: path})
        letter = "" if path else self.pick((" ", "")) + self.bracketed(node.variable)
        return self.put(_QUANTIFIERS[node.kind], self.name(over, scope), letter, inner)

    def brief(self, node: Quantifier, scope: Scope) -> str | None:
        """Word a quantifier over words briefly if its body tests only the bare word; return None otherwise."""
        over, body = node.list, node.body
        if not isinstance(over, Fact) or not scope.get(over.root, ()):
            return None
        subject, several = self.name(over, scope), node.kind == "all"
        match body:
            case Compare(op="==", left=Fact(root=root, names=()), right=Literal(value=str() as value)):
                if root == node.variable and not several:
                    return self.put(("{} include {}", "{}包括{}"), subject, self.quoted(value, over, scope))
            case In(item=Fact(root=root, names=()), list=Param() as param) if root == node.variable:
                form = _ALL_IN if several else _LIES_IN if over.names[-1:] == ("within",) else _SOME_IN
                return self.put(form, subject, self.name(param, scope))
            case Not(body=In(item=Fact(root=root, names=()), list=Param() as param)) if root == node.variable:
                return self.put(_NONE_IN if several else _SOME_OUT, subject, self.name(param, scope))
        return None
