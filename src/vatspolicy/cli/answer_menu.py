"""Menu of answers on a terminal: typing searches, the arrow keys choose (prompt-toolkit, the extra `ask`)."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prompt_toolkit.completion import Completion

    from vatspolicy.guidance.interview import Choice, Question
    from vatspolicy.i18n import Language

_ROWS = 12
"""Rows kept free for the menu."""
_SEPARATOR = re.compile(r"[,，、/／]")


def make_menu(lang: Language) -> Callable[[Question], str | None] | None:
    """Return the reader of answers with a menu; None without a terminal or without prompt-toolkit."""
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
    from prompt_toolkit.key_binding import KeyBindings
    from prompt_toolkit.output import create_output

    keys = KeyBindings()

    @keys.add("down", filter=_at_rest())
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
    """Yield the choices that fit what is typed behind the last separator: text, start, label and group."""
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
    if question.listed and typed.isascii() and typed.isdigit():
        return list(question.choices[int(typed) - 1 : int(typed)]) if int(typed) else []
    wanted = typed.casefold()
    found = [choice for _, choice in search_choices(question, typed)]
    begun = [choice for choice in question.choices if _code(choice).startswith(wanted)]
    named = [choice for choice in question.choices if any(wanted in name.casefold() for name in choice.label.values())]
    return list({id(choice): choice for choice in (*begun, *found, *named, *find_group(question, typed))}.values())


def _code(choice: Choice) -> str:
    """Return the text that stands for a choice in a line of answers."""
    value = next(iter(choice.value.values())) if isinstance(choice.value, dict) else choice.value
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _make_completer(question: Question, lang: Language) -> Any:
    from prompt_toolkit.completion import Completer, Completion

    class _Choices(Completer):
        def get_completions(self, document: Any, complete_event: Any) -> Iterator[Completion]:
            for text, start, label, group in complete(question, document.text_before_cursor, lang):
                yield Completion(text, start, display=label, display_meta=group)

    return _Choices()


def _at_rest() -> Any:
    """Return the filter that holds while no menu is open."""
    from prompt_toolkit.filters import has_completions

    return ~has_completions
