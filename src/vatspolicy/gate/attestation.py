"""Attestations of decisions: in-toto statements (version 1) about specs, in DSSE envelopes, one a line.

The predicate has the fields of a SLSA verification summary where it says the same. It holds no fact of a product but
its id, the day of the law, and the names of rules.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vatspolicy import __version__
from vatspolicy.bundles.bundle_file import BundleFileError
from vatspolicy.bundles.dsse import EnvelopeError, open_envelope, sign_envelope
from vatspolicy.bundles.keys import Key
from vatspolicy.bundles.select import SelectedLaw
from vatspolicy.core.documents.json_reader import make_object
from vatspolicy.core.documents.validation import is_valid
from vatspolicy.core.engine.opinions import COUNTED
from vatspolicy.core.engine.result import Finding, Opinion, Reading, Record
from vatspolicy.core.profile.profile import Profile
from vatspolicy.gate.gate import Gate, GateResult
from vatspolicy.gate.judgement import LEVELS, Judgement
from vatspolicy.gate.receipt import WHY, describe_law, read_spec_bytes
from vatspolicy.gate.waivers import Approvers
from vatspolicy.i18n import Message, _, reason_of

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:vatspolicy:decision:v1"
"""Type of our predicate; docs/bundles-and-receipts.md and `vatspolicy schema attestation` describe it."""
PAYLOAD = "application/vnd.in-toto+json"
PASSED, FAILED = "PASSED", "FAILED"
"""Results, as SLSA names them."""
MAX_BYTES = 16 * 2**20
"""Maximum size of a file of attestations."""


def make_attestations(law: SelectedLaw, gate: Gate, result: GateResult, moment: str, key: Key) -> str:
    """Return the signed attestations of every decision of a run, one a line. `moment` is RFC 3339.

    Raises InvalidInput for a spec that has changed since it was decided.
    """
    lines = []
    remarks = [
        remark for remark in result.remarks or () if replace(result.judgement, no_fail=False).fails_remark(remark)
    ]
    for (profile, __), record in zip(result.law, result.records, strict=True):
        statement = _make_statement(law, gate, profile, record, moment, result.judgement, bool(remarks))
        payload = json.dumps(statement, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        lines.append(json.dumps(sign_envelope(payload, PAYLOAD, key), separators=(",", ":")) + "\n")
    return "".join(lines)


def _make_statement(
    law: SelectedLaw,
    gate: Gate,
    profile: Profile,
    record: Record,
    moment: str,
    judgement: Judgement,
    fails: bool,
) -> dict[str, Any]:
    fails = fails or bool(replace(judgement, no_fail=False).find_failures(record))
    described = _law(law)
    why = WHY[0] if gate.as_of else WHY[1] if profile.launch else WHY[2]
    return {
        "_type": STATEMENT,
        "subject": [
            {"name": profile.document.file, "digest": {"sha256": _sha256(read_spec_bytes(profile, gate.changes))}}
        ],
        "predicateType": PREDICATE,
        "predicate": {
            "verifier": {"id": "urn:vatspolicy", "version": {"vatspolicy": __version__}},
            "timeVerified": moment,
            "resourceUri": f"urn:vatspolicy:product:{record.product}",
            "policy": {"uri": f"urn:vatspolicy:law:{described['revision']}", "digest": _digests(described)},
            "verificationResult": FAILED if fails else PASSED,
            **describe_decision(record),
            "asOf": {"day": record.as_of, "why": why, "today": gate.today},
            "gate": {"failOn": judgement.fail_on, "strictWaivers": judgement.strict},
            "law": described,
        },
    }


def describe_decision(record: Record) -> dict[str, Any]:
    """Return what a statement says of a decision: names of rules, and no fact of the product."""
    return {
        "decision": record.decision,
        "range": list(record.range),
        "remaining": record.judged,
        "knownUntil": record.bundle.known_until,
        "verification": record.verification,
        "notices": [one.kind for one in record.notices],
        "denials": _rules(record.denials),
        "needs": _rules(record.licenses),
        "duties": _rules(record.duties),
        "missing": [one.path for one in record.missing],
        "contested": _rules(record.contested),
        "opinions": [
            {**{key: getattr(one, key) for key in ("about", "service", "by", "date")}, **_granted(one)}
            for one in record.opinions
            if one.state == COUNTED
        ],
        "waived": [
            {"rule": one.rule, "by": one.waived.by, "approver": one.waived.approver, "until": one.waived.until}
            for one in record.waived
            if one.waived
        ],
    }


def _granted(opinion: Opinion) -> dict[str, Any]:
    assert opinion.granted is not None, "what nobody granted does not count"
    return {key: getattr(opinion.granted, key) for key in ("approver", "since", "until")}


def _rules(named: Iterable[Finding | Reading]) -> list[str]:
    return sorted({one.rule for one in named})


def _law(selected: SelectedLaw) -> dict[str, Any]:
    """Return the law as a receipt describes it, without places of layers."""
    found = describe_law(selected)
    layers = [{"name": one["name"], "digest": one["digest"]} for one in found.get("layers", ())]
    kept = {name: found[name] for name in ("origin", "version", "revision", "number", "digest", "policies", "schemas")}
    return {**kept, "name": found["file"], "signedBy": found["signed_by"], "layers": layers}


def _digests(law: Mapping[str, Any]) -> dict[str, str]:
    """Return the digests of a law by name, as hexadecimal digits."""
    bundle = {} if law["digest"] is None else {"vatspolicyBundle": law["digest"].removeprefix("sha256:")}
    return {"vatspolicyPolicies": law["policies"], "vatspolicySchemas": law["schemas"], **bundle}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# --- verifying --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Expected:
    """Conditions that attestations must meet."""

    law: SelectedLaw
    today: str
    """Day on which the attestation is verified."""
    fail_on: str
    """Level on which the gate must have failed; a stricter one will do."""
    as_of: str | None = None
    """Day of the law; None for the launch day of the spec, or the day of the run."""
    approvers: Approvers | None = None
    """Who may grant the opinions that a decision rests on; None for nobody."""


def read_statements(path: Path, key: Key) -> list[dict[str, Any]]:
    """Return the statements in a file, all of them signed by the key. Raises InvalidInput."""
    file = str(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else _("its name is not usable")
        raise BundleFileError(file, _("The attestation cannot be read: {reason}.", reason=reason)) from None
    if len(content) > MAX_BYTES:
        raise BundleFileError(file, _("This is not an attestation of vatspolicy."))
    envelopes = _parse(content)
    if not envelopes:
        raise BundleFileError(file, _("This is not an attestation of vatspolicy."), _("check --attest writes them."))
    return [_open(file, one, key) for one in envelopes]


def _parse(content: bytes) -> list[Any]:
    """Return the envelopes of a file: one JSON text, or one a line."""
    for texts in ([content], content.splitlines()):
        try:
            return [json.loads(text, object_pairs_hook=make_object) for text in texts if text.strip()]
        except (ValueError, RecursionError):
            continue
    return []


def _open(file: str, envelope: Any, key: Key) -> dict[str, Any]:
    try:
        statement = json.loads(open_envelope(envelope, PAYLOAD, key), object_pairs_hook=make_object)
    except EnvelopeError:
        message = _("Its signature is not by the key {id} ({algorithm}).", id=key.id, algorithm=key.algorithm)
        raise BundleFileError(file, message, _("The attestation was changed, or somebody else signed it.")) from None
    except (ValueError, RecursionError):
        statement = None
    if not isinstance(statement, dict) or not is_valid(statement, "attestation"):
        raise BundleFileError(file, _("This is not an attestation of vatspolicy."))
    return statement


def find_statements(statements: Iterable[Mapping[str, Any]], content: bytes) -> list[Mapping[str, Any]]:
    """Return the statements about a spec: those with its digest."""
    digest = _sha256(content)
    return [one for one in statements if any(found["digest"]["sha256"] == digest for found in one["subject"])]


def find_objections(statement: Mapping[str, Any], expected: Expected) -> list[Message]:
    """Return why a statement does not say that the gate passed under the law expected; nothing if it does."""
    predicate = statement["predicate"]
    day, level = predicate["asOf"], predicate["gate"]["failOn"]
    found: list[Message] = []
    if _digests(predicate["law"]) != predicate["policy"]["digest"] or not _is_law(predicate["law"], expected.law):
        found.append(_("It was decided under another law, {revision}.", revision=predicate["law"]["revision"]))
    if expected.as_of is not None and day["day"] != expected.as_of:
        found.append(_("It was decided under the law of another day, {day}.", day=day["day"]))
    if expected.as_of is None and day["why"] == WHY[0]:
        found.append(_("--as-of chose the day of the law, {day}. Ask for it with --as-of.", day=day["day"]))
    elif expected.as_of is None and day["day"] < (expected.today if day["why"] == WHY[2] else day["today"]):
        found.append(_("It was decided under the law of a past day, {day}. Ask for it with --as-of.", day=day["day"]))
    if LEVELS.index(level) < LEVELS.index(expected.fail_on):
        found.append(_("Its gate failed on {level} only. Accept that with --fail-on.", level=level))
    if predicate["verificationResult"] != PASSED:
        found.append(_("The gate failed. The decision is {decision}.", decision=predicate["decision"]))
    for one in predicate["opinions"]:
        accepted = expected.approvers
        if accepted is None or not accepted.allow_opinion(one["approver"], one["about"]):
            told = _("It rests on an opinion on {about} that {approver} granted. Accept that with --approvers.", **one)
            found.append(told)
        elif not accepted.allow_period(one["since"], one["until"]):
            found.append(_("It rests on a grant of more than {most} days.", most=accepted.max_days))
    return found


def _is_law(law: Mapping[str, Any], selected: SelectedLaw) -> bool:
    """Return True if the law of a statement is the selected one: the digests of all its files are equal."""
    own = _law(selected)
    parts: Sequence[str] = (
        "policies",
        "schemas",
        "layers",
        *(("digest", "number") if own["digest"] is not None else ()),
    )
    return all(law[part] == own[part] for part in parts)
