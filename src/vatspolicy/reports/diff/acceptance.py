"""Accepted changes in words, and the entries that would accept the changes that fail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vatspolicy.authoring.diff.edited import QUESTION, AcceptedEntry, Edit
from vatspolicy.authoring.diff.result import Review
from vatspolicy.core.documents.yaml_writer import dump_yaml
from vatspolicy.core.policies.files import ACCEPTED
from vatspolicy.core.profile.vocabulary import Language
from vatspolicy.i18n.words import joint
from vatspolicy.reports.diff.words import phrase

SIGNS = {"accepted": "✓", "stale": "!", "new": "+", "waiting": "-"}


def has_something(data: Review) -> bool:
    """Return True if there is a file of accepted changes, or a failing change that could be accepted."""
    return bool(data.accepted.file) or bool(to_paste(data))


def summary(data: Review, lang: Language) -> str:
    """Return the file of accepted changes, with the number of its entries by state."""
    states = [entry.state for entry in data.accepted.entries]
    counts = {state: states.count(state) for state in SIGNS}
    return phrase("accepted_used", lang, file=_owner_file(data, lang), **counts)


def _owner_file(data: Review, lang: Language) -> str:
    """Return the effective file."""
    file = data.accepted.file or f"policies/{ACCEPTED}"
    return file if data.accepted.given else phrase("accepted_of_base", lang, file=file)


def sentence(entry: AcceptedEntry, lang: Language) -> str:
    """Describe an entry: the edit, the owner, the reason, and any reason why the entry does not apply."""
    days = phrase("since", lang, day=entry.day)
    if entry.until:
        days = phrase("between", lang, day=entry.day, last=entry.until)
    key = "entry_question" if entry.state == "accepted" and entry.edit.startswith(QUESTION) else f"entry_{entry.state}"
    told = phrase(key, lang, edit=entry.edit, person=entry.person, days=days, reason=entry.reason)
    return f"{told} {entry.why[lang]}" if entry.why else told


def accepted_by(data: Review, names: Iterable[str], lang: Language) -> str:
    """Return the owners and reasons of the named accepted edits, or an empty text."""
    wanted = set(names)
    found = [entry for entry in data.accepted.entries if entry.state == "accepted" and entry.edit in wanted]
    told = dict.fromkeys(phrase("accepted_by", lang, person=one.person, reason=one.reason) for one in found)
    return joint("semicolon", lang).join(told)


def edit_accepted_by(data: Review, change: Edit, lang: Language) -> str:
    """Return the owner and the reason of an accepted edit, or an empty text."""
    acceptance = change.acceptance if change.accepted else None
    return accepted_by(data, [acceptance.edit], lang) if acceptance is not None else ""


def invitation(data: Review, lang: Language) -> str:
    """Return the sentence before the entries to paste."""
    return phrase("to_accept", lang, file=_owner_file(data, lang))


def to_paste(data: Review) -> str:
    """Return an entry for each failing change, as YAML to complete, for the file of accepted changes."""
    return "".join(_entries(data))


def _entries(data: Review) -> Iterator[str]:
    for acceptance in [*(change.acceptance for change in data.structure), *data.accepted.questions]:
        if acceptance is not None and acceptance.fails:
            entry = {key: getattr(acceptance, key) for key in ("edit", "fingerprint", "effect")}
            text = dump_yaml([{**entry, "reason": "", "person": "", "day": data.today}])
            yield "".join(f"  {line}\n" for line in text.splitlines())
