"""Answers about a change that an earlier run found, kept in the user's cache.

An answer depends on both states of the law as a whole, on the schemas, on the code of this program and on the solver,
so its key is a digest of all of these. Texts for people are no part of it: an edit of a message, a quotation, a
comment, a test or a fixture asks nothing again. An entry is plain JSON under the checks of the compile cache. A witness
in it is decided again by the evaluator before it is believed; if one is not confirmed, the whole entry is left aside. A
proof cannot be checked in less time than it takes to find: it is believed as byte code in the same folder is.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.metadata
import importlib.util
import json
from collections.abc import Hashable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from vatspolicy.compile_cache import code_digest, digest, get, keep
from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Expression
from vatspolicy.core.profile.profile import load_granted
from vatspolicy.errors import InvalidInput
from vatspolicy.proofs.timeline import mix
from vatspolicy.proofs.verdicts import (
    EQUIVALENT,
    IMPOSSIBLE,
    MASKED,
    PAIRS,
    UNKNOWN,
    UNSUPPORTED,
    WITNESS,
    ChangePeriod,
    RuleVerdict,
    Transition,
    Transitions,
)

Group = tuple[str, ...]
Answers = tuple[list[RuleVerdict], Transitions | None]
"""Verdicts on groups of rules, and on the change as a whole, if that was asked."""

_KIND = "proof"
_FOLDERS = ("proofs", "core")
"""The code that an answer depends on."""
_VERDICTS = frozenset([EQUIVALENT, MASKED, WITNESS, UNSUPPORTED, UNKNOWN])


def recall(base: Bundle, head: Bundle, groups: Sequence[Group], whole: bool) -> Answers | None:
    """Return what an earlier run found, if its witnesses hold; with `whole`, also the verdicts on the whole change."""
    key = _key(base, head, groups, whole)
    found = None if key is None else get(_KIND, key, lambda entry: _read(entry, groups, whole))
    return found if found is not None and _is_confirmed(base, head, groups, found) else None


def remember(base: Bundle, head: Bundle, groups: Sequence[Group], answers: Answers) -> None:
    """Keep the answers for the next run."""
    verdicts, change = answers
    key = _key(base, head, groups, change is not None)
    if key is not None:
        data = {
            "rules": [dataclasses.asdict(one) for one in verdicts],
            "change": None if change is None else dataclasses.asdict(change),
        }
        keep(_KIND, key, json.dumps(data, ensure_ascii=False))


# --- what an answer depends on


def _key(base: Bundle, head: Bundle, groups: Sequence[Group], whole: bool) -> str | None:
    """Return the digest of everything that the answers depend on; None if it is not known."""
    if importlib.util.find_spec("z3") is None:
        return None
    try:
        solver = importlib.metadata.version("z3-solver")
        sides = [digest_law(base), digest_law(head, base)]
    except (importlib.metadata.PackageNotFoundError, TypeError):
        return None
    asked = json.dumps([groups, whole])
    return digest(part.encode() for part in (code_digest("prover", _FOLDERS), solver, asked, *sides))


@functools.lru_cache(maxsize=4)
def digest_law(bundle: Bundle, like: Bundle | None = None) -> str:
    """Return the digest of everything of a state of the law but texts for people. Raises TypeError for other values.

    `like`: another state; policies with the same files are digested once.
    """
    law = {
        "covers": bundle.covers_from,
        "until": bundle.known_until,
        "layers": _plain(bundle.layers),
        "replacing": sorted(bundle._replacing),
        "policies": list(_digest_policies(bundle, like).values()),
        "schemas": sorted((name, digest([content])) for name, content in bundle.schemas.files.items()),
    }
    return digest([json.dumps(law, sort_keys=True, ensure_ascii=False).encode()])


@functools.lru_cache(maxsize=4)
def _digest_policies(bundle: Bundle, like: Bundle | None) -> Mapping[str, str]:
    """Return the digest of every policy by its id."""
    known = {} if like is None or like.schemas != bundle.schemas else _digest_policies(like, None)
    return {
        id: known[id]
        if like is not None and id in known and _has_same_files(bundle, like, id)
        else digest([json.dumps(_plain(policy), sort_keys=True, ensure_ascii=False).encode()])
        for id, policy in bundle.policies.items()
    }


def _has_same_files(bundle: Bundle, other: Bundle, id: str) -> bool:
    """Return True if a policy is made of the same files in two bundles: its own, and those that it uses."""
    for name in (id, *bundle.policies[id].uses):
        sides = [side._sources.get(side.policies[name].file) for side in (bundle, other) if name in side.policies]
        if len(sides) < 2 or sides[0] is None or sides[0] != sides[1]:
            return False
    return True


_TEXTS = frozenset(
    [
        *("title", "message", "template", "topics", "why", "settled_by", "held_by"),
        *("en", "zh", "label", "note", "url", "verified", "source", "version"),
        *("file", "line", "column", "terms", "term_lines"),
    ]
)
"""Fields of policies, rules and articles that are for people, or say where something stands.

