"""`vatspolicy replay`: repeat the decision that a receipt records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

from vatspolicy.cli.console import abort, print_result, warn
from vatspolicy.cli.context import CommandContext, LawOptions
from vatspolicy.cli.options import DECIDE, INPUT, Argument, Command, DataFormatOption, Option
from vatspolicy.core.engine.opinions import COUNTED
from vatspolicy.gate.gate import ExitCode
from vatspolicy.i18n import Language, Phrase, _, reason_of
from vatspolicy.i18n.text import clean
from vatspolicy.i18n.words import VERDICTS, Counts, Table, count, joint, word

if TYPE_CHECKING:
    from vatspolicy.bundles.keys import Key


def replay(
    receipt: Annotated[Path, Argument("RECEIPT", "What check --receipt wrote.")],
    context: CommandContext,
    spec: Annotated[Path | None, Option("--spec FILE", "The spec (default: as recorded).", INPUT)] = None,
    receipt_key: Annotated[
        Path | None,
        Option(
            "--receipt-key FILE",
            "Public key that must have signed the receipt (default: --key, if it is signed).",
            INPUT,
        ),
    ] = None,
    format: DataFormatOption = "text",
) -> ExitCode:
    """Decide the spec of a receipt again and compare. Exit code: 0 equal, 1 different, 3 it cannot be decided.

    A receipt whose spec as it stands, without the changes and the day of the receipt, decides otherwise is different.
    A signed receipt needs a key (or --skip-verify); a signature that does not hold ends with 3.

    Example: vatspolicy replay receipt.json --bundle bundle.tar.gz --key release.pub
    """
    from vatspolicy import __version__
    from vatspolicy.gate.receipt import decide_as_it_stands, find_layers, read_receipt
    from vatspolicy.gate.receipt import replay as decide_again

    data = read_receipt(receipt)
    file = spec or _find_recorded(receipt, data["spec"]["file"])
    try:
        content = file.read_bytes()
    except (OSError, ValueError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else _("its name is not usable")
        abort(
            _("cannot read the spec {file}: {reason}. Name it with --spec.", file=file, reason=reason), ExitCode.INVALID
        )
    law = context.law
    named = law != LawOptions()
    if law == LawOptions(key=law.key, skip_verify=law.skip_verify):
        law = replace(law, policies=tuple(_find_recorded(receipt, name) for name in find_layers(data)))
        if data["law"]["origin"] == "bundle":
            law = replace(law, bundle=_find_recorded(receipt, data["law"]["file"]))
        elif data["law"]["origin"] == "folder":
            law = replace(law, law=_find_recorded(receipt, data["law"]["file"]))
    law, signer = _verify(receipt, data, law, receipt_key)
    if signer is None and not named and data["law"]["origin"] != "shipped":
        _refuse_law(receipt)
    # No lock is read: the receipt says which bundle it must be.
    selected = law.select(locks="ignore")
    differences = decide_again(data, selected, content)
    stands = decide_as_it_stands(data, selected, content)
    otherwise = stands if stands != data["decision"].get("decision") else None
    made_by = data.get("program")
    version = made_by.get("version") if isinstance(made_by, dict) else None
    if version != __version__:
        warn(_("the receipt was made by another version of this program."))
    if format == "json":
        import json

        found = [{"pointer": pointer, "kind": kind} for pointer, kind in differences]
        told = {
            "same": not found,
            "differences": found,
            "as_of": data["as_of"],
            "changes": [path for path, _value in data["spec"]["changes"]],
            "law": {"origin": data["law"]["origin"], "file": data["law"]["file"]},
            "waived": len(data.get("waived") or ()),
            "opinions": _find_counted(data),
            "signed_by": signer.id if signer else None,
            "as_it_stands": stands,
        }
        print_result(json.dumps(told, indent=2) + "\n", machine=True)
    else:
        text = _describe(differences, context.lang) + _say_premises(data, otherwise, context.lang)
        print_result(text + _say_signer(data, signer, context.lang))
    return ExitCode.FAILED if differences or otherwise else ExitCode.OK


def _verify(
    file: Path, receipt: Mapping[str, Any], law: LawOptions, receipt_key: Path | None
) -> tuple[LawOptions, Key | None]:
    """Return the options of the law, and the key that signed the receipt; None if that was not asked for.

    Raises InvalidInput for a signature that does not hold, is missing, or has no key to verify it.
    """
    from vatspolicy.bundles.bundle_file import BundleFileError
    from vatspolicy.bundles.keys import read_key
    from vatspolicy.gate.receipt_signature import SIGNATURE, verify_receipt

    signed = SIGNATURE in receipt
    if receipt_key is not None and law.skip_verify:
        abort(_("--receipt-key and --skip-verify contradict each other."))
    path = receipt_key or law.key
    if path is not None and law.bundle is not None and receipt_key is None and not signed:
        path = None  # the key is that of the bundle
    if signed and path is None and not law.skip_verify:
        raise BundleFileError(
            str(file), _("It is signed, and no key was given to verify it."), _("Pass --key, or --receipt-key.")
        )
    key = None if path is None or law.skip_verify else read_key(path)
    if key is not None:
        verify_receipt(receipt, key, str(file))
    if law.bundle is None and (law.key is not None or signed):
        law = replace(law, key=None, skip_verify=False)
    return law, key


def _refuse_law(receipt: Path) -> NoReturn:
    """Refuse a law that only an unsigned receipt names: whoever wrote the one can have written the other."""
    from vatspolicy.bundles.bundle_file import BundleFileError

    hint = _("Name the law that must have decided: --law, or --bundle with --key.")
    raise BundleFileError(str(receipt), _("It is not signed, so it does not choose its law."), hint)


def _find_recorded(receipt: Path, name: str) -> Path:
    """Return a recorded file, relative to the working directory or else to the receipt."""
    path = Path(name)
    return path if path.exists() or not (receipt.parent / path).exists() else receipt.parent / path


_WORDS: Table = {
    "same": Phrase("same: spec, law and decision are as recorded"),
    "changed": Phrase("changed", "replay"),
    "added": Phrase("added"),
    "removed": Phrase("removed", "replay"),
    "day-option": Phrase("law of {day}, which --as-of chose"),
    "day-launch": Phrase("law of {day}, the launch day of the spec"),
    "day-today": Phrase("law of {day}, the day of the decision"),
    "law-shipped": Phrase("recorded under the shipped law"),
    "law-folder": Phrase("recorded under the law in the folder {file}"),
    "law-bundle": Phrase("recorded under the law in the bundle {file}"),
    "layers": Phrase("with rules of layers above it: {names}"),
    "changes": Phrase("facts that --set changed before deciding: {paths}"),
    "signed": Phrase("the receipt is signed by {key} ({algorithm})"),
    "unsigned": Phrase("the receipt is not signed (--receipt-key asks for a signature)"),
    "unverified": Phrase("the signature of the receipt is not verified (--skip-verify)"),
    "opinion": Phrase("an opinion on {about} by {by} counts, as {approver} granted it: not verified again"),
    "otherwise": Phrase("the spec as it stands, on its own day, decides otherwise: {decision}"),
}
_COUNTS: Counts = {
    "differs": (Phrase("differs in {n} place"), Phrase("differs in {n} places")),
    "waived": (Phrase("{n} waived finding, not compared"), Phrase("{n} waived findings, not compared")),
}


def _describe(differences: list[tuple[str, str]], lang: Language) -> str:
    head = count(_COUNTS, "differs", len(differences), lang) if differences else word(_WORDS, "same", lang)
    colon = joint("colon", lang)
    return f"{head}\n" + "".join(f"  {pointer}{colon}{word(_WORDS, kind, lang)}\n" for pointer, kind in differences)


def _say_premises(receipt: Mapping[str, Any], otherwise: str | None, lang: Language) -> str:
    """Return the premises of the decision of a receipt: its day, changes of the spec, the law, and waivers."""
    day, law = receipt["as_of"], receipt["law"]
    said = [word(_WORDS, f"day-{day['why']}", lang, day=day["day"])]
    said.append(word(_WORDS, f"law-{law['origin']}", lang, file=clean(str(law["file"]), one_line=True)))
    if layers := law.get("layers", [])[1:]:
        names = joint("list", lang).join(clean(layer["name"], one_line=True) for layer in layers)
        said.append(word(_WORDS, "layers", lang, names=names))
    if changes := receipt["spec"]["changes"]:
        paths = joint("list", lang).join(clean(path, one_line=True) for path, _value in changes)
        said.append(word(_WORDS, "changes", lang, paths=paths))
    if waived := receipt.get("waived"):
        said.append(count(_COUNTS, "waived", len(waived), lang))
    for one in _find_counted(receipt):
        values = {key: clean(str(value), one_line=True) for key, value in one.items()}
        said.append(word(_WORDS, "opinion", lang, **values))
    if otherwise is not None:
        said.append(word(_WORDS, "otherwise", lang, decision=word(VERDICTS, otherwise, lang)))
    return "".join(f"  {text}\n" for text in said)


def _find_counted(receipt: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the opinions that the decision of a receipt rests on."""
    found = receipt["decision"].get("opinions")
    return [
        {"about": one.get("about"), "by": one.get("by"), "approver": _find_approver(one.get("granted"))}
        for one in (found if isinstance(found, list) else ())
        if isinstance(one, dict) and one.get("state") == COUNTED
    ]


def _find_approver(grant: object) -> object:
    return grant.get("approver") if isinstance(grant, dict) else None


def _say_signer(receipt: Mapping[str, Any], signer: Key | None, lang: Language) -> str:
    """Return the line on the signature of a receipt."""
    if signer is not None:
        key = clean(signer.id, one_line=True)
        return f"  {word(_WORDS, 'signed', lang, key=key, algorithm=signer.algorithm)}\n"
    if "signature" in receipt:
        return f"  {word(_WORDS, 'unverified', lang)}\n"
    return f"  {word(_WORDS, 'unsigned', lang)}\n"


command = Command(replay, "replay", DECIDE, 40)
