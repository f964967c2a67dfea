"""Findings about files of policies, as `lint`, `test` and `analyze` report them to GitHub and in SARIF."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from vatspolicy.core.engine.result import encode
from vatspolicy.i18n import Language, LocalizedText, Phrase
from vatspolicy.reports.formats.github import command
from vatspolicy.reports.formats.sarif import SarifRun, location

ERROR, WARNING, NOTE = "error", "warning", "note"
"""Levels of a finding, the worst first. An error fails the run."""

_SHOWN = 9
"""GitHub shows ten annotations of a level, including the summary."""

_MORE = Phrase("The log has {count} more of this level: GitHub shows ten annotations of each.")


@dataclass(frozen=True)
class ShownFinding:
    """A finding to show next to a line."""

    rule: str
    level: str
    message: str
    file: str
    line: int
    column: int = 1
    ignored: str | None = None
    """Reason for ignoring the finding in the file; an ignored finding never fails."""


@dataclass(frozen=True)
class RuleHelp:
    """Kind of finding, with its title and help for a reader."""

    level: str
    title: LocalizedText
    help: LocalizedText | None = None
    page: str | None = None
    """Address of its documentation."""


def github(tool: str, findings: Iterable[ShownFinding], summary: str, failed: bool, lang: Language) -> str:
    """Return workflow commands: up to ten annotations of each level, worst first, and the summary."""
    open_ones = [finding for finding in findings if finding.ignored is None]
    last = ERROR if failed else NOTE
    lines: list[str] = []
    for level in (ERROR, WARNING, NOTE):
        here = [finding for finding in open_ones if finding.level == level]
        room = _SHOWN if level == last else _SHOWN + 1
        shown = here if len(here) <= room else here[: room - 1]
        lines += [command(level, at.message, file=at.file, line=at.line, col=at.column, title=at.rule) for at in shown]
        if len(shown) < len(here):
            lines.append(command(level, _MORE[lang].format(count=len(here) - len(shown)), title=tool))
            lines += [f"{at.file}:{at.line}:{at.column}: {at.rule}: {at.message}" for at in here[len(shown) :]]
    lines.append(command(last, summary, title=tool))
    return "".join(f"{line}\n" for line in lines)


def write_json(result: object) -> str:
    """Return a result as JSON with sorted keys, as its schema describes it."""
    return json.dumps(encode(result), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def make_run(
    tool: str, version: str, rules: Mapping[str, RuleHelp], findings: Sequence[ShownFinding], lang: Language
) -> SarifRun:
    """Return a SARIF run. Findings that a file ignores are results with a suppression."""
    run = SarifRun(tool, version, "findingAndFile/v1")
    for id, rule in rules.items():
        description = rule.help or rule.title
        run.add_rule(
            id,
            rule.title[lang],
            fullDescription={"text": description[lang]},
            help={"text": description[lang], "markdown": f"**{rule.title[lang]}** {description[lang]}"},
            defaultConfiguration={"level": rule.level},
            address=rule.page,
        )
    for finding in findings:
        position = location(finding.file, finding.line, finding.column)
        result = run.add_result(
            finding.rule, finding.level, finding.message, position, f"{finding.rule}\0{finding.file}\0{finding.message}"
        )
        if finding.ignored is not None:
            result["suppressions"] = [{"kind": "inSource", "justification": finding.ignored}]
    return run
