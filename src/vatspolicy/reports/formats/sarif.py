"""SARIF 2.1.0: one run of a tool with its rules, results and notifications."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from vatspolicy.core.documents import split_part
from vatspolicy.origin import page, repository

LONGEST = 1000
"""Maximum characters of a description; GitHub shows 1024."""


@dataclass
class SarifRun:
    """A run under construction. Rules are added before results that refer to them."""

    tool: str
    version: str
    """Version of the bundle."""
    fingerprint: str
    """Name of the fingerprint of results, such as `subjectAndRule/v1`."""
    rules: list[dict[str, object]] = field(default_factory=list)
    results: list[dict[str, object]] = field(default_factory=list)
    notifications: list[dict[str, object]] = field(default_factory=list)

    def add_rule(
        self,
        id: str,
        text: str,
        *,
        full: str = "",
        paragraphs: Iterable[str] = (),
        address: str | None = None,
        **more: object,
    ) -> None:
        """Add a rule.

        Args:
            id: Id of the rule.
            text: Short description.
            full: Full description; the short one if there is none.
            paragraphs: The help, as Markdown; the full description if there are none.
            address: Address of a page about the rule.
            more: Further properties of SARIF.
        """
        said = list(paragraphs) or [full or text]
        rule = {
            "id": id,
            "shortDescription": {"text": _cut(text)},
            "fullDescription": {"text": _cut(full or text)},
            "help": {"text": "\n\n".join(map(_plain, said)), "markdown": "\n\n".join(said)},
            **({"helpUri": address} if address else {}),
            **more,
        }
        self.rules.append(rule)

    def add_result(
        self, rule: str, level: str, text: str, place: Mapping[str, object], identity: str
    ) -> dict[str, object]:
        """Add a result of a rule at a place, and return it. Equal results of two runs have the same `identity`."""
        index = next(index for index, listed in enumerate(self.rules) if listed["id"] == rule)
        result = make_result(self.fingerprint, rule, level, text, place, identity, index=index)
        self.results.append(result)
        return result

    def notify(self, level: str, text: str, place: Mapping[str, object] | None = None) -> None:
        """Add a notification of the tool about a part that it could not evaluate."""
        where = {"locations": [place]} if place else {}
        self.notifications.append({"level": level, "message": {"text": text}, **where})

    def to_json(
        self, successful: bool, exit_code: int | None = None, properties: Mapping[str, object] | None = None
    ) -> str:
        """Return the log with this run as its only one."""
        invocation: dict[str, object] = {"executionSuccessful": successful}
        if exit_code is not None:
            invocation["exitCode"] = exit_code
        if self.notifications:
            invocation["toolExecutionNotifications"] = self.notifications
        address = repository()
        driver = {
            "name": self.tool,
            "semanticVersion": self.version,
            **({"informationUri": address} if address else {}),
            "rules": self.rules,
        }
        run = {
            "tool": {"driver": driver},
            "columnKind": "unicodeCodePoints",
            "invocations": [invocation],
            "results": self.results,
            **({} if properties is None else {"properties": properties}),
        }
        log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
        return json.dumps(log, ensure_ascii=False, indent=2) + "\n"


def make_result(
    fingerprint: str,
    rule: str,
    level: str,
    text: str,
    place: Mapping[str, object],
    identity: str,
    *,
    index: int = 0,
    related: object = None,
) -> dict[str, object]:
    """Return a result of a rule, which is at this index of the rules of its run."""
    digest = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
    return {
        "ruleId": rule,
        "ruleIndex": index,
        "level": level,
        "message": {"text": text},
        "locations": [place],
        **({"relatedLocations": [related]} if related else {}),
        "partialFingerprints": {fingerprint: digest},
    }


def location(file: str, line: int, column: int = 1) -> dict[str, object]:
    """Return the location of a line in a file."""
    path = quote(os.fsencode(split_part(file)[0].replace(os.sep, "/")))
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": f"file://{path}" if path.startswith("/") else path},
            "region": {"startLine": line, "startColumn": column},
        }
    }


def related_location(file: str, line: int) -> dict[str, object] | None:
    """Return the location of a line if the file is in the folder of the reader, such as a policy in its repository."""
    if os.path.isabs(file) or file.startswith("..") or not os.path.isfile(file):
        return None
    return location(file, line)


def rule_page(policy: str, rule: str = "") -> str | None:
    """Return the address of the page of a policy, at one of its rules; None if the repository is not known."""
    return page(f"policies/{policy}.md", rule)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1].rstrip()}…"


def _plain(paragraph: str) -> str:
    """Return a paragraph of Markdown as plain text, without the escapes and marks of this project."""
    import re

    text = re.sub(r"\[([^\]\\]*)\]\(([^)]*)\)", r"\1 (\2)", paragraph.replace("**", ""))
    return re.sub(r"\\(.)|`", r"\1", text).replace("\u200b", "")
