"""Titles, reasons and faults of a comparison, as its data holds them in both languages."""

from __future__ import annotations

from vatspolicy.i18n import Phrase
from vatspolicy.i18n.words import Table
from vatspolicy.origin import install

TITLES: Table = {
    "not-evaluated": Phrase("NOT EVALUATED"),
    "same": Phrase("No change"),
    "tightened": Phrase("Tightens"),
    "loosened": Phrase("Loosens"),
    "both": Phrase("Tightens and loosens"),
    "neither": Phrase("Changes decisions, neither stricter nor milder"),
    "below": Phrase("Changes below the decision: duties, routes or reasons"),
    "no-rule": Phrase("No decision changes: no rule differs on any day"),
    "proved": Phrase("No decision changes, proved for all profiles"),
    "said": Phrase("No decision changes, which is proved; what decisions cite or say may change"),
    "unseen": Phrase("No decision change was found"),
    "unseen-said": Phrase("No decision change was found; what decisions cite or say may change"),
    "unknown": Phrase("UNKNOWN: no decision change was found, and none could be excluded"),
    "open": Phrase("; more could not be excluded"),
}
UNREAD_SCHEMAS = "Excluded only for specs that both schemas read alike."
"""Reason why nothing is proved of a change of the decision word, if the schemas may read a spec otherwise."""
PARTS: Table = {
    "structure": Phrase("What was edited"),
    "law": Phrase("The edited rules in words"),
    "access": Phrase("Access of foreign investors that changes"),
    "decisions": Phrase("Decisions that change"),
    "semantic": Phrase("Proofs"),
    "release": Phrase("Version"),
}
"""Parts of a report that are made apart from each other."""
WHY: Table = {
    "source": Phrase("A side cannot be read."),
    "invalid": Phrase("A side, or a profile, is not valid."),
    "accepted": Phrase("A file of accepted changes is not valid, so no change counts as accepted."),
    "recorded": Phrase("Past decisions are not evaluated: {subject}."),
    "masked": Phrase(
        "Past decisions cannot be replayed, since facts of their records are masked: {subject}. A log that is to be "
        "replayed masks nothing below /input."
    ),
    "nothing": Phrase("There is no profile to decide."),
    "engine": Phrase("The solver for proofs is not installed. Run {command}, or use --semantic off.").fill(
        command=install("smt")
    ),
    "failed": Phrase("The engine for proofs broke off ({subject}): nothing is proved or excluded."),
    "broken": Phrase("A part of the comparison broke off ({subject}); it is marked, and the rest stands."),
    "contradiction": Phrase("The engine for proofs excludes what a profile shows; none of its proofs counts."),
    "schemas": Phrase("Nothing could be proved: the base does not fit the schemas of the head."),
}
NOT_ACCEPTED: Table = {
    "edit": Phrase("The edit was altered after it was accepted, so it counts again."),
    "effect": Phrase("What the edit changes in decisions was altered after it was accepted, so it counts again."),
    "early": Phrase("The change is accepted only from {day} on, so it counts."),
    "ended": Phrase("The change was accepted until {until}, so it counts again."),
    "held": Phrase("HEAD still holds this entry. Delete it in this change, so that it accepts nothing a second time."),
    "new": Phrase(
        "The entry comes with this change, so it accepts nothing here. Merge the entry first, then its change."
    ),
    "waits": Phrase("It waits for its change, which is not in this comparison. Delete it if the change is given up."),
    "over": Phrase("It ended on {until}, and its change is not in this comparison. Delete the entry."),
    "dropped": Phrase("HEAD does not hold this entry, and its change is not in this comparison."),
}
"""Reasons why an entry of the accepted changes does not apply."""
UNREAD: Table = {
    "torn": Phrase("This is not a whole record."),
    "masked": Phrase("Facts of this record are masked."),
    "no-profile": Phrase("This record holds no profile."),
    "no-day": Phrase("This record does not tell the day of the law."),
    "no-spec": Phrase("The spec of this receipt is not there."),
    "other-spec": Phrase("The spec has changed since this receipt was written."),
    "invalid": Phrase("The profile of this record is not valid."),
    "uncovered": Phrase("One of the two states of the law does not cover the day of this record."),
}
"""Reasons why a past decision is not evaluated."""
FAULTS: Table = {
    "version": Phrase("The version of the bundle must be at least {subject}."),
    "changelog": Phrase("CHANGELOG.md says nothing new under {subject}."),
    "file-version": Phrase(
        "{subject}: what was law on a past day is rewritten, and the version of the file is not raised."
    ),
    "review": Phrase("{subject}: the review is of an earlier text."),
}
