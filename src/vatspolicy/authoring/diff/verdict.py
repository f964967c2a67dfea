"""The verdict on a comparison: title, conditions to fail on, exit code, and the version that the change needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from vatspolicy.authoring.diff.edited import Edit, SchemaChange
from vatspolicy.authoring.diff.edits import ASKS, FILE, ORDER, WORDING
from vatspolicy.authoring.diff.law_revision import LawRevision
from vatspolicy.authoring.diff.result import Fault, Item, Release, Review
from vatspolicy.authoring.diff.schemas import VALIDITY
from vatspolicy.authoring.diff.structure import LAW, LAYER_PREFIX, entry
from vatspolicy.core.documents import Document
from vatspolicy.gate.gate import ExitCode, worst
from vatspolicy.i18n import Listing, Phrase, _
from vatspolicy.i18n.words import Table, both
from vatspolicy.origin import install

TITLES: Table = {
    "not-evaluated": Phrase("NOT EVALUATED"),
    "same": Phrase("No change"),
    "tightened": Phrase("Tightens"),
    "loosened": Phrase("Loosens"),
    "both": Phrase("Tightens and loosens"),
    "asks": Phrase("Leaves more decisions incomplete; nobody is newly refused"),
    "loosened-asks": Phrase("Loosens; leaves more decisions incomplete; nobody is newly refused"),
    "neither": Phrase("Changes decisions, neither stricter nor milder"),
    "below": Phrase("Changes below the decision: duties, routes or reasons"),
    "no-rule": Phrase("No decision changes: no rule differs on any day"),
    "proved": Phrase("No decision changes, proved for all profiles"),
    "renamed": Phrase("No decision changes, proved for all profiles; only names change"),
    "moved": Phrase("No decision changes; only files move"),
    "said": Phrase("No decision changes, which is proved; citations or words may change"),
    "unseen": Phrase("No decision change was found"),
    "unseen-said": Phrase("No decision change was found; citations or words may change"),
    "unknown": Phrase("UNKNOWN: no decision change was found, and none could be excluded"),
    "granted": Phrase("; shown only with a legal opinion"),
    "open": Phrase("; more could not be excluded"),
}
UNREAD_SCHEMAS = "Excluded only for specs that both schemas read alike."
"""Reason for no proofs on changes of the decision word if schemas may read a spec differently."""
WHY: Table = {
    "source": Phrase("A side cannot be read."),
    "invalid": Phrase("A side, or a profile, is not valid."),
    "accepted": Phrase("A file of accepted changes is not valid, so no change counts as accepted."),
    "nothing": Phrase("There is no profile to decide."),
    "engine": Phrase("The solver for proofs is not installed. Run {command}, or use --semantic off.").fill(
        command=install("smt")
    ),
    "failed": Phrase("The engine for proofs failed ({subject}): nothing is proved or excluded."),
    "contradiction": Phrase("A profile contradicts the engine for proofs, so its proofs do not count."),
    "schemas": Phrase("Nothing could be proved: the base does not fit the schemas of the head."),
}
NOT_ACCEPTED: Table = {
    "edit": Phrase("The edit was altered after it was accepted, so it counts again."),
    "effect": Phrase(
        "What the edit changes in decisions, or what its rules read, was altered later, so it counts again."
    ),
    "early": Phrase("The change is accepted only from {day} on, so it counts."),
    "ended": Phrase("The change was accepted until {until}, so it counts again."),
    "held": Phrase(
        "HEAD still contains this entry. Delete it in this change, so that it does not accept another change."
    ),
    "new": Phrase(
        "The entry is part of this change, so it does not count here. Merge the entry first, then its change."
    ),
    "waits": Phrase("Its change is not in this comparison. Delete the entry if you abandon the change."),
    "settled": Phrase("The question is no longer open, so what the proof shows counts. Delete the entry."),
    "over": Phrase("It ended on {until}, and its change is not in this comparison. Delete the entry."),
    "dropped": Phrase("HEAD does not contain this entry, and its change is not in this comparison."),
}
"""Reasons why an entry of the accepted changes does not apply."""
FAULTS: Table = {
    "version": Phrase("The version of the bundle must be at least {subject}."),
    "changelog": Phrase("CHANGELOG.md has no new entry under {subject}."),
    "file-version": Phrase("{subject}: the law of a past day is rewritten, but the version of the file is not raised."),
    "review": Phrase("{subject}: the review covers an earlier text."),
}

RED_LINES = ("waivable", "unenforced", "loosenable")
"""Conditions on rules with weaker enforcement at the gate, or a possibly weaker one, without changed decisions."""
CONDITIONS = ("loosened", "tightened", "any", *RED_LINES, "unknown", "version", "retroactive")
"""Failure conditions of a comparison, in addition to transitions such as `deny->allow`."""
OUTCOMES = ("allow", "needs-license", "incomplete", "deny")
STRICTER = ("allow->needs-license", "allow->deny", "needs-license->deny")
"""Transitions from a complete decision to a stricter one. The reverse transitions are milder."""
MILDER = tuple("->".join(reversed(name.split("->"))) for name in STRICTER)

_WORST = ("allow->deny", "needs-license->deny", "allow->needs-license")
"""The stricter changes of the decision word, the worst first."""
_OPEN = ("unknown", "unsupported")
CITED = ("citation", "verification")
"""Kinds of details about the law that a decision cites."""


def parse_conditions(texts: Iterable[str]) -> list[str]:
    """Return the conditions in comma-separated texts.

    Raises:
        ValueError: A text is not a condition; the error is a sentence for the user.
    """
    found: list[str] = []
    for text in texts:
        parts = [part.strip() for part in text.split(",")]
        found += list(filter(None, parts)) or [""]  # an empty text, such as an unset variable, must not open the gate
    for part in found:
        before, arrow, after = part.partition("->")
        known = all(word in (*OUTCOMES, "*") for word in (before, after)) if arrow else part in CONDITIONS
        if not known:
            raise ValueError(
                _(
                    "{part!r} is not a condition. Use {conditions}, or a transition such as deny->allow "
                    "(words: {outcomes}, or *).",
                    part=part,
                    conditions=Listing(CONDITIONS),
                    outcomes=Listing(OUTCOMES),
                )
            )
    return list(dict.fromkeys(found))


def seen(data: Review) -> set[str]:
    """Return the transitions of the outcome with example profiles, such as `deny->allow`."""
    return {row.move for row in data.rows if row.before.decision != row.after.decision}


def possible(data: Review) -> list[str]:
    """Return the transitions of the outcome in a profile, or in a witness if the solver ran."""
    shown = seen(data)
    return [
        transition.name
        for transition in data.transitions
        if transition.verdict == "witness" or transition.name in shown
    ]


def nearest_first(data: Review) -> tuple[list[str], list[str]]:
    """Return the shown transitions, those of the shortest profile first, and the others.

    The others are shown by profiles alone that hold a legal opinion.
    """
    shown = seen(data)
    plain: list[tuple[int, int, str]] = []
    granted: list[tuple[int, int, str]] = []
    for transition in data.transitions:
        witness = transition.witness
        if transition.name in shown or transition.name not in possible(data):
            continue
        far = len(witness.facts) if witness is not None else 1 << 30
        has_opinion = bool(witness is not None and witness.profile.get("opinions"))
        (granted if has_opinion else plain).append((far, _rank(transition.name), transition.name))
    first = sorted(shown, key=_rank)
    return [*first, *(name for *_, name in sorted(plain))], [name for *_, name in sorted(granted)]


def _rank(name: str) -> int:
    """Return the place of a transition among others, the worst first."""
    order = (*_WORST, *MILDER)
    return order.index(name) if name in order else len(order)


def impossible(data: Review) -> list[str]:
    """Return the transitions of the outcome that are provably impossible."""
    return [transition.name for transition in data.transitions if transition.verdict == "proved-impossible"]


def unsettled(data: Review) -> list[str]:
    """Return the transitions of the outcome that are still open."""
    shown = seen(data)
    return [
        transition.name
        for transition in data.transitions
        if transition.verdict in _OPEN and transition.name not in shown
    ]


def open_edits(data: Review) -> list[Item]:
    """Return the edits without a known result."""
    return [edit for edit in data.edits if edit.proof.is_open]


def lists_otherwise(edit: Item) -> bool:
    """Return True if the witness of an edit shows a differing item of decisions."""
    return edit.proof.witness is not None and bool(edit.proof.witness.listed)


def _shows(edit: Item) -> bool:
    return edit.proof.verdict == "witness" or lists_otherwise(edit)


def cites_otherwise(edit: Item) -> bool:
    """Return True if an edit may change more of decision records than their wording and the facts asked for."""
    return bool({*edit.said} - {WORDING, ASKS, FILE, ORDER})


def direction_of(name: str) -> str:
    """Return tightened or loosened for a change between complete decisions, such as `deny->allow`."""
    return "loosened" if name in MILDER else "tightened" if name in STRICTER else "neither"


def is_open(data: Review) -> bool:
    """Return True if the solver left questions open."""
    return bool(unsettled(data) or open_edits(data))


def settled(data: Review, direction: str) -> str:
    """Return the direction of the observed changes, or `unknown` if there are none and questions are open."""
    return "unknown" if direction == "neither" and (data.why or is_open(data)) else direction


def read_otherwise(data: Review) -> list[SchemaChange]:
    """Return the schema differences other than renamed words, because both sides use the new names."""
    fields = (field for change in data.structure for field in change.fields if field.name == "renamed")
    names = {(field.before, field.after) for field in fields}
    renamed = (one for one in data.schemas if isinstance(one.before, str) and isinstance(one.after, str))
    same = [one for one in renamed if (one.before, one.after) in names]
    return [one for one in data.schemas if one not in same]


def shown_with_opinion(data: Review) -> bool:
    """Return True if only products with legal opinions have stricter or milder decisions."""
    plain, granted = nearest_first(data)
    directed = {*STRICTER, *MILDER}
    if any(row.direction in ("tightened", "loosened", "both") for row in data.rows):
        return False
    return not directed.intersection(plain) and bool(directed.intersection(granted))


def names_alone(data: Review) -> bool:
    """Return True if all edits are renames, and compared products show the new names and nothing else."""
    names = {one.twin: entry(one) for one in data.structure if one.twin and one.change == "added"}
    old, new = (
        sorted(
            str((names.get(one.name, one.name), one.kind, value, one.citations, one.products, one.days))
            for one in data.details
            if (value := getattr(one, side)) is not None
        )
        for side in ("before", "after")
    )
    renames = all(change.twin for item in data.edits for change in data.changes_of(item))
    return bool(names and old) and renames and old == new


def files_alone(data: Review) -> bool:
    """Return True if every edit moves a policy to another file, and tests, fixtures and schemas are as before."""
    moved = all(FILE in edit.said and {*edit.said} <= {FILE, ORDER} for edit in data.edits)
    return moved and all(edit.kind == "source" for edit in data.structure) and not data.details and not data.schemas


def title_of(data: Review) -> str:
    """Return the key of the title (TITLES)."""
    if data.why:
        return "not-evaluated"
    if data.verdict not in ("neither", "unknown"):
        asks = {"tightened": "asks", "both": "loosened-asks"}
        return asks[data.verdict] if only_asks(data) and data.verdict in asks else str(data.verdict)
    if data.rows or possible(data):
        return "neither"
    semantic = data.semantic
    assert semantic is not None, "a comparison that is evaluated has the status of its proofs"
    every = len(impossible(data)) == len(semantic.transitions) > 0
    if every and names_alone(data) and not data.red_lines:
        return "renamed"
    shown = any(map(_shows, data.edits))
    if any(detail.kind not in CITED for detail in data.details) or data.red_lines or shown:
        return "below"
    if not data.structure and not data.schemas and not data.edits:
        return "same"
    said = any(edit.said for edit in data.edits) or bool(data.details)
    if is_open(data):
        return "unknown"
    if said and files_alone(data):
        return "moved"
    if said:
        return "said" if (semantic.status == "not-needed" or every) and not read_otherwise(data) else "unseen-said"
    if semantic.status == "not-needed" and not data.schemas and all(c.policy != "bundle" for c in data.structure):
        return "no-rule"
    return "proved" if every and not data.schemas else "unseen"  # proofs are about one set of schemas


def tighter(data: Review) -> list[tuple[str, str]]:
    """Return the decision words before and after of every shown change to a stricter decision."""
    shown = [(row.before.decision, row.after.decision, row.direction) for row in data.rows]
    found = [transition for transition in data.transitions if transition.witness]
    shown += [(one.before, one.after, one.direction) for one in found]
    return [(before, after) for before, after, direction in shown if direction == "tightened"]


def only_asks(data: Review) -> bool:
    """Return True if every stricter decision is provably incomplete."""
    found = [pair for pair in tighter(data) if pair[0] != pair[1]]
    proved = {*impossible(data)} >= {*STRICTER}
    return bool(found) and proved and all(after == "incomplete" for _, after in found)


def failures(data: Review, conditions: Sequence[str]) -> list[str]:
    """Return the met conditions."""
    return [condition for condition in conditions if _holds(data, condition)]


def undecided(data: Review, conditions: Sequence[str]) -> list[str]:
    """Return the open conditions, with neither examples nor proofs."""
    return [condition for condition in conditions if not _holds(data, condition) and _may_hold(data, condition)]


def _holds(data: Review, condition: str) -> bool:
    match condition:
        case "loosened" | "tightened":
            return data.verdict in (condition, "both")
        case "any":
            shown = any(_shows(edit) or cites_otherwise(edit) for edit in data.edits)
            return bool(data.rows or data.details or possible(data) or data.red_lines or shown)
        case "waivable" | "unenforced" | "loosenable":
            return any(red_line.code == condition for red_line in data.red_lines)
        case "unknown":
            return is_open(data)
        case "version":
            return bool(data.release and data.release.faults)
        case "retroactive":
            return any(change.retroactive for change in data.structure)
    return is_among(condition, {*seen(data), *possible(data)})


def _may_hold(data: Review, condition: str) -> bool:
    left = unsettled(data)
    match condition:
        case "loosened":
            return any(name in MILDER for name in left)
        case "tightened":
            return any(name in STRICTER for name in left)
        case "any":
            return is_open(data)
        case "version":
            return bool(data.release and data.release.level == "unknown" and not data.release.suffices)
        case "waivable" | "unenforced" | "loosenable" | "unknown" | "retroactive":
            return False
    return is_among(condition, left)


def is_among(pattern: str, names: Iterable[str]) -> bool:
    """Return True if a transition such as `deny->*` is one of these, `*` standing for any word."""
    wanted = re.escape(pattern).replace(r"\*", "[a-z-]+?")
    return any(re.fullmatch(wanted, name) for name in names)


def exit_code(data: Review) -> ExitCode:
    """Return the exit code. An unevaluated part counts as a failure."""
    codes = {
        "source": ExitCode.USAGE,
        "invalid": ExitCode.INVALID,
        "accepted": ExitCode.INVALID,
        "nothing": ExitCode.NOTHING,
    }
    whys = [why.code for why in data.why]
    if "source" in whys:
        return ExitCode.USAGE
    found = [codes.get(why, ExitCode.INCOMPLETE) for why in whys]
    found += [ExitCode.INCOMPLETE] if data.undecided_on or data.verdict == "unknown" else []
    return worst([*found, ExitCode.FAILED if data.failed_on else ExitCode.OK])


# --- versions

LEVELS = ("none", "patch", "unknown", "minor", "major")
"""Levels of a change. `unknown`: at least a patch, and possibly minor, because a decision may change."""
_HEADING = re.compile(r"^##\s+\[?v?(\d+\.\d+\.\d+)\]?(.*)$", re.MULTILINE)

Version = tuple[int, int, int]


def check_release(
    base: LawRevision,
    head: LawRevision,
    changes: Sequence[Edit],
    schemas: Sequence[SchemaChange],
    decisions_change: bool,
    open_questions: bool = False,
) -> Release:
    """Return the required release of the change and its actual one.

    `open_questions`: it is not settled whether a decision changes.
    """
    before, after = base.bundle.version, head.bundle.version
    of_law = [change for change in changes if _is_of_law(base, head, change)]
    renamed = any("/" in one.list or head.bundle.is_base(one.list) for one in base.renames)
    if schemas and not renamed and base.law_schemas == head.law_schemas:  # they differ by instruments of layers
        schemas, of_law = (), [change for change in of_law if change.kind != "schema"]
    layered = bool(base.bundle.layers or head.bundle.layers)
    concerned = bool(of_law or schemas or not layered)  # a change of layers alone needs no release of the law
    level, because = _level(of_law, schemas, decisions_change and concerned, open_questions and concerned)
    released = _released(before, base.source.changelog)
    needed = _next(released, level) if released else None
    least = max(needed or _parse(before), _parse(before))
    faults = []
    if _parse(after) < least:
        faults.append(_fault("version", _text(least), head.release.file, head.release.mark(("version",))[0]))
    if level in ("minor", "major") and head.source.changelog is not None:
        faults += [] if _has_entry(base, head) else [_fault("changelog", after, "CHANGELOG.md", 1)]
    faults += _file_faults(base, head, changes)
    logged = head.source.changelog is None or _has_entry(base, head)
    suffices = logged and _parse(after) >= (_next(released, "minor") if released else _parse(before))
    return Release(before, after, level, because, _text(needed) if needed else None, tuple(faults), suffices)


def _fault(code: str, subject: str, file: str, line: int) -> Fault:
    """Return a mistake; `subject` is the version or policy concerned."""
    return Fault(code, both(FAULTS, code, subject=subject), file, line)


def _is_of_law(base: LawRevision, head: LawRevision, change: Edit) -> bool:
    """Return whether an edit is part of the law and not of a layer."""
    if change.policy.startswith(LAYER_PREFIX):
        return False
    sides = [side.bundle for side in (head, base) if change.policy in side.bundle.policies]
    return not sides or sides[0].is_base(change.policy)


def _level(
    changes: Sequence[Edit], schemas: Sequence[SchemaChange], decisions_change: bool, open_questions: bool
) -> tuple[str, tuple[str, ...]]:
    reasons = {
        "rule-removed": ("major", any(c.kind == "rule" and c.change == "removed" for c in changes)),
        "policy-removed": ("major", any(c.kind == "policy" and c.change == "removed" for c in changes)),
        "schema-breaks": ("major", any(change.breaking for change in schemas)),
        "decisions-change": ("minor", decisions_change),
        "schema-widens": ("minor", any(schema.effect == VALIDITY and not schema.breaking for schema in schemas)),
        "law-added": ("minor", any(c.change == "added" and c.kind in LAW and c.kind != "schema" for c in changes)),
        "not-settled": ("unknown", open_questions),
        "text-changed": ("patch", bool(schemas) or any(c.kind not in ("tests", "fixture") for c in changes)),
    }
    level = max((level for level, holds in reasons.values() if holds), key=LEVELS.index, default="none")
    return level, tuple(name for name, (of, holds) in reasons.items() if holds and of == level)


def _released(version: str, changelog: str | None) -> Version | None:
    """Return the released version of the base: the previous version if the changelog calls the latest unreleased."""
    headings = [(_parse(found[1]), "unreleased" in found[2].lower()) for found in _HEADING.finditer(changelog or "")]
    own = _parse(version)
    if all(heading != own for heading, _ in headings):
        return own
    return max((heading for heading, is_open in headings if heading <= own and not is_open), default=None)


def _next(version: Version, level: str) -> Version:
    """Return the least version after a change of a level. Below 1.0.0 a breaking change raises the second number."""
    major, minor, patch = version
    match level:
        case "major" if major:
            return (major + 1, 0, 0)
        case "major" | "minor":
            return (major, minor + 1, 0)
        case "patch" | "unknown":
            return (major, minor, patch + 1)
        case _:
            return version


def _has_entry(base: LawRevision, head: LawRevision) -> bool:
    """Return True if the head's changelog has a new line under its version or under `Unreleased`."""
    new = _entries(head.source.changelog or "", head.bundle.version)
    return bool(new - _entries(base.source.changelog or "", head.bundle.version))


