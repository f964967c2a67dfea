"""Signed records of a run of `check`: its receipt and its attestations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vatspolicy import clock
from vatspolicy.cli.console import abort, print_result, refuse_link, warn, write_report
from vatspolicy.i18n import _

if TYPE_CHECKING:
    from vatspolicy.bundles.keys import Key
    from vatspolicy.bundles.select import SelectedLaw
    from vatspolicy.gate.gate import Gate, GateResult


def write_records(
    receipt: str | None, attest: Path | None, law: SelectedLaw, gate: Gate, result: GateResult, signer: Key | None
) -> None:
    """Write the receipt and the attestations that are asked for."""
    if receipt is not None and (result.law or not result.problems):
        write_receipt(receipt, law, gate, result, signer)
    if attest is not None and signer is not None:
        write_attestations(attest, law, gate, result, signer)


def write_receipt(target: str, law: SelectedLaw, gate: Gate, result: GateResult, signer: Key | None) -> None:
    """Write the receipt of the one decision of a run to a file, or to standard output (`-`)."""
    from vatspolicy.gate.receipt import canonical, make_receipt

    if len(result.law) != 1:
        abort(_("a receipt is of one decision, and there are {count}.", count=len(result.law)))
    ((profile, record),) = result.law
    made = make_receipt(law, profile, record, gate.today, gate.as_of, gate.changes, result.records[0])
    if signer is not None:
        from vatspolicy.gate.receipt_signature import sign_receipt

        made = sign_receipt(made, signer)
    text = canonical(made).decode()
    if target == "-":
        print_result(text, machine=True)
    else:
        refuse_link(Path(target))
        write_report(Path(target), text)


def write_attestations(path: Path, law: SelectedLaw, gate: Gate, result: GateResult, signer: Key) -> None:
    """Write the signed attestations of every decision of a run; none if a spec was not decided."""
    from vatspolicy.gate.attestation import make_attestations

    if result.problems or result.empty:
        warn(_("no attestation was written, because not every spec was decided."))
        return
    moment = f"{clock.now()[:19]}Z"
    refuse_link(path)
    write_report(path, make_attestations(law, gate, result, moment, signer))
