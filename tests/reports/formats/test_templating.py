"""Templates of reports: every value is escaped, in HTML and in Markdown, and nothing else makes markup."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, TemplateRuntimeError, TemplateSyntaxError, UndefinedError
from markdown_it import MarkdownIt

from tests.support.html_tree import HOSTILE, Tree
from tests.support.members import for_each
from vatspolicy.reports.formats.templating import (
    FOLDER,
    Frame,
    escape_json,
    html_environment,
    markdown_environment,
    render_page,
)
from vatspolicy.reports.printers.escapes import escape_html, is_address

TEMPLATES = sorted(FOLDER.rglob("*.j2"))
ENVIRONMENTS = {"html": html_environment, "md": markdown_environment}


def in_html(source: str, **values: Any) -> str:
    return html_environment().from_string('{% import "parts.html.j2" as part %}' + source).render(values)


def in_markdown(source: str, **values: Any) -> str:
    return markdown_environment().from_string(source).render(values)


def environment_of(path: Path) -> Environment:
    return ENVIRONMENTS["md" if path.name.endswith(".md.j2") else "html"]()


# --- both formats


@for_each(TEMPLATES)
def test_every_template_compiles(path: Path) -> None:
    assert environment_of(path).get_template(path.relative_to(FOLDER).as_posix()) is not None


@pytest.mark.parametrize("make", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_no_template_marks_text_as_markup_or_joins_texts(make: Any) -> None:
    for source in ("{{ a | safe }}", "{{ a | replace('<', '&') }}", "{{ '%s' | format(a) }}"):
        with pytest.raises((TemplateSyntaxError, TemplateRuntimeError)):
            make().from_string(source).render(a="<")
    for source in ("{{ a ~ b }}", "{{ a % b }}"):
        with pytest.raises(TemplateSyntaxError, match="do not join texts"):
            make().from_string(source)


@pytest.mark.parametrize("make", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_a_name_that_no_value_has_is_an_error(make: Any) -> None:
    with pytest.raises(UndefinedError):
        make().from_string("{{ a }}").render()


# --- HTML


def test_every_value_of_a_page_is_escaped() -> None:
    assert in_html("<p title='{{ a }}'>{{ a }}</p>", a=HOSTILE).count("<") == 2
    assert in_html("{{ a }}{{ b }}{{ c }}{{ d }}", a="a\n", b=None, c=3, d=2.5) == "a&#10;32.5"
    assert in_html("{{ [a, a] | join('<') }}", a="<") == "&lt;&lt;&lt;"
    assert in_html("{{ part.code(a) }}", a="<") == "<code>&lt;</code>"
    assert not set("\u202e\x1b") & set(escape_html(HOSTILE))


def test_line_breaks_of_a_template_separate_nothing() -> None:
    made = in_html("<p>{{ a }}{{ ' ' }}\n  <b>{{ b }}</b>\n</p>\n{{ c }}", a="<\n::x", b=2.5, c=None)
    assert made == "<p>&lt;&#10;::x <b>2.5</b></p>"


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        " javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "//evil.example/x",
        "/\\evil.example",
        "https://a b",
        "ftp://x",
        "file:///etc/passwd",
        "",
        None,
    ],
)
def test_a_link_leads_to_the_web_or_beside_the_page(address: str | None) -> None:
    assert in_html("{{ part.link('<', a) }}", a=address) == "&lt;"
    assert not is_address(address)


@pytest.mark.parametrize(
    "address", ["https://example.org/a?b=c&d", "#place", "page.html#place", "../page.html", "zh/a.html"]
)
def test_a_proper_address_stays(address: str) -> None:
    assert f'href="{escape_html(address)}"' in in_html("{{ part.link('text', a) }}", a=address)


def test_only_the_frame_and_the_macro_of_links_write_addresses_that_are_values() -> None:
    """Other templates write relative addresses, which begin with an id or a text of their own."""
    for path in TEMPLATES:
        if not path.name.endswith(".html.j2") or path.name in ("page.html.j2", "parts.html.j2", "frame.html.j2"):
            continue
        for address in re.findall(r'(?:href|src|action)="([^"]*)"', path.read_text(encoding="utf-8")):
            begins = re.match(r"#|[\w-]+\.html|{{ [\w.]+ }}\.html|{{ site\.instrument_address", address)
            assert begins, f"{path.name}: {address}"


def test_no_template_writes_an_event_handler_or_an_inline_style() -> None:
    for path in TEMPLATES:
        text = path.read_text(encoding="utf-8")
        assert re.findall(r"""<[^>%{]*\s(?:on\w+|style)\s*=""", text) == [], path.name
        text = re.sub(r'<script type="application/ld\+json">{{ \w+ }}</script>', "", text)  # data, which nothing runs
        if path.name not in ("page.html.j2", "search.html.j2", "frame.html.j2"):
            assert re.findall(r"<(?:script|style|iframe|object|embed|base|form)\b", text) == [], path.name


def test_data_cannot_end_its_element() -> None:
    block = escape_json({"a": "</script><!--<script>\u2028&\u202e"})
    assert "<" not in block
    assert json.loads(block)["a"].startswith("</script><!--<script>")


def test_a_page_allows_nothing_but_its_own_style_and_script() -> None:
    text = render_page("page.html.j2", Frame("A & B", "en", style="b{}", script="1 < 2;"))
    tree = Tree(text)
    rule = next(str(meta["content"]) for meta in tree.named("meta") if "http-equiv" in meta)
    for name in ("style", "script"):
        [inner] = re.findall(rf"<{name}>(.*?)</{name}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in rule
    assert rule.startswith("default-src 'none'; ")
    assert "unsafe" not in rule
    assert "script-src" not in render_page("page.html.j2", Frame("A", "en"))
    assert "<title>A &amp; B</title>" in text


def test_a_table_names_its_columns_and_scrolls() -> None:
    made = in_html("{% call part.table('Caption', ['a', '<']) %}<tr><th scope='row'>1</th><td>2</td></tr>{% endcall %}")
    tree = Tree(made)
    assert [one["scope"] for one in tree.named("th")] == ["col", "col", "row"]
    assert {"role": "group", "aria-label": "Caption", "tabindex": "0", "class": "scroll"} in tree.named("div")


# --- Markdown


def test_every_value_of_markdown_is_escaped() -> None:
    text = in_markdown(
        '{% import "parts.md.j2" as part %}{{ part.table([a], [[a, 2.5], [None, [a, a] | join(a)]]) }}\n\n'
        "- {{ a }} {{ a | name }} {{ a | code }}\n\n{% call part.fold(a | html) %}{{ a }}{% endcall %}",
        a=f"{HOSTILE} [a](http://b) @team *x* | y ```",
    )
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    outside = re.sub(r"<code>.*?</code>", "", page, flags=re.DOTALL)
    assert re.findall(r"<(?:script|img|a|em|h\d)\b", page) == []
    assert "@team" not in outside
    assert page.count("<tr>") == 3
    assert page.count("<details>") == 1
    assert not set("\u202e\x1b") & set(in_markdown("{{ a }}{{ a | name }}", a=HOSTILE))


def test_a_line_of_tags_is_not_part_of_the_text() -> None:
    source = "a\n{% for x in [1, 2] %}\n  {# why #}\n- {{ x }}{% if x == 1 %} one{% endif %}\n{% endfor %}\nb\n"
    assert in_markdown(source) == "a\n- 1 one\n- 2\nb\n"


def test_spaces_of_a_part_stay_and_other_space_is_one() -> None:
    assert in_markdown("a{{ b }}c", b=": ") == "a: c"
    assert in_markdown("a{{ b }}c", b="\n- x\n\ty\n") == r"a \- x y c"
    assert in_markdown("{{ b }}", b="2026-01-01, 1.5") == "2026-01-01, 1.5"
    assert in_markdown("{{ b }}", b="1. x") == r"1\. x"


def test_a_link_of_markdown_cannot_be_broken() -> None:
    made = in_markdown("[{{ text }}]({{ url | url }})", text="a]b", url="https://example.org/(x)<y> z")
    assert made == r"[a\]b](https://example.org/%28x%29%3Cy%3E%20z)"
