"""The comparison as a pull request shows it: the answer first, the evidence folded."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from vatspolicy.comparison import describe
from vatspolicy.comparison.summary import release, sentences, sides
from vatspolicy.comparison.words import phrase
from vatspolicy.report.markdown import escape
from vatspolicy.report.terminal import clean
from vatspolicy.vocabulary import Language

Data = Mapping[str, Any]

LIMIT = 60_000
"""Characters of a report: a comment on GitHub holds 65,536."""
ROWS = 60
"""Lines of one table; the JSON report has all."""
_ICONS = {"tightened": "🔺", "loosened": "🔻", "both": "🔀", "neither": "🟰"}


def render(data: Data, lang: Language) -> str:
    """The report, in at most LIMIT characters: what does not fit any more is left to the full report."""
    page = _Page(data, lang)
    parts = [page.head(), page.problems(), page.decisions(), page.semantic(), page.release()]
    parts += [page.structure(), page.details(), page.tail()]
    text = ""
    for part in parts:
        section = re.sub(r"\n{3,}", "\n\n", "\n".join(part))
        if len(text) + len(section) > LIMIT:
            return f"{text}\n*{phrase('cut', lang)}*\n"
        text += f"{section}\n" if section else ""
    return text


class _Page:
    def __init__(self, data: Data, lang: Language) -> None:
        self.data, self.lang = data, lang

    def head(self) -> Iterator[str]:
        data = self.data
        icon = "🛑" if data["why"] else _ICONS[data["verdict"]]
        yield f"## {icon} {escape(data['title'][self.lang])}"
        yield ""
        yield f"{escape(sides(data, self.lang))}  "
        yield "  \n".join(escape(sentence) for sentence in sentences(data, self.lang))

    def heading(self, key: str) -> Iterator[str]:
        yield ""
        yield f"### {phrase(key, self.lang)}"
        yield ""

    def table(self, keys: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
        yield f"| {' | '.join(phrase(key, self.lang) for key in keys)} |"
        yield f"|{'---|' * len(keys)}"
        yield from (f"| {' | '.join(row)} |" for row in rows[:ROWS])
        if len(rows) > ROWS:
            yield ""
            yield f"*{phrase('more', self.lang, count=len(rows) - ROWS)}*"

    def folded(self, key: str, count: int, lines: Iterable[str]) -> Iterator[str]:
        yield ""
        yield f"<details><summary><b>{phrase(key, self.lang)}</b> ({count})</summary>"
        yield ""
        yield from lines
        yield ""
        yield "</details>"

    def problems(self) -> Iterator[str]:
        if self.data["problems"]:
            yield from self.heading("problems")
        for problem in self.data["problems"][:ROWS]:
            where = f"{problem['file']}:{problem['line']}:{problem['column']}"
            path = f"{escape(problem['path'])}: " if problem["path"] else ""
            yield f"- `{_code(where)}` {path}{escape(problem['message'])} {escape(problem['hint'])}".rstrip()

    def decisions(self) -> Iterator[str]:
        rows = self.data["decisions"]["rows"] if self.data["decisions"] else []
        if not rows:
            return
        yield from self.heading("decisions")
        known: set[str] = set()
        lines = [self.row(row, known) for row in rows]
        yield from self.table(("product", "service", "as_of", "change", "because"), lines)

    def row(self, row: Data, known: set[str]) -> list[str]:
        """`known`: rules whose law an earlier line has shown."""
        before, after = (escape(describe.answer(row[side], self.lang)) for side in ("before", "after"))
        services = ", ".join(row["services"]) or phrase("whole", self.lang)
        causes = []
        for cause in row["because"][:3]:
            law = "" if cause["rule"] in known else f" {escape(describe.law(cause, self.lang))}"
            known.add(cause["rule"])
            causes.append(f"`{_code(cause['rule'])}`{law}")
        more = f" +{len(row['because']) - 3}" if len(row["because"]) > 3 else ""
        return [
            escape(describe.subject(row)),
            escape(services),
            _days(row["days"]),
            f"{before} → **{after}**",
            "<br>".join(causes) + more,
        ]

    def semantic(self) -> Iterator[str]:
        semantic = self.data["semantic"]
        if not semantic or not semantic["rules"]:
            return
        yield from self.heading("semantic")
        rows = [[f"`{_code(rule['rule'])}`", escape(describe.verdict(rule, self.lang))] for rule in semantic["rules"]]
        yield from self.table(("rule", "verdict"), rows)
        for rule in semantic["rules"][:ROWS]:
            if rule["witness"] is not None:
                yield from self.witness(rule)

    def witness(self, rule: Data) -> Iterator[str]:
        yield ""
        day = f", {phrase('as_of', self.lang)} {rule['as_of']}" if rule["as_of"] else ""
        change = f"{rule['before']} → {rule['after']}{day}"
        yield f"<details><summary><code>{_html(rule['rule'])}</code>: {_html(change)}</summary>"
        yield ""
        yield from _fence(json.dumps(rule["witness"], ensure_ascii=False, indent=2), "json")
        yield ""
        yield "</details>"

    def release(self) -> Iterator[str]:
        if not self.data["release"]:
            return
        yield from self.heading("release")
        yield escape(release(self.data["release"], self.lang))
        if self.data["release"]["faults"]:
            yield ""
        for fault in self.data["release"]["faults"]:
            yield f"- ⚠️ {escape(fault['text'][self.lang])} (`{_code(fault['file'])}:{fault['line']}`)"

    def structure(self) -> Iterator[str]:
        changes, schemas = self.data["structure"], self.data["schemas"]
        if changes or schemas:
            yield from self.folded("structure", len(changes) + len(schemas), self.edits(changes, schemas))

    def edits(self, changes: Sequence[Data], schemas: Sequence[Data]) -> Iterator[str]:
        for change in changes[:ROWS]:
            where = f"`{_code(change['file'])}:{change['line']}`"
            back = f" **⏪ {phrase('back', self.lang)}**" if change["retroactive"] else ""
            yield f"- {where} {escape(describe.edit(change, self.lang))}{back}"
            lines = []
            for name, sign, value in describe.values(change, self.lang):
                lead = f"{name}: " if name else ""
                lines.append(f"{' ' if sign == '~' else sign} {lead}{value}")
            if lines:
                yield ""
                yield from (f"  {line}" for line in _fence("\n".join(lines), "diff"))
                yield ""
        for change in schemas[:ROWS]:
            yield f"- `{_code(change['file'])}` {escape(describe.schema_edit(change, self.lang))}"
        left = max(len(changes) - ROWS, 0) + max(len(schemas) - ROWS, 0)
        if left:
            yield f"- *{phrase('more', self.lang, count=left)}*"

    def details(self) -> Iterator[str]:
        details = self.data["decisions"]["details"] if self.data["decisions"] else []
        if not details:
            return
        rows = [
            [
                escape(describe.detail(detail, self.lang)),
                _days(detail["days"]),
                escape(describe.names(detail["products"])),
            ]
            for detail in details
        ]
        yield from self.folded("details", len(details), self.table(("what", "as_of", "who"), rows))

    def tail(self) -> Iterator[str]:
        yield ""
        yield f"<sub>{phrase('disclaimer', self.lang)}</sub>"


def _days(days: Sequence[str]) -> str:
    """Days that a narrow column does not break."""
    return describe.days(days).replace("-", "&#8209;").replace(", ", "<br>")


def _code(text: str) -> str:
    """Text between single backticks, in a table too."""
    return clean(text, one_line=True).replace("`", "'").replace("|", "¦")


def _html(text: str) -> str:
    """Text within a line of HTML, where Markdown's own escapes mean nothing."""
    text = html.escape(clean(text, one_line=True))
    return re.sub(r"(?<!\w)@(?=\w)", "@\u200b", text).replace("://", ":\u200b//")


def _fence(text: str, language: str) -> list[str]:
    """Lines in a fence that none of them can close."""
    ticks = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, ticks + 1)
    return [f"{fence}{language}", *clean(text).split("\n"), fence]
