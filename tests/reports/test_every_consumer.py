"""Each consumer of a decision answers for each field of it: it shows the field, or a line here says why it does not.

A field that nobody has answered for fails, and so does a line that is not true any more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import Field, fields, replace
from functools import cache
from itertools import count, islice
from typing import Any

import pytest

from tests.support.shipped import fixture_files, shipped_bundle
from vatspolicy.authoring.testing.decision_differences import names, needs, owed
from vatspolicy.authoring.testing.updates import find_decision_changes
from vatspolicy.bundles.select import SelectedLaw
from vatspolicy.core.documents import parse_document
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.engine import decision as engine
from vatspolicy.core.engine.brief import brief_parts
from vatspolicy.core.engine.result import (
    AdviceRecord,
    AssumedFact,
    ChangeAhead,
    ConditionalAnswer,
    DenialRecord,
    DutyRecord,
    Explanation,
    Granted,
    ItemChange,
    Law,
    Location,
    NeedRecord,
    Notice,
    Opinion,
    Record,
    SubjectRecord,
    Waived,
    WorstReadingRecord,
    encode,
)
from vatspolicy.core.policies.model import Route
from vatspolicy.core.profile.profile import Profile, load_profile
from vatspolicy.errors import InvalidInput
from vatspolicy.gate.attestation import describe_part
from vatspolicy.gate.gate import Gate, GateResult
from vatspolicy.gate.judgement import Judgement
from vatspolicy.gate.run_record import LawDay, RunRecord
from vatspolicy.reports.decision import details, html, load_writer, render
from vatspolicy.reports.decision import json as json_form
from vatspolicy.reports.decision.html import fragment
from vatspolicy.reports.decision.json import make_report
from vatspolicy.reports.formats import FORMATS, POLICY, VERSIONS, WHY

TODAY = "2026-11-24"
WORDS = ("deny", "incomplete", "needs-license", "allow")
TEXT = {"en": "Altered words", "zh": "改动"}


# --- a record with something in each of its parts, for each decision word


Decided = tuple[Profile, engine.Decision, Record]


def decide_fixtures() -> Iterator[Decided]:
    """Yield fixtures with their decisions and records; some of them with a share and a place that open no route."""
    gate = Gate(shipped_bundle(), TODAY, None, allow_past=True)
    closed = [("company.foreign_percent", 100), ("company.legal_form", "partnership")]
    profile = load_profile(fixture_files()[0], [("opinions", [OPINION])])
    yield (profile, *gate.decide(profile))
    for path in fixture_files():
        for changes in ([], closed):
            try:
                profile = load_profile(path, changes)
            except InvalidInput:  # the share contradicts what the spec says of its investors
                continue
            yield (profile, *gate.decide(profile))


SEEN: list[Decided] = []
LATER = decide_fixtures()


def decided() -> Iterator[Decided]:
    """Yield what `decide_fixtures` does; no more is decided than somebody asks for, and nothing twice."""
    for place in count():
        if place == len(SEEN):
            if (one := next(LATER, None)) is None:
                return
            SEEN.append(one)
        yield SEEN[place]


OPINION = {
    "about": "class",
    "by": "Counsel LLP",
    "date": "2026-01-01",
    "classes": ["B25-publishing"],
    "service": "broadband",
}
WAIVED = Waived(by="waiver", reason="Because.", approver="kim", ticket="T-1", until="2027-06-30", file="w.yaml", line=3)


@cache
def rich(word: str) -> Record:
    """Return a record with this decision word whose parts are all there, two of each where that is possible."""

    def first(part: str, suits: Callable[[Any], object] = bool) -> Any:
        return next(one for _, _, record in decided() if suits(one := getattr(record, part)))

    def finding(part: str, suits: Callable[[Any], object]) -> Any:
        return next(one for _, _, record in decided() for one in getattr(record, part) if suits(one))

    plain = finding("denials", lambda one: isinstance(one, DenialRecord) and one.curable)
    closed = finding("denials", lambda one: isinstance(one, NeedRecord) and len(one.nearest) == 1)
    asked = first("missing", lambda found: len(found) > 1)
    readings = first("contested", lambda found: len(found) > 1)
    waived = replace(plain, rule="law/waived", waived=WAIVED)
    granted = Granted("lee", "T-2", "Known counsel.", TODAY, "2027-06-30", "o.yaml", 5)
    told = ("barred/bar", "Counsel LLP", "2026-10-01", None, None, "applies", None, "In short.")
    opinion = Opinion(*told, granted, "counted", 4, 2)
    advice = first("advice", lambda found: len({one.rule for one in found}) > 1)
    change = ItemChange("decision", "", "decision", TEXT, "allow", "deny")
    held = finding("met", lambda one: one.instrument is not None)
    permit = finding("licenses", lambda one: one.instrument is not None)
    _, _, record = next(decided())
    return replace(
        record,
        decision=word,
        range=("allow", "deny") if word == "incomplete" else (word, word),
        title="Title of the product",
        as_of="2027-03-01",
        launch="2027-03-01",
        file="product.yaml",
        bundle=Law("folder", "law", "2026.1", "f" * 64, "2026-11-01"),
        notices=(Notice("read-as-none", TEXT), Notice("later-law", {"en": "Later law.", "zh": "后法。"})),
        verification="secondary",
        services=first("services", lambda found: any(one.activities for one in found)),
        denials=(plain, closed, waived),
        needs=(*first("needs", lambda found: any(one.any_of for one in found)), permit),
        would_need=first("would_need"),
        met=(held,),
        duties=first("duties", lambda found: len(found) > 3),
        advice=advice[:2],
        undetermined=first("undetermined", lambda found: len(found) > 5)[:6],
        missing=asked[:2],
        opinions=(opinion,),
        contested=readings[:2],
        worst_reading=WorstReadingRecord("main", "deny", True, (), False),
        changes_ahead=(ChangeAhead("2027-05-01", "after-launch", "allow", "deny", (change,), (), ()),),
        conditional=ConditionalAnswer("allow", (AssumedFact("company.legal_form", "branch", TEXT, TEXT),)),
        remaining="needs-license",
    )


# --- other values


def other(value: Any, name: str) -> Any:
    """Return another value of a field, which a spec or a law could lead to."""
    special: dict[str, Callable[[], Any]] = {
        "decision": lambda: WORDS[WORDS.index(value) - 1],
        "range": lambda: ("needs-license", "deny") if value[0] == "allow" else ("allow", "deny"),
        "remaining": lambda: "allow",
        "conditional": lambda: replace(value, decision="needs-license"),
        "as_of": lambda: "2027-04-02",
        "launch": lambda: "2027-04-02",
        "verification": lambda: "unverified",
        "state": lambda: {"fires": "done", "unmet": "met", "closed": "fires"}.get(value, "fires"),
        "effect": lambda: "route",
        "kind": lambda: "pending" if value != "pending" else "note",
        "subject": lambda: SubjectRecord("other-service", "B11"),
        "waived": lambda: WAIVED if value is None else replace(value, approver="lee", reason="Other."),
        "layer": lambda: "house",
        "bearer": lambda: "partner" if value != "partner" else "company",
        "bearer_name": lambda: "Other Ltd.",
        "done_on": lambda: "2026-09-09",
        "location": lambda: Location(77, 7),
        "policy_line": lambda: value + 70,
        "bundle": lambda: replace(value, version="2027.9", digest="0" * 64, known_until="2026-08-08"),
        "notices": lambda: tuple(replace(one, message=TEXT) for one in value[1:]),
        "worst_reading": lambda: replace(value, decision="allow", stricter=False, complete=True),
        "deadline": lambda: replace(value, text=TEXT, date="2028-08-08", group="after-launch"),
        "nearest": lambda: value[:0],
        "message": lambda: TEXT,
        "check": lambda: TEXT,
        "instrument": lambda: replace(value, id="altered", title=TEXT),
        "routes": lambda: tuple(replace(one, rule="law/other", layer="house") for one in value),
        "any_of": lambda: tuple(replace(one, instrument=other(one.instrument, "instrument")) for one in value),
        "authority": lambda: tuple(replace(one, id="altered", title=TEXT) for one in value),
        "reasons": lambda: tuple(replace(one, code="ALTERED", title=TEXT) for one in value),
    }
    if name in special:
        return special[name]()
    if isinstance(value, tuple):
        assert value, name
        return value[1:]
    return not value if isinstance(value, bool) else f"{value}-altered"


def with_value(record: Record, name: str, value: Any) -> Record:
    """Return the record with another value of a field."""
    parts: dict[str, Any] = {name: value}
    return replace(record, **parts)


def variants(record: Record, name: str) -> Iterator[Record]:
    """Yield the record with another value of a field; of a list with one member less, or with one of another rule."""
    value: Any = getattr(record, name)
    yield with_value(record, name, other(value, name))
    if isinstance(value, tuple) and hasattr(value[0], "rule"):
        yield with_value(record, name, (replace(value[0], rule="law/other"), *value[1:]))


def altered(record: Record, part: str, kind: type[Any], field: Field[Any]) -> Iterator[Record]:
    """Yield the record with another value of a field of one finding (or its explanation) in a list."""
    for place, finding in enumerate(getattr(record, part)):
        owner: Any = finding.explanation if kind is Explanation else finding
        if type(owner) is not kind:
            continue
        value = getattr(owner, field.name)
        if (value is None or value == ()) and field.name not in ("layer", "waived", "done_on", "bearer_name"):
            continue
        changed = replace(owner, **{field.name: other(value, field.name)})
        if field.name == "done_on":
            changed = replace(changed, state="done")
            owner = replace(owner, state="done", done_on="2026-08-08")
        found = list(getattr(record, part))
        found[place] = replace(finding, explanation=changed) if kind is Explanation else changed
        yield with_value(record, part, tuple(found))


# --- consumers of records


def shown(format: str, extent: str = "details") -> Callable[[Record], object]:
    def show(record: Record) -> object:
        gate = GateResult((record,), (), (), Gate(shipped_bundle(), TODAY).code(record), seconds=(0.0,))
        return render(format, [record], "en", room=400, extent=extent, gate=gate)

    return show


def run_of(record: Record) -> RunRecord:
    """Return a run with this record."""
    document = parse_document("{}", record.file)
    profile = Profile({}, document, {}, SchemaSet.shipped())
    return RunRecord(SelectedLaw(shipped_bundle()), profile, record, LawDay("2026-01-01", "today", TODAY), Judgement())


CONSUMERS: Mapping[str, Callable[[Record], object]] = {
    **{name: shown(name) for name in FORMATS if name not in ("text", "json")},
    "text": shown("text", "screen"),
    "text --details": shown("text"),
    "page": lambda record: fragment(record, "en", "d-"),
    "json --details, log": encode,
    "json": lambda record: make_report(record, "en", Judgement()),
    "attestation": lambda record: describe_part(run_of(record)),
}
PARTS: Mapping[type, tuple[str, ...]] = {
    DenialRecord: ("denials",),
    NeedRecord: ("denials", "needs", "met"),
    DutyRecord: ("duties",),
    AdviceRecord: ("advice",),
    Explanation: ("denials",),
}
"""Lists of the record in which findings of each kind stand."""
NOT_THEIRS = {"explanation", "asks"}
"""Fields that others answer for: those of the explanation, and `undetermined`, whose findings ask."""
ONLY_OF_DENIALS = {"Duty.reasons", "Advice.reasons"}


def name_in_record(kind: type, field: Field[Any]) -> str:
    return f"{kind.__name__.removesuffix('Record')}.{field.name}"


def fields_of(kind: type) -> list[Field[Any]]:
    return [
        field
        for field in fields(kind)
        if field.name not in NOT_THEIRS and name_in_record(kind, field) not in ONLY_OF_DENIALS
    ]


Alter = Callable[[Record], Iterator[Record]]
"""Yields a record with another value of a field, once for each place in which the field stands."""


def alterations() -> dict[str, Alter]:
    """Return how to alter each field: those of findings first, since those of the record take findings out."""

    def of_finding(kind: type[Any], field: Field[Any]) -> Alter:
        return lambda record: (changed for part in PARTS[kind] for changed in altered(record, part, kind, field))

    def of_record(name: str) -> Alter:
        return lambda record: variants(record, name)

    return {
        **{name_in_record(kind, field): of_finding(kind, field) for kind in PARTS for field in fields_of(kind)},
        **{field.name: of_record(field.name) for field in fields(Record)},
    }


def altered_together(record: Record, names: Collection[str]) -> Iterator[Record]:
    """Yield records in which all these fields have another value: each field in its first place, its second, and so on."""
    chosen = [alter for name, alter in alterations().items() if name in names]
    for place in range(max((sum(1 for _ in alter(record)) for alter in chosen), default=0)):
        changed = record
        for alter in chosen:
            changed = next(islice(alter(changed), place, None), changed)
        yield changed


def answers(consumer: Callable[[Record], object], left_out: Collection[str]) -> dict[str, bool]:
    """Return for each field whether another value changes what a consumer shows, for any decision word.

    Fields that it is said to leave out are altered together; where that shows, each of them alone.
    """
    is_shown: dict[str, bool] = {}
    for word in WORDS[:3]:
        record = rich(word)
        before = consumer(record)
        hidden = all(consumer(changed) == before for changed in altered_together(record, left_out))
        for name, alter in alterations().items():
            if is_shown.get(name) or next(alter(record), None) is None:
                continue
            is_shown[name] = not (hidden and name in left_out) and any(
                consumer(changed) != before for changed in alter(record)
            )
    return is_shown


@pytest.mark.parametrize("name", CONSUMERS)
def test_each_consumer_of_a_record_answers_for_each_field(name: str) -> None:
    left_out = LEFT_OUT[name].keys()
    found = answers(CONSUMERS[name], left_out)
    wanted = {field.name for field in fields(Record)}
    wanted |= {name_in_record(kind, field) for kind in PARTS for field in fields_of(kind)}
    assert wanted - found.keys() == set(), "the records of this test have no such part"
    unanswered = sorted(field for field, is_shown in found.items() if not is_shown and field not in left_out)
    assert not unanswered, f"{name} shows none of these, and LEAVES_OUT does not list them: {' '.join(unanswered)}"
    shown = sorted(field for field, is_shown in found.items() if is_shown and field in left_out)
    assert not shown, f"{name} shows what its LEAVES_OUT lists: {' '.join(shown)}"


# --- consumers of decisions, which make no record


def brief(profile: Profile, decision: engine.Decision) -> dict[str, Any]:
    return {key: make() for key, make in brief_parts(shipped_bundle(), profile, decision).items()}


def expect(decision: engine.Decision) -> dict[str, Any]:
    """Return the expectations of a fixture that say all that they can say of a decision."""
    activities = [(one.id, activity) for one in decision.services for activity in one.activities]
    return {
        "decision": decision.decision,
        "range": list(decision.range),
        "contested": bool(decision.readings),
        "classes": {one.id: [activity.cls for activity in one.activities] for one in decision.services},
        "routes": {
            f"{service}/{activity.cls}": {
                route.rule.effect.name: route.state for route in activity.routes if isinstance(route.rule.effect, Route)
            }
            for service, activity in activities
        },
        "missing": sorted(".".join(map(str, ask.path)) for ask in decision.missing),
        "needs": sorted(needs(decision)),
        "reasons": sorted({code for finding in decision.denials for code in finding.reasons}),
        "rules": sorted(names(decision)),
        "duties": sorted(owed(decision)),
        "advice": sorted({finding.rule.name for finding in decision.advice}),
        "exactly": True,
    }


DECIDED: Mapping[str, Callable[[Profile, engine.Decision, engine.Decision], object]] = {
    "api, brief": lambda profile, decision, _: brief(profile, decision),
    "test --update": lambda _, decision, original: list(find_decision_changes(decision, expect(original))),
}


def other_decision(decision: engine.Decision, name: str) -> engine.Decision:
    """Return a decision with another value of a field."""
    value = getattr(decision, name)
    special: dict[str, Callable[[], Any]] = {
        "decision": lambda: WORDS[WORDS.index(value) - 1],
        "range": lambda: ("needs-license", "deny") if value[0] == "allow" else ("allow", "deny"),
        "as_of": lambda: "2027-04-02",
        "verification": lambda: "unverified" if value != "unverified" else "secondary",
        "worst_reading": lambda: value._replace(decision="allow" if value.decision == "deny" else "deny"),
        "opinions": lambda: tuple(one._replace(state="superseded") for one in value),
        "services": lambda: tuple(one._replace(activities=()) for one in value),
    }
    changed: Any = special[name]() if name in special else value[1:] if isinstance(value, tuple) else f"{value}x"
    parts: dict[str, Any] = {name: changed}
    return replace(decision, **parts)


@pytest.mark.parametrize("consumer", DECIDED)
def test_each_consumer_of_a_decision_answers_for_each_field(consumer: str) -> None:
    show, is_shown = DECIDED[consumer], {}
    for field in fields(engine.Decision):
        has = list(islice((one for one in decided() if getattr(one[1], field.name)), 20))
        assert has, f"no fixture has {field.name}"
        is_shown[field.name] = any(
            show(profile, other_decision(decision, field.name), decision) != show(profile, decision, decision)
            for profile, decision, _ in has
        )
    left_out = LEFT_OUT[consumer].keys()
    assert sorted(name for name, is_it in is_shown.items() if not is_it and name not in left_out) == [], consumer
    assert sorted(name for name, is_it in is_shown.items() if is_it and name in left_out) == [], consumer


LEFT_OUT_OF: Mapping[str, Mapping[str, str]] = {
    **{name: load_writer(name).LEAVES_OUT for name, one in FORMATS.items() if name != "json"},
    "text --details": details.LEAVES_OUT,
    "page": html.LEAVES_OUT,
    "json": json_form.LEAVES_OUT,
    "attestation": {
        "It holds no fact of the product but its id, and names rules alone.": "title as_of launch file services"
        " met advice undetermined changes_ahead conditional Denial.effect Denial.state Denial.subject Denial.message Denial.layer"
        " Denial.citations Denial.reasons Denial.curable Need.any_of Need.instrument Need.authority Need.state Need.subject"
        " Need.message Need.layer Need.citations"
        " Need.reasons Need.routes Need.nearest Need.effect Duty.effect Duty.state Duty.subject Duty.message Duty.layer"
        " Need.bearer Need.bearer_name Duty.citations Duty.instrument Duty.authority Duty.deadline Duty.bearer Duty.bearer_name Duty.done_on Advice.rule"
        " Advice.subject Advice.message Advice.layer Advice.citations Advice.kind Advice.effect Advice.state"
        f" Explanation.location {VERSIONS} {POLICY} {WHY}",
        "Only the rules that are read otherwise stand in it.": "worst_reading",
    },
    "api, brief": {"The rules that are contested stand in it; the full decision reads them.": "readings worst_reading"},
    "test --update": {
        "An expectation cannot state it.": "product as_of bundle_version bundle_digest verification opinions contested"
        " worst_reading would_need undetermined",
    },
}
"""What each consumer leaves out, by the reason why. Writers of formats say it themselves."""
LEFT_OUT: Mapping[str, Mapping[str, str]] = {
    name: {field: reason for reason, listed in LEFT_OUT_OF.get(name, {}).items() for field in listed.split()}
    for name in (*CONSUMERS, *DECIDED)
}
NEVER_LEFT_OUT = {
    *(
        "decision",
        "contested",
        "denials",
        "needs",
        "would_need",
        "missing",
        "opinions",
        "remaining",
        "bundle",
        "notices",
    ),
    *("verification", "Finding.waived", "Denial.waived", "Need.waived", "bundle_version"),
}
"""The word and its doubt, each license and each reason to deny, what was asked, opinions and waivers, law and sources."""


def test_no_consumer_leaves_out_what_a_launch_turns_on() -> None:
    told = {name: sorted(NEVER_LEFT_OUT & LEFT_OUT[name].keys()) for name in LEFT_OUT if name != "test --update"}
    assert {name: found for name, found in told.items() if found} == {}


def test_every_reason_is_about_a_field() -> None:
    known = {field.name for kind in (Record, engine.Decision) for field in fields(kind)}
    known |= {name_in_record(kind, field) for kind in PARTS for field in fields(kind)}
    assert {field for name in LEFT_OUT.values() for field in name} - known == set()
