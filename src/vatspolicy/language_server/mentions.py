"""Names in a file: terms, parameters, rules, articles, instruments, policies and facts, each with its place.

One reading serves hover, definitions, references and rename.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from vatspolicy.core.documents import Document, Path, split_path
from vatspolicy.core.policies.model import EFFECTS
from vatspolicy.language_server import expressions
from vatspolicy.language_server.kinds import SETTINGS

RULE, ARTICLE, INSTRUMENT, NEED, FACT = "rule", "article", "instrument", "need", "fact"
TERMS, PARAMETERS, POLICIES = "term", "parameter", "policy"
_DEEPEST = 16
"""Maximum number of parts in the name of a fact, more than any fact of a profile has."""


class Symbol(NamedTuple):
    """A symbol in files."""

    kind: str
    owner: str
    """Policy that defines it; empty for a global name."""
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

    def __init__(self, policy: str, data: Any, used: Iterable[tuple[str, Any]]) -> None:
        self.policy = policy
        used = tuple(used)
        self.uses = tuple(id for id, _ in used)
        self._data = data
        self._owners: dict[tuple[str, str], str] = {}
        for id, policy_data in ((policy, data), *used):
            for kind, key in ((TERMS, "terms"), (PARAMETERS, "parameters")):
                for name in _mapping(policy_data, key):
                    self._owners.setdefault((kind, name), id)

    def of(self, kind: str, name: str) -> Symbol:
        """Return the symbol of a term or a parameter."""
        return Symbol(kind, self._owners.get((kind, name), ""), name)


Names = Callable[[str], Owners]
"""The names that the policy of an id may use."""


def _mapping(data: Any, key: str) -> Mapping[str, Any]:
    """Return a part of a possibly faulty file; empty if it is not a mapping."""
    part = data.get(key) if isinstance(data, dict) else None
    return part if isinstance(part, dict) else {}


def find_mentions(kind: str, document: Document, owners: Owners, names: Names) -> Iterator[Mention]:
    """Yield every symbol in a file. `names`: the names of other policies, for properties.yaml."""
    scalars = {path: text for path, on_key, text in _texts(document.data, ()) if not on_key}
    for path, on_key, text in _texts(document.data, ()):
        yield from mentions_at(kind, path, on_key, text, scalars, owners, names)


def mentions_at(
    kind: str, path: Path, on_key: bool, text: str, scalars: Mapping[Path, str], owners: Owners, names: Names
) -> Iterator[Mention]:
    """Yield the symbols in the key or value at a path."""
    for symbol, defines in find_symbols(kind, path, on_key, text, owners):
        yield Mention(symbol, path, on_key, 0, len(text), defines)
    if on_key:
        return
    if expressions.find_subject(kind, path, scalars) is not None:
        yield from _of_expression(text, path, owners)
    elif kind == SETTINGS:
        yield from _of_accepted(path, text, scalars, names)
    elif expressions.is_message(kind, path) and "{" in text:
        for name in expressions.find_shown_facts(text):
            yield from _of_name(name, {}, path, owners)


def _of_expression(text: str, path: Path, owners: Owners) -> Iterator[Mention]:
    """Yield the symbols in an expression, considering the variables bound before each name."""
    bound: dict[str, tuple[str, ...]] = {}
    for name in expressions.find_names(text):
        yield from _of_name(name, bound, path, owners)
        if (binding := expressions.binding(text, name)) is not None:
            _end, variable, over = binding
            bound[variable] = over


def _of_name(
    name: expressions.Name, bound: Mapping[str, tuple[str, ...]], path: Path, owners: Owners
) -> Iterator[Mention]:
    """Yield the symbols of a chain of names: a term, a parameter, or the fact that each of its parts is."""
    if name.parts[0] in (expressions.TERM, expressions.PARAMETER):
        if len(name.parts) > 1:
            kind = TERMS if name.parts[0] == expressions.TERM else PARAMETERS
            yield Mention(owners.of(kind, name.parts[1]), path, False, name.starts[1], len(name.parts[1]))
        return
    for count, (start, part) in enumerate(zip(name.starts[:_DEEPEST], name.parts[:_DEEPEST], strict=True), 1):
        if count == 1 and part in bound:
            continue
        for fact in expressions.fact_paths(name.parts[:count], bound):
            yield Mention(fact_symbol(fact), path, False, start, len(part))


def fact_symbol(path: Path) -> Symbol:
    """Return the symbol of a fact, whose name has no indexes."""
    return Symbol(FACT, "", ".".join(step for step in path if isinstance(step, str)))


Found = Iterator[tuple[Symbol, bool]]


def find_symbols(kind: str, path: Path, on_key: bool, text: str, owners: Owners) -> Found:
    """Yield the symbol that a whole key or value is in a kind of file, and whether it defines it."""
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
        case "properties":
            yield from _in_settings(path, on_key, text)


def _in_policy(path: Path, on_key: bool, text: str, owners: Owners) -> Found:
    own = owners.policy
    match path:
        case (("terms" | "parameters" | "articles" | "instruments") as part, name) if on_key:
            kind = {"terms": TERMS, "parameters": PARAMETERS, "articles": ARTICLE, "instruments": INSTRUMENT}[part]
            yield Symbol(kind, "" if kind == INSTRUMENT else own, str(name)), True
        case ("verified", name) if on_key:
            yield Symbol(ARTICLE, own, str(name)), False
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
            yield fact_symbol(split_path(text)), False
        case ("cases", _, "unset", _) | ("cases", _, "rows", _, "unset", _) if not on_key:
            yield fact_symbol(split_path(text)), False


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
            yield fact_symbol(split_path(text)), False


def _in_layer(path: Path, on_key: bool, text: str) -> Found:
    match path:
        case ("may_loosen", _) if not on_key:
            yield _rule(text), False
        case ("enforce", str()) if on_key:
            yield _rule(text), False


def _in_settings(path: Path, on_key: bool, text: str) -> Found:
    """Yield the symbols in properties.yaml, except in the subject of an accepted finding."""
    match path:
        case _ if on_key:
            return
        case ("properties", _, "never", "rule"):
            yield _rule(text), False
        case ("properties", _, "cite", _) | ("properties", _, "cite"):
            policy, _slash, article = text.partition("/")
            yield Symbol(ARTICLE, policy, article), False
        case ("properties", _, "more_facts", "except", _):
            yield fact_symbol(split_path(text.replace(".*", ".0"))), False
        case ("properties", _, ("monotone" | "more_words"), "fact"):
            yield fact_symbol(split_path(text.replace(".*", ".0"))), False


def _of_accepted(path: Path, text: str, scalars: Mapping[Path, str], names: Names) -> Iterator[Mention]:
    """Yield the subject of an accepted finding of properties.yaml: a rule, a parameter or a term, or a second rule."""
    match path:
        case ("accepted", _, "about", int(place)):
            entry = path[:2]
        case _:
            return
    kind, head = scalars.get((*entry, "kind"), ""), scalars.get((*entry, "about", 0), "")
    own = names(head.partition("/")[0])
    if place == 0 and "/" in text:
        about = _subject_of(kind, own, text.partition("/")[2])
        start = 0 if about.kind == RULE else text.index("/") + 1
        yield Mention(about, path, False, start, len(text) - start)
    elif "/" in text:
        yield Mention(_rule(text), path, False, 0, len(text))


def _subject_of(kind: str, own: Owners, name: str) -> Symbol:
    if kind == "unused-parameter":
        return Symbol(PARAMETERS, own.policy, name)
    if kind == "unused-term":
        return Symbol(TERMS, own.policy, name)
    return Symbol(RULE, own.policy, name)


def _rule(name: str) -> Symbol:
    policy, _, rule = name.partition("/")
    return Symbol(RULE, policy, rule)


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
