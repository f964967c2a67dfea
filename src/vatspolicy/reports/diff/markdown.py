"""The comparison for a pull request: the answer first, with folded evidence."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from vatspolicy.authoring.diff.edited import Cause, Edit
from vatspolicy.authoring.diff.result import ChangedDecision, Review
from vatspolicy.core.profile.vocabulary import Language
from vatspolicy.reports.diff import wording
from vatspolicy.reports.diff.document import parts, values
from vatspolicy.reports.diff.words import phrase
from vatspolicy.reports.formats.templating import render_markdown, trust
from vatspolicy.reports.printers.escapes import escape_markdown

LIMIT = 60_000
"""Maximum length of a report in characters. A GitHub comment can have 65,536."""
ROWS = 60
"""Maximum number of lines in a table. The JSON report has all."""
_OPEN = 12
"""Maximum number of unfolded cards."""
_CAUSES = 3
"""Maximum number of rules in a row of decisions."""
_ICONS = {"tightened": "🔺", "loosened": "🔻", "both": "🔀", "neither": "🟰", "unknown": "❓"}


def render(data: Review, lang: Language) -> str:
    """Render the report in at most LIMIT characters: first shorten tables, then omit parts."""
    for rows in (ROWS, 20, 8):
        sections = _sections(data, lang, rows)
        if sum(len(section) + 1 for section in sections) <= LIMIT:
            return "\n".join(sections)
    *sections, tail = sections
    end = [f"*{phrase('cut', lang)}*\n", tail]
    room = LIMIT - sum(len(text) + 1 for text in end)
    kept = []
    for section in sections:
        if len(section) < room:
            kept.append(section)
            room -= len(section) + 1
    return "\n".join([*kept, *end])


def _sections(data: Review, lang: Language, limit: int) -> list[str]:
    """Return the parts of the report, each ending in a line break, with tables of at most `limit` lines."""
    told = values(data, lang)
    edits = [data.structure, wording.other_schema_edits(data)]
    return [
        render_markdown(
            f"diff/{key}.md.j2",
            **told,
            change_values=lambda change: _values(change, lang),
            decisions=_decisions(data, lang, limit),
            unfolded=_OPEN,
            icon=_icon(data),
            lang=lang,
            left=sum(max(len(edit) - limit, 0) for edit in edits),
            limit=limit,
            says=lambda rule: _says(rule, lang),
            unbroken=_unbroken,
            witnessed=[
                rule for rule in data.proved_rules if not rule.proof.only_lists and rule.proof.witness is not None
            ],
        )
        for key in ("head", *parts(data), "tail")
    ]


def _icon(data: Review) -> str:
    """Return the icon of the title. A check that fails never has the icon of a change without effect."""
    failing = bool(data.red_lines or data.failed_on or data.undecided_on)
    return "🛑" if data.why or (data.verdict == "neither" and failing) else _ICONS[str(data.verdict)]


def _decisions(data: Review, lang: Language, limit: int) -> Iterator[tuple[ChangedDecision, list[tuple[Cause, str]]]]:
    """Yield rows, each with the first rules that cause it. The articles of a rule appear where it first does."""
    known: set[str] = set()
    for row in data.rows[:limit]:
        causes: list[tuple[Cause, str]] = []
        for cause in row.because[:_CAUSES]:
            causes.append((cause, "" if cause.rule in known else wording.law(cause, lang)))
            known.add(cause.rule)
        yield row, causes


def _says(rule: Cause, lang: Language) -> str:
    """Return the message of a rule and its articles."""
    law = wording.law(rule, lang)
    return f"{rule.message[lang]} [{law}]" if law else str(rule.message[lang])


def _values(change: Edit, lang: Language) -> str:
    """Return the differences of an entry as lines of a diff."""
    found = wording.values(change, lang)
    return "\n".join(
        f"{' ' if sign == '~' else sign} {f'{name}: ' if name else ''}{value}" for name, sign, value in found
    )


def _unbroken(day: str) -> Markup:
    return trust(escape_markdown(day).replace("-", "&#8209;"))
