"""Templates of reports, in HTML and Markdown: every value is escaped, and nothing else makes markup.

All templates are files of `reports/templates`. The end of a name, `.html.j2` or `.md.j2`, says how values are escaped:
as `html.escape` or as `markdown.escape` does. Markup comes from templates, their macros, the filters below, and texts
that `html.trust` marks. There is no filter `safe`, and templates do not join texts with `~`: Jinja would escape the
parts as HTML, in Markdown too.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateSyntaxError, nodes, pass_environment
from jinja2.ext import Extension
from jinja2.filters import FILTERS
from markupsafe import Markup

from vatspolicy.i18n import Language
from vatspolicy.i18n.words import aside
from vatspolicy.reports.formats import html, markdown

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
    return html.trust(html_environment().get_template(name).render(values))


def render_markdown(name: str, /, **values: object) -> str:
    """Render a template of Markdown, with no two blank lines in a row.

    Raises:
        jinja2.UndefinedError: for a name that no value has.
    """
    text = markdown_environment().get_template(name).render(values)
    return _BLANK.sub("\n\n", text).strip("\n") + "\n"


def escape_html(value: object) -> Markup:
    """Return markup as it is, and any other value as text of HTML; None is empty."""
    return _mark(value, html.escape)


def escape_markdown(value: object) -> Markup:
    """Return markup as it is, and any other value as text of Markdown; None is empty."""
    return _mark(value, _escape_part)


class _Layout(Extension):
    """Line breaks of a template of HTML separate nothing, as in JSX: a needed space stands inside a line.

    So no text of a spec or a policy begins a line of the page's source, which runners would read as a command.
    """

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return _LAYOUT.sub("", source)


class _Lines(Extension):
    """A line of a template of Markdown that holds only tags of the template is not part of the text."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return _TAGS.sub(r"\1", source)


class _Environment(Environment):
    """An environment whose templates cannot join texts outside its own escaping."""

    def _generate(
        self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False
    ) -> str:
        for found in source.find_all((nodes.Concat, nodes.Mod)):
            raise TemplateSyntaxError("Templates do not join texts: write two expressions.", found.lineno, name)
        return super()._generate(source, name, filename, defer_init)


@functools.cache
def html_environment() -> Environment:
    """Return the environment of templates of HTML."""
    made = _make(escape_html, _Layout)
    made.filters["digest"] = html.digest
    made.filters["json"] = html.escape_json
    made.tests["address"] = html.is_address
    return made


@functools.cache
def markdown_environment() -> Environment:
    """Return the environment of templates of Markdown."""
    made = _make(escape_markdown, _Lines)
    for name, function in (
        ("code", markdown.code),
        ("fence", markdown.fence),
        ("html", markdown.escape_html),
        ("name", markdown.quote_name),
        ("url", markdown.escape_address),
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
        extensions=[layout],
    )
    made.filters = {name: FILTERS[name] for name in _KEPT} | {"join": _join}
    made.globals = {"newline": html.trust("\n"), "in_brackets": _put_in_brackets}
    return made


def _put_in_brackets(remark: Markup, lang: Language) -> Markup:
    """Return markup in brackets, to follow a text."""
    return html.trust(aside(str(remark), lang))


@pass_environment
def _join(environment: Environment, values: Iterable[object], between: object = "") -> Markup:
    """Return values with something between them, each escaped as the environment does."""
    finish = environment.finalize
    assert finish is not None, "every environment escapes"
    return html.trust(str(finish(between)).join(str(finish(value)) for value in values))


def _marking(function: Callable[..., str]) -> Callable[..., Markup]:
    """Return a filter whose text is markup, because the function escapes what it is given."""
    return lambda value, *options: html.trust(function(str(value), *options))


def _escape_part(text: str) -> str:
    """Return a part of a line of Markdown; a space at either end stays one."""
    start, end = " " * text[:1].isspace(), " " * text[-1:].isspace()
    return f"{start}{markdown.escape(text)}{end}" if text.strip() else start


def _mark(value: object, escape: Callable[[str], str]) -> Markup:
    if isinstance(value, Markup):
        return value
    if value is None:
        return Markup()
    return html.trust(escape(f"{value:g}" if isinstance(value, float) else str(value)))
