"""Templates of reports and the frame of every page. Every value is escaped; only templates produce markup.

All templates are files of `reports/templates`. The end of a name, `.html.j2` or `.md.j2`, says how values are escaped:
as `escape_html` or as `escape_markdown` does. Markup comes from templates, their macros, the filters below, and texts
that `trust` marks. There is no filter `safe`, and templates do not join texts with `~`: Jinja would escape the
parts as HTML, in Markdown too.

The template of a page extends `page.html.j2`, fills its block `main`, and uses the macros of `parts.html.j2`. A page is
one file with its style: no network, no color needed to understand it. Classes of page.css that it may use: `soft`,
`path`, `badge`, `good`, `warn`, `bad`, `ask`, `number`, `hidden` (for screen readers only), `screen` (not on paper),
`wide` (on main).
"""

from __future__ import annotations

import functools
import json
import operator
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateSyntaxError, nodes, pass_environment
from jinja2.compiler import CodeGenerator
from jinja2.compiler import Frame as CodeFrame
from jinja2.ext import Extension
from jinja2.filters import FILTERS
from markupsafe import Markup

from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.text import clean
from vatspolicy.i18n.words import aside
from vatspolicy.reports.printers.escapes import (
    code,
    digest,
    escape_address,
    escape_html,
    escape_line_of_html,
    escape_markdown,
    fence,
    is_address,
    quote_name,
)


def trust(text: str) -> Markup:
    """Mark text as trusted markup that templates do not escape. The caller is responsible for every character."""
    return str.__new__(Markup, text)  # as `Markup(text)` does, after it has looked for a method of the text


_JSON_ESCAPES = str.maketrans({sign: f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"})


def escape_json(value: object) -> Markup:
    """Return a value as JSON that cannot close its element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return trust(clean(text.translate(_JSON_ESCAPES)))


# --- templates


FOLDER = Path(__file__).parents[1] / "templates"
_KEPT = ("default", "first", "indent", "int", "items", "last", "length", "list", "map", "max", "min", "sort")
"""Filters of Jinja that templates may use. None of them marks a text as markup, or joins texts."""
_LAYOUT = re.compile(r"\s*\n\s*")
_TAG = r"\{%(?:(?!%\}).)*%\}|\{#(?:(?!#\}).)*#\}"
_TAGS = re.compile(rf"^[ \t]*((?:(?:{_TAG})[ \t]*)+)\n", re.MULTILINE | re.DOTALL)
_BLANK = re.compile(r"\n{3,}")


def render_html(name: str, /, **values: object) -> Markup:
    """Render a template of HTML.

    Raises:
        jinja2.UndefinedError: for a name that no value has.
    """
    return trust(html_environment().get_template(name).render(values))


def render_markdown(name: str, /, **values: object) -> str:
    """Render a template of Markdown, with no two blank lines in a row.

    Raises:
        jinja2.UndefinedError: for a name that no value has.
    """
    text = markdown_environment().get_template(name).render(values)
    return _BLANK.sub("\n\n", text).strip("\n") + "\n"


def finish_html(value: object) -> Markup:
    """Return markup unchanged, and any other value as HTML text; None is empty."""
    return trust(escape_html(value)) if type(value) is str else _mark(value, escape_html)


def finish_markdown(value: object) -> Markup:
    """Return markup unchanged, and any other value as Markdown text; None is empty."""
    return _mark(value, _escape_part)


class _Layout(Extension):
    """Line breaks of an HTML template are removed, as in JSX: write a required space inside a line.

    So no text of a spec or a policy begins a line of the page's source, which runners would read as a command.
    """

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return _LAYOUT.sub("", source)


class _Lines(Extension):
    """A line of a Markdown template with only template tags is not part of the text."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return _TAGS.sub(r"\1", source)


class _Code(CodeGenerator):
    """Code of templates in which only `finalize` escapes: its result is markup, which Jinja would escape again."""

    def _output_child_pre(self, node: nodes.Expr, frame: object, finalize: object) -> None:
        self.write("environment.finalize(")

    def _output_child_post(self, node: nodes.Expr, frame: object, finalize: object) -> None:
        self.write(")")

    def visit_Call(self, node: nodes.Call, frame: CodeFrame, forward_caller: bool = False) -> None:  # noqa: N802
        """Write a call without the context: no function of a template takes it."""
        self.write("environment.call(")
        self.visit(node.node, frame)
        self.signature(node, frame, {"caller": "caller"} if forward_caller else None)
        self.write(")")


class _Environment(Environment):
    """An environment whose templates cannot join texts outside its own escaping."""

    code_generator_class = _Code
    call: ClassVar[Callable[..., object]] = operator.call  # a builtin function, which classes do not bind

    def _generate(
        self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False
    ) -> str:
        for node in source.find_all((nodes.Concat, nodes.Mod)):
            raise TemplateSyntaxError("Templates do not join texts: write two expressions.", node.lineno, name)
        return super()._generate(source, name, filename, defer_init)


@functools.cache
def html_environment() -> Environment:
    """Return the environment of templates of HTML."""
    made = _make(finish_html, _Layout)
    made.filters["digest"] = digest
    made.filters["json"] = escape_json
    made.tests["address"] = is_address
    return made


@functools.cache
def markdown_environment() -> Environment:
    """Return the environment of templates of Markdown."""
    made = _make(finish_markdown, _Lines)
    for name, function in (
        ("code", code),
        ("fence", fence),
        ("html", escape_line_of_html),
        ("name", quote_name),
        ("url", escape_address),
    ):
        made.filters[name] = _marking(function)
    return made


def _make(finalize: Callable[[object], Markup], layout: type[Extension]) -> Environment:
    made = _Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=finalize,
        keep_trailing_newline=layout is _Lines,
        auto_reload=False,
        extensions=[layout],
    )
    made.filters = {name: FILTERS[name] for name in _KEPT} | {"join": _join}
    made.globals = {"newline": trust("\n"), "in_brackets": _put_in_brackets}
    return made


def _put_in_brackets(remark: Markup, lang: Language) -> Markup:
    """Return markup in brackets, to follow a text."""
    return trust(aside(str(remark), lang))


@pass_environment
def _join(environment: Environment, values: Iterable[object], between: object = "") -> Markup:
    """Join values with a separator, each escaped by the environment."""
    finish = environment.finalize
    assert finish is not None, "every environment escapes"
    return trust(str(finish(between)).join(str(finish(value)) for value in values))


def _marking(function: Callable[..., str]) -> Callable[..., Markup]:
    """Return a filter whose result is markup, because the function escapes its input."""
    return lambda value, *options: trust(function(str(value), *options))


def _escape_part(text: str) -> str:
    """Return a part of a line of Markdown; a space at either end stays one."""
    start, end = " " * text[:1].isspace(), " " * text[-1:].isspace()
    return f"{start}{escape_markdown(text)}{end}" if text.strip() else start


def _mark(value: object, escape: Callable[[str], str]) -> Markup:
    if isinstance(value, Markup):
        return value
    if value is None:
        return Markup()
    return trust(escape(f"{value:g}" if isinstance(value, float) else str(value)))


# --- the frame of a page


LANGUAGE_TAGS = {"en": "en", "zh": "zh-Hans"}
"""Language codes of pages in HTML."""
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Cpath d='M2 2h12v9L8 15 2 11z' fill='%231b4f83'/%3E%3C/svg%3E"
)
_WORDS = {
    "skip": Phrase("Skip to the content"),
    "contents": Phrase("On this page"),
    "where": Phrase("You are here"),
    "pages": Phrase("Pages"),
}

