"""The data of a comparison of two small projects, for tests of its reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.project_builder import compare, policy, project
from vatspolicy.core.documents import parse_document
from vatspolicy.core.documents.validation import validate

LAW = policy("law")
MILDER = LAW.replace("value: 50.0", "value: 70.0")


def complete_comparison(folder: Path) -> dict[str, Any]:
    """The data of a comparison that has something of every part."""
    head = MILDER.replace("when: term.is_foreign\n", "when: 'false'\n")
    log = "## 1.2.3\n\n- Old.\n"
    base = project(folder / "base", changelog=log)
    found = compare(base, project(folder / "head", {"law": head}, changelog=log), fail_on=["loosened", "version"])
    note = {"path": "note", "title": {"en": "Note", "zh": "备注"}, "value": {"en": "``` | <b>", "zh": "``` | <b>"}}
    witness = {
        "profile": {"schema": 2, "note": "``` | <b>"}, "facts": [note], "as_of": "2020-01-01",
        "since": "2020-01-01", "until": None, "before": {"decision": "deny", "range": ["deny", "deny"]},
        "after": {"decision": "allow", "range": ["allow", "allow"]}, "listed": [],
    }  # fmt: skip
    rule = found["decisions"]["rows"][0]["because"][0]
    told = {
        "since": "2020-01-01", "until": None, "verdict": "witness", "transitions": ["deny->allow"], "before": "deny",
        "after": "allow",
    }  # fmt: skip
    more: dict[str, Any] = {
        "since": None, "until": None, "verdict": "unknown", "transitions": [], "before": None, "after": None,
    }  # fmt: skip
    entry = {
        "before": "deny", "after": "allow", "verdict": "witness", "direction": "loosened", "reason": "", "accepted": [],
    }  # fmt: skip
    found["semantic"] = {
        "status": "evaluated",
        "engine": "z3",
        "period": {"first": "2020-01-01", "last": "2026-12-31", "proved": True},
        "transitions": [
            {**entry, "witness": witness},
            {**entry, "before": "allow", "after": "deny", "verdict": "proved-impossible", "witness": None},
            {**entry, "before": "incomplete", "after": "deny", "verdict": "unknown", "witness": None},
        ],
        "rules": [
            {
                **rule,
                **told,
                "witness": witness,
                "reason": "",
                "assumptions": [],
                "excluded": [],
                "seen_in": ["p60"],
                "accepted": [],
            },
            {
                **rule,
                **more,
                "rule": "law/tell",
                "witness": None,
                "reason": "No answer.",
                "assumptions": [],
                "excluded": [],
                "seen_in": [],
                "accepted": [],
            },
        ],
        "assumptions": [],
    }
    item = found["edits"][0]
    found["edits"] = [
        item | told | {"witness": witness, "direction": "loosened", "seen_in": ["p60"]},
        item | more | {"witness": None, "reason": "No answer.", "seen_in": []},
    ]
    assert validate(parse_document(json.dumps(found), "comparison.json"), "comparison") == []
    return found
