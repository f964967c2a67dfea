"""Attestations: signed in-toto statements (version 1) about specs, in DSSE envelopes, one per line.

A statement is about a whole file, and names every part of a launch. The predicate has the fields of a SLSA verification
summary where it says the same. It contains no fact of a product but its id, the day of the law, and the names of rules.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vatspolicy import __version__
from vatspolicy.bundles.bundle_file import BundleFileError
from vatspolicy.bundles.keys import EnvelopeError, Key, read_envelope, seal
from vatspolicy.bundles.select import SelectedLaw
from vatspolicy.core.documents import STDIN, parse_document, split_part
from vatspolicy.core.documents.json_reader import make_object
from vatspolicy.core.documents.plain import Fields, Tree
from vatspolicy.core.documents.validation import is_valid
from vatspolicy.core.engine.opinions import COUNTED
from vatspolicy.core.engine.result import FindingRecord, Json, ReadingRecord, encode
from vatspolicy.core.profile.opinions import Grant
from vatspolicy.core.profile.profile import Profile, open_parts, read_profile
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.gate.gate import DayError, Gate
from vatspolicy.gate.judgement import LEVELS
from vatspolicy.gate.run_record import WHY, LawDay, RunRecord, record_run
from vatspolicy.gate.waivers.load import Approvers
from vatspolicy.i18n import Listing, Message, _, reason_of

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:vatspolicy:decision:v2"
"""Type of our predicate; docs/attestations.md and `vatspolicy schema attestation` describe it."""
PAYLOAD = "application/vnd.in-toto+json"
PASSED, FAILED = "PASSED", "FAILED"
"""Results, as SLSA names them."""
MAX_BYTES = 16 * 2**20
"""Maximum size of a file of attestations."""


@dataclass(frozen=True, slots=True)
class OpinionUsed:
    """A legal opinion behind a decision, with the approver and the period of its grant."""

    about: str
    service: str | None
    by: str
    date: str
    approver: str
    since: str
    until: str


@dataclass(frozen=True, slots=True)
class WaivedRule:
    """A rule whose finding is set aside."""

    rule: str
    by: str
    approver: str | None
    until: str | None


@dataclass(frozen=True, slots=True)
class PartDecided:
    """The decision on a spec, or on one part of a launch."""

    part: str | None
    """Name of the part; None for a spec that is no launch."""
    product: str
    as_of: LawDay
    decision: str
    range: tuple[str, str]
    remaining: str
    known_until: str | None
    verification: str | None
    notices: tuple[str, ...]
    denials: tuple[str, ...]
    needs: tuple[str, ...]
    duties: tuple[str, ...]
    missing: tuple[str, ...]
    contested: tuple[str, ...]
    opinions: tuple[OpinionUsed, ...]
    waived: tuple[WaivedRule, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement that was read, with a valid signature."""

    data: Fields
    """The whole statement."""
    sha256: str
    """Digest of its spec."""
    passed: bool
    parts: tuple[PartDecided, ...]

    @property
    def predicate(self) -> Fields:
        """The decision, with its law and gate."""
        predicate: Fields = self.data["predicate"]
        return predicate


# --- writing ----------------------------------------------------------------------------------------------------------


def make_attestations(runs: Iterable[RunRecord], key: Key) -> str:
    """Return the signed attestations of a run, one per line: one for each file.

    Raises InvalidInput for a spec that has changed since it was decided.
    """
    by_file: dict[str, list[RunRecord]] = {}
    for run in runs:
        by_file.setdefault(split_part(run.profile.document.file)[0], []).append(run)
    statements = (make_statement(file, parts) for file, parts in by_file.items())
    return "".join(seal(_to_bytes(statement), PAYLOAD, key) + "\n" for statement in statements)


def _to_bytes(data: Json) -> bytes:
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def make_statement(file: str, runs: Sequence[RunRecord]) -> Fields:
    """Return the statement about a spec, or about all parts of a launch. Raises InvalidInput as `make_attestations`."""
    content, product = _read_spec(file, [run.profile for run in runs])
    first, law = runs[0], describe_law(runs[0].selected)
    return {
        "_type": STATEMENT,
        "subject": [{"name": file, "digest": {"sha256": hashlib.sha256(content).hexdigest()}}],
        "predicateType": PREDICATE,
        "predicate": {
            "verifier": {"id": "urn:vatspolicy", "version": {"vatspolicy": __version__}},
            "timeVerified": f"{first.moment[:19]}Z",
            "resourceUri": f"urn:vatspolicy:product:{product}",
            **law,
            "verificationResult": PASSED if all(run.passed for run in runs) else FAILED,
            "gate": {"fail_on": first.judgement.fail_on, "strict_waivers": first.judgement.strict},
            "parts": [encode(describe_part(run)) for run in runs],
        },
    }


