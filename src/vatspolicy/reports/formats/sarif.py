"""SARIF 2.1.0: one run of a tool with its rules, results and notifications."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote


@dataclass
class Run:
    """A run under construction. Rules are added before results that refer to them."""

    tool: str
    version: str
    """Version of the bundle."""
    fingerprint: str
    """Name of the fingerprint of results, such as `subjectAndRule/v1`."""
    rules: list[dict[str, Any]] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)
    notifications: list[dict[str, Any]] = field(default_factory=list)

    def add_rule(self, id: str, text: str, **more: Any) -> None:
        """Add a rule with its short description; `more` are further properties of SARIF."""
        self.rules.append({"id": id, "shortDescription": {"text": text}, **more})

    def add_result(
        self, rule: str, level: str, text: str, place: Mapping[str, Any], identity: str, *, related: Any = None
    ) -> dict[str, Any]:
        """Add a result of a rule at a place, and return it. Equal results of two runs have the same `identity`."""
        digest = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
        result = {
            "ruleId": rule,
            "ruleIndex": next(index for index, known in enumerate(self.rules) if known["id"] == rule),
            "level": level,
            "message": {"text": text},
            "locations": [place],
            **({"relatedLocations": [related]} if related else {}),
            "partialFingerprints": {self.fingerprint: digest},
        }
        self.results.append(result)
        return result

    def notify(self, level: str, text: str, place: Mapping[str, Any] | None = None) -> None:
        """Add a notification of the tool: something that it could not evaluate."""
        where = {"locations": [place]} if place else {}
        self.notifications.append({"level": level, "message": {"text": text}, **where})

    def to_json(
        self, successful: bool, exit_code: int | None = None, properties: Mapping[str, Any] | None = None
    ) -> str:
        """Return the log with this run as its only one."""
        invocation: dict[str, Any] = {"executionSuccessful": successful}
        if exit_code is not None:
            invocation["exitCode"] = exit_code
        if self.notifications:
            invocation["toolExecutionNotifications"] = self.notifications
        run = {
            "tool": {"driver": {"name": self.tool, "semanticVersion": self.version, "rules": self.rules}},
            "columnKind": "unicodeCodePoints",
            "invocations": [invocation],
            "results": self.results,
            **({} if properties is None else {"properties": properties}),
        }
        log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
        return json.dumps(log, ensure_ascii=False, indent=2) + "\n"


def location(file: str, line: int, column: int = 1) -> dict[str, Any]:
    """Return the location of a line in a file."""
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(os.fsencode(file.replace(os.sep, "/")))},
            "region": {"startLine": line, "startColumn": column},
        }
    }
