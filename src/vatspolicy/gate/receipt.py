"""Receipts (decision, input bytes, and versions of the law with their reasons) and replays.

A receipt is canonical JSON (RFC 8785), so that equal decisions have equal bytes and one hash. It is free of wall-clock
time but for the day that was today, which a decision may depend on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from vatspolicy import __version__
from vatspolicy.bundles.select import SelectedLaw
from vatspolicy.core.documents import STDIN, parse_document
from vatspolicy.core.documents.json_reader import make_object
from vatspolicy.core.engine.decision import INCOMPLETE
from vatspolicy.core.engine.result import WAIVABLE, Record, encode
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import NEVER, Policy, Rule
from vatspolicy.core.profile.opinions import Grant
from vatspolicy.core.profile.profile import Profile, change, read_profile
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.gate.gate import DayError, Gate
from vatspolicy.i18n import Phrase, _, reason_of
from vatspolicy.i18n.words import say_both

FORMAT = 1
"""Version of the receipt format; incremented by incompatible changes."""
UNCOMPARED = ("program", "waived", "signature")
"""Parts of a receipt that do not concern the decision."""
WHY = ("option", "launch", "today")
"""Origins of the day of the law: --as-of, the launch day of the spec, today in China."""
_PERIODS = {
    (True, True): Phrase("{day} lies in its time, {since} until further notice"),
    (True, False): Phrase("{day} lies in its time, {since} until {until} (exclusive)"),
    (False, True): Phrase("{day} lies outside its time, {since} until further notice"),
    (False, False): Phrase("{day} lies outside its time, {since} until {until} (exclusive)"),
}
"""Periods in force, by whether they hold on a day and whether their end is open."""


def make_receipt(
    selected_law: SelectedLaw,
    profile: Profile,
    record: Record,
    today: str,
    as_of: str | None = None,
    changes: Iterable[tuple[str, Any]] = (),
    after_waivers: Record | None = None,
) -> dict[str, Any]:
    """Build the receipt of a decision.

    `as_of` is the day that was asked for, `changes` what was set in the spec before deciding, `after_waivers` the
    record with the findings marked that waivers took from the gate.

    Raises InvalidInput for a spec that has changed meanwhile.
    """
    changes = tuple(changes)
    why = WHY[0] if as_of else WHY[1] if profile.launch else WHY[2]
    return _receipt(
        selected_law, profile, record, read_spec_bytes(profile, changes), today, why, changes, after_waivers
    )


def _receipt(
    selected_law: SelectedLaw,
    profile: Profile,
    record: Record,
    content: bytes,
    today: str,
    why: str,
    changes: Iterable[tuple[str, Any]],
    after_waivers: Record | None = None,
) -> dict[str, Any]:
    day, data = record.as_of, encode(record)
    return {
        "receipt": FORMAT,
        "program": {"name": "vatspolicy", "version": __version__},
        "as_of": {"day": day, "why": why, "today": today},
        "spec": {
            "file": profile.document.file,
            "sha256": hashlib.sha256(content).hexdigest(),
            "profile_sha256": hashlib.sha256(canonical(profile.document.data)).hexdigest(),
            "changes": [[path, value] for path, value in changes],
        },
        "law": describe_law(selected_law),
        "policies": _versions(selected_law.bundle, data, day),
        "decision": data,
        "waived": list(_waived(after_waivers)) if after_waivers else [],
    }


def _waived(record: Record) -> Iterator[dict[str, Any]]:
    """Yield the findings that are set aside, by their place in the record."""
    for name in WAIVABLE:
        for index, finding in enumerate(getattr(record, name)):
            if finding.waived is not None:
                yield {"list": name, "index": index, "waived": encode(finding.waived)}


def canonical(data: Any) -> bytes:
    """Return data as canonical JSON (RFC 8785). Raises InvalidInput for a number out of range."""
    import rfc8785

    try:
        return rfc8785.dumps(data)
    except rfc8785.CanonicalizationError:
        message = _("A number is too large for canonical JSON.")
        raise InvalidInput([Problem("receipt", 1, 1, "", message)]) from None


def read_spec_bytes(profile: Profile, changes: Iterable[tuple[str, Any]]) -> bytes:
    """Return the bytes of the spec; of standard input, its text in UTF-8.

    Raises InvalidInput for a spec that has changed since it was decided.
    """
    file = profile.document.file
    if file == STDIN:
        return profile.document.text.encode()
    try:
        content = Path(file).read_bytes()
        if change(parse_document(content, file), changes).data == profile.document.data:
            return content
    except (OSError, InvalidInput):
        pass
    raise InvalidInput(
        [Problem(file, 1, 1, "", _("The spec has changed since it was decided, so nothing was recorded."))]
    )


def describe_law(selected_law: SelectedLaw) -> dict[str, Any]:
    """Return the law of a decision: its origin, versions and digests."""
    bundle_file, signature = selected_law.bundle_file, selected_law.signature
    schemas = hashlib.sha256()
    for name, content in selected_law.bundle.schemas.files.items():
        schemas.update(f"{name}:{hashlib.sha256(content).hexdigest()}\n".encode())
    return {
        "origin": "bundle" if bundle_file else "folder" if selected_law.folder else "shipped",
        "file": bundle_file.file if bundle_file else str(selected_law.folder) if selected_law.folder else None,
        "version": selected_law.bundle.version,
        "revision": selected_law.revision,
        "number": bundle_file.number if bundle_file else None,
        "digest": bundle_file.digest if bundle_file else None,
        "signed_by": signature.key if signature else None,
        "policies": selected_law.bundle.digest,
        "schemas": schemas.hexdigest(),
        **_layers(selected_law),
    }


def _layers(selected_law: SelectedLaw) -> dict[str, Any]:
    """Return the layers of the law with their digests, the base first; nothing if there is the base alone."""
    layers, above = selected_law.bundle.layers, selected_law.layers
    if not layers:
        return {}
    files = [None] * (len(layers) - len(above)) + [str(folder) for folder in above]
    return {
        "layers": [
            {"name": layer.name, "digest": layer.digest, "file": file}
            for layer, file in zip(layers, files, strict=True)
        ]
    }


def find_layers(receipt: Mapping[str, Any]) -> list[str]:
    """Return the folders of layers that a receipt names; those in a bundle have none."""
    return [layer["file"] for layer in receipt["law"].get("layers", ()) if layer["file"] is not None]


# --- versions in force, and why -------------------------------------------------------------------------------------


def _versions(bundle: Bundle, data: Mapping[str, Any], day: str) -> list[dict[str, Any]]:
    """Return the policies behind the decision, each with its parts in force and the reason."""
    names = sorted(set(_named(data)))
    rules = [bundle.rule(name) for name in names]
    by_policy: dict[str, list[Rule]] = {}
    for rule in rules:
        by_policy.setdefault(rule.policy, []).append(rule)
    values: dict[str, set[str]] = {}
    for rule in rules:
        instrument = bundle.instruments.get(getattr(rule.effect, "instrument", None) or "")
        more = () if instrument is None else (key for one in instrument.expressions for key in one.parameters)
        for key in (*rule.parameters, *more):
            policy, _, name = key.partition("/")
            values.setdefault(policy, set()).add(name)
    ids = sorted({*by_policy, *values})
    return [_version(bundle.policies[id], by_policy.get(id, []), sorted(values.get(id, ())), day) for id in ids]


def _named(data: Any) -> Iterator[str]:
    """Yield the rules that a record names."""
    if isinstance(data, Mapping):
        rule = data.get("rule")
        if isinstance(rule, str) and "/" in rule:
            yield rule
        for value in data.values():
            yield from _named(value)
    elif isinstance(data, list):
        for value in data:
            yield from _named(value)


def _version(policy: Policy, rules: Iterable[Rule], names: Iterable[str], day: str) -> dict[str, Any]:
    edition = policy.edition(day)
    later = [one.since for one in policy.editions if one.since > day]
    return {
        "id": policy.id,
        "version": policy.version,
        "verification": sorted({article.verification for article in policy.articles.values()}),
        **_period(policy.since, policy.until, day),
        "edition": None
        if edition is None
        else {"number": edition.number, **_period(edition.since, min(later, default=NEVER), day)},
        "rules": [{"rule": rule.name, **_period(rule.since, rule.until, day)} for rule in rules],
        "values": [_value(policy, name, day) for name in names],
    }


def _value(policy: Policy, name: str, day: str) -> dict[str, Any]:
    parameter = policy.parameters[name]
    value = parameter.on(day) or parameter.values[0]
    later = [one.since for one in parameter.values if one.since > max(day, value.since)]
    return {
        "parameter": parameter.key,
        "value": value.value,
        "cite": list(value.cite),
        **_period(value.since, min(later, default=NEVER), day),
    }


def _period(since: str, until: str, day: str) -> dict[str, Any]:
    """Return a period in force (null: until further notice), and why it applies to the day."""
    open_end = until >= NEVER
    text = _PERIODS[since <= day < until, open_end]
    return {
        "from": since,
        "until": None if open_end else until,
        "why": say_both(text, day=day, since=since, until=until),
    }


# --- replay -----------------------------------------------------------------------------------------------------------


def read_receipt(path: Path) -> dict[str, Any]:
    """Read the receipt in a file. Raises InvalidInput."""
    file = str(path)
    try:
        data = json.loads(path.read_bytes(), object_pairs_hook=make_object)
    except OSError as error:
        message = _("The receipt cannot be read: {reason}.", reason=reason_of(error))
        raise InvalidInput([Problem(file, 1, 1, "", message)]) from None
    except (ValueError, RecursionError):
        raise InvalidInput([Problem(file, 1, 1, "", _("This is not JSON, so it is not a receipt."))]) from None
    if isinstance(data, dict) and data.get("receipt", FORMAT) != FORMAT:
        raise InvalidInput([Problem(file, 1, 1, "", _("This receipt is of a form that this version does not know."))])
    if not _well_formed(data):
        hint = _("vatspolicy check --receipt writes them.")
        raise InvalidInput([Problem(file, 1, 1, "", _("This is not a receipt."), hint)])
    return dict(data)


def _well_formed(data: Any) -> bool:
    match data:
        case {
            "receipt": int(),
            "as_of": {"day": str(day), "why": str(why), "today": str(today)},
            "spec": {"file": str(), "sha256": str(), "changes": list(changes)},
            "law": {"origin": "bundle" | "folder" | "shipped", "file": str() | None},
            "decision": dict(),
        }:
            pairs = all(isinstance(one, list) and len(one) == 2 and isinstance(one[0], str) for one in changes)
            named = isinstance(data["law"]["file"], str) or data["law"]["origin"] == "shipped"
            layers = _are_layers(data["law"].get("layers", []))
            signed = isinstance(data.get("signature", ""), str)
            return why in WHY and len(day) == len(today) == 10 and pairs and named and layers and signed
    return False


def _are_layers(data: Any) -> bool:
    texts = (("name", str), ("digest", str), ("file", (str, type(None))))
    return isinstance(data, list) and all(
        isinstance(one, dict) and all(isinstance(one.get(key), kind) for key, kind in texts) for one in data
    )


def replay(receipt: Mapping[str, Any], selected_law: SelectedLaw, content: bytes) -> list[tuple[str, str]]:
    """Decide the spec in `content` again and return the differences from the receipt.

    Each is a JSON Pointer with `changed`, `added` or `removed`.

    Raises:
        InvalidInput: The spec cannot be decided.
    """
    changes = [(path, value) for path, value in receipt["spec"]["changes"]]
    document = parse_document(content, receipt["spec"]["file"])
    profile = read_profile(change(document, changes), selected_law.bundle.schemas)
    as_of = receipt["as_of"]
    gate = Gate(selected_law.bundle, as_of["today"], as_of["day"], allow_past=True)
    try:
        gate.check_day()
        __, record = gate.decide(profile, granted=_find_grants(receipt, profile))
    except (DayError, ValueError) as error:
        if isinstance(error, InvalidInput):
            raise
        message = _("The bundle does not cover the day of the receipt.")
        raise InvalidInput([Problem(profile.document.file, 1, 1, "", message)]) from None
    again = _receipt(selected_law, profile, record, content, as_of["today"], as_of["why"], changes)
    found = list(_differences(_compared(receipt, again), _compared(again, receipt), ""))
    if as_of["day"] not in _days(profile, as_of):
        found.append(("/as_of/why", "changed"))
    return found


def decide_as_it_stands(receipt: Mapping[str, Any], selected_law: SelectedLaw, content: bytes) -> str | None:
    """Return the decision on the spec without the changes and the day that the receipt names; None if there are none.

    A spec that cannot be decided so is incomplete.
    """
    as_of = receipt["as_of"]
    if not receipt["spec"]["changes"] and as_of["why"] != "option":
        return None
    gate = Gate(selected_law.bundle, as_of["today"], None, allow_past=True)
    try:
        profile = read_profile(parse_document(content, receipt["spec"]["file"]), selected_law.bundle.schemas)
        return gate.decide(profile, ahead=False, granted=_find_grants(receipt, profile))[0].decision
    except InvalidInput:
        return INCOMPLETE


def _find_grants(receipt: Mapping[str, Any], profile: Profile) -> dict[int, Grant | None]:
    """Return the opinions of a spec that a receipt says were granted; a record of another form has none."""
    recorded = receipt["decision"].get("opinions")
    found: dict[int, Grant | None] = {}
    for place, one in enumerate(recorded if isinstance(recorded, list) else ()):
        grant = one.get("granted") if isinstance(one, dict) else None
        if isinstance(grant, dict) and grant.keys() == set(Grant._fields) and place < len(profile.facts["opinions"]):
            found[place] = Grant(**grant)
    return found


def _days(profile: Profile, as_of: Mapping[str, Any]) -> tuple[str | None, ...]:
    """Return the days on which a receipt can be with the reason that it gives."""
    return {"option": (as_of["day"],), "launch": (profile.launch,), "today": (as_of["today"],)}[as_of["why"]]


def _compared(receipt: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return the compared parts: without program and file locations; a bundle's name only if both have one."""
    kept = {key: value for key, value in receipt.items() if key not in UNCOMPARED}
    left_out = {"origin", "file", "signed_by"}
    if receipt["law"].get("number") is None or other["law"].get("number") is None:
        left_out |= {"number", "revision", "digest"}
    kept["law"] = {key: value for key, value in receipt["law"].items() if key not in left_out}
    if "layers" in kept["law"]:
        kept["law"]["layers"] = [{**one, "file": None} for one in kept["law"]["layers"]]
    decision = _without_places(receipt["decision"])
    law = decision.get("bundle") or {}
    kept["decision"] = {**decision, "bundle": {key: law[key] for key in law if key not in ("origin", "name")}}
    return kept


def _without_places(data: Any) -> Any:
    """Return a record without the paths of policies, which depend on the name of their folder."""
    if isinstance(data, Mapping):
        return {key: _without_places(value) for key, value in data.items() if key != "policy_file"}
    return [_without_places(value) for value in data] if isinstance(data, list) else data


def _differences(old: Any, new: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted(old.keys() | new.keys()):
            yield from _below(old, new, key, pointer, key in old, key in new)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            yield from _below(old, new, index, pointer, index < len(old), index < len(new))
    elif old != new or isinstance(old, bool) != isinstance(new, bool):
        yield pointer, "changed"


def _below(old: Any, new: Any, key: Any, pointer: str, before: bool, after: bool) -> Iterator[tuple[str, str]]:
    inner = f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"
    if before and after:
        yield from _differences(old[key], new[key], inner)
    else:
        yield inner, "added" if after else "removed"
