"""Attestations of decisions: in-toto statements (version 1) about specs, in DSSE envelopes, one per line.

The predicate has the fields of a SLSA verification summary where it says the same. It holds no fact of a product but
its id, the day of the law, and the names of rules.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from vatspolicy import __version__
from vatspolicy.bundles.bundle_file import BundleFileError
from vatspolicy.bundles.keys import EnvelopeError, Key, read_envelope, seal
from vatspolicy.bundles.select import SelectedLaw
from vatspolicy.core.documents.json_reader import make_object
from vatspolicy.core.documents.plain import Fields, Tree
from vatspolicy.core.documents.validation import is_valid
from vatspolicy.core.engine.result import FindingRecord, ReadingRecord, Record, encode
from vatspolicy.gate.judgement import LEVELS
from vatspolicy.gate.run_record import (
    WHY,
    GateRecord,
    LawDay,
    LawUsed,
    LayerUsed,
    OpinionUsed,
    WaivedRule,
    canonical,
    describe_law,
    find_opinions,
    find_waived,
)
from vatspolicy.gate.waivers.load import Approvers
from vatspolicy.i18n import Message, _, reason_of

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:vatspolicy:decision:v1"
"""Type of our predicate; docs/bundles-and-receipts.md and `vatspolicy schema attestation` describe it."""
PAYLOAD = "application/vnd.in-toto+json"
PASSED, FAILED = "PASSED", "FAILED"
"""Results, as SLSA names them."""
_SAME = ("origin", "version", "revision", "number", "digest", "policies", "schemas")
"""Fields of the law with the same names in attestations and receipts."""
MAX_BYTES = 16 * 2**20
"""Maximum size of a file of attestations."""


def make_attestations(runs: Iterable[GateRecord], key: Key) -> str:
    """Return the signed attestations of a run, one per line.

    Raises InvalidInput for a spec that has changed since it was decided.
    """
    return "".join(seal(canonical(make_statement(run)), PAYLOAD, key) + "\n" for run in runs)


def make_statement(run: GateRecord) -> Fields:
    """Return the statement about a run (attestation.schema.json). Raises InvalidInput as `make_attestations` does."""
    law = run.law
    return {
        "_type": STATEMENT,
        "subject": [{"name": run.spec.file, "digest": {"sha256": run.spec.sha256}}],
        "predicateType": PREDICATE,
        "predicate": {
            "verifier": {"id": "urn:vatspolicy", "version": {"vatspolicy": __version__}},
            "timeVerified": f"{run.moment[:19]}Z",
            "resourceUri": f"urn:vatspolicy:product:{run.decision.product}",
            "policy": {"uri": f"urn:vatspolicy:law:{law.revision}", "digest": _digests(law)},
            "verificationResult": PASSED if run.passed else FAILED,
            **describe_decision(run.decision),
            "asOf": encode(run.as_of),
            "gate": {"failOn": run.judgement.fail_on, "strictWaivers": run.judgement.strict},
            "law": {
                **{name: getattr(law, name) for name in _SAME},
                "name": law.file,
                "signedBy": law.signed_by,
                "layers": [{"name": layer.name, "digest": layer.digest} for layer in law.layers],
            },
        },
    }


def describe_decision(record: Record) -> Fields:
    """Return the decision part of a statement: names of rules, without facts of the product."""
    return {
        "decision": record.decision,
        "range": list(record.range),
        "remaining": record.judged,
        "knownUntil": record.bundle.known_until,
        "verification": record.verification,
        "notices": [notice.kind for notice in record.notices],
        "denials": _rules(record.denials),
        "needs": _rules(record.licenses),
        "duties": _rules(record.duties),
        "missing": [question.path for question in record.missing],
        "contested": _rules(record.contested),
        "opinions": encode(find_opinions(record)),
        "waived": encode(find_waived(record)),
    }


def _rules(named: Iterable[FindingRecord | ReadingRecord]) -> list[str]:
    return sorted({finding.rule for finding in named})


def _digests(law: LawUsed) -> Mapping[str, str]:
    """Return the digests of a law by name, as hexadecimal digits."""
    bundle = {} if law.digest is None else {"vatspolicyBundle": law.digest.removeprefix("sha256:")}
    return {"vatspolicyPolicies": law.policies, "vatspolicySchemas": law.schemas, **bundle}


# --- verifying --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Expected:
    """Conditions that attestations must meet."""

    law: SelectedLaw
    today: str
    """Day on which the attestation is verified."""
    fail_on: str
    """Required level of the gate; a stricter level is sufficient."""
    as_of: str | None = None
    """Day of the law; None for the launch day of the spec, or the day of the run."""
    approvers: Approvers | None = None
    """Approvers who may grant the opinions behind a decision; None if there are no approvers."""


@dataclass(frozen=True, slots=True)
class Attested:
    """A parsed statement with a valid signature."""

    statement: Fields
    """The whole statement."""
    specs: frozenset[str]
    """Digests of its specs."""
    moment: str
    as_of: LawDay
    law: LawUsed
    digests: Mapping[str, str]
    """Digests of its law."""
    fail_on: str
    passed: bool
    decision: str
    opinions: tuple[OpinionUsed, ...]
    waived: tuple[WaivedRule, ...]


def read_statements(path: Path, key: Key) -> list[Attested]:
    """Return the statements in a file, all of them signed by the key. Raises InvalidInput."""
    file = str(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else _("its name cannot be used")
        raise BundleFileError(file, _("The attestation cannot be read: {reason}.", reason=reason)) from None
    if len(content) > MAX_BYTES:
        raise BundleFileError(file, _("This is not an attestation of vatspolicy."))
    envelopes = _parse(content)
    if not envelopes:
        raise BundleFileError(
            file, _("This is not an attestation of vatspolicy."), _("vatspolicy check --attest writes attestations.")
        )
    return [_open(file, envelope, key) for envelope in envelopes]


def _parse(content: bytes) -> list[Tree]:
    """Return the envelopes of a file: one JSON text, or one per line."""
    for texts in ([content], content.splitlines()):
        try:
            return [json.loads(text, object_pairs_hook=make_object) for text in texts if text.strip()]
        except (ValueError, RecursionError):
            continue
    return []


def _open(file: str, data: Tree, key: Key) -> Attested:
    statement: Tree = None
    with contextlib.suppress(EnvelopeError):
        envelope = read_envelope(data, PAYLOAD)
        envelope.verify(file, key, _("The attestation was changed, or another key signed it."))
        statement = envelope.data
    if not is_valid(statement, "attestation"):
        raise BundleFileError(file, _("This is not an attestation of vatspolicy."))
    return _decode(statement)


def _decode(statement: Fields) -> Attested:
    said = statement["predicate"]
    law = said["law"]
    layers = tuple(LayerUsed(**layer, file=None) for layer in law["layers"])
    named = {name: law[name] for name in _SAME}
    return Attested(
        statement,
        frozenset(subject["digest"]["sha256"] for subject in statement["subject"]),
        said["timeVerified"],
        LawDay(**said["asOf"]),
        LawUsed(**named, file=law["name"], signed_by=law["signedBy"], layers=layers),
        said["policy"]["digest"],
        said["gate"]["failOn"],
        said["verificationResult"] == PASSED,
        said["decision"],
        tuple(OpinionUsed(**opinion) for opinion in said["opinions"]),
        tuple(WaivedRule(**waived) for waived in said["waived"]),
    )


def find_statements(statements: Iterable[Attested], content: bytes) -> list[Attested]:
    """Return the statements about a spec: those with its digest."""
    digest = hashlib.sha256(content).hexdigest()
    return [statement for statement in statements if digest in statement.specs]


def find_objections(attested: Attested, expected: Expected) -> list[Message]:
    """Yield the reasons why a statement does not prove that the gate passed under the expected law."""
    as_of, law = attested.as_of, attested.law
    objections: list[Message] = []
    if _digests(law) != attested.digests or not _is_law(law, describe_law(expected.law)):
        objections.append(_("It was decided under a different law, {revision}.", revision=law.revision))
    if expected.as_of is not None and as_of.day != expected.as_of:
        objections.append(_("It was decided under the law of a different day, {day}.", day=as_of.day))
    if expected.as_of is None and as_of.why == WHY[0]:
        objections.append(_("--as-of set the day of the law to {day}. To accept that, pass --as-of.", day=as_of.day))
    elif expected.as_of is None and as_of.day < (expected.today if as_of.why == WHY[2] else as_of.today):
        objections.append(
            _("It was decided under the law of a past day, {day}. To accept that, pass --as-of.", day=as_of.day)
        )
    if LEVELS.index(attested.fail_on) < LEVELS.index(expected.fail_on):
        objections.append(_("Its gate failed on {level} only. To accept that, pass --fail-on.", level=attested.fail_on))
    if not attested.passed:
        objections.append(_("The gate failed. The decision is {decision}.", decision=attested.decision))
    for opinion in attested.opinions:
        accepted, values = expected.approvers, {"about": opinion.about, "approver": opinion.approver}
        if accepted is None or not accepted.allow_opinion(opinion.approver, opinion.about):
            objections.append(
                _(
                    "It relies on an opinion on {about} that {approver} granted. To accept that, pass --approvers.",
                    **values,
                )
            )
        elif not accepted.allow_period(opinion.since, opinion.until):
            objections.append(_("It relies on a grant of more than {most} days.", most=accepted.max_days))
    return objections


def _is_law(law: LawUsed, own: LawUsed) -> bool:
    """Return True if the law of a statement is the selected one: the digests of all its files are equal."""

    def files(law: LawUsed) -> tuple[object, ...]:
        bundle = (law.digest, law.number) if own.digest is not None else ()
        return law.policies, law.schemas, [(layer.name, layer.digest) for layer in law.layers], bundle

    return files(law) == files(own)
