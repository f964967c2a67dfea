"""`vatspolicy verify-attestation`: verify the output of `check --attest`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from vatspolicy import clock
from vatspolicy.cli import options as opt
from vatspolicy.cli.console import abort, print_result, refuse_if
from vatspolicy.core.documents import split_part
from vatspolicy.gate.gate import ExitCode
from vatspolicy.i18n import Language, Phrase, _, reason_of, translate
from vatspolicy.i18n.text import clean
from vatspolicy.i18n.words import Table, word

if TYPE_CHECKING:
    from vatspolicy.bundles.keys import Key
    from vatspolicy.bundles.select import SelectedLaw
    from vatspolicy.gate.attestation import Verdict


def verify_attestation(
    file: Path = opt.argument(opt.REQUIRED, "FILE", "What check --attest wrote."),
    specs: list[Path] = opt.input_(opt.REQUIRED, "--spec FILE", "A spec that must be attested; repeatable."),
    key: Path = opt.input_(opt.REQUIRED, "--key FILE", "Public key that signed it (PEM or JWK)."),
    bundle: Path | None = opt.input_(None, "--bundle FILE", "The bundle that must have decided."),
    law: Path | None = opt.LAW,
    policies: Sequence[Path] = opt.POLICIES,
    as_of: str | None = opt.LAUNCH_DAY,
    fail_on: opt.FailOn = opt.decision(
        "needs-license", "--fail-on", "The level that the gate must have failed on, at least."
    ),
    approvers: Path | None = opt.decision(
        None, "--approvers FILE", "Who may grant the opinions that a decision rests on (default: nobody)."
    ),
    format: opt.DataFormat = opt.DATA_FORMAT,
    lang: Language = opt.LANG,
) -> ExitCode:
    """Verify that the gate passed specs, as they are, under a law (default: the shipped one), and decide them again.

    Exit code: 0 it did, 1 the attestation is genuine and says otherwise, or the decision differs, 3 it cannot be read,
    or another key signed it.

    Example: vatspolicy verify-attestation launch.jsonl --spec shop.yaml --bundle bundle.tar.gz --key pipeline.pub
    """
    from vatspolicy.bundles.keys import read_key
    from vatspolicy.gate.attestation import Expected, read_statements, verify_spec
    from vatspolicy.gate.waivers.load import load_approvers

    signer = read_key(key)
    statements = read_statements(file, signer)
    accepted = None if approvers is None else load_approvers(approvers)
    expected = Expected(_select(law, bundle, policies), clock.today(), fail_on, as_of, accepted)
    verdicts = [verify_spec(str(spec), _read(spec), statements, expected) for spec in specs]
    passed = all(verdict.passed for verdict in verdicts)
    if format == "json":
        print_result(_to_json(passed, signer, verdicts), machine=True)
    else:
        print_result("".join(_describe(verdict, signer, lang) for verdict in verdicts))
    return ExitCode.OK if passed else ExitCode.FAILED


def _select(law: Path | None, bundle: Path | None, layers: Sequence[Path]) -> SelectedLaw:
    """Return the law, of a bundle regardless of its signer: the attestation names its digest."""
    from vatspolicy.bundles.select import choose_law

    refuse_if(law is not None and bundle is not None, _("--law and --bundle cannot be combined."))
    return choose_law(law, bundle, skip_verify=True, locks=(), layers=layers).load()


def _read(spec: Path) -> bytes:
    refuse_if(split_part(str(spec))[1], _("--spec takes the file of a launch: an attestation covers all of its parts."))
    try:
        return spec.read_bytes()
    except (OSError, ValueError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else _("its name cannot be used")
        abort(_("cannot read the spec {file}: {reason}.", file=spec, reason=reason), ExitCode.INVALID)


_WORDS: Table = {
    "passed": Phrase("{spec}: PASSED, attested by {signer} ({algorithm}) and decided again"),
    "failed": Phrase("{spec}: NOT PASSED"),
    "decision": Phrase("{decision}, decided at {time} under the law of {day}, {revision}"),
    "part": Phrase("{part}: {decision}"),
    "waived": Phrase("waived: {rule}, until {until}, by {approver}"),
    "opinion": Phrase("opinion on {about} by {by} ({date}), granted until {until} by {approver}"),
    "differs": Phrase("{field} differs: the attestation has {attested}, and the decision now has {decided}"),
}


def _describe(verdict: Verdict, signer: Key, lang: Language) -> str:
    def say(name: str, **values: object) -> str:
        shown = {key: "-" if value is None else str(value) for key, value in values.items()}
        return clean(word(_WORDS, name, lang, **shown), one_line=True)

    lines = [
        say("passed" if verdict.passed else "failed", spec=verdict.spec, signer=signer.id, algorithm=signer.algorithm)
    ]
    for stated in verdict.statements:
        moment, revision = stated.predicate["timeVerified"], stated.predicate["law"]["revision"]
        for part in stated.parts:
            text = say("decision", decision=part.decision, time=moment, day=part.as_of.day, revision=revision)
            lines.append("  " + (say("part", part=part.part, decision=text) if part.part else text))
            lines += ["  " + say("opinion", **asdict(opinion)) for opinion in part.opinions]
            lines += ["  " + say("waived", **asdict(waived)) for waived in part.waived]
    lines += [f"  {clean(translate(text, lang), one_line=True)}" for text in verdict.objections]
    for difference in verdict.differences:
        field = f"{difference.part}.{difference.field}" if difference.part else difference.field
        attested, decided = (json.dumps(value) for value in (difference.attested, difference.decided))
        lines.append("  " + say("differs", field=field, attested=attested, decided=decided))
    return "".join(f"{line}\n" for line in lines)


def _to_json(passed: bool, signer: Key, verdicts: list[Verdict]) -> str:
    specs = [
        {
            "spec": verdict.spec,
            "passed": verdict.passed,
            "objections": [str(objection) for objection in verdict.objections],
            "differences": [asdict(difference) for difference in verdict.differences],
            "statements": [stated.data for stated in verdict.statements],
        }
        for verdict in verdicts
    ]
    return json.dumps({"passed": passed, "signed_by": signer.id, "specs": specs}, ensure_ascii=False, indent=2) + "\n"


command = opt.Command(verify_attestation, "verify-attestation", opt.DECIDE, 50)
