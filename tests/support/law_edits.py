"""Edits of the shipped law of every kind, one place each, and what `vatspolicy diff` makes of each."""

from __future__ import annotations

import functools
import json
import random
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.support.comparisons import compare_revisions, render
from tests.support.effort import LONG
from tests.support.rule_edits import RULE_EDITS, Law
from tests.support.shipped import EDITED, POLICIES, ROOT, fixture_file, policy_files
from vatspolicy.authoring.diff.review import ComparisonSettings
from vatspolicy.authoring.diff.sources import Source
from vatspolicy.core.documents import load_document

TODAY = "2026-11-26"
DENIALS = ("deny", "need", "route", "classify")
"""Effects on which a decision word depends."""

Texts = dict[str, bytes]
"""Contents by file."""


@dataclass(frozen=True)
class Edit:
    """One edit of the law."""

    kind: str
    subject: str
    """The rule, term, parameter or schema that it is about."""
    policies: Mapping[str, bytes | None]
    """The files that it writes; None for a file that it deletes."""
    schemas: Mapping[str, bytes]


# --- edits of what rules share


def _terms(law: Law, _draw: random.Random) -> Iterator[tuple[str, str, Law]]:
    """Yield kind, name and policy with one term edited."""
    for name, body in law.get("terms", {}).items():
        text = body["is"] if isinstance(body, dict) else body
        for kind, new in (
            ("term negated", f"!({text})"),
            ("term narrowed", f"({text}) && data.persons >= 3"),
            ("term widened", f"({text}) || company.foreign_percent > 77.0"),
            ("term doubly negated", f"!(!({text}))"),
            ("term with another quantifier", text.replace(".exists(", ".all(")),
            ("term of another company", text.replace("operator.", "company.")),
        ):
            if new != text:
                changed = body | {"is": new} if isinstance(body, dict) else new
                yield kind, name, law | {"terms": law["terms"] | {name: changed}}


def _parameters(law: Law, draw: random.Random) -> Iterator[tuple[str, str, Law]]:
    """Yield kind, name and policy with one parameter edited."""
    for name, parameter in law.get("parameters", {}).items():
        values = parameter["values"]
        last = values[-1]
        value = last.get("value")
        others: list[tuple[str, list[Law]]] = [("value a year later", [*values[:-1], last | {"from": "2027-05-01"}])]
        others += [  # a list that is written as a difference
            (f"{change} less", [*values[:-1], last | {change: last[change][1:]}])
            for change in ("add", "remove")
            if len(last.get(change, ())) > 1
        ]
        match value:
            case bool():
                others.append(("truth", [*values[:-1], last | {"value": not value}]))
            case int():
                others.append(("number", [*values[:-1], last | {"value": value + 1}]))
                others.append(("number from a day", [*values, last | {"from": "2027-06-01", "value": value * 2}]))
            case float():
                others.append(("number", [*values[:-1], last | {"value": value / 2}]))
            case list() if len(value) > 1:
                shorter = [one for one in value if one is not draw.choice(value)]
                others.append(("one member less", [*values[:-1], last | {"value": shorter}]))
                others.append(("members in another order", [*values[:-1], last | {"value": value[::-1]}]))
        for kind, changed in others:
            yield (
                f"parameter: {kind}",
                name,
                law | {"parameters": law["parameters"] | {name: parameter | {"values": changed}}},
            )


def _files(law: Law, _draw: random.Random) -> Iterator[tuple[str, str, Law | None]]:
    """Yield kind, name and policy with the file edited as a whole."""
    yield "policy removed", law["id"], None
    rules = law.get("rules", [])
    if rules and "until" not in law["effective"]:
        yield "policy ends", law["id"], law | {"effective": law["effective"] | {"until": "2027-01-01"}}
        named = [
            {k: v for k, v in rule.items() if k not in ("from", "until")} | {"when": f"({rule.get('when', 'true')}) && data.persons >= 5"}
            for rule in rules
        ]  # fmt: skip
        yield "policy added", law["id"], law | {"id": law["id"] + "-x", "rules": named}
    yield "rules in another order", law["id"], law | {"rules": rules[::-1]}
    for name, instrument in law.get("instruments", {}).items():
        if "covers" in instrument:
            wider = instrument | {"covers": f"({instrument['covers']}) || license.kind == 'x'"}
            yield "what a license covers", name, law | {"instruments": law["instruments"] | {name: wider}}
            none = {k: v for k, v in instrument.items() if k != "covers"}
            yield "a license covers all", name, law | {"instruments": law["instruments"] | {name: none}}


