"""What `vatspolicy check` does, with plain arguments: without typer, whose import takes longer than a decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from vatspolicy.cli.console import abort, columns, print_result, report_problems, warn, write_report
from vatspolicy.cli.law import choose_law
from vatspolicy.errors import InvalidInput
from vatspolicy.gate.gate import DayError, ExitCode, Gate
from vatspolicy.output import wants_colour

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from vatspolicy.bundles.select import SelectedLaw
    from vatspolicy.gate.decision_log import Mask
    from vatspolicy.gate.gate import GateResult
    from vatspolicy.profile.vocabulary import Language


def decide(
    specs: list[str],
    as_of: str | None = None,
    policies: Path | None = None,
    bundle: Path | None = None,
    key: Path | None = None,
    skip_verify: bool = False,
    set_: Sequence[str] = (),
    fail_on: str = "needs-license",
    allow_past_as_of: bool = False,
    no_fail: bool = False,
    waivers: Path | None = None,
    approvers: Path | None = None,
    strict_waivers: bool = False,
    baseline: Path | None = None,
    write_baseline: Path | None = None,
    until: str | None = None,
    format: str = "text",
    output: Sequence[str] = (),
    receipt: str | None = None,
    log: Path | None = None,
    mask: Sequence[str] = (),
    lang: Language = "en",
) -> int:
    """The exit code, once everything has been written. The parameters are the options of the command."""
    from vatspolicy.clock import today
    from vatspolicy.reports.decision import render as render_report

    outputs: list[tuple[str, Path]] = []
    changes: list[tuple[str, Any]] = []
    if output or set_:
        from vatspolicy.cli.arguments import parse_changes, parse_outputs

        outputs, changes = parse_outputs(output), parse_changes(set_)
    if write_baseline is not None and until is None:
        abort("a baseline ends on a day: add --until DAY.")
    if until is not None and (write_baseline is None or baseline is not None):
        abort("--until belongs to --write-baseline, which is given without --baseline.")
    keeps = _Keeping(receipt, log, mask)
    law = choose_law(policies, bundle, key, skip_verify, specs)
    gate = Gate(law.bundle, today(), as_of, allow_past_as_of, changes, fail_on, no_fail)
    if waivers or approvers or baseline or write_baseline:
        from vatspolicy.gate.waivers import load_waiver_set

        gate = replace(gate, ledger=load_waiver_set(waivers, approvers, baseline, strict_waivers))
    try:
        if write_baseline is not None and until is not None:
            gate = _adopt(gate, specs, write_baseline, until)
        outcome = gate.run(specs)
    except DayError as error:
        abort(f"{error}.")
    if outcome.problems:
        report_problems(InvalidInput(outcome.problems))
    for argument in outcome.empty:
        warn(f"there is no spec behind {argument!r}.")
    if not outcome.records and not outcome.problems:
        abort("nothing was decided.", ExitCode.NOTHING)
    keeps.keep(law, gate, outcome)

    def report(name: str, colour: bool = False) -> str:
        return render_report(name, outcome.records, lang, colour, columns(), outcome.problems, outcome.remarks)

    for name, path in outputs:
        write_report(path, report(name))
    wanted = outcome.records or outcome.remarks or format not in ("text", "github")
    if wanted and receipt != "-":
        print_result(report(format, wants_colour()), machine=format != "text")
    return outcome.exit_code


class _Keeping:
    """What is kept of a run: a receipt of its one decision, and a log of all. What cannot be kept fails the run."""

    def __init__(self, receipt: str | None, log: Path | None, masks: Sequence[str]) -> None:
        if masks and log is None:
            abort("--mask belongs to --log.")
        self.receipt, self.log = receipt, log
        try:
            self.masks = [_mask(text) for text in masks]
        except ValueError as error:
            from vatspolicy.cli.arguments import bad_argument

            raise bad_argument(str(error), "--mask") from None

    def keep(self, law: SelectedLaw, gate: Gate, outcome: GateResult) -> None:
        """Log first: a receipt is of a decision that was logged."""
        if self.log is not None and outcome.records:
            from vatspolicy.clock import now
            from vatspolicy.gate.decision_log import append, make_event

            pairs = zip(outcome.law, outcome.records, strict=True)
            facts = [(profile.document.data, data) for (profile, _), data in pairs]
            try:
                moved = append(self.log, [make_event(law.revision, *one, now(), self.masks) for one in facts])
            except (OSError, ValueError) as error:
                abort(f"cannot write {self.log}: {getattr(error, 'strerror', None) or error}.", ExitCode.INTERNAL)
            if moved:
                warn(f"{self.log} ended in a torn record, which is in {self.log}.torn now.")
        if self.receipt is not None and (outcome.law or not outcome.problems):
            self.write_receipt(self.receipt, law, gate, outcome)

    def write_receipt(self, target: str, law: SelectedLaw, gate: Gate, outcome: GateResult) -> None:
        """The receipt of the one decision."""
        from vatspolicy.gate.receipt import canonical, make_receipt

        if len(outcome.law) != 1:
            abort(f"a receipt is of one decision, and there are {len(outcome.law)}.")
        ((profile, data),) = outcome.law
        waived = [
            {"list": name, "index": index, "waived": finding["waived"]}
            for name, findings in outcome.records[0].items()
            if isinstance(findings, list)
            for index, finding in enumerate(findings)
            if isinstance(finding, dict) and "waived" in finding
        ]
        made = make_receipt(law, profile, data, gate.today, gate.as_of, gate.changes, waived)
        text = canonical(made).decode()
        if target == "-":
            print_result(text, machine=True)
        else:
            from pathlib import Path

            write_report(Path(target), text)


def _mask(text: str) -> Mask:
    from vatspolicy.gate.decision_log import parse_mask

    return parse_mask(text)


def _adopt(gate: Gate, specs: list[str], path: Path, until: str) -> Gate:
    """Write a baseline of what the specs show now; returns the gate that looks at it. Raises DayError."""
    from vatspolicy.gate.waivers import last_day, load_baseline
    from vatspolicy.gate.waivers.writer import baseline_text

    if not gate.today <= until <= last_day(gate.today):
        abort(f"a baseline ends within a year: {gate.today} to {last_day(gate.today)}.")
    try:
        old = load_baseline(path) if path.exists() else None
    except InvalidInput as error:
        report_problems(error)
        raise SystemExit(ExitCode.INVALID) from None
    outcome = gate.run(specs)
    products = [decision.product for _, decision, _ in outcome.decided]
    if outcome.problems or outcome.empty or not products:
        return gate  # which says what is wrong
    if len(set(products)) < len(products):
        abort("two specs have one product id; a baseline could not tell them apart.")
    write_report(path, baseline_text(gate.bundle, outcome.decided, gate.today, until, old))
    assert gate.ledger is not None
    return replace(gate, ledger=replace(gate.ledger, baseline=load_baseline(path)))
