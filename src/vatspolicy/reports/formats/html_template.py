"""Jinja2 templates of pages: every value is cleaned and escaped as `html.escape` does, and line breaks are layout only.

A line break in a template separates nothing, as in JSX: a space that a reader needs stands inside a line. So no text of
a spec or a policy begins a line of the page's source, which runners would read as a command.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.ext import Extension
from markupsafe import Markup

from vatspolicy.reports.formats.html import Html, escape, link, tag
from vatspolicy.reports.formats.html_page import badge, foreign, table

_LAYOUT = re.compile(r"\s*\n\s*")


def render_template(folder: Path, name: str, **values: Any) -> Html:
    """Render a template file of a folder.

    Raises:
        jinja2.UndefinedError: for a name that no value has.
    """
    return Html(_environment(folder).get_template(name).render(values))


class _Layout(Extension):
    """Line breaks of a template separate nothing."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return _LAYOUT.sub("", source)


@functools.cache
def _environment(folder: Path) -> Environment:
    made = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finish,
        extensions=[_Layout],
    )
    made.globals.update(badge=badge, foreign=foreign, link=link, table=table, tag=tag)
    return made


def _finish(value: Any) -> Any:
    """Return markup as it is, and any other value as escaped text; None is empty."""
    if value is None:
        return ""
    if hasattr(value, "__html__"):
        return value
    return Markup(escape(f"{value:g}" if isinstance(value, float) else str(value)))  # noqa: S704
