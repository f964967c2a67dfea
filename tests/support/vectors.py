"""Vectors of whole decisions: each shipped fixture on its day, whole and without one fact.

`python -m tests.support.vectors` writes them anew after a change of the law.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.support.shipped import ROOT, fixture_files, shipped_bundle
from tests.support.specs import TODAY
from vatspolicy.core.documents import Path, format_path, parse_document
from vatspolicy.core.engine.decision import Finding
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.edits import get_fact
from vatspolicy.core.profile.profile import load_profile, read_profile

FOLDER = ROOT / "tests" / "data" / "vectors"
PARTS = ("denials", "needs", "would_need", "met", "duties", "advice")
LEFT_OUT: tuple[Path, ...] = (("company", "foreign_percent"), ("services", 0, "offers"), ("services", 0, "facilities"))
"""Facts of which the first that a fixture states is left out in its second case, by turns."""


def decide(bundle: Bundle, name: str, data: Any, day: str) -> dict[str, Any]:
    """Return the vector of one profile on one day."""
    profile = read_profile(parse_document(json.dumps(data), "profile.json"), bundle.schemas)
    decision = evaluate(bundle, profile, day)
    found = {part: sorted(map(_finding, getattr(decision, part))) for part in PARTS}
    return {
        "name": name, "profile": data, "as_of": day, "decision": decision.decision, "range": list(decision.range),
        "findings": {part: findings for part, findings in found.items() if findings},
        "missing": [format_path(ask.path) for ask in decision.missing],
    }  # fmt: skip


def make(bundle: Bundle) -> str:
    """Return the file of decisions, one case on each line."""
    about = json.dumps({"version": bundle.version, "digest": bundle.digest})
    cases = ",\n".join(json.dumps(case, ensure_ascii=False) for case in _cases(bundle))
    return f'{{"schema": 1, "kind": "decisions", "bundle": {about}, "vectors": [\n{cases}\n]}}\n'


def _cases(bundle: Bundle) -> Iterator[dict[str, Any]]:
    for place, path in enumerate(fixture_files()):
        profile = load_profile(path)
        data, day = profile.document.data, profile.launch or TODAY
        yield decide(bundle, path.stem, data, day)
        turns = [LEFT_OUT[(place + turn) % len(LEFT_OUT)] for turn in range(len(LEFT_OUT))]
        fact = next((one for one in turns if get_fact(data, one) is not None), None)
        if fact is not None:
            yield decide(bundle, f"{path.stem} without {format_path(fact)}", _without(data, fact), day)


def _without(data: Any, path: Path) -> Any:
    """Return a copy of a profile without a fact, which it states."""
    copy = json.loads(json.dumps(data))
    del get_fact(copy, path[:-1])[path[-1]]
    return copy


def _finding(finding: Finding) -> str:
    return f"{finding.rule.name} {str(finding.subject) or '-'} {finding.state}"


if __name__ == "__main__":
    (FOLDER / "decisions.json").write_text(make(shipped_bundle()), encoding="utf-8")
