"""The compact form of decisions as JSON (summary.schema.json): each thing once, in one language, without the reasoning.

`--details` writes the whole record instead.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from vatspolicy.gate.judgement import Judgement
from vatspolicy.i18n import Language
from vatspolicy.reports.decision.digest import merge_duties, open_facts, say_finding, subject_of
from vatspolicy.reports.decision.doubt import say_changes
from vatspolicy.reports.words import law_of

Data = Mapping[str, Any]

FACTS = 10
"""Facts that are named of those that leave rules undetermined, the most decisive first."""


def compact(data: Data, lang: Language, judgement: Judgement) -> dict[str, Any]:
    """Return one decision (a record) in its compact form."""
    return _Compact(data, lang, judgement).whole()


def write_dense(value: Any, indent: str = "") -> str:
    """Return JSON in which an object or list without objects stands on one line."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if not any(isinstance(one, dict) or _has_objects(one) for one in inner):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    deeper = f"{indent} "
    if isinstance(value, dict):
        lines = [f"{deeper}{json.dumps(key)}: {write_dense(one, deeper)}" for key, one in value.items()]
    else:
        lines = [f"{deeper}{write_dense(one, deeper)}" for one in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n" + ",\n".join(lines) + f"\n{indent}{closing}"


def _has_objects(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(one, dict) or _has_objects(one) for one in value)


def say_failure(data: Data, part: str, position: int, lang: Language) -> str:
    """Return a failing part of a decision in one line; empty for the decision as a whole."""
    one = data[part][position] if isinstance(data[part], list) else None
    if one is None:
        return ""
    if "path" in one:
        return str(one["path"])
    return f"{one['rule']} ({one['subject']})" if "reading" in one else say_finding(one, lang)


class _Compact:
    def __init__(self, data: Data, lang: Language, judgement: Judgement) -> None:
        self.data, self.lang = data, lang
        self.failures = judgement.find_failures(data)

    def whole(self) -> dict[str, Any]:
        data = self.data
        kept = ("decision", "product", "title", "file", "as_of", "launch", "range", "verification")
        return {
            **{key: data[key] for key in kept},
            **({"remaining": data["remaining"]} if "remaining" in data else {}),
            "bundle": self.bundle(),
            "failures": [self.failure(*failure) for failure in self.failures],
            "services": [self.service(service) for service in data["services"]],
            "denials": [self.denial(finding) for finding in data["denials"]],
            "licenses": [self.license(finding) for key in ("needs", "would_need") for finding in data[key]],
            "held": [self.license(finding) for finding in data["met"]],
            "duties": [self.duty(duty) for duty in merge_duties(data["duties"])],
            "advice": [self.advice(finding) for finding in data["advice"]],
            "contested": [self.reading(reading) for reading in data["contested"]],
            "missing": [self.fact(ask, len(ask["rules"])) for ask in data["missing"]],
            "undetermined": self.undetermined(data["undetermined"]),
            "opinions": [
                {key: one[key] for key in ("about", "by", "date", "state", "line")}
                | {"approver": one["granted"] and one["granted"]["approver"]}
                for one in data["opinions"]
            ],
            "notices": [self.say(notice["message"]) for notice in data["notices"]],
            "changes_ahead": [
                {key: entry[key] for key in ("day", "phase", "before", "decision")}
                for entry in data.get("changes_ahead", ())
            ],
        }

    def bundle(self) -> dict[str, Any]:
        bundle = dict(self.data["bundle"])
        if "layers" in bundle:
            bundle["layers"] = [{**one, "title": self.say(one["title"])} for one in bundle["layers"]]
        return bundle

    def say(self, text: Data) -> str:
        return str(text[self.lang])

    def failure(self, level: str, part: str, position: int) -> dict[str, Any]:
        return {"level": level, "part": part, "about": say_failure(self.data, part, position, self.lang)}

    def waived(self, finding: Data) -> dict[str, Any]:
        """Return who set a finding aside, if somebody did."""
        if "waived" not in finding:
            return {}
        kept = ("by", "reason", "approver", "ticket", "until")
        return {"waived": {key: finding["waived"][key] for key in kept if key in finding["waived"]}}

    def bodies(self, one: Data) -> list[str]:
        return [body["id"] for body in one["authority"]]

    def service(self, service: Data) -> dict[str, Any]:
        activities = [
            {
                "class": activity["class"],
                "title": self.say(activity["title"]),
                "outcome": activity["outcome"],
                "routes": {route["name"]: route["state"] for route in activity["routes"]},
            }
            for activity in service["activities"]
        ]
        return {"id": service["id"], "state": service["state"], "activities": activities}

    def finding(self, finding: Data) -> dict[str, Any]:
        return {
            "rule": finding["rule"],
            "subject": subject_of(finding),
            "message": self.say(finding["message"]),
            "law": law_of(finding, self.lang),
            "line": finding["location"]["line"],
            **self.layer(finding),
            **self.waived(finding),
        }

    def layer(self, finding: Data) -> dict[str, str]:
        """Return the layer of a finding, if there is more than the base."""
        return {"layer": finding["layer"]} if "layer" in finding else {}

    def denial(self, finding: Data) -> dict[str, Any]:
        return {
            **self.finding(finding),
            "reasons": [reason["code"] for reason in finding.get("reasons", ())],
            "curable": bool(finding.get("curable")),
        }

    def license(self, finding: Data) -> dict[str, Any]:
        offers = finding.get("any_of") or [finding]
        return {
            **self.finding(finding),
            "any_of": [
                {
                    "instrument": offer["instrument"]["id"],
                    "title": self.say(offer["instrument"]["title"]),
                    "class": offer.get("class"),
                    "route": offer.get("route"),
                    "authority": self.bodies(offer),
                }
                for offer in offers
                if "instrument" in offer
            ],
        }

    def duty(self, duty: Data) -> dict[str, Any]:
        deadline = duty["deadline"]
        return {
            "rule": duty["rule"],
            "instrument": duty["instrument"]["id"],
            "title": self.say(duty["instrument"]["title"]),
            "authority": self.bodies(duty),
            "bearer": duty["bearer"],
            "state": duty["state"],
            "group": deadline["group"],
            "due": self.say(deadline["text"]),
            "date": deadline["date"],
            "law": law_of(duty, self.lang),
            **self.layer(duty),
            **self.waived(duty),
        }

    def advice(self, finding: Data) -> dict[str, Any]:
        return {**self.finding(finding), "kind": finding["kind"]}

    def reading(self, reading: Data) -> dict[str, Any]:
        return {
            **{key: reading[key] for key in ("rule", "subject", "reading", "decision", "stricter")},
            "message": self.say(reading["message"]),
            "held_by": self.say(reading["held_by"]),
            "changes": say_changes(reading, self.lang),
            "line": reading["location"]["line"],
        }

    def fact(self, ask: Data, rules: int) -> dict[str, Any]:
        return {"path": ask["path"], "question": self.say(ask["question"]), "rules": rules}

    def undetermined(self, findings: Iterable[Data]) -> dict[str, Any]:
        """Return the number of rules that stay undetermined, and the facts that would settle most of them."""
        findings = list(findings)
        facts = sorted(open_facts(findings).values(), key=lambda item: -item[1])
        return {
            "rules": len({finding["rule"] for finding in findings}),
            "facts": [self.fact(ask, count) for ask, count in facts[:FACTS]],
            "more_facts": max(len(facts) - FACTS, 0),
        }
