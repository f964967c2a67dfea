"""`vatspolicy check`: decide product specs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from vatspolicy import clock
from vatspolicy.bundles.select import LOCK, find_locks
from vatspolicy.cli import options as opt
from vatspolicy.cli.check_options import CheckOptions
from vatspolicy.cli.console import (
    abort,
    enter,
    measure_width,
    print_result,
    publish,
    refuse_if,
    refuse_link,
    report_problems,
    tell_progress,
    warn,
    write_report,
)
from vatspolicy.cli.context import find_files, require_arguments
from vatspolicy.cli.settings import describe, find_file, make_remarks
from vatspolicy.core.documents import split_part
from vatspolicy.errors import InvalidInput, WorkerLost
from vatspolicy.gate.gate import DayError, ExitCode, Gate, find_specs, worst
from vatspolicy.gate.judgement import NEW
from vatspolicy.i18n import LANGUAGES, _, translate
from vatspolicy.output import wants_color
from vatspolicy.reports.formats import FORMATS

if TYPE_CHECKING:
    from vatspolicy.bundles.select import SelectedLaw
    from vatspolicy.cli.owner_side import Trust
    from vatspolicy.gate.gate import GateResult
    from vatspolicy.gate.judgement import Remark
    from vatspolicy.gate.spec_change import BaseRun
    from vatspolicy.reports.decision.pieces import Pieces


def check(options: CheckOptions) -> ExitCode:
    """Decide product specs.

    Example: vatspolicy check specs/*.yaml --fail-on deny -o sarif=vats.sarif
    """
    if options.show_config:
        return _show_configuration(options)
    _refuse_contradictions(options)
    extent = _find_extent(options)
    if options.allow_none and _is_before_first_spec(options):
        print_result(translate(_("There is no spec, and there was none before. Begin with: vatspolicy ask")) + "\n")
        return ExitCode.OK
    _refuse_to_overwrite(options)
    trust = options.settings.trust
    edited = trust.side.find_edited(trust.paths, find_files(options.specs), (opt.FILE, LOCK)) if trust else []
    law, gate = _prepare(options, extent, keeps=bool(edited))
    signer = None
    if options.sign_key is not None:
        from vatspolicy.bundles.keys import read_key

        signer = read_key(options.sign_key, private=True)
    base = None
    if options.base is not None:
        gate, base = _decide_base(gate, options.base, options.specs)
    pieces = _begin_reports(options, gate, extent)
    try:
        if options.write_baseline is not None and options.until is not None:
            gate = _adopt_findings(gate, options.specs, options.write_baseline, options.until)
        result = gate.run(options.specs, tell_progress, pieces)
    except DayError as error:
        abort(_("{reason}.", reason=error))
    except WorkerLost:
        abort(_("a process was killed, possibly for lack of memory. Use fewer --jobs."), ExitCode.INTERNAL)
    if base is not None:
        from vatspolicy.gate.spec_change import compare_with_base

        result = result._replace(changes=compare_with_base(result.records, result.invalid, base, result.stated))
    remarks = make_remarks(options.settings)
    if trust is not None and edited:
        remark, result = _tell_what_it_opens(trust, edited, result, extent, gate)
        remarks = (*remarks, remark)
    if remarks:
        result = result._replace(remarks=(*remarks, *(result.remarks or ())))
    if extent in ("summary", "failures", "quiet"):  # which do not print remarks
        for remark in remarks:
            warn(remark.message[options.context.lang])
    _tell_undecided(result)
    if options.log is not None or options.attest is not None:
        from vatspolicy.cli.records import write_records

        write_records(options, law, gate, result, signer)
    wanted = result.seconds or result.remarks or options.format != "text"
    report = partial(_report, options, extent, result, None if result.records else pieces)
    publish(report, options.format if wanted else None, options.outputs)
    return result.exit_code


def _tell_undecided(result: GateResult) -> None:
    """Report the specs that could not be decided; end the command if none was decided."""
    if result.problems:
        report_problems(InvalidInput(result.problems))
    for argument in result.empty:
        warn(_("no spec found at {argument!r}.", argument=argument))
    refuse_if(not result.seconds and not result.problems, _("no spec was decided."), ExitCode.NOTHING)


def _list_reports(options: CheckOptions) -> list[tuple[str, bool]]:
    """Return the formats of all reports, each with whether it is colored."""
    outputs = [(str(name), False) for name, __ in options.outputs]
    return list(dict.fromkeys([(options.format, wants_color()), *outputs]))


def _begin_reports(options: CheckOptions, gate: Gate, extent: str) -> Pieces | None:
    """Return the reports that read decisions during the run; None if it keeps the records."""
    from vatspolicy.reports.decision import begin_report
    from vatspolicy.reports.decision.pieces import Pieces, View

    lang = options.context.lang
    reports = _list_reports(options)
    if gate.keeps_profiles or any(FORMATS[format].whole for format, __ in reports):
        return None
    views = [
        (format, View(lang, gate.judgement, extent, color and format == "text", measure_width()))
        for format, color in reports
    ]
    return enter(closing(Pieces([begin_report(format, view) for format, view in views], lang, gate.judgement)))


def _report(
    options: CheckOptions, extent: str, result: GateResult, pieces: Pieces | None, format: str, color: bool
) -> Iterator[str] | str:
    """Return the report on a run: from the pieces that were kept, or from the records."""
    from vatspolicy.reports.decision import finish_report, render
    from vatspolicy.reports.decision.pieces import Run

    lang = options.context.lang
    repeated = _repeat_options(options)
    if pieces is not None:
        number = _list_reports(options).index((format, color))
        run = Run(result.problems, result.remarks, result, repeated)
        return finish_report(pieces, number, format, lang, run)
    width = measure_width()
    return render(format, result.records, lang, color, width, result.problems, result.remarks, extent, result, repeated)


def _decide_base(gate: Gate, revision: str, specs: Sequence[str]) -> tuple[Gate, BaseRun]:
    """Return the gate with the results of the base, and the run on the base."""
    from vatspolicy.cli.base_specs import decide_base
    from vatspolicy.git import SourceError

    try:
        return decide_base(gate, revision, specs)
    except SourceError as error:
        abort(_("{path}: {fault}", path=f"--base {revision}", fault=error.args[0]))
    except DayError as error:
        abort(_("{reason}.", reason=error))


command = opt.Command(check, "check", opt.DECIDE, 10)


def _show_configuration(options: CheckOptions) -> ExitCode:
    if "format" in options.settings.given and options.format not in ("text", "json"):
        abort(_("--show-config is for --format text or json."))
    is_json = options.format == "json"
    print_result(describe(options, is_json), machine=is_json)
    return ExitCode.OK


def _prepare(options: CheckOptions, extent: str, keeps: bool = False) -> tuple[SelectedLaw, Gate]:
    """Return the law and the gate, configured from the owner's side if a revision is given.

    `keeps`: the result has the records of all decisions.
    """
    trust, specs = options.settings.trust, options.specs
    if trust is not None:
        specs = [str(trust.side.name(os.path.abspath(spec))) for spec in find_files(specs)]
    with trust.side.entered() if trust else nullcontext():
        law = options.context.law.select(specs)
        return law, _make_gate(options, law, extent, keeps)


def _tell_what_it_opens(
    trust: Trust, edited: Sequence[str], result: GateResult, extent: str, gate: Gate
) -> tuple[Remark, GateResult]:
    """Return the remark on a change that edits the files of its gate, after a second run with the changed files.

    Files of the change that are not valid are problems of the run.
    """
    from vatspolicy.cli.owner_side import find_opened, make_remark

    own = opt.call(CheckOptions, trust.here)
    try:
        other_gate = replace(_prepare(own, extent, keeps=True)[1], known=gate.known)
        before = other_gate.run(own.specs)
        problems = other_gate.waiver_set.problems if other_gate.waiver_set else ()
    except InvalidInput as error:
        before, problems = None, tuple(error.problems)
    if problems:
        code = worst([result.exit_code, ExitCode.INVALID])
        result = result._replace(problems=(*result.problems, *problems), exit_code=code)
    if before is not None:
        from vatspolicy.gate.spec_change import compare_records

        by_law = compare_records(result.records, before.records)
        result = result._replace(by_law=by_law if by_law.specs else None)
    return make_remark(trust.side.revision, edited, before and find_opened(result, before)), result


def _is_before_first_spec(options: CheckOptions) -> bool:
    """Return True if no argument leads to a file or a problem, neither here nor on the sides that the run reads."""
    from vatspolicy.cli.base_specs import take_base
    from vatspolicy.git import SourceError

    if any(map(_leads_to_spec, options.specs)):
        return False
    sides = [options.settings.trust.side] if options.settings.trust else []
    try:
        sides += [take_base(options.base)] if options.base is not None else []
        for side in sides:
            names = [str(side.name(argument)) for argument in options.specs]
            with side.entered():
                if any(map(_leads_to_spec, names)):
                    return False
    except SourceError as error:
        abort(_("{path}: {fault}", path=f"--base {options.base}", fault=error.args[0]))
    return True


def _leads_to_spec(argument: str) -> bool:
    """Return True for an argument with a spec, with a problem, or with the file of a spec in a hidden folder."""
    from vatspolicy.gate.spec_search import ENDINGS

    if any(file.lower().endswith(ENDINGS) for _folder, _below, files in os.walk(argument) for file in files):
        return True
    try:
        return any(spec == "-" or os.path.lexists(split_part(spec)[0]) for spec in find_specs(argument))
    except InvalidInput:
        return True


def _refuse_contradictions(options: CheckOptions) -> None:
    require_arguments(options.specs)
    if options.stdin_filename is not None and "-" not in options.specs:
        abort(_("--stdin-filename needs - as the spec."))
    if options.write_baseline is not None and options.until is None:
        abort(_("a baseline needs a last day: add --until DAY."))
    if options.until is not None and (options.write_baseline is None or options.baseline is not None):
        abort(_("--until needs --write-baseline without --baseline."))
    refuse_if(options.sign_key is not None and options.attest is None, _("--sign-key needs --attest."))
    if options.attest is not None:
        if options.sign_key is None or options.changes:
            abort(_("--attest needs --sign-key, and does not work with --set."))
        if parts := [spec for spec in options.specs if split_part(spec)[1]]:
            abort(_("--attest covers a whole launch, not the part {part}.", part=parts[0]))
    is_new = options.fail_on.startswith(NEW)
    refuse_if(is_new and options.base is None, _("--fail-on {level} needs --base.", level=options.fail_on))
    if is_new and (options.log or options.attest):
        abort(_("--fail-on {level} cannot be combined with a log or an attestation.", level=options.fail_on))
    if options.base is not None and ("-" in options.specs or options.write_baseline is not None):
        abort(_("--base needs specs in files, and cannot be combined with --write-baseline."))
    refuse_if(options.masks and options.log is None, _("--mask needs --log."))
    if options.trust is not None and (options.write_baseline is not None or "-" in options.specs):
        abort(_("--trust needs specs in files, and cannot be combined with --write-baseline."))


def _refuse_to_overwrite(options: CheckOptions) -> None:
    """Refuse to write over a file that the run reads."""
    written = [*(path for __, path in options.outputs), options.attest, options.log]
    if named := [str(path) for path in written if path is not None]:
        law, specs = options.context.law, [split_part(spec)[0] for spec in find_files(options.specs)]
        aside = (options.waivers, options.approvers, options.opinions, options.baseline)
        given = (*specs, *aside, law.bundle, law.key, options.sign_key, find_file() or opt.FILE, *find_locks(specs))
        read = {os.path.realpath(path) for path in (*given, law.law, *law.policies) if path is not None}
        for path in named:
            target = os.path.realpath(path)
            if target in read or (target.endswith(".yaml") and not read.isdisjoint(map(str, Path(target).parents))):
                abort(_("the gate reads {path}; write to another file.", path=path))


def _find_extent(options: CheckOptions) -> str:
    """Return the extent of the reports."""
    wanted = {name: getattr(options, name) for name in ("details", "summary", "failures", "quiet")}
    chosen = [extent for extent, is_wanted in wanted.items() if is_wanted]
    if len(chosen) > 1:
        abort(_("--{one} and --{other} cannot be combined.", one=chosen[0], other=chosen[1]))
    if chosen and chosen[0] != "details" and options.format != "text":
        abort(_("--{option} needs --format text.", option=chosen[0]))
    return chosen[0] if chosen else "screen"


def _repeat_options(options: CheckOptions) -> dict[str, str]:
    """Return the options that affect the decision, for the suggested next commands, by command."""
    import json

    from vatspolicy.reports.decision.summary import quote

    context = options.context
    words = [*context.law.repeat(), *(["--as-of", context.as_of] if context.as_of else [])]
    past = ["--allow-past-as-of"] if options.allow_past else []
    texts = [
        f"{path}={'' if value is None else json.dumps(value, ensure_ascii=False)}" for path, value in options.changes
    ]
    changes = [word for text in texts for word in ("--set", quote(text))]
    by_command = {"routes": [*words, *changes], "ask": [*words, *past], "check": [*words, *past, *changes]}
    return {command: "".join(f" {word}" for word in words_of) for command, words_of in by_command.items()}


def _make_gate(options: CheckOptions, law: SelectedLaw, extent: str, keeps: bool) -> Gate:
    """Return the gate that the options describe, with its waivers and baseline.

    Text without details needs no explanations. Only full JSON shows both languages; other reports need what the program
    says in theirs alone.
    """
    waivers = None
    files = (options.waivers, options.approvers, options.baseline, options.strict_waivers, options.opinions)
    if options.write_baseline or any(isinstance(file, Path) for file in files):
        from vatspolicy.gate.waivers.load import load_waiver_set

        waivers = load_waiver_set(*files)
    elif any(law.bundle.enforcements):
        from vatspolicy.gate.waivers.load import WaiverSet

        waivers = WaiverSet()  # sets aside findings that a layer does not enforce
    keeps = keeps or waivers is not None or any((options.log, options.attest))
    text = options.format == "text" and not options.outputs
    formats = (options.format, *(format for format, _ in options.outputs))
    complete = "json" in formats and extent == "details"
    return Gate(
        law.bundle,
        clock.today(),
        options.context.as_of,
        options.allow_past,
        options.changes,
        options.fail_on,
        options.no_fail,
        waivers,
        options.stdin_filename,
        explain=not text or extent == "details" or keeps,
        keeps_profiles=keeps,
        jobs=options.jobs,
        expected=options.expect,
        languages=LANGUAGES if complete or keeps else (options.context.lang,),
    )


def _adopt_findings(gate: Gate, specs: Sequence[str], path: Path, until: str) -> Gate:
    """Write a baseline of the findings of today, and return the gate that uses it.

    Raises:
        DayError: for a day of the law that may not be used.
    """
    from vatspolicy.gate.waivers.apply import baseline_text
    from vatspolicy.gate.waivers.load import last_day, load_baseline

    refuse_if(path.suffix == ".json", _("a baseline is a YAML file: choose a name that ends in .yaml."))
    if not gate.today <= until <= last_day(gate.today):
        abort(_("a baseline lasts at most one year: {today} to {last}.", today=gate.today, last=last_day(gate.today)))
    old = load_baseline(path) if path.exists() else None
    result = gate.run(specs)
    products = [case[1].product for case in result.decided]
    if result.problems or result.empty or not products:
        return gate  # the caller reports the problem
    if len(set(products)) < len(products):
        abort(_("two specs have the same product id, so a baseline cannot distinguish them."))
    refuse_link(path)
    write_report(path, baseline_text(gate.bundle, result.decided, gate.today, until, old))
    assert gate.waiver_set is not None
    return replace(gate, waiver_set=replace(gate.waiver_set, baseline=load_baseline(path)))
