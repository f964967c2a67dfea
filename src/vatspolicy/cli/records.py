"""Records of a run of `check`: lines of the decision log, and attestations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vatspolicy import clock
from vatspolicy.cli.console import abort_unwritten, refuse_link, warn, write_report
from vatspolicy.i18n import _

if TYPE_CHECKING:
    from vatspolicy.bundles.keys import Key
    from vatspolicy.bundles.select import SelectedLaw
    from vatspolicy.cli.check_options import CheckOptions
    from vatspolicy.gate.decision_log import Mask
    from vatspolicy.gate.gate import Gate, GateResult
    from vatspolicy.gate.run_record import RunRecord


def write_records(options: CheckOptions, law: SelectedLaw, gate: Gate, result: GateResult, signer: Key | None) -> None:
    """Write the requested records."""
    from vatspolicy.gate.run_record import record_runs

    runs = list(record_runs(law, gate, result, clock.now()))
    if options.log is not None and runs:
        refuse_link(options.log)
        append_to_log(options.log, runs, options.masks)
    if options.attest is not None and signer is not None:
        if result.problems or result.empty:
            warn(_("no attestation was written, because not every spec was decided."))
        else:
            from vatspolicy.gate.attestation import make_attestations

            refuse_link(options.attest)
            write_report(options.attest, make_attestations(runs, signer))


def append_to_log(log: Path, runs: Sequence[RunRecord], masks: Sequence[Mask]) -> None:
    """Append every decision to the log; a logging error fails the run."""
    from vatspolicy.gate.decision_log import append, describe_run

    events = [describe_run(run, masks) for run in runs]
    try:
        moved = append(log, events)
    except (OSError, ValueError) as error:
        abort_unwritten(log, error)
    if moved:
        warn(_("{log} ended with an incomplete record, which is now in {log}.torn.", log=log))
