"""Receipts (decision, input bytes, and versions of the law with their reasons) and replays.

A receipt is canonical JSON (RFC 8785), so that equal decisions have equal bytes and one hash. It is free of wall-clock
time but for the day that was today, which a decision may depend on. A signed one is the payload of a DSSE envelope.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

from vatspolicy import __version__
from vatspolicy.bundles.bundle_file import BundleFileError
from vatspolicy.bundles.keys import Envelope, EnvelopeError, Key, read_envelope, seal
from vatspolicy.bundles.select import SelectedLaw
from vatspolicy.core.documents import parse_document, split_part
from vatspolicy.core.documents.json_reader import make_object
from vatspolicy.core.documents.plain import Fields, Tree
from vatspolicy.core.documents.validation import is_valid
from vatspolicy.core.engine.decision import INCOMPLETE
from vatspolicy.core.engine.opinions import COUNTED
from vatspolicy.core.engine.result import WAIVABLE, Json, Record, encode
from vatspolicy.core.profile.opinions import Grant
from vatspolicy.core.profile.profile import Profile, open_part, read_profile
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.gate.gate import DayError, Gate
from vatspolicy.gate.run_record import (
    GateRecord,
    LawDay,
    LawUsed,
    LayerUsed,
    OpinionUsed,
    PolicyUsed,
    SpecUsed,
    canonical,
)
from vatspolicy.i18n import _, reason_of

FORMAT = 2
"""Version of the receipt format; incremented by incompatible changes."""
PAYLOAD = "application/vnd.vatspolicy.receipt+json"
"""Type of a signed receipt. Other signed files have other types and are not accepted as receipts."""
_UNCOMPARED = "|".join(
    (
        "/program/.*",
        "/law/(origin|file|signed_by|layers/[0-9]+/file)",
        "/decision/(remaining|bundle/(origin|name)|[a-z_]+/[0-9]+/waived(/.*)?)",
        "/decision/.*/policy_file",
    )
)
"""Pointers to parts that do not affect the decision: program, waivers, and names of files and folders."""
_NAME_OF_BUNDLE = "/law/(number|revision|digest)"
"""Pointers that are compared only if both laws are bundles."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Receipt: a selection of the record of a run (receipt.schema.json)."""

    receipt: int
    program: Mapping[str, str]
    as_of: LawDay
    spec: SpecUsed
    law: LawUsed
    policies: tuple[PolicyUsed, ...]
    decision: Record


def make_receipt(run: GateRecord) -> Receipt:
    """Return the receipt of a run. Raises InvalidInput for a spec that has changed meanwhile."""
    program = {"name": "vatspolicy", "version": __version__}
    return Receipt(FORMAT, program, run.as_of, run.spec, run.law, run.policies, run.decision)


def receipt_text(run: GateRecord, signer: Key | None) -> str:
    """Return the receipt of a run as JSON, in an envelope if signed. Raises InvalidInput."""
    content = canonical(encode(make_receipt(run)))
    return content.decode() if signer is None else seal(content, PAYLOAD, signer)


# --- reading ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StoredReceipt:
    """A receipt that was read."""

    file: str
    data: Fields
    """The whole receipt."""
    version: str
    """Version of the program that made it."""
    as_of: LawDay
    spec: SpecUsed
    law: LawUsed
    decision: str
    opinions: tuple[OpinionUsed, ...]
    """The opinions behind the decision."""
    waived: int
    """Number of findings that were set aside."""
    envelope: Envelope | None = None
    """The envelope of a signed receipt."""

    def verify(self, key: Key) -> None:
        """Raise InvalidInput unless the key has signed this receipt."""
        if self.envelope is None:
            raise BundleFileError(self.file, _("The receipt is not signed, so the key cannot verify it."))
        self.envelope.verify(self.file, key, _("The receipt was changed, or another key signed it."))


def read_receipt(path: Path) -> StoredReceipt:
    """Read the receipt in a file; a signed one is not verified yet. Raises InvalidInput."""
    file = str(path)
    envelope = None
    try:
        data = json.loads(path.read_bytes(), object_pairs_hook=make_object)
        if isinstance(data, dict) and "payloadType" in data:
            envelope = read_envelope(data, PAYLOAD)
            data = envelope.data
    except OSError as error:
        message = _("The receipt cannot be read: {reason}.", reason=reason_of(error))
        raise InvalidInput([Problem(file, 1, 1, "", message)]) from None
    except EnvelopeError:
        data = None
    except (ValueError, RecursionError):
        raise InvalidInput([Problem(file, 1, 1, "", _("This is not JSON, so it is not a receipt."))]) from None
    if isinstance(data, dict) and data.get("receipt", FORMAT) != FORMAT:
        raise InvalidInput([Problem(file, 1, 1, "", _("This version does not support the form of this receipt."))])
    if not is_valid(data, "receipt"):
        hint = _("vatspolicy check --receipt writes receipts.")
        raise InvalidInput([Problem(file, 1, 1, "", _("This is not a receipt."), hint)])
    return replace(decode_receipt(data, file), envelope=envelope)