def _schemas(_draw: random.Random) -> Iterator[tuple[str, str, Mapping[str, bytes]]]:
    """Yield kind, name and schemas that differ."""
    for key, path in (("offers", ROOT / "schemas/profile.schema.json"),):
        text = path.read_text(encoding="utf-8")
        yield (
            "schema: a new word",
            key,
            {path.name: text.replace('"data-center"', '"data-center", "edge-room"', 1).encode()},
        )
    vocabulary = (ROOT / "schemas/vocabulary.schema.json").read_text(encoding="utf-8")
    yield (
        "schema: words for people",
        "vocabulary",
        {"vocabulary.schema.json": vocabulary.replace('"title": "', '"title": "A ').encode()},
    )


# --- every edit


@functools.cache
def law(whole: bool = LONG) -> Mapping[str, Law]:
    """The policies by the file that holds each: of a small part of the law, in a long run all."""
    files = [path for path in policy_files() if whole or path.stem in EDITED]
    return {path.relative_to(ROOT).as_posix(): dict(load_document(path, recall=True).data) for path in files}


@functools.cache
def shipped_texts() -> Mapping[str, bytes]:
    """The files of policies, without their tests."""
    return {
        path: (ROOT / path).read_bytes() for path in (*law(), (POLICIES / "bundle.yaml").relative_to(ROOT).as_posix())
    }


def _written(policy: Law | None) -> bytes | None:
    return None if policy is None else json.dumps(policy, ensure_ascii=False).encode()


def with_rules(policy: Law, name: str, rules: Sequence[Law]) -> Law:
    """The policy with other rules in the place of one."""
    found: list[Law] = []
    for rule in policy["rules"]:
        found += rules if rule["id"] == name else [rule]
    return policy | {"rules": found}


def rule_edits(kinds: Sequence[str], draw: random.Random) -> Iterator[Edit]:
    """Every edit of these kinds of every rule, in a random order."""
    places = [(file, rule) for file, policy in law().items() for rule in policy.get("rules", [])]
    draw.shuffle(places)
    for file, rule in places:
        for kind in kinds:
            found = RULE_EDITS[kind](rule, draw)
            if found is not None:
                subject = f"{law()[file]['id']}/{rule['id']}"
                yield Edit(kind, subject, {file: _written(with_rules(law()[file], rule["id"], found))}, {})


def other_edits(draw: random.Random) -> Iterator[Edit]:
    """Every edit of terms, parameters, instruments, policies and schemas, in a random order."""
    files = list(law().items())
    draw.shuffle(files)
    for file, policy in files:
        for make in (_terms, _parameters, _files):
            for kind, name, changed in make(policy, draw):
                if kind == "policy added":
                    yield Edit(kind, name, {file.replace(".yaml", "-x.yaml"): _written(changed)}, {})
                else:
                    yield Edit(kind, f"{policy['id']}/{name}", {file: _written(changed)}, {})
    for kind, name, schemas in _schemas(draw):
        yield Edit(kind, name, {}, schemas)


def draw_edits(each: int, seed: int) -> list[Edit]:
    """So many edits of every kind, the same for the same seed."""
    draw = random.Random(seed)
    taken: Counter[str] = Counter()
    found: list[Edit] = []
    every = [*RULE_EDITS]
    for edit in (*(e for kind in every for e in _first(rule_edits([kind], draw), each)), *other_edits(draw)):
        if taken[edit.kind] < each:
            taken[edit.kind] += 1
            found.append(edit)
    return found


