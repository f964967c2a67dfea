"""Writer of waiver and baseline files, which are read again and compared."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from vatspolicy.core.documents import Document, load_document, parse_document
from vatspolicy.core.documents.plain import Fields
from vatspolicy.core.documents.yaml_edit import append_items
from vatspolicy.core.documents.yaml_writer import dump_yaml
from vatspolicy.core.engine.decision import Decision
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.profile import Profile
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.gate.waivers.apply import Place, waivable
from vatspolicy.gate.waivers.fingerprint import fingerprint
from vatspolicy.gate.waivers.load import Baseline, load_opinions, load_waivers
from vatspolicy.i18n import _


def entry_text(entry: Fields) -> str:
    """Return one entry of a file of waivers or granted opinions as a member of a YAML list."""
    return "".join(f"  {line}\n" for line in dump_yaml([entry]).splitlines())


def add_entries(path: Path, kind: str, entries: Sequence[Fields]) -> str:
    """Return the text of a file of waivers or granted opinions with entries added; comments and layout stay.

    `kind` is the name of its list: waivers or opinions.

    Raises:
        InvalidInput: The file is not valid, or its text cannot be added to.
    """
    if not path.exists():
        return dump_yaml({"schema": 1, kind: list(entries)})
    (load_waivers if kind == "waivers" else load_opinions)(path)
    document = load_document(path)
    text = append_items(document.text, (kind,), entries)
    wanted = {**document.data, kind: [*document.data[kind], *json.loads(json.dumps(list(entries)))]}
    if not _says(text, document, wanted):
        hint = _("Write `{kind}` as a YAML list, without anchors.", kind=kind)
        raise InvalidInput(
            [Problem(document.file, 1, 1, "", _("No entry can be added to the text of this file."), hint)]
        )
    return text


def _says(text: str, document: Document, wanted: Fields) -> bool:
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
    """Return a baseline, as YAML, of every waivable finding that is not waived (the places).

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
    findings = [
        {"product": product, "rule": rule, "fingerprint": mark, "since": day}
        for (product, rule, mark), day in sorted(found.items())
    ]
    return dump_yaml({"schema": 1, "written": today, "until": until, "findings": findings})