def is_receipt(data: Tree) -> bool:
    """Return whether data look like a receipt, signed or not."""
    return isinstance(data, dict) and ({"receipt", "spec"} <= data.keys() or data.get("payloadType") == PAYLOAD)


def decode_receipt(data: Fields, file: str = "") -> StoredReceipt:
    """Return a receipt from data that are valid."""
    spec, law, decision = data["spec"], data["law"], data["decision"]
    changes = tuple((path, value) for path, value in spec["changes"])
    layers = tuple(LayerUsed(**layer) for layer in law.get("layers", ()))
    opinions = [opinion for opinion in decision["opinions"] if opinion["state"] == COUNTED and opinion["granted"]]
    counted = [(opinion, opinion["granted"]) for opinion in opinions]
    return StoredReceipt(
        file,
        data,
        data["program"]["version"],
        LawDay(**data["as_of"]),
        SpecUsed(**{**spec, "changes": changes}),
        LawUsed(**{**law, "layers": layers}),
        decision["decision"],
        tuple(
            OpinionUsed(**{field.name: {**opinion, **grant}[field.name] for field in fields(OpinionUsed)})
            for opinion, grant in counted
        ),
        sum("waived" in finding for name in WAIVABLE for finding in decision[name]),
    )


# --- replay -----------------------------------------------------------------------------------------------------------


def replay(recorded: StoredReceipt, selected: SelectedLaw, content: bytes) -> list[tuple[str, str]]:
    """Decide the spec in `content` again and return the differences from the receipt.

    Each is a JSON Pointer with `changed`, `added` or `removed`.

    Raises:
        InvalidInput: The spec cannot be decided.
    """
    as_of, changes = recorded.as_of, recorded.spec.changes
    profile = _read_again(recorded, selected, content, changes)
    gate = Gate(selected.bundle, as_of.today, as_of.day, allow_past=True)
    try:
        gate.check_day()
        __, record = gate.decide(profile, granted=_find_grants(recorded, profile))
    except (DayError, ValueError) as error:
        if isinstance(error, InvalidInput):
            raise
        message = _("The bundle does not cover the day of the receipt.")
        raise InvalidInput([Problem(profile.document.file, 1, 1, "", message)]) from None
    run = GateRecord(selected, profile, record, as_of, changes, content=content)
    both_bundles = recorded.law.number is not None and run.law.number is not None
    uncompared = re.compile(_UNCOMPARED if both_bundles else f"{_UNCOMPARED}|{_NAME_OF_BUNDLE}")
    differences = _differences(recorded.data, encode(make_receipt(run)), "")
    compared = [difference for difference in differences if not uncompared.fullmatch(difference[0])]
    if as_of.day not in {"option": (as_of.day,), "launch": (profile.launch,), "today": (as_of.today,)}[as_of.why]:
        compared.append(("/as_of/why", "changed"))
    return compared


def decide_as_it_stands(recorded: StoredReceipt, selected: SelectedLaw, content: bytes) -> str | None:
    """Return the decision without the changes and the day recorded in the receipt; None if there are no such changes.

    A spec that cannot be decided so is incomplete.
    """
    if not recorded.spec.changes and recorded.as_of.why != "option":
        return None
    gate = Gate(selected.bundle, recorded.as_of.today, None, allow_past=True)
    try:
        profile = _read_again(recorded, selected, content, ())
        return gate.decide(profile, ahead=False, granted=_find_grants(recorded, profile))[0].decision
    except InvalidInput:
        return INCOMPLETE


def _read_again(
    recorded: StoredReceipt, selected: SelectedLaw, content: bytes, changes: tuple[tuple[str, Tree], ...]
) -> Profile:
    """Return the profile of a receipt from the bytes of its spec. Raises InvalidInput."""
    file, part = split_part(recorded.spec.file)
    schemas = selected.bundle.schemas
    return read_profile(open_part(parse_document(content, file), part, changes, schemas), schemas)


def _find_grants(recorded: StoredReceipt, profile: Profile) -> dict[int, Grant | None]:
    """Return the opinions of a spec that the receipt records as granted."""
    pairs = zip(range(len(profile.facts["opinions"])), recorded.data["decision"]["opinions"], strict=False)
    return {index: Grant(**opinion["granted"]) for index, opinion in pairs if opinion["granted"] is not None}


def _differences(old: Json, new: Json, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(old, list) and isinstance(new, list):
        old, new = dict(enumerate(old)), dict(enumerate(new))
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            inner = f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"
            if key in old and key in new:
                yield from _differences(old[key], new[key], inner)
            else:
                yield inner, "added" if key in new else "removed"
    elif old != new or isinstance(old, bool) != isinstance(new, bool):
        yield pointer, "changed"
