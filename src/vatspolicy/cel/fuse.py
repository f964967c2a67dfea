"""A sieve as one Python function, generated for the facts and the parts that its conjunctions ask.

What `Sieve` does step by step, without its loops: a field is read once, whoever asks it. To compile it takes as long as
some hundred decisions save by it, so that a sieve is fused when it has been asked often enough.

Nothing of a policy's text reaches the generated source except names of variables and fields, and those by `repr`.
"""

from __future__ import annotations

import operator
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vatspolicy.cel.activation import Activation
from vatspolicy.cel.answers import Words
from vatspolicy.cel.conjunct import Path
from vatspolicy.cel.interpreter import Env

if TYPE_CHECKING:
    from vatspolicy.cel.sieve import Field, Objects, Owner, Sieve, Whole

Found = tuple[int, int]
"""The conjunctions that are not false, and those of them that are unknown, as bits."""


def fuse(sieve: Sieve, sample: Env) -> Callable[[Env], Found]:
    """The function that finds what the sieve does, quickest where what `sample` has is not missing."""
    source, names = write(sieve, sample)
    scope: dict[str, Any] = {
        "Activation": Activation,
        "cut": bisect_right,
        "type": type,
        "len": len,
        "dict": dict,
        "tuple": tuple,
        "none": {},
    }
    scope |= {"KeyError": KeyError} | names
    exec(compile(source, "<fused>", "exec"), scope)
    found: Callable[[Env], Found] = scope["find"]
    return found


def write(sieve: Sieve, sample: Env) -> tuple[str, dict[str, Any]]:
    """The source of the function, and what its names c0, c1 … stand for."""
    writer = _Writer()
    return "\n".join(writer.function(sieve, sample)), {"__builtins__": {}, **writer.names}