def _first(edits: Iterator[Edit], count: int) -> Iterator[Edit]:
    for _, edit in zip(range(count), edits, strict=False):
        yield edit


def many_rules(
    count: int,
    seed: int,
    effects: Sequence[str] = DENIALS,
    kinds: Sequence[str] = ("narrowed by a number",),
    whole: bool = LONG,
) -> Edit:
    """One change of so many rules with one of these effects, of the whole law or of the part that edits are tried on."""
    draw, files = random.Random(seed), law(whole)
    places = [
        (file, rule)
        for file, policy in files.items()
        for rule in policy.get("rules", [])
        if any(name in rule for name in effects) and str(rule.get("until", "9999")) > TODAY
    ]
    policies: dict[str, Law] = {}
    names: list[str] = []
    for file, rule in draw.sample(places, len(places)):
        found = next(
            (one for kind in draw.sample(kinds, len(kinds)) if (one := RULE_EDITS[kind](rule, draw)) is not None), None
        )
        if found is None or len(names) == count:
            continue
        policies[file] = with_rules(policies.get(file, files[file]), rule["id"], found)
        names.append(rule["id"])
    return Edit(f"{count} rules", " ".join(names), {file: _written(one) for file, one in policies.items()}, {})


# --- trying an edit

PRODUCTS = ("cloud-hosting-beijing", "app-store-hangzhou", "hotel-export")


@functools.cache
def base() -> Source:
    """The law as it is shipped, with a few products."""
    files = [
        (p.relative_to(ROOT).as_posix(), p.read_bytes())
        for name in PRODUCTS
        for p in (fixture_file(name), fixture_file(f"{name}.expect"))
    ]
    schemas = {path.name: path.read_bytes() for path in sorted((ROOT / "schemas").glob("*.json"))}
    return Source("base", None, tuple(sorted(shipped_texts().items())), schemas, tuple(files), None)


def head(edit: Edit) -> Source:
    """The law with an edit."""
    texts = {**shipped_texts(), **edit.policies}
    policies = tuple(sorted((file, text) for file, text in texts.items() if text is not None))
    old = base()
    return Source("head", None, policies, {**old.schemas, **edit.schemas}, old.fixtures, None)


@dataclass(frozen=True)
class Trial:
    """What a comparison makes of an edit."""

    edit: Edit
    status: str
    """settled, undecided, refused (the loader refuses the edit), failed or crashed."""
    detail: str
    seconds: float


def attempt(edit: Edit, workers: int = 1) -> Trial:
    """Compare the law with and without an edit, and render the report."""
    start = time.process_time()
    try:
        data = compare_revisions(base(), head(edit), ComparisonSettings(TODAY, workers=workers))
        for name in ("text", "markdown", "json", "html", "sarif", "github"):
            render(name, data, "en")
        json.dumps(data)
    except Exception:  # that is looked for
        return Trial(edit, "crashed", traceback.format_exc(), time.process_time() - start)
    return Trial(edit, *status_of(data), time.process_time() - start)


def status_of(data: Mapping[str, Any]) -> tuple[str, str]:
    """Return the status of a comparison, with the reason."""
    why = [entry["code"] for entry in data["why"]]
    if "invalid" in why:
        return "refused", data["problems"][0]["message"] if data["problems"] else ""
    if why:
        return "failed", "; ".join(entry["text"]["en"] for entry in data["why"])
    semantic = data["semantic"]
    left = [
        f"{one['before']}->{one['after']}: {one['reason']}"
        for one in semantic["transitions"]
        if one["verdict"] in ("unknown", "unsupported")
    ]
    left += [
        f"{', '.join(rule['rule'] for rule in one['rules'][:3])}: {one['reason']}"
        for one in data["edits"]
        if one["verdict"] in ("unknown", "unsupported")
    ]
    return ("undecided", left[0]) if left else ("settled", data["title"]["en"])
