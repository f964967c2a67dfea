"""Readers of a fact as text, data, or a graph in the language of Graphviz."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence

from vatspolicy.authoring.fact_readers import RULE, TERM, FactReader
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.vocabulary import describe
from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.text import wrap
from vatspolicy.i18n.words import Counts, Table, aside, count, joint, word

_WORDS: Table = {
    "rule": Phrase("rule"),
    "term": Phrase("term"),
    "instrument": Phrase("instrument"),
    "parameters": Phrase("parameters: {names}"),
    "nobody": Phrase("No policy reads this fact."),
}
_COUNTS: Counts = {
    "clauses": (Phrase("{n} clause in {policies} reads it"), Phrase("{n} clauses in {policies} read it")),
    "policies": (Phrase("{n} policy"), Phrase("{n} policies")),
}


def render(
    form: str, bundle: Bundle, paths: Sequence[str], readers: Sequence[FactReader], lang: Language, room: int
) -> str:
    """Render the readers of a fact in one of the formats text, json and dot."""
    if form == "json":
        return json.dumps(_data(bundle, paths, readers), ensure_ascii=False, indent=2) + "\n"
    if form == "dot":
        return "".join(f"{line}\n" for line in _graph(paths, readers))
    return "".join(f"{line}\n" for line in _lines(bundle, paths, readers, lang, room))


def _title(bundle: Bundle, path: str) -> Mapping[str, str]:
    """Return the title of a fact in both languages; its path if the schema has none."""
    node = describe(_steps(bundle, path), bundle.schemas)
    title = str(node.get("title", path))
    return {"en": title, "zh": str(node.get("x-title-zh", title))}


def _steps(bundle: Bundle, path: str) -> tuple[str | int, ...]:
    """Return the path with an index for each list that it leads through."""
    steps: list[str | int] = []
    for name in path.split("."):
        steps.append(name)
        if "items" in describe(tuple(steps), bundle.schemas):
            steps.append(0)
    return tuple(steps[:-1]) if steps[-1] == 0 else tuple(steps)


def _lines(
    bundle: Bundle, paths: Sequence[str], readers: Sequence[FactReader], lang: Language, room: int
) -> Iterator[str]:
    for path in paths:
        yield from wrap(path + aside(_title(bundle, path)[lang], lang), room)
    if not readers:
        yield word(_WORDS, "nobody", lang)
        return
    policies = count(_COUNTS, "policies", len({reader.policy.id for reader in readers}), lang)
    yield count(_COUNTS, "clauses", len(readers), lang, policies=policies)
    colon = joint("colon", lang)
    for _, group in itertools.groupby(readers, key=lambda reader: reader.policy.id):
        members = list(group)
        policy = members[0].policy
        yield ""
        yield from wrap(policy.title[lang] + aside(policy.id, lang), room)
        for member in members:
            yield from wrap(
                f"{word(_WORDS, member.kind, lang)} {member.name}{aside(f'{policy.file}:{member.line}', lang)}",
                room,
                "    ",
                "  ",
            )
            yield from wrap(f"CEL{colon}{member.clause}", room, "      ", "    ")
            if member.parameters:
                names = joint("list", lang).join(member.parameters)
                yield from wrap(word(_WORDS, "parameters", lang, names=names), room, "      ", "    ")


def _data(bundle: Bundle, paths: Sequence[str], readers: Sequence[FactReader]) -> dict[str, object]:
    return {
        "schema": 1,
        "facts": [{"path": path, "title": _title(bundle, path)} for path in paths],
        "readers": [
            {
                "policy": reader.policy.id,
                "kind": reader.kind,
                "name": reader.name,
                "file": reader.policy.file,
                "line": reader.line,
                "clause": reader.clause,
                "parameters": list(reader.parameters),
                "term": reader.term or None,
            }
            for reader in readers
        ],
    }


def _graph(paths: Sequence[str], readers: Sequence[FactReader]) -> Iterator[str]:
    """Yield the lines of a graph: facts and parameters lead to terms, and all of them to rules, in a box a policy."""
    yield "digraph readers {"
    yield "  rankdir=LR;"
    yield '  node [fontname="sans-serif", fontsize=10];'
    fact = " / ".join(paths)
    yield f"  {_quote(fact)} [shape=ellipse, style=bold];"
    for _, group in itertools.groupby(readers, key=lambda reader: reader.policy.id):
        members = list(group)
        yield f"  subgraph {_quote(f'cluster_{members[0].policy.id}')} {{"
        yield f"    label={_quote(members[0].policy.id)};"
        for name, kind in dict.fromkeys((_node(member), member.kind) for member in members):
            shape = {RULE: "box", TERM: "hexagon"}.get(kind, "note")
            yield f"    {_quote(name)} [label={_quote(name.partition('/')[2])}, shape={shape}];"
        yield "  }"
    for key in dict.fromkeys(key for reader in readers for key in reader.parameters):
        yield f"  {_quote(f'param {key}')} [label={_quote(key)}, shape=ellipse, style=dashed];"
    edges = dict.fromkeys(
        edge
        for reader in readers
        for edge in (
            (f"term {reader.term}" if reader.term else fact, _node(reader)),
            *((f"param {key}", _node(reader)) for key in reader.parameters),
        )
    )
    for start, end in edges:
        yield f"  {_quote(start)} -> {_quote(end)};"
    yield "}"


def _node(reader: FactReader) -> str:
    """Return the name of a node: kind and policy/name, without the condition of a rule."""
    return f"{reader.kind} {reader.policy.id}/{reader.name.partition('/')[0]}"


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