class _Writer:
    """Writes a sieve, and those of the objects of lists within it, each with names of its own by its depth."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {}

    def name(self, value: Any) -> str:
        """A name for a value that is not to stand in the source."""
        name = f"c{len(self.names)}"
        self.names[name] = value
        return name

    def root(self, name: str, depth: int) -> str:
        """The name of a variable: within lists it may be one that a policy gave."""
        return self.name(name) if depth else repr(name)

    def function(self, sieve: Sieve, sample: Env) -> Iterator[str]:
        own = max((level for _, level, _ in sieve.stages), default=0)
        yield "def find(v):"
        yield " k0, k1, k2 = v.known if type(v) is Activation else ({}, {}, {})"
        yield " t = u = 0"
        for key, level, owners in sieve.stages:
            lines = (line for owner in owners for line in self.owner("v", owner, 0, sample))
            yield from indented(self.shared(f"k{level}", self.name(key), lines) if level < own else lines)
        yield from indented(self.left(sieve, 0))
        for part in sieve.whole:
            yield from indented(self.whole(part, 0, f"k{part.level}" if part.level < own else ""))
        yield " return left, unknown & left"

    def shared(self, known: str, key: str, lines: Iterable[str]) -> Iterator[str]:
        """What the variables of one level tell, kept with them: several subjects share them."""
        yield f"found = {known}.get({key})"
        yield "if found is None:"
        yield " was, t, lacked, u = t, 0, u, 0"
        yield from indented(lines)
        yield f" found = {known}[{key}] = t, u"
        yield " t, u = was, lacked"
        yield "t |= found[0]"
        yield "u |= found[1]"

    def owner(self, variables: str, owner: Owner, depth: int, sample: Any, variable: str = "") -> Iterator[str]:
        """What the fields of one object tell: added to t and u. `variable` is what the object of a list is called."""
        path, asking, fields = owner
        o = _own("o", depth)
        is_member = path[:1] == (variable,)
        if is_member:
            yield f"{o} = {_own('one', depth)}"
        else:
            yield f"{o} = {variables}.get({self.root(path[0], depth)})" if path else f"{o} = {variables}"
        yield from (f"if {o} is not None: {o} = {o}.get({name!r})" for name in path[1:])
        if is_member and len(path) == 1:  # which is there, being in the list
            yield "if True:"
        else:
            yield f"if {o} is None: {_own('u', depth)} |= {self.name(asking)}"
            yield "else:"
        for name in path:
            sample = sample.get(name) or {}
        given = [field for field in fields if field.name in sample]
        if len(given) > 1:  # all at once, as long as none of them is missing
            names = [_own(f"x{place}_", depth) for place in range(len(given))]
            yield f" try: {', '.join(names)} = {self.name(operator.itemgetter(*(f.name for f in given)))}({o})"
            yield " except KeyError:"
            yield from indented(indented(self.each(given, depth, sample)))
            yield " else:"
            yield from indented(indented(self.all(dict(zip(names, given, strict=True)), depth, sample)))
            fields = [field for field in fields if field.name not in sample]
        yield from indented(self.each(fields, depth, sample))
        yield " pass"

    def each(self, fields: Iterable[Field], depth: int, sample: Env) -> Iterator[str]:
        """What fields tell, one by one."""
        for field in fields:
            yield f"x = {_own('o', depth)}.get({field.name!r})"
            yield f"if x is None: {_own('u', depth)} |= {self.name(field.asking)}"
            yield "else:"
            yield from indented(self.all({"x": field}, depth, sample))

    def all(self, fields: Mapping[str, Field], depth: int, sample: Env) -> Iterator[str]:
        """What fields tell that are not missing, by the names of their values."""
        t, values, learned = _own("t", depth), [], []
        for x, field in fields.items():
            if field.word is not None:
                known, learn = self.table(field.word)
                values.append(f"{known}[{x}]")
                learned.append(f"{learn}({x})")
            if field.number is not None:
                number = f"len({x})" if field.is_sized else x
                bits = list(field.number)  # which reads itself faster than a list of a class of its own
                values.append(f"{self.name(bits)}[cut({self.name(field.number.cuts)}, {number})]")
        if values:
            yield from learning([f"{t} |= {' | '.join(values)}"], learned)
        for x, field in fields.items():
            if field.objects is not None:
                yield from self.objects(field.objects, x, depth, next(iter(sample.get(field.name) or ()), {}))
            if field.members is not None or field.broken is not None:
                yield from self.members(field, x, depth)

    def table(self, words: Words) -> tuple[str, str]:
        """The names of a plain dictionary of what words tell, and of what adds a word to it that it does not have."""
        known = dict(words)

        def learn(*asked: Any) -> None:
            for word in asked:
                known[word] = words[word]

        return self.name(known), self.name(learn)

    def members(self, field: Field, x: str, depth: int) -> Iterator[str]:
        """What the words of a list tell."""
        t, b = _own("t", depth), _own("b", depth)
        each, learned = [], []
        for bits, words in ((b, field.broken), (t, field.members)):
            if words is not None:
                known, learn = self.table(words)
                each.append(f"{bits} |= {known}[m]")
                learned.append(f"{learn}(*{x})")
        if field.broken is not None:
            yield f"{b} = 0"
        yield from learning([f"for m in {x}: {'; '.join(each)}"], learned)
        if field.broken is not None:
            yield f"{t} |= {self.name(field.every)} & ~{b}"

    def objects(self, objects: Objects, x: str, depth: int, sample: Env) -> Iterator[str]:
        """What the objects of a list tell."""
        inner, variable = depth + 1, objects.variable
        one, env, holding, maybe = (_own(name, inner) for name in ("one", "v", "holding", "maybe"))
        owners = [owner for _, _, owners in objects.sieve.stages for owner in owners]
        yield f"{holding} = {maybe} = 0"
        needs_variables = bool(objects.sieve.whole) or any(path[:1] != (variable,) for path, _, _ in owners)
        if needs_variables or any(field.objects for _, _, fields in owners for field in fields):
            yield f"if {x}: {env} = dict({_own('v', depth)})"
            yield f"for {one} in {x}:"
            yield f" {env}[{self.name(variable)}] = {one}"
        else:
            yield f"for {one} in {x}:"
        left, unknown = _own("left", inner), _own("unknown", inner)
        yield f" {_own('t', inner)} = {_own('u', inner)} = 0"
        for owner in owners:
            yield from indented(self.owner(env, owner, inner, {variable: sample}, variable))
        found = [f"{holding} |= {left} & ~{unknown}", f"{maybe} |= {left} & {unknown}"]
        if objects.sieve.whole:
            yield from indented(self.left(objects.sieve, inner))
            for part in objects.sieve.whole:
                yield from indented(self.whole(part, inner, ""))
            yield from indented(found)
        else:  # where nothing is missing, what is left holds
            yield from indented(self.left(objects.sieve, inner, found, [f"{holding} |= {left}"]))
        kept, find = self.name(objects.told.kept.get), self.name(objects.told.find)
        yield f"h, l = {kept}(({holding}, {maybe})) or {find}(({holding}, {maybe}))"
        yield f"{_own('t', depth)} |= h"
        yield f"{_own('u', depth)} |= l"

    def left(
        self, sieve: Sieve, depth: int, then: Sequence[str] = (), known: Sequence[str] | None = None
    ) -> Iterator[str]:
        """The conjunctions that are left, and those that are unknown, by what was told; `then` what is done with them.

        `known`: what is done where none is unknown, without the name for those.
        """
        t, u, left, unknown = (_own(name, depth) for name in ("t", "u", "left", "unknown"))
        everything, parts = self.name(sieve.all), self.name(sieve.parts)
        shifts = range(sieve.width, sieve.parts.bit_length(), sieve.width) if sieve.parts else ()
        folds = [f" | {{0}} >> {shift}" for shift in shifts]
        rest = f" {left} = {everything} & ~(no" + "".join(folds).format("no") + ")"
        yield f"if {u}:"
        yield f" no = {parts} & ~{t}"
        yield f" {unknown} = {u} & ({everything} | no)"
        yield f" no = {t} & {everything} | no & ~{u}"
        if folds:
            yield f" {unknown} |= " + "".join(folds).format(unknown)[3:]
        yield rest
        yield from indented(then)
        yield "else:"
        yield f" no = {t} ^ {parts}"
        yield rest
        yield from indented([f"{unknown} = 0", *then] if known is None else known)

    def whole(self, part: Whole, depth: int, known: str) -> Iterator[str]:
        """What one part rules out that is asked in full; the answer is kept in `known`, if anywhere."""
        left, unknown, asking = _own("left", depth), _own("unknown", depth), self.name(part.asking)
        yield f"if {left} & {asking}:"
        yield from indented(self.answer(part, depth, known))
        yield f" if x is not {part.want}:"
        yield f"  if x is {not part.want}: {left} &= ~{asking}"
        yield f"  else: {unknown} |= {asking}"

    def answer(self, part: Whole, depth: int, known: str) -> Iterator[str]:
        """Has `x` be the answer of a part."""
        function, v = self.name(part.function), _own("v", depth)
        if known:
            yield f"x = {known}.get({function})"
            yield "if x is None:"
            yield from indented(self.answer(part, depth, ""))
            yield f" {known}[{function}] = x"
        elif part.words:
            yield from self.key(part.words, depth)
            yield f"x = {self.name(part.kept.get)}(key)"
            yield f"if x is None: x = {self.name(part.find)}({v}, key)"
        else:
            yield f"try: x = {function}({v})"
            yield f"except KeyError: x = {self.name(part.exact)}({v})"

    def key(self, words: Iterable[tuple[Path, tuple[str, ...] | None]], depth: int) -> Iterator[str]:
        """Has `key` be the words that a part reads."""
        parts = []
        for number, (path, fields) in enumerate(words):
            word = f"{_own('v', depth)}.get({self.root(path[0], depth)})"
            for name in path[1:]:
                word = f"({word} or none).get({name!r})"
            if fields is not None:
                own = f"w{number}"
                members = own
                if fields:
                    read = ", ".join(f"m.get({name!r})" for name in fields)
                    members = f"[({read},) for m in {own}]"
                yield f"{own} = {word}"
                word = f"None if {own} is None else tuple({members})"
            parts.append(word)
        yield f"key = ({', '.join(parts)},)"


def _own(name: str, depth: int) -> str:
    """The name that a sieve uses, which those within it do not."""
    return f"{name}{depth}" if depth else name


def learning(lines: Sequence[str], learned: Sequence[str]) -> Iterator[str]:
    """Lines that look words up, and what is done where one of them is not known yet."""
    if not learned:
        yield from lines
        return
    yield "try:"
    yield from indented(lines)
    yield "except KeyError:"
    yield from indented([*learned, *lines])


def indented(lines: Iterable[str]) -> Iterator[str]:
    """Lines one level deeper."""
    return (f" {line}" for line in lines)