def _entries(changelog: str, version: str) -> set[str]:
    """Return the lines under the heading of a version, or under a heading `Unreleased`."""
    lines: set[str] = set()
    inside = False
    for line in changelog.splitlines():
        if line.startswith("## "):
            found = _HEADING.match(line)
            inside = found[1] == version if found else "unreleased" in line.lower()
        elif inside and line.strip():
            lines.add(line.strip())
    return lines


def _file_faults(base: LawRevision, head: LawRevision, changes: Sequence[Edit]) -> list[Fault]:
    """Return faults of files with a rewritten past and an old version, and of reviews of an older text."""
    faults = []
    touched = {c.policy for c in changes if c.kind in (*LAW, "article")}
    rewritten = {c.policy for c in changes if c.rewrites_past}
    for id in sorted(touched & head.documents.keys() & base.documents.keys()):
        old, new = base.documents[id], head.documents[id]
        if id in rewritten and _parse(new.data["version"]) <= _parse(old.data["version"]):
            faults.append(_fault("file-version", id, new.file, new.mark(("version",))[0]))
    for id, document in sorted(head.documents.items()):
        review = _reviewed(document)
        old_review = _reviewed(base.documents[id]) if id in base.documents else None
        if review and (review["version"] != document.data["version"] or (id in touched and review == old_review)):
            faults.append(_fault("review", id, document.file, document.mark(("review",))[0]))
    return faults


def _reviewed(document: Document) -> dict[str, str] | None:
    """Return the reviewer, day and version of a policy's review, or None."""
    review = document.data.get("review", {})
    return {key: review[key] for key in ("by", "on", "version")} if "by" in review else None


def _parse(text: str) -> Version:
    major, minor, patch = (int(part) for part in text.split("."))
    return (major, minor, patch)


def _text(version: Version) -> str:
    return ".".join(map(str, version))
