"""Writing waivers and baselines. What is written is read again, and must say what was meant."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vatspolicy.documents import Document, load_document, parse_document
from vatspolicy.engine.decision import Decision
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.gate.waivers.apply import Place, waivable
from vatspolicy.gate.waivers.fingerprint import fingerprint
from vatspolicy.gate.waivers.load import Baseline, load_waivers
from vatspolicy.policies.bundle import Bundle
from vatspolicy.profile.profile import Profile

_HEAD = "schema: 1\nwaivers:\n"


def entry_text(entry: Mapping[str, Any], indent: str = "  ") -> str:
    """One waiver (an item of waivers.schema.json) as YAML, its dash after `indent`."""
    lines = []
    for key, value in entry.items():
        if isinstance(value, Mapping):
            lines += [f"{key}:", *(f"  {inner}: {_scalar(text)}" for inner, text in value.items())]
        else:
            lines.append(f"{key}: {_scalar(value)}")
    return "".join(f"{indent}{'  ' if place else '- '}{line}\n" for place, line in enumerate(lines))


def add_waivers(path: Path, entries: Sequence[Mapping[str, Any]]) -> str:
    """The text of a file of waivers with entries added at its end; comments and layout stay.

    Raises InvalidInput for a file that is not valid, or that cannot be added to without writing it anew.
    """
    if not path.exists():
        return _HEAD + "".join(entry_text(entry) for entry in entries)
    load_waivers(path)
    document = load_document(path)
    old = document.data["waivers"]
    if old:
        line, _ = document.mark(("waivers", 0))
        source = document.source_line(line)
        indent = source[: len(source) - len(source.lstrip())]
        text = document.text if document.text.endswith("\n") else document.text + "\n"
    else:
        indent, text = "  ", document.text.rstrip()
        text = f"{text.removesuffix('[]').rstrip()}\n"
    text += "".join(entry_text(entry, indent) for entry in entries)
    wanted = {**document.data, "waivers": [*old, *json.loads(json.dumps(list(entries)))]}
    if not _says(text, document, wanted):
        hint = "Let `waivers` be its last key, with one entry below the other."
        raise InvalidInput([Problem(document.file, 1, 1, "", "Nothing can be added at the end of this file.", hint)])
    return text


def _says(text: str, document: Document, wanted: Any) -> bool:
    try:
        return bool(parse_document(text, document.file).data == wanted)
    except InvalidInput:
        return False


def baseline_text(
    bundle: Bundle,
    decided: Iterable[tuple[Profile, Decision, Iterable[Place]]],
    today: str,
    until: str,
    old: Baseline | None,
) -> str:
    """A baseline of every finding that may be set aside and is not waived (the places), as YAML.

    A finding that the old baseline holds keeps the day it was first recorded.
    """
    since = {(one.product, one.rule, one.fingerprint): one.since for one in (old.entries if old else ())}
    found: dict[tuple[str, str, str], str] = {}
    for profile, decision, waived in decided:
        places = set(waived)
        for place, finding in waivable(decision):
            if place not in places and not finding.rule.unwaivable:
                name = (
                    decision.product,
                    finding.rule.name,
                    fingerprint(bundle, profile, decision.as_of, finding),
                )
                found[name] = since.get(name, today)
    lines = ["schema: 1", f"written: '{today}'", f"until: '{until}'", "findings:" if found else "findings: []"]
    for (product, rule, mark), day in sorted(found.items()):
        lines += [f"  - product: {_scalar(product)}", f"    rule: {_scalar(rule)}"]
        lines += [f"    fingerprint: {_scalar(mark)}", f"    since: '{day}'"]
    return "\n".join(lines) + "\n"


def _scalar(text: str) -> str:
    """A text as a YAML scalar in double quotes, where every character of it has one reading."""
    return json.dumps(text, ensure_ascii=False)