def _read_spec(file: str, profiles: Sequence[Profile]) -> tuple[bytes, str]:
    """Return the bytes of a spec (of standard input, its text in UTF-8), and the id of its product.

    Raises InvalidInput unless they contain these profiles, and no others.
    """
    schemas = profiles[0].schemas
    try:
        content = profiles[0].document.text.encode() if file == STDIN else Path(file).read_bytes()
        whole = parse_document(content, file)
        if [part.data for part in open_parts(whole, schemas=schemas)] == [
            profile.document.data for profile in profiles
        ]:
            return content, whole.data["product"]["id"]
    except (OSError, InvalidInput):
        pass
    message = _("The spec changed after the decision, so the decision was not recorded.")
    raise InvalidInput([Problem(file, 1, 1, "", message)])


def describe_law(selected: SelectedLaw) -> Fields:
    """Return the law in a statement: its names and digests."""
    file, signature, bundle = selected.bundle_file, selected.signature, selected.bundle
    schemas = "".join(f"{name}:{_digest(content)}\n" for name, content in bundle.schemas.files.items())
    digest = {"vatspolicyPolicies": bundle.digest, "vatspolicySchemas": _digest(schemas.encode())}
    name = file.file if file else selected.folder
    return {
        "policy": {
            "uri": f"urn:vatspolicy:law:{selected.revision}",
            "digest": digest | ({"vatspolicyBundle": file.digest.removeprefix("sha256:")} if file else {}),
        },
        "law": {
            "origin": "bundle" if file else "folder" if selected.folder else "shipped",
            "name": None if name is None else str(name),
            "version": bundle.version,
            "revision": selected.revision,
            "number": file.number if file else None,
            "signed_by": signature.key if signature else None,
            "layers": [{"name": layer.name, "digest": layer.digest} for layer in bundle.layers],
        },
    }


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def describe_part(run: RunRecord) -> PartDecided:
    """Return what a statement says about a decision: names of rules, without facts of the product."""
    record = run.decision
    return PartDecided(
        part=split_part(run.profile.document.file)[1] or None,
        product=record.product,
        as_of=run.as_of,
        decision=record.decision,
        range=record.range,
        remaining=record.judged,
        known_until=record.bundle.known_until,
        verification=record.verification,
        notices=tuple(notice.kind for notice in record.notices),
        denials=_rules(record.denials),
        needs=_rules(record.licenses),
        duties=_rules(record.duties),
        missing=tuple(question.path for question in record.missing),
        contested=_rules(record.contested),
        opinions=tuple(
            OpinionUsed(said.about, said.service, said.by, said.date, grant.approver, grant.since, grant.until)
            for said in record.opinions
            if said.state == COUNTED and (grant := said.granted) is not None
        ),
        waived=tuple(
            WaivedRule(finding.rule, mark.by, mark.approver, mark.until)
            for finding in record.waived
            if (mark := finding.waived) is not None
        ),
    )


def _rules(named: Iterable[FindingRecord | ReadingRecord]) -> tuple[str, ...]:
    return tuple(sorted({finding.rule for finding in named}))


# --- reading ----------------------------------------------------------------------------------------------------------


