"""`vatspolicy ask`: an interview that writes a product spec."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from vatspolicy.cli.console import abort, measure_width, print_result, write_report
from vatspolicy.cli.context import SpecContext
from vatspolicy.cli.options import (
    DECIDE,
    DECISION,
    INPUT,
    OUTPUT,
    Argument,
    BadArgument,
    Changes,
    Command,
    Option,
    PastOption,
    parse_changes,
    parse_slug,
)
from vatspolicy.gate.gate import ExitCode
from vatspolicy.i18n import _
from vatspolicy.output import wants_color, write_stderr

if TYPE_CHECKING:
    from vatspolicy.core.documents import Document
    from vatspolicy.guidance.interview import Interview, Question
    from vatspolicy.i18n import Language

_YAML = (".yaml", ".yml")


def ask(
    context: SpecContext,
    spec: Annotated[
        str | None,
        Argument(
            "[SPEC]", "Product spec to complete or to begin; - is standard input, with --next. Without one, NAME.yaml."
        ),
    ] = None,
    answers: Annotated[
        Changes,
        Option(
            "--answer PATH=VALUE", "Answer before asking; no value: not known; repeatable.", INPUT, parse=parse_changes
        ),
    ] = (),
    allow_past_as_of: PastOption = False,
    complete: Annotated[
        bool, Option("--complete", "Keep asking until the list of duties is complete.", DECISION)
    ] = False,
    output: Annotated[
        Path | None, Option("--output -o FILE", "File to write (default: the spec itself).", OUTPUT)
    ] = None,
    next_: Annotated[bool, Option("--next", "Print the next question and end.", OUTPUT)] = False,
    json_: Annotated[bool, Option("--json", "With --next: as JSON.", OUTPUT)] = False,
) -> ExitCode:
    """Ask for what decides, and write the spec.

    Example: vatspolicy ask shop.yaml --lang zh
    """
    from vatspolicy.clock import today
    from vatspolicy.guidance.interview import Refused, start

    if json_ and not next_:
        abort(_("--json goes with --next."))
    if spec == "-" and not next_:
        abort(_("standard input is for the answers; pass a file, or --next."))
    source, name = _source(spec, output)
    law = context.law.load([] if spec is None else [spec])
    lang = context.lang
    state = start(law, today(), source, name, context.as_of, allow_past_as_of, complete, lang)
    _check_day(state)
    file = _File(output or (Path(spec) if spec not in (None, "-") else None), source, lang)
    for dotted, value in answers:
        path = tuple(int(step) if step.isdigit() else step for step in dotted.split("."))
        try:
            state = state.skip(path) if value is None else state.answer(value, path)
        except Refused as error:
            abort(f"--answer {dotted}: {error.text[lang]}")
    if next_:
        if any(value is not None for __, value in answers):
            if file.path is None:
                abort(_("the answers need a file: pass a SPEC or --output."))
            file.write(state)
        _show_next(state, json_, context)
        return ExitCode.OK
    return _converse(state, file, bool(answers), context)


def _source(spec: str | None, output: Path | None) -> tuple[Document | None, str | None]:
    """Return the spec to complete, or else the name of the new product if the file name is one."""
    from vatspolicy.core.documents import load_document

    if output is not None and output.suffix not in _YAML:
        abort(_("the spec that is written is YAML: end --output with .yaml."))
    if spec is not None and (spec == "-" or Path(spec).exists()):
        if spec != "-" and output is None and Path(spec).suffix not in _YAML:
            abort(_("comments need YAML: choose a file that ends with .yaml by --output."))
        return load_document(spec), None
    target = output or (Path(spec) if spec is not None else None)
    if target is None:
        return None, None
    if target.exists():
        abort(_("{target} exists already. Pass it as SPEC to go on with it.", target=target))
    if target.suffix not in _YAML:
        abort(_("the spec that is written is YAML: end its name with .yaml."))
    try:
        return None, parse_slug(target.stem)
    except BadArgument:
        return None, None


def _check_day(state: Interview) -> None:
    """End the command for a day that the bundle does not cover, or for a past day that is not allowed."""
    code = ExitCode.USAGE if state.as_of is not None else ExitCode.INVALID
    if state.day < state.bundle.covers_from:
        abort(_("the law is known from {covers_from} on.", covers_from=state.bundle.covers_from), code)
    if state.day > state.bundle.covers_until:
        abort(
            _(
                "the law was last checked on {known_until}; no day five years later is decided.",
                known_until=state.bundle.known_until,
            ),
            code,
        )
    if state.day < state.today and not state.allow_past:
        abort(_("the day of the law is in the past; pass --allow-past-as-of to ask under the law of a past day."), code)


class _File:
    """The file of the profile. A write that fails leaves the old content."""

    def __init__(self, path: Path | None, source: Document | None, lang: Language) -> None:
        self.path, self.lang = path, lang
        self.original = source.text if source is not None and path is not None and path.exists() else None

    def write(self, state: Interview) -> None:
        """Write the profile. Raises Refused for a name that another file has."""
        from vatspolicy.guidance.interview import Refused
        from vatspolicy.guidance.interview.messages import both, say

        if self.path is None:
            if not state.named:
                return
            path = Path(f"{state.profile.name}.yaml")
            if path.exists():
                raise Refused(both("file_exists", file=path))
            self.path = path
        if state.rewritten and self.original is not None:
            kept = self.path.with_name(f"{self.path.name}.bak")
            write_report(kept, self.original)
            write_stderr(say("kept", self.lang, file=kept) + "\n")
            self.original = None
        write_report(self.path, state.document.text)


def _name_spec(name: str, context: SpecContext, allow_past: bool = False) -> str:
    """Return a spec with the options of the question, as a command that is told next names it."""
    from vatspolicy.reports.decision.summary import quote

    words = [quote(name), *context.law.repeat(), *(["--as-of", context.as_of] if context.as_of else [])]
    return " ".join([*words, "--allow-past-as-of"] if allow_past else words)


def _show_next(state: Interview, as_json: bool, context: SpecContext) -> None:
    lang = context.lang
    if as_json:
        import json

        from vatspolicy.core.engine.result import encode
        from vatspolicy.guidance.interview import describe_step

        print_result(json.dumps(encode(describe_step(state)), ensure_ascii=False, indent=2) + "\n", machine=True)
        return
    from vatspolicy.guidance.interview.terminal import Terminal, closing

    if state.question is None:
        named = _name_spec(state.document.file, context, state.allow_past)
        print_result("\n".join(closing(state, False, named, lang)) + "\n")
        return
    terminal = Terminal(lambda _: None, print_result, lambda _: None, lang, wants_color(), measure_width())
    terminal.lines(terminal.question(state, state.question))


def _converse(state: Interview, file: _File, changed: bool, context: SpecContext) -> ExitCode:
    """Ask on a terminal and return the exit code; the dialog is on standard error, the decision on standard output."""
    from vatspolicy.cli.answer_menu import make_menu
    from vatspolicy.core.engine.serialize import make_record
    from vatspolicy.guidance.interview.messages import say
    from vatspolicy.guidance.interview.terminal import Terminal, closing
    from vatspolicy.reports.decision import render

    if changed or file.original is None:
        file.write(state)
    lang = context.lang
    menu = make_menu(lang)
    read = menu or _read
    terminal = Terminal(read, write_stderr, file.write, lang, _color(), measure_width(), menu is not None)
    state, early = terminal.run(state)
    name = str(file.path) if file.path is not None else state.document.file
    named = _name_spec(name, context, state.allow_past)
    write_stderr("\n" + "\n".join(closing(state, early, named, lang)) + "\n")
    if state.settled or not early:
        record = replace(make_record(state.bundle, state.profile, state.decision, explain=False), file=name)
        shown = render("text", [record], lang, wants_color(), measure_width(), extent="screen")
        print_result(f"\n{shown}")
        write_stderr(say("details", lang, file=named) + "\n")
        if record.decision in ("deny", "needs-license"):
            write_stderr(say("ways", lang, file=_name_spec(name, context)) + "\n")
    return ExitCode.OK if state.settled else ExitCode.INCOMPLETE


def _read(_question: Question) -> str | None:
    write_stderr("> ")
    line = sys.stdin.readline() if sys.stdin is not None else ""
    return line or None


def _color() -> bool:
    return wants_color() and sys.stderr is not None and sys.stderr.isatty()


command = Command(ask, "ask", DECIDE, 20)
