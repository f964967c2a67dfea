"""Edits of one rule of the law, of every kind: each returns the rules in its place, or None where it does not apply."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Mapping
from typing import Any

from vatspolicy.core.profile.vocabulary import words_of

Law = dict[str, Any]
"""One policy file, or a part of one, as data."""

RuleEdit = Callable[[Law, random.Random], "list[Law] | None"]


def _when(change: Callable[[str], str | None]) -> RuleEdit:
    def edit(rule: Law, _draw: random.Random) -> list[Law] | None:
        old = str(rule.get("when", "true"))
        new = change(old)
        return None if new is None or new == old else [rule | {"when": new}]

    return edit


def _swap(old: str, new: str) -> RuleEdit:
    """Exchange one of the places of a text in a condition."""

    def edit(rule: Law, draw: random.Random) -> list[Law] | None:
        text = str(rule.get("when", "true"))
        places = [at for at in range(len(text)) if text.startswith(old, at)]
        if not places:
            return None
        at = draw.choice(places)
        return [rule | {"when": text[:at] + new + text[at + len(old) :]}]

    return edit


def _effect(name: str, change: Callable[[Law, random.Random], Law | None]) -> RuleEdit:
    """Change the effect of that name."""

    def edit(rule: Law, draw: random.Random) -> list[Law] | None:
        if name not in rule:
            return None
        new = change(copy.deepcopy(rule[name]), draw)
        return None if new is None or new == rule[name] else [rule | {name: new}]

    return edit


def _as(old: str, new: str, effect: Law) -> RuleEdit:
    """Give a rule another kind of effect."""

    def edit(rule: Law, _draw: random.Random) -> list[Law] | None:
        kept = {key: value for key, value in rule.items() if key != old}
        return [kept | {new: effect}] if old in rule else None

    return edit


def _without(key: str) -> RuleEdit:
    return lambda rule, _draw: [{k: v for k, v in rule.items() if k != key}] if key in rule else None


def _amend(rule: Law, _draw: random.Random) -> list[Law] | None:
    if "until" in rule or str(rule.get("from", "")) >= "2027-01-01":
        return None
    narrower = f"({rule.get('when', 'true')}) && data.persons >= 10"
    return [rule | {"until": "2027-01-01"}, rule | {"id": rule["id"] + "-x", "from": "2027-01-01", "when": narrower}]


def _split(rule: Law, _draw: random.Random) -> list[Law] | None:
    when = rule.get("when", "true")
    return [
        rule | {"when": f"({when}) && data.persons >= 100"},
        rule | {"id": rule["id"] + "-x", "when": f"({when}) && !(data.persons >= 100)"},
    ]


def _conditions(change: Callable[[list[Law], random.Random], list[Law] | None]) -> RuleEdit:
    def of_route(route: Law, draw: random.Random) -> Law | None:
        found = change(list(route.get("conditions", [])), draw)
        return None if found is None else route | {"conditions": found}

    return _effect("route", of_route)


def _shift(rule: Law, _draw: random.Random) -> list[Law] | None:
    days = {"2015-01-01": "2015-01-02"}
    since = str(rule.get("from", ""))
    return [rule | {"from": days.get(since, since[:8] + ("02" if since.endswith("01") else "01"))}] if since else None


_OFFERS = json.dumps([one.value for one in words_of(("services", 0, "offers"))][:40])
"""Forty offers, as a list of CEL."""
RULE_EDITS: Mapping[str, RuleEdit] = {
    "condition negated": _when(lambda text: f"!({text})"),
    "condition always true": _when(lambda _: "true"),
    "condition never true": _when(lambda _: "false"),
    "condition doubly negated": _when(lambda text: f"!(!({text}))"),
    "narrowed by a number": _when(lambda text: f"({text}) && data.persons >= 3"),
    "narrowed by a share": _when(lambda text: f"({text}) && company.foreign_percent > 0.01"),
    "narrowed by deals": _when(lambda text: f'({text}) && deals.exists(d, d.kind == "acquisition")'),
    "narrowed by the number of services": _when(lambda text: f"({text}) && services.size() > 1"),
    "narrowed by a long list": _when(lambda text: f"({text}) && service.offers.exists(o, o in {_OFFERS})" if "service." in text else None),
    "narrowed by nested quantifiers": _when(
        lambda text: f'({text}) && services.exists(s, s.facilities.exists(f, f.tenure == "lease" && s.area.all(a, a.within != "")))'
        if "services" in text
        else f"({text}) && services.exists(s, s.offers.exists(o, services.all(t, !(o in t.offers) || t.offers.size() > 1)))"
    ),
    "widened by a day": _when(lambda text: f'({text}) || as_of == "2026-12-01"'),
    "widened by licenses": _when(lambda text: f"({text}) || company.licenses.size() > 2"),
    "and for or": _swap("||", "&&"),
    "or for and": _swap("&&", "||"),
    "boundary": _swap(">=", ">"),
    "other boundary": _swap("<=", "<"),
    "equality": _swap("==", "!="),
    "exists for all": _swap(".all(", ".exists("),
    "all for exists": _swap(".exists(", ".all("),
    "company for operator": _swap("operator.", "company."),
    "rule removed": lambda _rule, _draw: [],
    "rule renamed": lambda rule, _draw: [rule | {"id": rule["id"] + "-x"}],
    "rule split": _split,
    "rule amended": _amend,
    "begins another day": _shift,
    "ends in 2027": lambda rule, _draw: None if "until" in rule else [rule | {"until": "2027-03-01"}],
    "end taken out": _without("until"),
    "message": lambda rule, _draw: [rule | {"message": {"en": "Other words.", "zh": "其他文字。"}}],
    "readings taken out": _without("readings"),
    "unwaivable taken out": _without("unwaivable"),
    "made unwaivable": lambda rule, _draw: (None if "unwaivable" in rule else [rule | {"unwaivable": True}]),
    "article taken out": lambda rule, _draw: [rule | {"cite": rule["cite"][1:]}] if len(rule["cite"]) > 1 else None,
    "another class": _effect("classify", lambda e, draw: e | {"classes": [draw.choice(("B11", "B21", "B25-info"))]}),
    "one class less": _effect("classify", lambda e, _: {**e, "classes": e["classes"][1:]} if len(e["classes"]) > 1 else None),
    "curable": _effect("deny", lambda e, _: e | {"curable": not e.get("curable", False)}),
    "denial becomes advice": _as("deny", "advise", {"kind": "verify"}),
    "need becomes a duty": lambda rule, _draw: (
        [{k: v for k, v in rule.items() if k != "need"} | {"duty": {"instrument": rule["need"]["instrument"], "due": {"before": "launch"}}}]
        if "instrument" in rule.get("need", {})
        else None
    ),
    "duty becomes a need": lambda rule, _draw: (
        [{k: v for k, v in rule.items() if k != "duty"} | {"need": {"instrument": rule["duty"]["instrument"]}}]
        if "instrument" in rule.get("duty", {})
        else None
    ),
    "other instrument of a need": _effect("need", lambda e, _: e | {"instrument": "icp-filing"} if "instrument" in e else None),
    "bearer of a need": _effect("need", lambda e, _: e | {"bearer": "company"} if "instrument" in e else None),
    "due": _effect("duty", lambda e, _: e | {"due": {"within": 17, "unit": "working-day", "after": "launch"}}),
    "other instrument of a duty": _effect("duty", lambda e, _: e | {"instrument": "icp-filing"}),
    "bearer of a duty": _effect("duty", lambda e, _: e | {"bearer": "partner"}),
    "kind of advice": _effect("advise", lambda e, _: {"kind": "note" if e["kind"] != "note" else "verify"}),
    "route condition dropped": _conditions(lambda found, draw: [c for c in found if c is not draw.choice(found)] if found else None),
    "route condition negated": _conditions(lambda found, _: [*found[:-1], found[-1] | {"check": f"!({found[-1]['check']})"}] if found else None),
    "share of a route": _effect("route", lambda e, _: e | {"max_foreign_percent": "33.0"} if "max_foreign_percent" in e else None),
    "share of a route taken out": _effect("route", lambda e, _: {k: v for k, v in e.items() if k != "max_foreign_percent"} if "max_foreign_percent" in e else None),
}  # fmt: skip
