"""The comparison as a pull request shows it: the answer first, the evidence folded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from vatspolicy.documents.yaml_writer import dump_yaml
from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports.diff import wording
from vatspolicy.reports.diff.summary import release, sentences, sides
from vatspolicy.reports.diff.words import phrase
from vatspolicy.reports.formats.markdown import escape, escape_html, fence, fold, quote_name, section, table

Data = Mapping[str, Any]

LIMIT = 60_000
"""Characters of a report: a comment on GitHub holds 65,536."""
ROWS = 60
"""Lines of one table; the JSON report has all."""
_FEW = 6
"""Edits that need not be folded."""
_ICONS = {"tightened": "🔺", "loosened": "🔻", "both": "🔀", "neither": "🟰", "unknown": "❓"}


def render(data: Data, lang: Language) -> str:
    """Render the report in at most LIMIT characters: first shorten tables, then leave out parts."""
    for rows in (ROWS, 20, 8):
        sections = _sections(_Page(data, lang, rows))
        if sum(map(len, sections)) <= LIMIT:
            return "".join(sections)
    *sections, tail = sections
    tail = f"\n*{phrase('cut', lang)}*\n{tail}"
    text = ""
    for part in sections:
        text += part if len(text) + len(part) + len(tail) <= LIMIT else ""
    return text + tail


def _sections(page: _Page) -> list[str]:
    parts = [page.head(), page.problems(), page.structure(), page.decisions(), page.transitions(), page.semantic()]
    parts += [page.release(), page.details(), page.tail()]
    texts = [re.sub(r"\n{3,}", "\n\n", "\n".join(part)) for part in parts]
    return [f"{text}\n" for text in texts if text]


class _Page:
    def __init__(self, data: Data, lang: Language, limit: int = ROWS) -> None:
        self.data, self.lang, self.limit = data, lang, limit

    def head(self) -> Iterator[str]:
        data = self.data
        icon = "🛑" if data["why"] else _ICONS[data["verdict"]]
        yield f"## {icon} {escape(data['title'][self.lang])}"
        yield ""
        yield f"{escape(sides(data, self.lang))}  "
        yield "  \n".join(escape(sentence) for sentence in sentences(data, self.lang))

    def heading(self, key: str) -> Iterator[str]:
        yield from section(phrase(key, self.lang))

    def table(self, keys: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
        yield from table([phrase(key, self.lang) for key in keys], rows[: self.limit])
        if len(rows) > self.limit:
            yield ""
            yield f"*{phrase('more', self.lang, count=len(rows) - self.limit)}*"

    def folded(self, key: str, count: int, lines: Iterable[str], is_open: bool = False) -> Iterator[str]:
        yield from fold(f"<b>{phrase(key, self.lang)}</b> ({count})", lines, is_open)

    def problems(self) -> Iterator[str]:
        if self.data["problems"]:
            yield from self.heading("problems")
        for problem in self.data["problems"][: self.limit]:
            where = f"{problem['file']}:{problem['line']}:{problem['column']}"
            path = f"{escape(problem['path'])}: " if problem["path"] else ""
            yield f"- {quote_name(where)} {path}{escape(problem['message'])} {escape(problem['hint'])}".rstrip()

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
        before, after = (escape(wording.answer(row[side], self.lang)) for side in ("before", "after"))
        services = ", ".join(row["services"]) or phrase("whole", self.lang)
        causes = []
        for cause in row["because"][:3]:
            law = "" if cause["rule"] in known else f" {escape(wording.law(cause, self.lang))}"
            known.add(cause["rule"])
            causes.append(f"{quote_name(cause['rule'])}{law}")
        more = f" +{len(row['because']) - 3}" if len(row["because"]) > 3 else ""
        return [
            escape(wording.subject(row)),
            escape(services),
            _days(row["days"]),
            f"{before} → **{after}**",
            "<br>".join(causes) + more,
        ]

    def transitions(self) -> Iterator[str]:
        """Render the transitions of the whole change: witnessed, proved impossible, and open."""
        found = self.data["semantic"]["transitions"] if self.data["semantic"] else []
        if not found:
            return
        yield from self.heading("transitions")
        for entry in found:
            if entry["witness"] is not None:
                yield from self.witness("", entry["witness"])
        for sentence in wording.excluded(self.data, self.lang):
            yield ""
            yield escape(sentence)

    def semantic(self) -> Iterator[str]:
        semantic = self.data["semantic"]
        if not semantic or not semantic["rules"]:
            return
        listed = [rule for rule in semantic["rules"] if wording.only_lists(rule)]
        yield from self.heading("semantic")
        rules = [rule for rule in semantic["rules"] if not wording.only_lists(rule)]
        rows = [
            [f"{quote_name(rule['rule'])}", escape(self.law(rule)), escape(wording.verdict(rule, self.lang))]
            for rule in rules
        ]
        if rows:
            yield from self.table(("rule", "says", "verdict"), rows)
        for rule in [rule for rule in rules if rule["witness"] is not None][: self.limit]:
            yield from self.witness(f"<code>{escape_html(rule['rule'])}</code> · ", rule["witness"])
        if listed:
            yield from self.folded("listed", len(listed), self.listed(listed))

    def listed(self, rules: Sequence[Data]) -> Iterator[str]:
        """Render a line and a witness for each rule below the decision."""
        rows = [
            [
                f"{quote_name(rule['rule'])}",
                escape(self.law(rule)),
                escape(wording.dated(rule, self.lang)),
                escape(wording.names(rule["seen_in"])),
            ]
            for rule in rules
        ]
        yield from self.table(("rule", "says", "change_of_rule", "seen"), rows)
        yield ""
        yield phrase("witnesses", self.lang)
        yield ""
        for rule in rules[: self.limit]:
            told = wording.shown(rule["witness"], self.lang), wording.facts(rule["witness"], self.lang)
            yield f"- {quote_name(rule['rule'])} {escape(' '.join(told))}"

    def law(self, rule: Data) -> str:
        """Return the message of a rule and its law."""
        law = wording.law(rule, self.lang)
        return f"{rule['message'][self.lang]} [{law}]" if law else str(rule["message"][self.lang])

    def witness(self, lead: str, witness: Data) -> Iterator[str]:
        """Render a witness, folded: its facts as a table, and the profile to copy."""
        told = wording.shown(witness, self.lang)
        yield from fold(f"{lead}{escape_html(told)}", self.witness_body(witness))

    def witness_body(self, witness: Data) -> Iterator[str]:
        if witness["facts"]:
            rows = [[escape(fact[key][self.lang]) for key in ("title", "value")] for fact in witness["facts"]]
            yield from self.table(("fact", "value"), rows)
        else:
            yield escape(phrase("any_product", self.lang))
        text = dump_yaml(witness["profile"]).rstrip()
        yield from fold(escape_html(phrase("profile", self.lang)), fence(text, "yaml"))

    def release(self) -> Iterator[str]:
        if not self.data["release"]:
            return
        yield from self.heading("release")
        yield escape(release(self.data["release"], self.lang))
        if self.data["release"]["faults"]:
            yield ""
        for fault in self.data["release"]["faults"]:
            place = quote_name(f"{fault['file']}:{fault['line']}")
            yield f"- ⚠️ {escape(fault['text'][self.lang])} ({place})"

    def structure(self) -> Iterator[str]:
        changes, schemas = self.data["structure"], self.data["schemas"]
        if changes or schemas:
            count = len(changes) + len(schemas)
            yield from self.folded("structure", count, self.edits(changes, schemas), count <= _FEW)

    def edits(self, changes: Sequence[Data], schemas: Sequence[Data]) -> Iterator[str]:
        for change in changes[: self.limit]:
            where = quote_name(f"{change['file']}:{change['line']}")
            back = f" **⏪ {phrase('back', self.lang)}**" if change["retroactive"] else ""
            yield f"- {where} {escape(wording.edit(change, self.lang))}{back}"
            lines = []
            for name, sign, value in wording.values(change, self.lang):
                lead = f"{name}: " if name else ""
                lines.append(f"{' ' if sign == '~' else sign} {lead}{value}")
            if lines:
                yield ""
                yield from (f"  {line}" for line in fence("\n".join(lines), "diff"))
                yield ""
        for change in schemas[: self.limit]:
            yield f"- {quote_name(change['file'])} {escape(wording.schema_edit(change, self.lang))}"
        left = max(len(changes) - self.limit, 0) + max(len(schemas) - self.limit, 0)
        if left:
            yield f"- *{phrase('more', self.lang, count=left)}*"

    def details(self) -> Iterator[str]:
        details = self.data["decisions"]["details"] if self.data["decisions"] else []
        if not details:
            return
        rows = [
            [
                escape(wording.detail(detail, self.lang)),
                _days(detail["days"]),
                escape(wording.names(detail["products"])),
            ]
            for detail in details
        ]
        yield from self.folded("details", len(details), self.table(("what", "as_of", "who"), rows))

    def tail(self) -> Iterator[str]:
        yield ""
        yield f"<sub>{phrase('disclaimer', self.lang)}</sub>"


def _days(days: Sequence[str]) -> str:
    """Format days so that a narrow column does not break them."""
    return wording.days(days).replace("-", "&#8209;").replace(", ", "<br>")