Link = tuple[str, str]
"""A text with its link address ("" for the page itself)."""
Entry = tuple[str, str, Sequence[tuple[str, str]]]
"""A title of the contents, the id of its place, and the titles and ids below it."""


@dataclass(frozen=True)
class Frame:
    """Everything around the contents of a page."""

    title: str
    lang: Language
    style: str = ""
    """Further CSS, from a file of this package, never from the contents of a page."""
    script: str = ""
    """JavaScript, from a file of this package."""
    toc: Sequence[Entry] = ()
    end: str = ""
    """The lines at the foot of the page."""
    wide: bool = False
    """True for tables with full width."""
    nav: Sequence[Link] = ()
    """The pages of a site."""
    crumbs: Sequence[Link] = ()
    """Breadcrumbs, with this page last."""
    other: Link | None = None
    """This page in the other language."""
    made_by: str = ""
    """A comment after the doctype that identifies files of the command."""
    home: str = ""
    """The first page of the site."""
    icon: str = ICON

    def say(self, key: str) -> str:
        """Return a phrase of the frame."""
        return _WORDS[key][self.lang]

    @property
    def lang_tag(self) -> str:
        """The language code in HTML."""
        return LANGUAGE_TAGS[self.lang]

    @property
    def other_tag(self) -> str:
        """The other language code in HTML."""
        return LANGUAGE_TAGS["zh" if self.lang == "en" else "en"]


def render_page(name: str, frame: Frame, /, **values: object) -> str:
    """Render the template of a page in its frame."""
    css, code = trust(_stylesheet() + frame.style), trust(frame.script)
    title = " ".join(frame.title.split())
    return str(render_html(name, frame=frame, title=title, css=css, code=code, lang=frame.lang, **values))


def place_entries(places: Iterable[tuple[str, str]]) -> list[Entry]:
    """Return the contents of a page from titles and ids, with nothing below them."""
    return [(title, id, ()) for title, id in places]


@functools.cache
def read_asset(name: str, beside: str = __file__) -> str:
    """Return a stylesheet or script from the folder of a module, by default this one."""
    return Path(beside).with_name(name).read_text(encoding="utf-8")


@functools.cache
def _stylesheet() -> str:
    return read_asset("page.css")
