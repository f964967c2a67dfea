"""SARIF 2.1.0: the changes, at the policy lines that cause them."""

from __future__ import annotations

from collections.abc import Iterator

from vatspolicy.authoring.diff.edited import Place, ReviewedRedLine
from vatspolicy.authoring.diff.result import ChangedDecision, Item, Review
from vatspolicy.core.profile.vocabulary import Language
from vatspolicy.i18n import Phrase
from vatspolicy.origin import page
from vatspolicy.reports.diff import wording
from vatspolicy.reports.diff.acceptance import accepted_by, edit_accepted_by, sentence
from vatspolicy.reports.diff.cards import verdict
from vatspolicy.reports.formats.sarif import SarifRun, location

RULES = {
    "decision-tightened": ("warning", Phrase("A decision becomes stricter.")),
    "decision-loosened": ("warning", Phrase("A decision becomes milder.")),
    "decision-changed": ("note", Phrase("A decision changes, neither stricter nor milder.")),
    "decision-possible": ("warning", Phrase("This edit alone can change a decision, as shown by a profile.")),
    "not-settled": ("warning", Phrase("It is not settled whether this edit changes a decision.")),
    "retroactive-edit": ("warning", Phrase("The law of a past day is edited.")),
    "schema-breaks": ("warning", Phrase("A schema breaks its readers.")),
    "gate-waivable": ("error", Phrase("A rule that could not be waived becomes waivable.")),
    "gate-unenforced": ("error", Phrase("The gate passes findings that failed before.")),
    "rule-loosenable": ("warning", Phrase("A layer above may loosen a rule.")),
    "accepted-stale": ("warning", Phrase("An entry of the accepted changes does not apply.")),
    "accepted-new": ("note", Phrase("An entry of the accepted changes is part of the change, so it does not count.")),
    "release": ("warning", Phrase("Version, changelog or review does not fit the change.")),
}
"""Rules of this report: level and description."""
RED_LINES = {"waivable": "gate-waivable", "unenforced": "gate-unenforced", "loosenable": "rule-loosenable"}
"""Rules of this report by the codes of weakened rules."""


def render(data: Review, lang: Language) -> str:
    """Return one run. A part without a comparison is a notification and makes the run unsuccessful."""
    run = SarifRun("vatspolicy diff", data.head.version or "0", "changeAndFile/v1")
    for problem in data.problems:
        text = " ".join(filter(None, (problem.path, problem.message, problem.hint)))
        run.notify("error", text, location(problem.file, problem.line, problem.column))
    for why in data.why:
        run.notify("error", why.text[lang])
    for id, (level, told) in RULES.items():
        run.add_rule(id, told[lang], address=page("reviewing-a-change.md"), defaultConfiguration={"level": level})
    for id, text, file, line, accepted in results(data, lang):
        result = run.add_result(id, RULES[id][0], text, location(file, line), f"{id}\0{file}\0{text}")
        if accepted:
            result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": accepted}]
    properties = {"verdict": data.verdict, "title": data.title[lang]}
    return run.to_json(not data.why, data.exit_code, properties)


Result = tuple[str, str, str, int, str]
"""Rule, message, file, line, and the owner and reason of the acceptance (empty if there is none)."""


def results(data: Review, lang: Language) -> Iterator[Result]:
    """Yield all remarks for a reviewer on a line."""

    def accepted(one: ChangedDecision | Item | ReviewedRedLine) -> str:
        return accepted_by(data, one.accepted, lang)

    for row in data.rows:
        id = f"decision-{row.direction}" if row.direction != "neither" else "decision-changed"
        before, after = (wording.answer(side, lang) for side in (row.before, row.after))
        text = f"{wording.subject(row)}: {before} → {after} ({wording.days(row.days)})"
        for cause in row.because[:1]:
            text += f" ← {cause.rule} [{wording.law(cause, lang)}]"
        place = row.because[0].edited if row.because else Place(row.file, 1)
        yield id, text, place.file, place.line, accepted(row)
    for item in data.edits:
        text = f"{wording.item(data, item, lang)}: {verdict(data, item, lang)}"
        if item.proof.transitions and item.proof.witness is not None:
            told = f"{text} {wording.facts(item.proof.witness, lang)}"
            yield "decision-possible", told, *_place(data, item), accepted(item)
        elif item.proof.verdict in ("unknown", "unsupported"):
            yield "not-settled", text, *_place(data, item), accepted(item)
    for one in data.red_lines:
        yield RED_LINES[one.code], wording.red_line(one, lang), one.file, one.line, accepted(one)
    for change in data.structure:
        if change.retroactive:
            yield (
                "retroactive-edit",
                f"{wording.file_of(change, lang)}: {wording.edit(change, lang)}",
                change.file,
                change.line,
                edit_accepted_by(data, change, lang),
            )
    for schema in wording.other_schema_edits(data):
        if schema.breaking:
            yield "schema-breaks", wording.schema_edit(schema, lang), f"schemas/{schema.file}", 1, ""
    for fault in data.release.faults if data.release else []:
        yield "release", fault.text[lang], fault.file, fault.line, ""
    for entry in data.accepted.entries:
        if entry.state in ("stale", "new"):
            yield f"accepted-{entry.state}", sentence(entry, lang), entry.file, entry.line, ""


def _place(data: Review, item: Item) -> tuple[str, int]:
    """Return the file and line of an item's first edit, or else of its first rule."""
    place = data.structure[item.changes[0]] if item.changes else item.rules[0].edited
    return place.file, place.line
