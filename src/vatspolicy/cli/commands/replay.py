"""`vatspolicy replay`: repeat the decision that a receipt records."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from vatspolicy.cli import options as opt
from vatspolicy.cli.console import abort, print_result, refuse_if, warn
from vatspolicy.cli.context import CommandContext, LawOptions
from vatspolicy.gate.gate import ExitCode
from vatspolicy.i18n import Language, Phrase, _, reason_of
from vatspolicy.i18n.text import clean
from vatspolicy.i18n.words import VERDICTS, Counts, Table, count, joint, word

if TYPE_CHECKING:
    from vatspolicy.bundles.keys import Key
    from vatspolicy.gate.receipt import StoredReceipt


def replay(
    *,
    receipt: Path = opt.argument(opt.REQUIRED, "RECEIPT", "What check --receipt wrote."),
    context: CommandContext,
    spec: Path | None = opt.input_(None, "--spec FILE", "The spec (default: as recorded)."),
    receipt_key: Path | None = opt.input_(
        None, "--receipt-key FILE", "Public key that must have signed the receipt (default: --key, if it is signed)."
    ),
    format: opt.DataFormat = opt.DATA_FORMAT,
) -> ExitCode:
    """Decide the spec of a receipt again and compare. Exit code: 0 equal, 1 different, 3 it cannot be decided.

    A receipt whose spec as it stands, without the changes and the day of the receipt, decides otherwise is different.
    A signed receipt needs a key (or --skip-verify); a signature that does not hold ends with 3.

    Example: vatspolicy replay receipt.json --bundle bundle.tar.gz --key release.pub
    """
    from vatspolicy import __version__
    from vatspolicy.core.documents import split_part
    from vatspolicy.gate.receipt import decide_as_it_stands, read_receipt
    from vatspolicy.gate.receipt import replay as decide_again

    recorded = read_receipt(receipt)
    law, used = context.law, recorded.law
    named = law != LawOptions()
    if law == LawOptions(key=law.key, skip_verify=law.skip_verify):
        layers = tuple(_find_recorded(receipt, layer.file) for layer in used.layers if layer.file is not None)
        law = replace(law, policies=layers)
        if used.origin == "bundle":
            law = replace(law, bundle=_find_recorded(receipt, str(used.file)))
        elif used.origin == "folder":
            law = replace(law, law=_find_recorded(receipt, str(used.file)))
    law, signer = _verify(recorded, law, receipt_key)
    if signer is None and not named and used.origin != "shipped":
        _refuse_law(receipt)
    file = spec or _find_recorded(receipt, split_part(recorded.spec.file)[0])
    try:
        content = file.read_bytes()
    except (OSError, ValueError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else _("its name cannot be used")
        abort(
            _("cannot read the spec {file}: {reason}. Name it with --spec.", file=file, reason=reason), ExitCode.INVALID
        )
    # Locks do not apply: the receipt determines the bundle.
    selected = law.select(locks="ignore")
    differences = decide_again(recorded, selected, content)
    stands = decide_as_it_stands(recorded, selected, content)
    otherwise = stands if stands != recorded.decision else None
    if recorded.version != __version__:
        warn(_("the receipt was made by another version of this program."))
    if format == "json":
        import json
        from dataclasses import asdict

        report = {
            "same": not differences,
            "differences": [{"pointer": pointer, "kind": kind} for pointer, kind in differences],
            "as_of": asdict(recorded.as_of),
            "changes": [path for path, _value in recorded.spec.changes],
            "law": {"origin": used.origin, "file": used.file},
            "waived": recorded.waived,
            "opinions": [
                {"about": opinion.about, "by": opinion.by, "approver": opinion.approver}
                for opinion in recorded.opinions
            ],
            "signed_by": signer.id if signer else None,
            "as_it_stands": stands,
        }
        print_result(json.dumps(report, indent=2) + "\n", machine=True)
    else:
        text = _describe(differences, context.lang) + _say_premises(recorded, otherwise, context.lang)
        print_result(text + _say_signer(recorded, signer, context.lang))
    return ExitCode.FAILED if differences or otherwise else ExitCode.OK


def _verify(recorded: StoredReceipt, law: LawOptions, receipt_key: Path | None) -> tuple[LawOptions, Key | None]:
    """Return the options of the law, and the key of the receipt; None if no verification was requested.

    Raises InvalidInput for a signature that does not hold, is missing, or has no key to verify it.
    """
    from vatspolicy.bundles.bundle_file import BundleFileError
    from vatspolicy.bundles.keys import read_key

    signed = recorded.envelope is not None
    refuse_if(receipt_key is not None and law.skip_verify, _("--receipt-key and --skip-verify cannot be combined."))
    path = receipt_key or law.key
    if path is not None and law.bundle is not None and receipt_key is None and not signed:
        path = None  # the key belongs to the bundle
    if signed and path is None and not law.skip_verify:
        hint = _("Pass --key, or --receipt-key.")
        raise BundleFileError(recorded.file, _("It is signed, but --key is missing."), hint)
    key = None if path is None or law.skip_verify else read_key(path)
    if key is not None:
        recorded.verify(key)
    if law.bundle is None and (law.key is not None or signed):
        law = replace(law, key=None, skip_verify=False)
    return law, key


def _refuse_law(receipt: Path) -> NoReturn:
    """Refuse a law recorded only in an unsigned receipt: its author could have written the law, too."""
    from vatspolicy.bundles.bundle_file import BundleFileError

    hint = _("State the law that must have been used: --law, or --bundle with --key.")
    raise BundleFileError(str(receipt), _("It is not signed, so its law cannot be trusted."), hint)


def _find_recorded(receipt: Path, name: str) -> Path:
    """Return a recorded file, relative to the working directory or else to the receipt."""
    path = Path(name)
    return path if path.exists() or not (receipt.parent / path).exists() else receipt.parent / path


_WORDS: Table = {
    "same": Phrase("same: spec, law and decision are as recorded"),
    "changed": Phrase("changed", "replay"),
    "added": Phrase("added"),
    "removed": Phrase("removed", "replay"),
    "day-option": Phrase("law of {day}, chosen by --as-of"),
    "day-launch": Phrase("law of {day}, the launch day of the spec"),
    "day-today": Phrase("law of {day}, the day of the decision"),
    "law-shipped": Phrase("recorded under the shipped law"),
    "law-folder": Phrase("recorded under the law in the folder {file}"),
    "law-bundle": Phrase("recorded under the law in the bundle {file}"),
    "layers": Phrase("with rules of higher layers: {names}"),
    "changes": Phrase("facts changed by --set before the decision: {paths}"),
    "signed": Phrase("the receipt is signed by {key} ({algorithm})"),
    "unsigned": Phrase("the receipt is not signed (--receipt-key requires a signature)"),
    "unverified": Phrase("the signature of the receipt is not verified (--skip-verify)"),
    "opinion": Phrase("an opinion on {about} by {by} counts, because {approver} granted it: not verified again"),
    "otherwise": Phrase("the current spec leads to another decision on its launch day: {decision}"),
}
_COUNTS: Counts = {
    "differs": (Phrase("differs in {n} place"), Phrase("differs in {n} places")),
    "waived": (Phrase("{n} waived finding, not compared"), Phrase("{n} waived findings, not compared")),
}


def _describe(differences: list[tuple[str, str]], lang: Language) -> str:
    head = count(_COUNTS, "differs", len(differences), lang) if differences else word(_WORDS, "same", lang)
    colon = joint("colon", lang)
    return f"{head}\n" + "".join(f"  {pointer}{colon}{word(_WORDS, kind, lang)}\n" for pointer, kind in differences)


def _say_premises(recorded: StoredReceipt, otherwise: str | None, lang: Language) -> str:
    """Return the premises of the decision of a receipt: its day, changes of the spec, the law, and waivers."""
    day, law = recorded.as_of, recorded.law
    said = [word(_WORDS, f"day-{day.why}", lang, day=day.day)]
    said.append(word(_WORDS, f"law-{law.origin}", lang, file=clean(str(law.file), one_line=True)))
    if layers := law.layers[1:]:
        names = joint("list", lang).join(clean(layer.name, one_line=True) for layer in layers)
        said.append(word(_WORDS, "layers", lang, names=names))
    if changes := recorded.spec.changes:
        paths = joint("list", lang).join(clean(path, one_line=True) for path, _value in changes)
        said.append(word(_WORDS, "changes", lang, paths=paths))
    if recorded.waived:
        said.append(count(_COUNTS, "waived", recorded.waived, lang))
    for opinion in recorded.opinions:
        about, by, approver = (clean(text, one_line=True) for text in (opinion.about, opinion.by, opinion.approver))
        said.append(word(_WORDS, "opinion", lang, about=about, by=by, approver=approver))
    if otherwise is not None:
        said.append(word(_WORDS, "otherwise", lang, decision=word(VERDICTS, otherwise, lang)))
    return "".join(f"  {text}\n" for text in said)


def _say_signer(recorded: StoredReceipt, signer: Key | None, lang: Language) -> str:
    """Return the line on the signature of a receipt."""
    if signer is not None:
        key = clean(signer.id, one_line=True)
        return f"  {word(_WORDS, 'signed', lang, key=key, algorithm=signer.algorithm)}\n"
    if recorded.envelope is not None:
        return f"  {word(_WORDS, 'unverified', lang)}\n"
    return f"  {word(_WORDS, 'unsigned', lang)}\n"


command = opt.Command(replay, "replay", opt.DECIDE, 40)