Terms are in the expressions that use them.
"""


def _plain(value: Tree) -> Tree:
    """Return a part of the law as plain data. Raises TypeError for a value of an unknown kind."""
    kind: type = type(value)
    if kind in _SCALARS:  # most values, so asked first
        return value
    if kind is Expression:
        return digest([value.stored])
    if kind is tuple or kind is list:
        return [_plain(child) for child in value]
    fields = _fields(kind)
    if fields:
        return {name: _plain(getattr(value, name)) for name in fields}
    if isinstance(value, Mapping):
        return {str(key): _plain(child) for key, child in value.items()}
    if isinstance(value, AbstractSet):
        return sorted(map(str, value))
    raise TypeError(type(value).__name__)


_SCALARS = frozenset([type(None), bool, int, float, str])


@functools.cache
def _fields(kind: Hashable) -> tuple[str, ...]:
    """Return the fields of a class of objects that answers depend on; none for a class of containers."""
    if dataclasses.is_dataclass(kind):
        return tuple(one.name for one in dataclasses.fields(kind) if one.name not in _TEXTS)
    return tuple(name for name in getattr(kind, "_fields", ()) if name not in _TEXTS)


# --- reading


def _read(entry: str, groups: Sequence[Group], whole: bool) -> Answers:
    """Return the answers of an entry. Raises KeyError, TypeError or ValueError if it is none of this program."""
    data = json.loads(entry)
    verdicts = [
        RuleVerdict(**{**one, "transitions": tuple(one["transitions"]), "assumptions": tuple(one["assumptions"])})
        for one in data["rules"]
    ]
    if [one.rule for one in verdicts] != [group[0] for group in groups]:
        raise ValueError("verdicts on other rules")
    if not all(one.verdict in _VERDICTS for one in verdicts):
        raise ValueError("other verdicts")
    return verdicts, _read_change(data["change"]) if whole else None


def _read_change(change: Mapping[str, Tree]) -> Transitions:
    found = tuple(Transition(**one) for one in change["found"])
    if tuple((one.before, one.after) for one in found) != PAIRS:
        raise ValueError("other transitions")
    for one in found:
        if one.verdict not in (WITNESS, IMPOSSIBLE, UNKNOWN, UNSUPPORTED):
            raise ValueError("another verdict on a transition")
        if (one.verdict == WITNESS) is not (one.witness is not None and one.as_of is not None):
            raise ValueError("a transition and its witness do not fit")
    period = None if change["period"] is None else ChangePeriod(**change["period"])
    return Transitions(found, tuple(change["assumptions"]), period)


def _is_confirmed(base: Bundle, head: Bundle, groups: Sequence[Group], answers: Answers) -> bool:
    """Return whether the evaluator decides every witness as the answers say."""
    verdicts, change = answers
    try:
        return all(_shows(base, head, one) for one in (change.possible if change is not None else ())) and all(
            _shows_rules(base, head, group, one)
            for group, one in zip(groups, verdicts, strict=True)
            if one.witness is not None
        )
    except (InvalidInput, KeyError, TypeError, ValueError):
        return False


def _shows(base: Bundle, head: Bundle, found: Transition | RuleVerdict) -> bool:
    from vatspolicy.proofs.witness import decision_of

    assert found.witness is not None
    profile = load_granted(found.witness, schemas=base.schemas)
    words = [decision_of(bundle, profile, str(found.as_of)) for bundle in (base, head)]
    return words == [found.before, found.after]


def _shows_rules(base: Bundle, head: Bundle, group: Group, found: RuleVerdict) -> bool:
    """Return whether a witness shows a changed decision word, or something else that the decisions list otherwise."""
    from vatspolicy.proofs.two_rulesets import ListedItems

    assert found.witness is not None
    if not _shows(base, mix(base, head, group), found):
        return False
    if found.transitions:
        return found.before != found.after
    profile = load_granted(found.witness, schemas=base.schemas)
    return bool(ListedItems(base, head, group, str(found.as_of)).differing(profile))
