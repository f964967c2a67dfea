"""`vatspolicy ask`: ask for the decisive facts, and write the spec."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vatspolicy.cli import options as opt
from vatspolicy.cli.console import abort, measure_width, print_result, refuse_if, write_report
from vatspolicy.cli.context import SpecContext
from vatspolicy.gate.gate import ExitCode
from vatspolicy.i18n import _
from vatspolicy.output import wants_color, write_stderr

if TYPE_CHECKING:
    from prompt_toolkit.completion import Completion

    from vatspolicy.core.documents import Document
    from vatspolicy.guidance.interview import Choice, Interview, Question
    from vatspolicy.i18n import Language


# --- menu of answers on a terminal: typing searches, the arrow keys choose (prompt-toolkit, the extra `ask`)


_ROWS = 12
"""Rows kept free for the menu."""
_SEPARATOR = re.compile(r"[,，、/／]")


def make_menu(lang: Language) -> Callable[[Question], str | None] | None:
    """Return the reader of answers with a menu; None if there is no terminal or no prompt-toolkit."""
    terminal = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))
    if not terminal or os.environ.get("TERM") == "dumb":
        return None
    try:
        import prompt_toolkit  # noqa: F401
    except ImportError:
        return None
    return lambda question: read_answer(question, lang)


def read_answer(question: Question, lang: Language, **streams: Any) -> str | None:
    """Return the line that a person typed or chose; None at the end of input.

    `streams` are the input and output of prompt-toolkit, by default the terminal.
    """
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import DynamicCompleter
    from prompt_toolkit.filters import has_completions
    from prompt_toolkit.key_binding import KeyBindings
    from prompt_toolkit.output import create_output

    keys = KeyBindings()

    @keys.add("down", filter=~has_completions)  # while no menu is open
    def _open(event: Any) -> None:
        event.current_buffer.start_completion(select_first=True)

    streams.setdefault("output", None)
    session: PromptSession[str] = PromptSession(
        completer=DynamicCompleter(lambda: _make_completer(question, lang)),
        complete_while_typing=True,
        reserve_space_for_menu=_ROWS if question.choices else 0,
        key_bindings=keys,
        input=streams.get("input"),
        output=streams["output"] or create_output(stdout=sys.stderr),
    )

    def show() -> None:
        if question.listed and question.choices:
            session.default_buffer.start_completion()

    try:
        return session.prompt("> ", pre_run=show)
    except EOFError:
        return None


def complete(question: Question, line: str, lang: Language) -> Iterator[tuple[str, int, str, str]]:
    """Yield the choices that match the text after the last separator: text, start, label and group."""
    typed = _SEPARATOR.split(line)[-1] if question.several else line
    start = len(typed.lstrip())
    before = {part.strip() for part in _SEPARATOR.split(line)[:-1]} if question.several else set()
    for choice in _fitting(question, typed.strip()):
        if (text := _code(choice)) not in before:
            yield text, -start, choice.label[lang], choice.group[lang] if choice.group else ""


def _fitting(question: Question, typed: str) -> list[Choice]:
    from vatspolicy.guidance.interview.replies import find_group, search_choices

    if not typed:
        return list(question.choices) if question.listed else []
    if question.numbered and typed.isascii() and typed.isdigit():
        return list(question.choices[int(typed) - 1 : int(typed)]) if int(typed) else []
    wanted = typed.casefold()
    matches = [choice for _, choice in search_choices(question, typed)]
    begun = [choice for choice in question.choices if _code(choice).startswith(wanted)]
    named = [choice for choice in question.choices if any(wanted in name.casefold() for name in choice.label.values())]
    return list({id(choice): choice for choice in (*begun, *matches, *named, *find_group(question, typed))}.values())


def _code(choice: Choice) -> str:
    """Return the text of a choice in a line of answers."""
    from vatspolicy.guidance.interview.replies import code_of

    value = code_of(choice)
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _make_completer(question: Question, lang: Language) -> Any:
    from prompt_toolkit.completion import Completer, Completion

    class _Choices(Completer):
        def get_completions(self, document: Any, complete_event: Any) -> Iterator[Completion]:
            for text, start, label, group in complete(question, document.text_before_cursor, lang):
                yield Completion(text, start, display=label, display_meta=group)

    return _Choices()


# --- the command


_YAML = (".yaml", ".yml")


def ask(
    context: SpecContext,
    spec: str | None = opt.argument(
        None,
        "[SPEC]",
        "Product spec to complete or to begin; - is standard input, with --next. Without one, NAME.yaml.",
    ),
    answers: opt.Changes = opt.input_(
        (), "--answer PATH=VALUE", "Answer before asking; no value: not known; repeatable.", parse=opt.parse_changes
    ),
    allow_past_as_of: bool = opt.PAST,
    complete: bool = opt.decision(False, "--complete", "Keep asking until the list of duties is complete."),
    output: Path | None = opt.output(None, "--output -o FILE", "File to write (default: the spec itself)."),
    next_: bool = opt.output(False, "--next", "Print the next question and end."),
    json_: bool = opt.output(False, "--json", "With --next: as JSON."),
) -> ExitCode:
    """Ask for what decides, and write the spec.

    Example: vatspolicy ask shop.yaml --lang zh
    """
    from vatspolicy.clock import today
    from vatspolicy.core.documents import split_path
    from vatspolicy.guidance.interview import Refused, start

    refuse_if(json_ and not next_, _("--json needs --next."))
    refuse_if(spec == "-" and not next_, _("ask reads answers from standard input; pass a file, or --next."))
    source, name = _source(spec, output)
    law = context.law.load([] if spec is None else [spec])
    lang = context.lang
    state = start(law, today(), source, name, context.as_of, allow_past_as_of, complete, lang)
    _check_day(state)
    file = _ProfileFile(output or (Path(spec) if spec not in (None, "-") else None), source, lang)
    for dotted, value in answers:
        path = split_path(dotted)
        try:
            state = state.skip(path) if value is None else state.answer(value, path)
        except Refused as error:
            abort(f"--answer {dotted}: {error.text[lang]}")
    if next_:
        if any(value is not None for __, value in answers):
            refuse_if(file.path is None, _("ask needs a file for the answers: pass a SPEC or --output."))
            file.write(state)
        _show_next(state, json_, context)
        return ExitCode.OK
    if source is None:
        state = replace(state, named=False)  # the name of a file is an id; the product also has a title
    return _converse(state, file, bool(answers), context)


def _source(spec: str | None, output: Path | None) -> tuple[Document | None, str | None]:
    """Return the spec to complete, or else the name of the new product if the file name is one."""
    from vatspolicy.core.documents import load_document, split_part

    refuse_if(output is not None and output.suffix not in _YAML, _("ask writes YAML: end --output with .yaml."))
    if spec is not None and (launch := split_part(spec))[1]:
        abort(_("ask edits a profile, not a part of a launch. Write the facts into {file}.", file=launch[0]))
    if spec is not None and (spec == "-" or not _is_new(Path(spec))):
        if spec != "-" and output is None and Path(spec).suffix not in _YAML:
            abort(_("only YAML keeps comments: choose an --output that ends with .yaml."))
        return load_document(spec), None
    target = output or (Path(spec) if spec is not None else None)
    if target is None:
        return None, None
    refuse_if(not _is_new(target), _("{target} already exists. To continue with it, pass it as SPEC.", target=target))
    refuse_if(target.suffix not in _YAML, _("ask writes YAML: end the file name with .yaml."))
    try:
        return None, opt.parse_slug(target.stem)
    except opt.BadArgument:
        return None, None


def _is_new(path: Path) -> bool:
    """Return whether a file does not exist, or is empty."""
    return not path.exists() or (path.is_file() and path.stat().st_size == 0)


def _check_day(state: Interview) -> None:
    """End the command for a day that the bundle does not cover, or for a past day that is not allowed."""
    from vatspolicy.guidance.interview import Refused

    try:
        state.check_day(state.day)
    except Refused as error:
        abort(error.text[state.lang], ExitCode.INVALID if state.as_of is None else ExitCode.USAGE)


class _ProfileFile:
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
            write_stderr(say("backup", self.lang, file=kept) + "\n")
            self.original = None
        write_report(self.path, state.document.text)


def _name_spec(name: str, context: SpecContext, allow_past: bool = False) -> str:
    """Return a spec with the options of the question, for the next suggested command."""
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
    from vatspolicy.guidance.interview.questions import combine
    from vatspolicy.guidance.interview.terminal import Terminal, closing

    if state.question is None:
        named = _name_spec(state.document.file, context, state.allow_past)
        print_result("\n".join(closing(state, False, named, lang)) + "\n")
        return
    terminal = Terminal(lambda _: None, print_result, lambda _: None, lang, wants_color(), measure_width())
    terminal.lines(terminal.question(state, combine(state.question)))


def _converse(state: Interview, file: _ProfileFile, changed: bool, context: SpecContext) -> ExitCode:
    """Ask on a terminal and return the exit code; the dialog is on standard error, the decision on standard output."""
    from vatspolicy.core.engine.record_builder import make_record
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
    if state.decided or not early:
        record = replace(make_record(state.bundle, state.profile, state.decision, explain=False), file=name)
        shown = render("text", [record], lang, wants_color(), measure_width(), extent="screen")
        print_result(f"\n{shown}")
        write_stderr(say("details", lang, file=named) + "\n")
        if record.decision in ("deny", "needs-license"):
            write_stderr(say("ways", lang, file=_name_spec(name, context)) + "\n")
    return ExitCode.OK if state.decided else ExitCode.INCOMPLETE


def _read(_question: Question) -> str | None:
    write_stderr("> ")
    line = sys.stdin.readline() if sys.stdin is not None else ""
    return line or None


def _color() -> bool:
    return wants_color() and sys.stderr is not None and sys.stderr.isatty()


command = opt.Command(ask, "ask", opt.DECIDE, 20)