def read_statements(path: Path, key: Key) -> list[Statement]:
    """Return the statements in a file, all of them signed by the key. Raises InvalidInput."""
    file = str(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else _("its name cannot be used")
        raise BundleFileError(file, _("The attestation cannot be read: {reason}.", reason=reason)) from None
    envelopes = _parse(content) if len(content) <= MAX_BYTES else []
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


def _open(file: str, data: Tree, key: Key) -> Statement:
    try:
        envelope = read_envelope(data, PAYLOAD)
        envelope.verify(file, key, _("The attestation was changed, or another key signed it."))
        statement = envelope.data
    except EnvelopeError:
        statement = None
    if not is_valid(statement, "attestation"):
        hint = _("Attestations of earlier versions do not name the parts of a launch: run check again.")
        raise BundleFileError(file, _("This is not an attestation of vatspolicy."), hint)
    said, [subject] = statement["predicate"], statement["subject"]
    parts = tuple(map(_read_part, said["parts"]))
    return Statement(statement, subject["digest"]["sha256"], said["verificationResult"] == PASSED, parts)


def _read_part(data: Fields) -> PartDecided:
    lists: Fields = {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
    nested: Fields = {
        "as_of": LawDay(**data["as_of"]),
        "opinions": tuple(OpinionUsed(**opinion) for opinion in data["opinions"]),
        "waived": tuple(WaivedRule(**waived) for waived in data["waived"]),
    }
    return PartDecided(**{**lists, **nested})


# --- verifying --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
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
class Difference:
    """A field of a statement that differs when the spec is decided again."""

    part: str | None
    field: str
    attested: Json
    decided: Json


@dataclass(frozen=True, slots=True)
class Verdict:
    """The statements about a spec, and what keeps them from proving that it passed the gate."""

    spec: str
    statements: tuple[Statement, ...]
    objections: tuple[Message, ...]
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        """True if the statements prove that the spec passed the gate."""
        return not self.objections and not self.differences


def verify_spec(spec: str, content: bytes, statements: Iterable[Statement], expected: Expected) -> Verdict:
    """Verify the statements about the current content of a spec, and decide it again.

    Raises InvalidInput for a spec that cannot be decided.
    """
    digest = _digest(content)
    about = tuple(statement for statement in statements if statement.sha256 == digest)
    objections: list[Message] = []
    differences: list[Difference] = []
    if not about:
        objections.append(_("The file contains no attestation for the current text of this spec."))
    for stated in about:
        if _is_under(expected.law, stated):
            objections += _find_objections(stated, expected)
            differences += _decide_again(spec, content, stated, expected.law)
        else:
            revision = stated.predicate["law"]["revision"]
            objections.append(_("It was decided under a different law, {revision}.", revision=revision))
    return Verdict(spec, about, tuple(dict.fromkeys(objections)), tuple(differences))


def _is_under(selected: SelectedLaw, stated: Statement) -> bool:
    """Return True if the law of a statement is the selected one: the digests of all its files are equal."""

    def identify(said: Fields) -> object:
        digest, law = said["policy"]["digest"], said["law"]
        bundle = (digest.get("vatspolicyBundle"), law["number"]) if selected.bundle_file else None
        return digest["vatspolicyPolicies"], digest["vatspolicySchemas"], law["layers"], bundle

    return identify(stated.predicate) == identify(describe_law(selected))


def _find_objections(stated: Statement, expected: Expected) -> Iterator[Message]:
    """Yield the reasons why a statement does not prove that the gate passed as expected."""
    level = stated.predicate["gate"]["fail_on"]
    if LEVELS.index(level) < LEVELS.index(expected.fail_on):
        yield _("Its gate failed on {level} only. To accept that, pass --fail-on.", level=level)
    if not stated.passed:
        decisions = Listing(dict.fromkeys(part.decision for part in stated.parts))
        yield _("The gate failed. The decision is {decision}.", decision=decisions)
    for part in stated.parts:
        as_of = part.as_of
        if expected.as_of is not None and as_of.day != expected.as_of:
            yield _("It was decided under the law of a different day, {day}.", day=as_of.day)
        elif expected.as_of is None and as_of.why == WHY[0]:
            yield _("--as-of set the day of the law to {day}. To accept that, pass --as-of.", day=as_of.day)
        elif expected.as_of is None and as_of.day < (expected.today if as_of.why == WHY[2] else as_of.today):
            yield _("It was decided under the law of a past day, {day}. To accept that, pass --as-of.", day=as_of.day)
        for opinion in part.opinions:
            accepted, values = expected.approvers, {"about": opinion.about, "approver": opinion.approver}
            if accepted is None or not accepted.allow_opinion(opinion.approver, opinion.about):
                yield _(
                    "It relies on an opinion on {about} that {approver} granted. To accept that, pass --approvers.",
                    **values,
                )
            elif not accepted.allow_period(opinion.since, opinion.until):
                yield _("It relies on a grant of more than {most} days.", most=accepted.max_days)


def _decide_again(file: str, content: bytes, stated: Statement, selected: SelectedLaw) -> Iterator[Difference]:
    """Decide a spec again, as on the day of a statement, and yield the differences.

    Opinions count if the statement says that they were granted. Waivers are not applied again: the word that remains
    without waived findings, and the result of the gate, are compared only where nothing was waived.
    """
    schemas = selected.bundle.schemas
    profiles = [read_profile(part, schemas) for part in open_parts(parse_document(content, file), schemas=schemas)]
    names = [split_part(profile.document.file)[1] for profile in profiles]
    stated_names = [part.part or "" for part in stated.parts]
    if sorted(names) != sorted(stated_names):
        yield Difference(None, "parts", stated_names, names)
        return
    passed = []
    for profile, name in zip(profiles, names, strict=True):
        part = stated.parts[stated_names.index(name)]
        day, unsure = part.as_of, ("remaining", "waived") if part.waived else ()
        as_of = day.day if day.why == WHY[0] else None
        gate = Gate(selected.bundle, day.today, as_of, True, fail_on=stated.predicate["gate"]["fail_on"])
        try:
            gate.check_day()
        except DayError as error:
            raise InvalidInput([Problem(file, 1, 1, "", _("{reason}.", reason=error))]) from None
        run = record_run(selected, gate, profile, gate.decide(profile, granted=_find_grants(part, profile))[1])
        passed.append(run.passed or bool(part.waived))
        before, after = (encode(one) for one in (part, describe_part(run)))
        for name in before:
            if before[name] != after[name] and name not in unsure:
                yield Difference(part.part, name, before[name], after[name])
    if stated.passed and not all(passed):
        yield Difference(None, "verificationResult", PASSED, FAILED)


def _find_grants(part: PartDecided, profile: Profile) -> dict[int, Grant | None]:
    """Return the opinions of a spec that a statement records as granted."""
    grants = {
        (used.about, used.service, used.by, used.date): Grant(used.approver, "", "", used.since, used.until, "", 1)
        for used in part.opinions
    }
    claims = (
        (index, (claim["about"], claim.get("service"), claim["by"], claim["date"]))
        for index, claim in enumerate(profile.facts["opinions"])
    )
    return {index: grants[key] for index, key in claims if key in grants}
