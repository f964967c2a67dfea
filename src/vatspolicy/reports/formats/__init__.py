"""Formats of reports: the one table of their names, files and writers.

A decision is reported in each of them. Another command takes those that it declares.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from vatspolicy.i18n import Phrase


class Format(NamedTuple):
    """A format of reports."""

    media: str = "text/plain"
    """Media type."""
    ending: str | None = None
    """Suffix of its files, if different from its name; empty for a format without a unique suffix."""
    whole: bool = False
    """True if it reads all records at the end of a run; other formats render each decision when it is made."""
    button: Phrase | None = None
    """Label of the button that saves it on the local page, if the page offers it."""


FORMATS: Mapping[str, Format] = {
    "text": Format(ending="txt"),
    "json": Format("application/json"),
    "sarif": Format("application/sarif+json"),
    "junit": Format("application/xml", "xml"),
    "github": Format(ending=""),
    "markdown": Format("text/markdown", "md"),
    "comment": Format("text/markdown", ""),
    "gitlab": Format("application/json", ""),
    "csv": Format("text/csv", button=Phrase("Checklist (CSV)")),
    "html": Format("text/html", whole=True, button=Phrase("Web page (HTML)")),
}
"""Formats by name, in the order of help. The module of `reports.decision` with the name writes decisions."""


def ending_of(name: str) -> str:
    """Return the file suffix of a format; empty if no suffix identifies the format."""
    format = FORMATS.get(name)
    return name if format is None or format.ending is None else format.ending


# --- what a writer leaves out

BY_KIND = "The list in which it stands says it, or it follows from the other fields."
BY_EXPLAIN = "`vatspolicy explain` and the JSON say it."
BY_NAME = "The title of the instrument stands for the rule, and duties of one instrument are one."
BY_LICENSE = "Beside the licenses to get, their routes are listed under the services."
EXPLAINED = "Reasoning that only whole reports have."
"""Reasons shared by LEAVES_OUT of several writers."""
KINDS = "Denial.effect Denial.state Need.state Duty.effect Advice.effect Advice.state"
VERSIONS = "Denial.version Need.version Duty.version Advice.version"
POLICY = "Explanation.policy_file Explanation.policy_line"
WHY = "Explanation.check Explanation.clauses Explanation.facts"
"""Fields of findings listed together."""
