"""`vatspolicy verify-attestation`: verify the output of `check --attest`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from vatspolicy import clock
from vatspolicy.cli import options as opt
from vatspolicy.cli.console import abort, print_result, refuse_if
from vatspolicy.gate.gate import ExitCode
from vatspolicy.i18n import Language, Message, Phrase, _, reason_of, translate
from vatspolicy.i18n.text import clean
from vatspolicy.i18n.words import Table, word

if TYPE_CHECKING:
    from vatspolicy.bundles.keys import Key
    from vatspolicy.bundles.select import SelectedLaw
    from vatspolicy.gate.attestation import Attested


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
    """Verify that the gate passed specs, as they are, under a law (default: the shipped one).

    Exit code: 0 it did, 1 the attestation is genuine and says otherwise, 3 it cannot be read, or another key signed it.
    Nothing is decided again.

    Example: vatspolicy verify-attestation launch.jsonl --spec shop.yaml --bundle bundle.tar.gz --key pipeline.pub
    """
    from vatspolicy.bundles.keys import read_key
    from vatspolicy.gate.attestation import Expected, find_objections, find_statements, read_statements
    from vatspolicy.gate.waivers.load import load_approvers

    signer = read_key(key)
    statements = read_statements(file, signer)
    accepted = None if approvers is None else load_approvers(approvers)
    expected = Expected(_select(law, bundle, policies), clock.today(), fail_on, as_of, accepted)
    verdicts = []
    for spec in specs:
        about = find_statements(statements, _read(spec))
        objections = [objection for statement in about for objection in find_objections(statement, expected)]
        if not about:
            objections.append(_("The file contains no attestation for the current text of this spec."))
        verdicts.append((str(spec), about, list(dict.fromkeys(objections))))
    passed = not any(objections for *__, objections in verdicts)
    if format == "json":
        print_result(_to_json(passed, signer, verdicts), machine=True)
    else:
        print_result("".join(_describe(*verdict, signer, lang) for verdict in verdicts))
    return ExitCode.OK if passed else ExitCode.FAILED


def _select(law: Path | None, bundle: Path | None, layers: Sequence[Path]) -> SelectedLaw:
    """Return the law, of a bundle regardless of its signer: the attestation names its digest."""
    from vatspolicy.bundles.select import choose_law

    refuse_if(law is not None and bundle is not None, _("--law and --bundle cannot be combined."))
    return choose_law(law, bundle, skip_verify=True, locks=(), layers=layers).load()


def _read(spec: Path) -> bytes:
    try:
        return spec.read_bytes()
    except (OSError, ValueError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else _("its name cannot be used")
        abort(_("cannot read the spec {file}: {reason}.", file=spec, reason=reason), ExitCode.INVALID)


_WORDS: Table = {
    "passed": Phrase("{spec}: PASSED, attested by {signer} ({algorithm})"),
    "failed": Phrase("{spec}: NOT PASSED"),
    "decision": Phrase("{decision}, decided at {time} under the law of {day}, {revision}"),
    "waived": Phrase("waived: {rule}, until {until}, by {approver}"),
    "opinion": Phrase("opinion on {about} by {by} ({date}), granted until {until} by {approver}"),
}


def _describe(spec: str, about: list[Attested], objections: list[Message], signer: Key, lang: Language) -> str:
    def say(name: str, **values: str | None) -> str:
        return clean(word(_WORDS, name, lang, **{key: value or "-" for key, value in values.items()}), one_line=True)

    head = "failed" if objections else "passed"
    lines = [say(head, spec=spec, signer=signer.id, algorithm=signer.algorithm)]
    for attested in about:
        values = {"time": attested.moment, "day": attested.as_of.day, "revision": attested.law.revision}
        lines.append("  " + say("decision", decision=attested.decision, **values))
        lines += ["  " + say("opinion", **asdict(opinion)) for opinion in attested.opinions]
        lines += ["  " + say("waived", **asdict(waived)) for waived in attested.waived]
    lines += [f"  {clean(translate(text, lang), one_line=True)}" for text in objections]
    return "".join(f"{line}\n" for line in lines)


def _to_json(passed: bool, signer: Key, verdicts: list[tuple[str, list[Attested], list[Message]]]) -> str:
    import json

    specs = [
        {
            "spec": spec,
            "passed": not objections,
            "objections": [str(objection) for objection in objections],
            "statements": [attested.statement for attested in about],
        }
        for spec, about, objections in verdicts
    ]
    return json.dumps({"passed": passed, "signed_by": signer.id, "specs": specs}, ensure_ascii=False, indent=2) + "\n"


command = opt.Command(verify_attestation, "verify-attestation", opt.DECIDE, 50)
