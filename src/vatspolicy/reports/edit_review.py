"""The effects of edits since a commit, as text."""

from __future__ import annotations

from collections.abc import Iterator

from vatspolicy.authoring.edit_review import EditReview
from vatspolicy.core.documents.yaml_writer import build_tree, write_inline
from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.words import Counts, Table, count, word
from vatspolicy.proofs.verdicts import EQUIVALENT, MASKED, WITNESS, RuleVerdict
from vatspolicy.reports.diff.wording import red_line

SHOWN = 10
"""Maximum number of listed decisions, and of rules besides those of the last save."""
_WORDS: Table = {
    "same": Phrase("All rules have the same results as in {base}."),
    "none": Phrase("None of {n} known decisions changes."),
    "more": Phrase("  … and {n} more"),
    "added": Phrase("  {rule}: added"),
    "removed": Phrase("  {rule}: removed"),
    "changed": Phrase("  {rule}: changed"),
    EQUIVALENT: Phrase("{rule}: proved to have the same results for every product as before"),
    MASKED: Phrase("{rule}: proved to change no decision by itself"),
    WITNESS: Phrase("{rule}: another decision as of {day} ({before} → {after}) for: {facts}"),
    "says": Phrase("{rule}: another result as of {day} for: {facts}"),
    "open": Phrase("{rule}: it is unknown whether a decision changes"),
}
_COUNTS: Counts = {
    "rules": (Phrase("{n} rule differs from {base}:"), Phrase("{n} rules differ from {base}:")),
    "decisions": (
        Phrase("{n} of {compared} known decisions changes:"),
        Phrase("{n} of {compared} known decisions change:"),
    ),
}


def text(review: EditReview, base: str, lang: Language) -> str:
    """Render the rules that differ and the known products with another decision."""
    return "".join(f"{line}\n" for line in _lines(review, base, lang))


def _lines(review: EditReview, base: str, lang: Language) -> Iterator[str]:
    yield from (red_line(edit, lang) for edit in review.red_lines)
    if not review.rules:
        yield word(_WORDS, "same", lang, base=base)
        if not review.compared:  # the schemas are also equal
            return
    else:
        yield count(_COUNTS, "rules", len(review.rules), lang, base=base)
    shown = [name for position, name in enumerate(review.rules) if position < SHOWN or name in review.concerned]
    for name in shown:
        yield word(_WORDS, review.rules[name], lang, rule=name)
    if len(review.rules) > len(shown):
        yield word(_WORDS, "more", lang, n=len(review.rules) - len(shown))
    changed = review.decisions
    if not changed:
        yield word(_WORDS, "none", lang, n=review.compared)
        return
    yield count(_COUNTS, "decisions", len(changed), lang, compared=review.compared)
    for case in changed[:SHOWN]:
        yield f"  {case.case}: {case.before} → {case.after}"
    if len(changed) > SHOWN:
        yield word(_WORDS, "more", lang, n=len(changed) - SHOWN)


def verdict_text(verdict: RuleVerdict, lang: Language) -> str:
    """Return the proof about a changed rule, or a product that shows the change."""
    if verdict.verdict in (EQUIVALENT, MASKED):
        return word(_WORDS, verdict.verdict, lang, rule=verdict.rule)
    if verdict.witness is None:
        return word(_WORDS, "open", lang, rule=verdict.rule)
    key = WITNESS if verdict.before != verdict.after else "says"
    facts = write_inline(build_tree(dict(verdict.witness), flow=True))
    values = {"rule": verdict.rule, "day": verdict.as_of, "facts": facts}
    return word(_WORDS, key, lang, **values, before=verdict.before, after=verdict.after)
