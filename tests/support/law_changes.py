"""Real changes of law, replayed: the policies as they were without what a day brought, against the policies as they are.

`python -m tests.support.law_changes` writes the beginning of each report into docs/law-changes.md.
"""

from __future__ import annotations

import functools
import json
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.comparisons import compare_revisions, render
from tests.support.shipped import ROOT, fixture_file, policy_files
from vatspolicy.authoring.diff.review import ComparisonSettings
from vatspolicy.authoring.diff.sources import Source, read_source
from vatspolicy.core.documents import load_document

PAGE = ROOT / "docs/law-changes.md"


@dataclass(frozen=True)
class Replay:
    """One change of law."""

    name: str
    today: str
    """The day on which it is reviewed."""
    day: str
    """The day from which the law changed."""
    policies: tuple[str, ...]
    """Files that it touched."""
    fixtures: tuple[str, ...]
    """The products that are decided, so that other fixtures do not change the page."""
    left_out: tuple[str, ...] = ()
    """Later law that builds on the change."""


REPLAYS = (
    Replay("pilot", "2024-10-21", "2024-10-23", ("vats-pilot-2024",), ("cloud-hosting-beijing", "hosting-xuhui-lingang", "cloud-chengdu")),
    Replay("negative-list", "2024-09-09", "2024-11-01", ("negative-list-general",), ("cloud-hosting-beijing", "news-app-beijing")),
    Replay("services-opening", "2025-04-10", "2025-04-11", ("services-opening-pilot",), ("app-store-hangzhou", "ip-vpn", "isp-tianjin-ftz")),
    Replay(
        "export",
        "2024-03-21",
        "2024-03-22",
        ("cross-border-data-provisions", "data-export-assessment", "ftz-data-lists", "pipl", "standard-contract"),
        ("hotel-export", "important-data"),
        left_out=("export-certification", "export-filing-guide-2025"),
    ),
)  # fmt: skip


@functools.cache
def replay(change: Replay) -> dict[str, Any]:
    """The comparison of the law without the change and with it."""
    with tempfile.TemporaryDirectory() as folder:
        return _replay(change, Path(folder))


def _replay(change: Replay, folder: Path) -> dict[str, Any]:
    gone = set()
    for path in policy_files():
        if path.stem in change.left_out:
            continue
        now = path.read_text(encoding="utf-8")
        was = without(load_document(path).data, change.day) if path.stem in change.policies else now
        write(folder / "after/policies" / path.name, now)
        if was is None:
            gone.add(path.stem)
        else:
            write(folder / "before/policies" / path.name, was)
    for path in (folder / "before/policies").glob("*.yaml"):
        data = load_document(path).data
        if gone & {*data.get("uses", ()), *data.get("supersedes", ())}:
            data |= {key: [id for id in data.get(key, ()) if id not in gone] for key in ("uses", "supersedes")}
            write(path, json.dumps(data, ensure_ascii=False))
    for name, version in (("before", "1.4.0"), ("after", "1.5.0")):
        write(folder / name / "policies/bundle.yaml", f"version: {version}\ncovers: {{from: '2015-01-01'}}\n")
        write(folder / name / "CHANGELOG.md", f"## {version}\n\n- From {change.day}: {change.name}.\n")
    for fixture in change.fixtures:
        for path in (fixture_file(fixture), fixture_file(f"{fixture}.expect")):
            write(folder / "after/fixtures" / path.name, path.read_text(encoding="utf-8"))
    base, head = named(read_source("before", folder), "main"), named(read_source("after", folder), "change")
    settings = ComparisonSettings(change.today, workers=2)
    return compare_revisions(base, head, settings)


def write(path: Path, text: str) -> None:
    """A file, with the folders that it stands in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def named(source: Source, name: str) -> Source:
    """The state under the name that it would have in a pull request."""
    return Source(name, None, source.policies, source.schemas, source.fixtures, source.changelog)


def without(data: dict[str, Any], day: str) -> str | None:
    """A policy without what came into force, or went out of it, on a day; None when nothing is left."""
    if data["effective"]["from"] == day:
        return None
    for entry in (data["effective"], *data.get("rules", ())):
        if entry.get("until", "") == day:
            del entry["until"]
    data["rules"] = [rule for rule in data.get("rules", ()) if rule.get("from", "") != day]
    if "editions" in data:
        data["editions"] = [edition for edition in data["editions"] if edition["from"] != day]
    for parameter in data.get("parameters", {}).values():
        parameter["values"] = [value for value in parameter["values"] if value["from"] != day]
    parts = [*data["rules"], *data.get("parameters", {}).values()]
    cited = set(re.findall(r"[\w-]+", json.dumps([cites(part) for part in parts])))
    for key in ("articles", "verified"):
        if key in data:
            data[key] = {name: entry for name, entry in data[key].items() if name in cited}
    return json.dumps(data, ensure_ascii=False)


def cites(value: Any) -> list[Any]:
    """Everything that is cited within."""
    if isinstance(value, Mapping):
        return [child if key == "cite" else cites(child) for key, child in value.items()]
    return [cites(child) for child in value] if isinstance(value, list) else []


def excerpt(change: Replay) -> str:
    """The Markdown report up to the first part that it folds: its summary and its first card, headings two levels deeper."""
    text, _, folded = render("markdown", replay(change), "en").partition("\n<")
    assert folded, "a report folds its details"
    return re.sub(r"^(#+) ", r"\1## ", text, flags=re.MULTILINE).strip()


def page(changes: Iterable[Replay] = REPLAYS) -> str:
    """The page with excerpts of the reports of today's policies on some changes; on the others it stays as it is."""
    text = PAGE.read_text(encoding="utf-8")
    for change in changes:
        start, end = f"<!-- replay {change.name} -->", f"<!-- end of replay {change.name} -->"
        before, _, rest = text.partition(start)
        assert rest, f"the page has no place for {change.name}"
        text = f"{before}{start}\n\n{excerpt(change)}\n\n{end}{rest.partition(end)[2]}"
    return text


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
