"""Edits of the shipped law of every kind, one place each, and what `vatspolicy diff` makes of each.

`python -m tests.support.law_edits --each 3 --seed 1` tries three edits of every kind and prints the share undecided.
The whole run has about 2,500 edits of two to three seconds of processor time each, in a random order:

    python -m tests.support.law_edits --each 45 --share 0/2 --log edits-0.log
    python -m tests.support.law_edits --each 45 --share 1/2 --log edits-1.log
    python -m tests.support.law_edits --summary edits-0.log edits-1.log

A run that was stopped goes on where its log ends.
"""

from __future__ import annotations

import argparse
import functools
import json
import random
import re
import statistics
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.comparisons import compare_revisions, render
from tests.support.rule_edits import RULE_EDITS, Law
from tests.support.shipped import POLICIES, ROOT, fixture_file, policy_files
from vatspolicy.authoring.diff.review import ComparisonSettings
from vatspolicy.authoring.diff.sources import Source
from vatspolicy.core.documents import load_document

TODAY = "2026-11-26"
OPEN = ("undecided", "failed", "crashed")
"""Statuses of edits that a run looks for."""
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
def law() -> Mapping[str, Law]:
    """The policies by the file that holds each."""
    return {path.relative_to(ROOT).as_posix(): dict(load_document(path, recall=True).data) for path in policy_files()}


@functools.cache
def shipped_texts() -> Mapping[str, bytes]:
    """The files of policies, without their tests."""
    every = [path for path in POLICIES.rglob("*.yaml") if ".test." not in path.name and path.name != "properties.yaml"]
    return {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in every}


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
    count: int, seed: int, effects: Sequence[str] = DENIALS, kinds: Sequence[str] = ("narrowed by a number",)
) -> Edit:
    """One change of so many rules with one of these effects."""
    draw = random.Random(seed)
    places = [
        (file, rule)
        for file, policy in law().items()
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
        policies[file] = with_rules(policies.get(file, law()[file]), rule["id"], found)
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


def line_of(found: Trial) -> str:
    """The line of a log: seconds, status, kind, subject and detail."""
    detail = found.detail if found.status == "crashed" else found.detail.partition("\n")[0]
    return f"{found.seconds:6.1f} {found.status:9} {_name(found.edit)}{detail}"


def _name(edit: Edit) -> str:
    return f"{edit.kind}: {edit.subject}: "


_LINE = re.compile(rf" *(?P<seconds>\d+\.\d) (?P<status>settled|refused|{'|'.join(OPEN)}) +(?P<rest>\S.*)")


def read_log(text: str) -> list[tuple[float, str, str]]:
    """Seconds, status and the rest of every whole line; the lines of a traceback are left out."""
    found = [_LINE.fullmatch(line) for line in text.splitlines()]
    return [(float(one["seconds"]), one["status"], one["rest"]) for one in found if one is not None]


def left_to_try(edits: Iterable[Edit], log: str) -> list[Edit]:
    """The edits that a log does not name."""
    done = [rest for _, _, rest in read_log(log)]
    return [edit for edit in edits if not any(rest.startswith(_name(edit)) for rest in done)]


def summary(log: str) -> str:
    """Counts by status, the share undecided, the seconds of an edit, and every edit that is not settled."""
    lines = read_log(log)
    counts = Counter(status for _, status, _ in lines)
    tried = counts.total() - counts["refused"]
    seconds = [spent for spent, status, _ in lines if status != "refused"] or [0.0]
    told = [
        f"{dict(counts)}; undecided: {counts['undecided'] / max(tried, 1):.1%} of {tried}",
        f"seconds of processor time: median {statistics.median(seconds):.1f}, most {max(seconds):.1f}",
    ]
    return "\n".join([*told, *(f"{status}: {rest}" for _, status, rest in lines if status in OPEN)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=2, help="edits of every kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="only kinds with this text")
    parser.add_argument("--share", default="0/1", help="a part of the edits, as 0/2 and 1/2")
    parser.add_argument("--log", type=Path, help="a file for the lines; edits that it names are not tried again")
    parser.add_argument("--summary", type=Path, nargs="+", help="print the summary of logs, and try nothing")
    given = parser.parse_args()
    if given.summary:
        say(summary("\n".join(path.read_text(encoding="utf-8") for path in given.summary)))
        return
    part, parts = map(int, given.share.split("/"))
    edits = draw_edits(given.each, given.seed)
    random.Random(given.seed).shuffle(edits)
    edits = [edit for edit in edits if given.only in edit.kind][part::parts]
    log = given.log.read_text(encoding="utf-8") if given.log and given.log.exists() else ""
    for edit in left_to_try(edits, log):
        line = line_of(attempt(edit))
        log += line + "\n"
        say(line)
        if given.log:
            with given.log.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
    say(summary(log))


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
