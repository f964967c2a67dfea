"""Source of generated Python: a function for each expression, term, conjunction, disjunction and quantifier.

A function takes the activation and the members that stand for the variables of the quantifiers around it. It returns a
value, or `Unknown` with the attributes that the interpreter would name. Functions with equal source are written once.
Of a policy's text, only constants of the tree reach the source, and those by `repr`.

The operands of comparisons and the like are read first, each into a name that is None where an attribute is missing.
`Python.missing` then says which of them those are; `Python.value` is the source of the result if there are none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

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
    SetTest,
    Size,
    Term,
    TextTest,
    in_quantifiers,
    unfold,
)
from vatspolicy.core.cel.scopes import free_facts, reads, variables_read
from vatspolicy.core.cel.types import ListOf, ObjectOf

Bound = Mapping[str, str]
"""Python names of the members for the variables of quantifiers."""


class PythonWriter:
    """Writer of functions. They find constants and parameters by the names in its tables."""

    def __init__(self) -> None:
        self.functions: dict[tuple[str, ...], str] = {}
        """Names of functions by their lines. The first line has the parameters."""
        self.values: dict[str, str] = {}
        self.sets: dict[str, str] = {}
        self.constants: dict[tuple[Any, ...], str] = {}
        self.patterns: dict[str, str] = {}
        self.indexes: dict[tuple[str, str], str] = {}
        self.unknowns: dict[tuple[str, tuple[str, ...]], str] = {}
        """Results of expressions that lack one attribute of the activation."""
        self.members: dict[tuple[str, tuple[str, ...]], str] = {}
        """Makers of such results for an attribute of a member of a list."""

    @property
    def source(self) -> str:
        """The source of all functions."""
        lines = (
            line
            for (parameters, *body), name in self.functions.items()
            for line in (f"def {name}({parameters}):", *body)
        )
        return "\n".join(lines) + "\n"

    def write(self, node: Node, bound: Bound | None = None) -> str:
        """Write the function of a node, and return its name."""
        return self.add(_Function(self, bound or {}).write(node))

    def call(self, node: Node, bound: Bound) -> str:
        """Write the function of a node, and return the source of a call."""
        function = _Function(self, bound)
        name = self.add(function.write(node))
        return f"{name}({function.parameters})"

    def add(self, lines: Sequence[str]) -> str:
        """Return the name of the function with these lines."""
        return self.functions.setdefault(tuple(lines), f"f{len(self.functions)}")

    def param(self, key: str) -> str:
        """Return the name of a parameter."""
        return self.values.setdefault(key, f"p{len(self.values)}")

    def set_of(self, over: Node) -> str | None:
        """Return the name of the frozenset of a list of scalars that depends on no fact; None for any other list."""
        match over:
            case Param(key=key, type=ListOf(item=item)) if not isinstance(item, ObjectOf):
                return self.sets.setdefault(key, f"s{len(self.sets)}")
            case Literal(value=tuple() as values):
                return self.constants.setdefault(values, f"c{len(self.constants)}")
        return None

    def unknown(self, fact: Fact, bound: Bound) -> str:
        """Return the source of the result where a fact is missing."""
        key = (fact.root, fact.names)
        if fact.root in bound:
            return f"{self.members.setdefault(key, f'm{len(self.members)}')}({bound[fact.root]})"
        return self.unknowns.setdefault(key, f"k{len(self.unknowns)}")


class _Operand(NamedTuple):
    """An operand that may be unknown: a name that is None then, and the source of the unknown result."""

    name: str
    unknown: str


class _Python(NamedTuple):
    """A value, and the operands without which it is unknown."""

    value: str
    operands: tuple[_Operand, ...]

    @property
    def missing(self) -> str:
        """Source of the test whether an operand is unknown; empty if none can be."""
        return " or ".join(f"{operand.name} is None" for operand in self.operands)

    @property
    def unknown(self) -> str:
        """Source of the unknown result."""
        if len(self.operands) == 1:
            return self.operands[0].unknown
        pairs = ", ".join(f"({operand.name}, {operand.unknown})" for operand in self.operands)
        return f"combine({pairs})"


class _Function:
    """The lines of one function."""

    def __init__(self, writer: PythonWriter, bound: Bound) -> None:
        self.writer, self.bound = writer, bound
        self.lines: list[str] = []
        self.indent = " "
        self.read: dict[tuple[str, ...], str] = {}
        """Names of the facts, and of their roots, that were read before."""
        self.names = 0
        self.used: set[str] = set()
        """Names of the members that the function takes."""

    @property
    def parameters(self) -> str:
        """The parameters, or the arguments of a call."""
        return ", ".join(("v", *sorted(self.used)))

    def write(self, node: Node) -> list[str]:
        """Return the parameters and the lines for a node."""
        self.bound, node = _bound_inside(node, self.bound), unfold(node)
        self.used = {self.bound[name] for name in variables_read(node, frozenset(self.bound))}
        python = self.python(node)
        if python is not None:
            if python.missing:
                self.line(f"if {python.missing}: return {python.unknown}")
            self.line(f"return {python.value}")
        elif isinstance(node, And | Or):
            self.junction(node)
        else:
            assert isinstance(node, Quantifier)
            self.quantifier(node)
        return [self.parameters, *self.lines]

    def line(self, text: str) -> None:
        self.lines.append(self.indent + text)

    def name(self) -> str:
        self.names += 1
        return f"t{self.names}"

    # --- operands

    def python(self, node: Node) -> _Python | None:
        """Read the operands of a node and return its value; None for a junction, or a quantifier with a loop."""
        operands: dict[_Operand, None] = {}
        if isinstance(node, And | Or) or (isinstance(node, Quantifier) and self.membership(node) is None):
            return None
        return _Python(self.value(node, operands), tuple(operands))

    def value(self, node: Node, operands: dict[_Operand, None]) -> str:
        """Return the source of a value and note its operands, after lines that read them."""
        match node:
            case Literal(value=value):
                return repr(value)
            case Param(key=key):
                return self.writer.param(key)
            case Fact():
                return self.fact(node, operands)
            case Term() | Not():
                return self.negation(node, operands)
            case Compare(op=op, left=left, right=right) | Arithmetic(op=op, left=left, right=right):
                return f"({self.value(left, operands)} {op} {self.value(right, operands)})"
            case In(item=item, list=over):
                return f"({self.value(item, operands)} in {self.writer.set_of(over) or self.value(over, operands)})"
            case Size(list=over):
                return f"len({self.value(over, operands)})"
            case TextTest(kind=kind, text=text, pattern=pattern):
                return self.text_test(kind, self.value(text, operands), pattern)
            case SetTest():
                return self.value(in_quantifiers(node), operands)
            case Quantifier() if (index := self.membership(node)) is not None:
                members = self.value(node.list, operands)
                if node.kind == "exists":
                    return f"(not {index}.isdisjoint({members}))"
                return f"{index}.issuperset({members})"
        return self.truth(node, operands)

    def negation(self, node: Node, operands: dict[_Operand, None]) -> str:
        if isinstance(node, Not):
            return f"(not {self.value(node.body, operands)})"
        outer, self.bound = self.bound, {}  # a term does not see bound variables
        value = self.value(unfold(node), operands)
        self.bound = outer
        return value

    def truth(self, node: Node, operands: dict[_Operand, None]) -> str:
        """Return the name of the truth value of a junction or quantifier nested in another operand."""
        name, unknown = self.name(), self.name()
        self.line(f"{name} = {unknown} = {self.writer.call(node, self.bound)}")
        self.line(f"if {name} is not True and {name} is not False: {name} = None")
        operands[_Operand(name, unknown)] = None
        return name

    def fact(self, fact: Fact, operands: dict[_Operand, None]) -> str:
        """Return the name of a fact, after the lines that read it."""
        root, names = fact.root, fact.names
        member = self.bound.get(root)
        if member is not None and not names:
            return member
        key = (member or "", root, *names)
        variable = self.read.get(key)
        if variable is None:
            variable = self.read[key] = self.name()
            owner = member or (self.root(root) if names else "v")
            steps = names or (root,)
            path = "".join(f".get({step!r}, nothing)" for step in steps[:-1])
            self.line(f"{variable} = {owner}{path}.get({steps[-1]!r})")
        operands[_Operand(variable, self.writer.unknown(fact, self.bound))] = None
        return variable

    def root(self, root: str) -> str:
        """Return the name of an object of the activation; it is empty if the object is missing."""
        variable = self.read.get(("", root, ""))
        if variable is None:
            variable = self.read["", root, ""] = self.name()
            self.line(f"{variable} = v.get({root!r}, nothing)")
        return variable

    def text_test(self, kind: str, text: str, pattern: str) -> str:
        match kind:
            case "startsWith" | "endsWith":
                return f"{text}.{kind.lower()}({pattern!r})"
            case "contains":
                return f"({pattern!r} in {text})"
        name = self.writer.patterns.setdefault(pattern, f"r{len(self.writer.patterns)}")
        return f"({name}({text}) is not None)"

    def membership(self, node: Quantifier) -> str | None:
        """Return the set that must contain some or all members, if the body tests nothing else."""
        match node.body:
            case In(item=Fact(root=root, names=()), list=among) if root == node.variable:
                return self.writer.set_of(among)
        return None

    # --- truth values

    def test(self, node: Node, stop: bool, then: str, note: Callable[[str], str]) -> None:
        """Write the statement `then` for a value of `stop`, and a note of the result for an unknown one."""
        body, positive = _without_not(node)
        outer = self.bound
        if isinstance(node, Term) or body is not node:
            self.bound = _bound_inside(node, self.bound)
        python = self.python(body)
        if python is not None:
            test = python.value if stop is positive else f"not {python.value}"
            if python.missing:
                self.line(f"if {python.missing}: {note(python.unknown)}")
                self.line(f"elif {test}: {then}")
            else:
                self.line(f"if {test}: {then}")
        else:
            name = self.name()
            self.line(f"{name} = {self.writer.call(body, self.bound)}")
            self.line(f"if {name} is {stop is positive}: {then}")
            self.line(f"elif {name} is not {stop is not positive}: {note(name)}")
        self.bound = outer

    def junction(self, node: And | Or) -> None:
        """Write a conjunction, which returns the first unknown operand, or a disjunction, which joins all of them."""
        stop = isinstance(node, Or)
        self.line("u = None")
        for part in node.parts:
            self.test(part, stop, f"return {stop}", _join if stop else _keep_first)
        self.line(f"return u or {not stop}")

    def quantifier(self, node: Quantifier) -> None:
        """Write a loop over the members; for a constant list, over the candidates that can decide.

        Facts that are not those of a member are read before.
        """
        stop = node.kind == "exists"
        operands: dict[_Operand, None] = {}
        members = self.value(node.list, operands)
        for operand in operands:
            self.line(f"if {operand.name} is None: return {operand.unknown}")
        member = f"x{len(self.bound)}"
        inner = {**self.bound, node.variable: member}
        for fact in self.facts_of_body(node):
            self.fact(fact, {})
        candidates = self.candidates(node, members) if stop else None
        if candidates is not None:
            self.loop(node.body, f"for {member} in {candidates}:", inner, stop, lambda unknown: "break")
            self.line("else: return False")
        self.line("u = None")
        self.loop(node.body, f"for {member} in {members}:", inner, stop, _join)
        self.line(f"return u or {not stop}")

    def facts_of_body(self, node: Quantifier) -> Iterable[Fact]:
        """Return the facts of the activation that the loop itself reads."""
        body, _ = _without_not(node.body)
        if isinstance(body, And | Or) or (isinstance(body, Quantifier) and self.membership(body) is None):
            return ()
        return free_facts(node.body, frozenset({*self.bound, node.variable}))

    def loop(self, body: Node, head: str, bound: Bound, stop: bool, note: Callable[[str], str]) -> None:
        self.line(head)
        outer, read = self.bound, dict(self.read)
        self.bound, self.indent = bound, self.indent + " "
        self.test(body, stop, f"return {stop}", note)
        self.bound, self.indent, self.read = outer, self.indent[:-1], read

    def candidates(self, node: Quantifier, members: str) -> str | None:
        """Return the source of the members of a constant list that one operand of the body selects; None if none does.

        If an operand is unknown, these are all members. No other member decides, if none of these does.
        """
        over, variable = node.list, node.variable
        if not isinstance(over, Param):
            return None
        for part in node.body.parts if isinstance(node.body, And) else (node.body,):
            match part:
                case Compare(
                    op="==", left=Fact(root=root, names=(field,)), right=Fact() | Literal() | Param() as wanted
                ) if root == variable and not reads(wanted, variable):
                    operands: dict[_Operand, None] = {}
                    value = self.value(wanted, operands)
                    indexes = self.writer.indexes
                    index = indexes.setdefault((over.key, field), f"i{len(indexes)}")
                    matching = f"{index}[{value}]"
                    return f"{members} if {value} is None else {matching}" if operands else matching
                case In(item=Fact(root=root, names=()), list=Fact() as among) if root == variable:
                    if not reads(among, variable):
                        value = self.value(among, {})
                        return f"{members} if {value} is None else {self.writer.set_of(over)}.intersection({value})"
                case Quantifier(kind="all", variable=inner, list=Fact() as among, body=Or(parts=parts)) if (
                    part is node.body
                ):
                    said = _field_that_is(variable, inner, parts)
                    if said and not reads(among, variable):
                        operands = {}
                        value = self.value(among, operands)
                        for operand in operands:  # then each member needs only this list
                            self.line(f"if {value} is None: return {operand.unknown} if {members} else False")
                        return f"named({members}, {value}, {said!r})"
        return None


def _keep_first(unknown: str) -> str:
    return f"u = u or {unknown}"


def _join(unknown: str) -> str:
    return f"u = join(u, {unknown})"


def _without_not(node: Node) -> tuple[Node, bool]:
    """Return the node below negations and terms, and True if it has the truth value of the outer one."""
    positive = True
    while isinstance(node, Not | Term):
        positive ^= isinstance(node, Not)
        node = node.body
    return unfold(node), positive


def _bound_inside(node: Node, bound: Bound) -> Bound:
    """Return the variables that are bound below the negations and terms of a node: a term sees none."""
    while isinstance(node, Not | Term):
        if isinstance(node, Term):
            return {}
        node = node.body
    return bound


def _field_that_is(variable: str, inner: str, parts: Iterable[Node]) -> str | None:
    """Return the field that one operand equates with a variable which no other operand reads, if there is one."""
    index_field = None
    for part in parts:
        match part:
            case Compare(op="==", left=Fact(root=root, names=(field,)), right=Fact(root=compared, names=())) if (
                root == inner and compared == variable and index_field is None
            ):
                index_field = field
            case _ if reads(part, variable):
                return None
    return index_field
