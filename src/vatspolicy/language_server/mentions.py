"""Names in a file: terms, parameters, rules, articles, instruments, policies and facts, each with its place.

One reading serves hover, definitions, references and rename.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from vatspolicy.documents import Document, Path
from vatspolicy.language_server.expressions import (
    PARAMETER,
    TERM,
    Name,
    fact_paths,
    find_bindings,
    find_names,
    find_shown_facts,
    find_subject,
    is_message,
)
from vatspolicy.policies.model import EFFECTS

RULE, ARTICLE, INSTRUMENT, NEED, FACT = "rule", "article", "instrument", "need", "fact"
TERMS, PARAMETERS, POLICIES = "term", "parameter", "policy"


class Symbol(NamedTuple):
    """Something that files name."""

    kind: str
    owner: str
    """Policy that defines it; empty for what has one name everywhere."""
    name: str


class Mention(NamedTuple):
    """A symbol at a place: in the key or the value at a path, from an offset on."""

    symbol: Symbol
    path: Path
    on_key: bool
    offset: int
    length: int
    defines: bool = False


class Owners:
    """The policies that define the terms and parameters that a policy may use."""

    def __init__(self, policy: str, data: Mapping[str, Any], used: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        self.policy = policy
        self.uses = tuple(id for id, _ in used)
        self._owners: dict[tuple[str, str], str] = {}
        for id, one in ((policy, data), *used):
            for kind, key in ((TERMS, "terms"), (PARAMETERS, "parameters")):
                for name in one.get(key) or ():
                    self._owners.setdefault((kind, name), id)

    def of(self, kind: str, name: str) -> Symbol:
        """Return the symbol of a term or a parameter."""
        return Symbol(kind, self._owners.get((kind, name), ""), name)


def find_mentions(kind: str, document: Document, owners: Owners) -> Iterator[Mention]:
    """Yield everything that a file names."""
    scalars = {path: text for path, on_key, text in _texts(document.data, ()) if not on_key}
    for path, on_key, text in _texts(document.data, ()):
        yield from mentions_at(kind, path, on_key, text, scalars, owners)


def mentions_at(
    kind: str, path: Path, on_key: bool, text: str, scalars: Mapping[Path, str], owners: Owners
) -> Iterator[Mention]:
    """Yield what the key or value at a path names."""
    for symbol, defines in _find(kind, path, on_key, text, owners):
        yield Mention(symbol, path, on_key, 0, len(text), defines)
    if on_key:
        return
    if find_subject(kind, path, scalars) is not None:
        yield from _of_expression(text, path, owners)
    elif is_message(kind, path) and "{" in text:
        for name in find_shown_facts(text):
            yield from _of_name(name, {}, path, owners)


def _of_expression(text: str, path: Path, owners: Owners) -> Iterator[Mention]:
    """Yield what an expression names, under the variables that are bound before each name."""
    coming = deque(find_bindings(text))
    bound: dict[str, tuple[str, ...]] = {}
    for name in find_names(text):
        while coming and coming[0][0] <= name.start:
            _end, variable, over = coming.popleft()
            bound[variable] = over
        yield from _of_name(name, bound, path, owners)


def _of_name(name: Name, bound: Mapping[str, tuple[str, ...]], path: Path, owners: Owners) -> Iterator[Mention]:
    """Yield the symbols of a chain of names: a term, a parameter, or the fact that each of its parts is."""
    starts = name.starts()
    if name.parts[0] in (TERM, PARAMETER):
        if len(name.parts) > 1:
            kind = TERMS if name.parts[0] == TERM else PARAMETERS
            yield Mention(owners.of(kind, name.parts[1]), path, False, starts[1], len(name.parts[1]))
        return
    for count, (start, part) in enumerate(zip(starts, name.parts, strict=True), 1):
        if count == 1 and part in bound:
            continue
        for fact in fact_paths(name.parts[:count], bound):
            yield Mention(fact_symbol(fact), path, False, start, len(part))


def fact_symbol(path: Path) -> Symbol:
    """Return the symbol of a fact, whose name has no indexes."""
    return Symbol(FACT, "", ".".join(step for step in path if isinstance(step, str)))


Found = Iterator[tuple[Symbol, bool]]


def _find(kind: str, path: Path, on_key: bool, text: str, owners: Owners) -> Found:
    match kind:
        case "policy":
            yield from _in_policy(path, on_key, text, owners)
        case "policy-tests":
            yield from _in_tests(path, on_key, text, owners)
        case "profile":
            yield from _in_profile(path, on_key)
        case "fixture":
            yield from _in_fixture(path, on_key, text)
        case "layer":
            yield from _in_layer(path, on_key, text)


def _in_policy(path: Path, on_key: bool, text: str, owners: Owners) -> Found:
    own = owners.policy
    match path:
        case (("terms" | "parameters" | "articles" | "instruments") as part, name) if on_key:
            kind = {"terms": TERMS, "parameters": PARAMETERS, "articles": ARTICLE, "instruments": INSTRUMENT}[part]
            yield Symbol(kind, "" if kind == INSTRUMENT else own, str(name)), True
        case _ if on_key:
            return
        case ("id",):
            yield Symbol(POLICIES, "", text), True
        case ("uses" | "supersedes", _):
            yield Symbol(POLICIES, "", text), False
        case ("rules", _, "id"):
            yield Symbol(RULE, own, text), True
        case ("rules", _, "overrides", "rule"):
            yield _rule(text), False
        case ("rules", _, effect, "instrument") if effect in EFFECTS:
            yield Symbol(INSTRUMENT, "", text), False
        case ("rules", _, "need", "through"):
            yield Symbol(NEED, "", text), True
        case ("rules", _, "route", "to"):
            yield Symbol(NEED, "", text), False
        case (*_, "cite") | (*_, "cite", int()):
            yield Symbol(ARTICLE, own, text), False


def _in_tests(path: Path, on_key: bool, text: str, owners: Owners) -> Found:
    match path:
        case ("base", *rest):
            yield from _in_profile(tuple(rest), on_key)
        case ("cases", _, "expect", _) | ("cases", _, "rows", _, "expect", _) if on_key:
            yield Symbol(RULE, owners.policy, text), False
        case ("cases", _, "authority", _) if on_key:
            yield Symbol(INSTRUMENT, "", text), False
        case ("cases", _, "set", _) | ("cases", _, "rows", _, "set", _) if on_key:
            yield fact_symbol(_steps(text)), False
        case ("cases", _, "unset", _) | ("cases", _, "rows", _, "unset", _) if not on_key:
            yield fact_symbol(_steps(text)), False


def _in_profile(path: Path, on_key: bool) -> Found:
    if on_key and path:
        yield fact_symbol(path), False


def _in_fixture(path: Path, on_key: bool, text: str) -> Found:
    match path:
        case ("decisions", _, "rules" | "advice", _) if not on_key:
            yield _rule(text), False
        case ("decisions", _, "duties" | "needs", _) if not on_key:
            yield Symbol(INSTRUMENT, "", text.partition(" ")[0]), False
        case ("decisions", _, "set", _) if on_key:
            yield fact_symbol(_steps(text)), False


def _in_layer(path: Path, on_key: bool, text: str) -> Found:
    match path:
        case ("may_loosen", _) if not on_key:
            yield _rule(text), False
        case ("enforce", str()) if on_key:
            yield _rule(text), False


def find_accepted_terms(data: Any, owners: Callable[[str], Owners]) -> Iterator[Mention]:
    """Yield the terms in the accepted findings of properties.yaml: `about: [policy/rule, term.name]`."""
    for index, entry in enumerate(data.get("accepted", ()) if isinstance(data, dict) else ()):
        about: Sequence[Any] = entry.get("about", ()) if isinstance(entry, dict) else ()
        for place, text in enumerate(about):
            if isinstance(text, str) and text.startswith(f"{TERM}."):
                name = text.removeprefix(f"{TERM}.")
                symbol = owners(str(about[0]).partition("/")[0]).of(TERMS, name)
                path: Path = ("accepted", index, "about", place)
                yield Mention(symbol, path, False, len(TERM) + 1, len(name))


def _rule(name: str) -> Symbol:
    policy, _, rule = name.partition("/")
    return Symbol(RULE, policy, rule)


def _steps(text: str) -> Path:
    return tuple(int(step) if step.isdigit() else step for step in text.split("."))


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, bool, str]]:
    """Yield every key and every text of data: path, whether it is a key, and the text itself."""
    if isinstance(value, dict):
        for key, child in value.items():
            yield (*path, key), True, key
            yield from _texts(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _texts(child, (*path, index))
    elif isinstance(value, str):
        yield path, False, value
