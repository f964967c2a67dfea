import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.effort import trials
from tests.support.members import for_each
from tests.support.shipped import BAD
from vatspolicy.core.documents import Document, Limits, format_path, load_document, parse_document, recall_document
from vatspolicy.core.documents import Path as DataPath
from vatspolicy.core.documents import yaml_reader as yaml_text
from vatspolicy.core.documents.json_reader import JsonReader, _scan
from vatspolicy.core.documents.reader import LIMITS
from vatspolicy.core.documents.yaml_reader import YamlReader
from vatspolicy.core.profile.profile import EMPTY_SPEC
from vatspolicy.errors import InvalidInput, Problem, in_language, point, render, suggest
from vatspolicy.i18n.lint import HAN

LOADERS = [yaml.SafeLoader, yaml.CSafeLoader] if yaml.__with_libyaml__ else [yaml.SafeLoader]


@pytest.fixture(params=LOADERS, ids=lambda loader: loader.__name__)
def _each_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_text, "yaml_loader", lambda: request.param)


both_parsers = pytest.mark.usefixtures("_each_parser")


# fmt: off
WORDS = [
    "yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF", "y", "Y", "n", "N",
    "True", "TRUE", "False", "FALSE",
]
NUMBERS = [
    "010", "-010", "00", "0x1F", "0X1f", "0o7", "0b1", "1_000", "1e3", "1E-3", "1.5e3", ".5", "5.", "+5", "-0", "01.5",
    "12:30", "12:30:00", "1:2.5", ".inf", "-.Inf", ".NaN", "NaN", "Infinity",
    "9007199254740993", "-9007199254740993", "9007199254740992.5",
]
# fmt: on


def problems_of(text: str | bytes, file: str = "x.yaml", limits: Limits | None = None) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        parse_document(text, file, limits or Limits())
    return str(caught.value).splitlines()


def spell(document: Document, path: DataPath) -> str:
    """What stands in the file at the places that `locate` gives for each character of a text."""
    value = document.data
    for step in path:
        value = value[step]
    places = [document.locate(path, offset) for offset in range(len(value))]
    return "".join(f"{document.source_line(line)}\n"[column - 1] for line, column in places)


# --- what is refused --------------------------------------------------------------------------------------------------


@both_parsers
@pytest.mark.parametrize("spec", sorted(BAD.glob("spec-*.yaml")), ids=lambda spec: spec.stem)
def test_bad_specs_say_exactly_what_is_wrong(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BAD)
    with pytest.raises(InvalidInput) as caught:
        load_document(spec.name, empty=EMPTY_SPEC)
    assert f"{caught.value}\n" == spec.with_suffix(".expected").read_text(encoding="utf-8")
    problems = caught.value.problems
    assert [problem for problem in problems if not HAN.search(in_language(problem, "zh").message)] == []


def test_there_are_bad_specs_and_none_is_forgotten() -> None:
    specs = {spec.stem for spec in BAD.glob("spec-*.yaml")}
    assert len(specs) >= 28
    assert specs == {expected.stem for expected in BAD.glob("spec-*.expected")}


@both_parsers
def test_all_problems_of_a_file_are_told_in_the_order_of_the_file() -> None:
    told = problems_of("b: yes\na: 010\nc: {d: ~, d: 1}\n")
    assert [line.split(": ")[0] for line in told] == ["x.yaml:1:4", "x.yaml:2:4", "x.yaml:3:8", "x.yaml:3:11"]


@both_parsers
def test_a_problem_before_a_syntax_error_is_told_too() -> None:
    assert len(problems_of("a: yes\nb: c: d\n")) == 2


@both_parsers
@for_each(WORDS)
def test_only_true_and_false_are_booleans(word: str) -> None:
    (told,) = problems_of(f"a: {word}")
    assert told == "x.yaml:1:4: a: This is neither text nor a boolean. Write true or false, or put a text in quotes."
    assert parse_document(f"a: '{word}'", "x.yaml").data == {"a": word}


@both_parsers
@for_each(NUMBERS)
def test_numbers_that_readers_read_differently_are_refused(number: str) -> None:
    assert len(problems_of(f"a: {number}")) == 1
    assert len(problems_of(f"{number}: a")) == 1
    assert parse_document(f"a: '{number}'", "x.yaml").data == {"a": number}


@both_parsers
@pytest.mark.parametrize("digits", ["1" * 5000, "0" + "1" * 5000, "1_" * 3000, "1." + "1" * 5000 + "."])
def test_endless_numbers_are_refused(digits: str) -> None:
    assert len(problems_of(f"a: {digits}")) == 1


@both_parsers
@pytest.mark.parametrize(
    "text",
    [
        "a:\n\tb: 1\n",
        "a:\tb\n",
        "a: b\t\n",
        "a: b\tc\n",
        "a: b\n\t\n",
        "a: |\n  \tb\n",
        "a: |\t\n  b\n",
        "a: [b,\tc]\n",
        "a: 'b'\t# c\n",
    ],
)
def test_a_tab_is_refused_where_the_parsers_differ(text: str) -> None:
    (told,) = problems_of(text)
    line = text[: text.index("\t")].count("\n") + 1
    assert told.startswith(f"x.yaml:{line}:")
    assert "YAML requires spaces here instead of a tab." in told


@both_parsers
def test_a_tab_is_text_in_quotes_blocks_and_comments() -> None:
    text = "# \tx\na: 'x\ty' # \t\nb: |\n  x\ty\n\tc: \"\t\"\n".replace("\n\tc", "\nc")
    assert parse_document(text, "x.yaml").data == {"a": "x\ty", "b": "x\ty\n", "c": "\t"}


@both_parsers
@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("a: &an:chor value\n", 4),
        ("- &an:chor\n- b\n", 3),
    ],
)
def test_an_anchor_that_another_reader_would_read_on_is_refused(text: str, at: int) -> None:
    (told,) = problems_of(text)
    assert told.startswith(f"x.yaml:1:{at}: ")
    assert told.endswith("The name of an anchor can contain only letters, digits, - and _. Rename the anchor.")


@both_parsers
def test_anchors_of_plain_names_end_where_every_reader_ends_them() -> None:
    text = "a: &one-1_x [1, 2]\nb: [*one-1_x,*one-1_x]\nc: {d: *one-1_x}\ne: &two\n  f: 1\n"
    data = parse_document(text, "x.yaml").data
    assert data == {"a": [1, 2], "b": [[1, 2], [1, 2]], "c": {"d": [1, 2]}, "e": {"f": 1}}


@both_parsers
@pytest.mark.parametrize(
    "text",
    [
        "a: [b]#c\n",
        "a: [b,#c\n  d]\n",
        "a: [#c\n  d]\n",
        "a: {#c\n  d: 1}\n",
        "a: {d: 1}#c\n",
        "a: 'b'#c\n",
        'a: "b"#c\n',
        'a: {"b":#c\n 1}\n',
        "a: x # first\nb: 'y'#c\n",
        "a: x]#b\nc: 'x'#d\n",
    ],
)
def test_a_comment_without_a_space_before_it_is_refused(text: str) -> None:
    place = text.rindex("#")
    line, column = text[:place].count("\n") + 1, place - text.rfind("\n", 0, place)
    told = f"x.yaml:{line}:{column}: A space is missing before the # of this comment. "
    assert problems_of(text) == [f"{told}Write a space, or put the text in quotes."]


@both_parsers
@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a: b#c\n", {"a": "b#c"}),
        ("a: x]#b\n", {"a": "x]#b"}),
        ("a: [b#c]\n", {"a": ["b#c"]}),
        ("a: [b:#c]\n", {"a": ["b:#c"]}),
        ("a: x,#y\n  z\n", {"a": "x,#y z"}),
        ("a: '\"#'\n", {"a": '"#'}),
        ("a: |\n  b]#c\nd: 1 # e]#f\n", {"a": "b]#c\n", "d": 1}),
        ("# a:#b\na: 'b' # '#\n", {"a": "b"}),
        ("a: &b c]#d\n", {"a": "c]#d"}),
        ("a,#b: 1\n", {"a,#b": 1}),
    ],
)
def test_a_number_sign_within_text_or_a_comment_stays(text: str, data: object) -> None:
    assert parse_document(text, "x.yaml").data == data


@both_parsers
@pytest.mark.parametrize(
    ("text", "file"),
    [
        ("[1e-400]", "x.json"),
        ("[-1.5E-999]", "x.json"),
        (f"- 0.{'0' * 330}1", "x.yaml"),
        (f"[0.{'0' * 330}1]", "x.json"),
    ],
)
def test_a_number_that_would_be_read_as_zero_is_refused(text: str, file: str) -> None:
    (told,) = problems_of(text, file)
    assert told.endswith("The number is too small and would be read as 0. Write 0, or put it in quotes.")


def test_zero_is_a_number_however_it_is_written() -> None:
    assert parse_document("[0, -0, 0.0, 0e5, 0.00E-999, 1e-300]", "x.json").data == [0, 0, 0, 0, 0, 1e-300]


@pytest.mark.parametrize("char", ["\0", "\x07", "\x7f", "\x85", "\u2028", "\ufeff", "\u202e", "\u2066", "\ud800"])
@pytest.mark.parametrize("file", ["x.yaml", "x.json"])
def test_invisible_characters_are_refused_with_their_place(char: str, file: str) -> None:
    (told,) = problems_of(f'{{"a":\n"b{char}"}}', file)
    assert told == f"{file}:2:3: The invisible character U+{ord(char):04X} is not allowed. Remove it."


@both_parsers
def test_escapes_beyond_unicode_are_refused() -> None:
    for escape in (r"\ud800", r"\U00110000", r"\UFFFFFFFF", r"\q", r"\xg0"):
        (told,) = problems_of(f'a: "b{escape}"')
        assert told.startswith("x.yaml:1:6: ")
        assert "This escape sequence does not exist." in told


def test_bytes_that_are_not_utf8_are_refused_where_they_stand() -> None:
    (told,) = problems_of("a: 试\nb: 点".encode() + b"\xff")
    assert told == "x.yaml:2:5: The file is not UTF-8 text. Save it as UTF-8."


@both_parsers
def test_limits_hold_exactly() -> None:
    def nested(levels: int) -> str:
        return "[" * levels + "]" * levels

    assert parse_document(nested(32), "x.yaml").data
    assert "more than 32 levels" in problems_of(nested(33))[0]
    assert len(parse_document("[" + "a, " * 19_999 + "]", "x.yaml").data) == 19_999
    assert "more than 20,000 values" in problems_of("[" + "a, " * 20_000 + "]")[0]
    uses = "a: &a x\nb:\n" + "- *a\n" * 64
    assert parse_document(uses, "x.yaml").data["b"] == ["x"] * 64
    assert "more than 64 aliases" in problems_of(uses + "- *a\n")[0]
    assert parse_document("a: 1", "x.yaml", Limits(size=4)).data == {"a": 1}
    assert problems_of("a: 1", limits=Limits(size=3)) == ["x.yaml:1:1: The file is larger than 3 bytes."]


@both_parsers
def test_aliases_count_as_deep_and_as_large_as_what_they_stand_for() -> None:
    text = "a: &a [[[x]]]\nb: [[*a]]\n"
    assert parse_document(text, "x.yaml", Limits(depth=6)).data["b"] == [[[[["x"]]]]]
    assert "more than 5 levels" in problems_of(text, limits=Limits(depth=5))[0]
    assert parse_document(text, "x.yaml", Limits(nodes=11)).data
    assert "more than 10 values" in problems_of(text, limits=Limits(nodes=10))[0]


def test_files_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    for path, words in (
        (tmp_path / "none.yaml", "This file does not exist."),
        (tmp_path, "This is a directory, not a file."),
        (tmp_path / "x.yaml" / "y.yaml", "The file cannot be read: "),
        ("a\0b", "The file cannot be read: "),
    ):
        (tmp_path / "x.yaml").write_text("a: 1", encoding="utf-8")
        with pytest.raises(InvalidInput) as caught:
            load_document(path)
        (problem,) = caught.value.problems
        assert (problem.file, problem.line, problem.column) == (str(path), 1, 1)
        assert problem.message.startswith(words)


def test_a_large_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_bytes(b"#" * (2**20 + 5))
    with pytest.raises(InvalidInput, match="larger than 1,048,576 bytes"):
        load_document(path)


# --- what is read -----------------------------------------------------------------------------------------------------


@both_parsers
def test_values_are_what_they_look_like() -> None:
    text = """\
        text: plain words, 100%
        date: 2024-01-01
        moment: 2024-01-01T10:00:00Z
        version: 1.2.3
        ratio: 3/4
        int: 12
        negative: -7
        zero: 0
        float: 12.50
        largest: 9007199254740992
        yes_: true
        no_: false
        nothing: null
        quoted: "010"
        'on': x
        empty: ""
        list: []
        map: {}
        url: [http://a.example/b, a:b]
        phone: +86 10 1234
    """
    assert parse_document(text, "x.yaml").data == {
        "text": "plain words, 100%",
        "date": "2024-01-01",
        "moment": "2024-01-01T10:00:00Z",
        "version": "1.2.3",
        "ratio": "3/4",
        "int": 12,
        "negative": -7,
        "zero": 0,
        "float": 12.5,
        "largest": 2**53,
        "yes_": True,
        "no_": False,
        "nothing": None,
        "quoted": "010",
        "on": "x",
        "empty": "",
        "list": [],
        "map": {},
        "url": ["http://a.example/b", "a:b"],
        "phone": "+86 10 1234",
    }


@both_parsers
def test_numbers_keep_their_kind() -> None:
    data = parse_document("[1, 1.0, true]", "x.yaml").data
    assert [type(value) for value in data] == [int, float, bool]


@both_parsers
@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_windows_files_read_like_others(line_break: str) -> None:
    text = "a: 试点\nb:\n  - |\n    x\n    y\n  - z\n".replace("\n", line_break)
    document = parse_document(b"\xef\xbb\xbf" + text.encode(), "x.yaml")
    assert document.data == {"a": "试点", "b": ["x\ny\n", "z"]}
    assert document.mark(("b", 1)) == (6, 5)
    assert document.source_line(1) == "a: 试点"
    assert document.locate(("b", 0), 2) == (5, 5)


@both_parsers
def test_an_alias_is_a_copy_that_points_at_both_places() -> None:
    document = parse_document("a: &x {k: [v]}\nb: *x\n", "x.yaml")
    assert document.data["b"] == {"k": ["v"]}
    assert document.data["b"] is not document.data["a"]
    assert document.data["b"]["k"] is not document.data["a"]["k"]
    assert document.mark(("b",)) == (2, 4)
    assert document.mark(("b", "k", 0)) == (1, 12)


@both_parsers
def test_standard_input_may_be_yaml_or_json(monkeypatch: pytest.MonkeyPatch) -> None:
    for text, data in (
        ("a: 1", {"a": 1}),
        ('{"a":\t1e3}', {"a": 1000.0}),
        ("{a: 1}", {"a": 1}),
        ("[a, b]", ["a", "b"]),
    ):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        document = load_document("-")
        assert (document.file, document.data) == ("<stdin>", data)


# --- places -----------------------------------------------------------------------------------------------------------


@both_parsers
def test_marks_point_at_values_and_keys_or_the_nearest_parent() -> None:
    document = parse_document("a:\n  b: 1\n  'c d':\n  - x\n  - e: z\n", "x.yaml")
    assert document.mark(("a", "b")) == (2, 6)
    assert document.mark(("a", "b"), key=True) == (2, 3)
    assert document.mark(("a", "c d"), key=True) == (3, 3)
    assert document.mark(("a", "c d", 1, "e")) == (5, 8)
    assert document.mark(("a", "c d", 1), key=True) == (5, 5)
    assert document.mark(("a", "none", "deeper")) == (2, 3)
    assert document.mark(("a", "none"), key=True) == (2, 3)
    assert document.mark(("a", "c d", 7)) == (4, 3)
    assert document.mark(()) == (1, 1)


@both_parsers
@pytest.mark.parametrize(
    "text",
    [
        "a: x && y\n",
        "a: 'x && y'\n",
        'a: "x && y"\n',
        "a: |\n  x && y\n",
        "a: |\n  x\n    && y\n\n  || z\n",
        "a: |4-\n      x\n    && y\n",
        "a: |+\n\n  x\n\n\n",
        "a: >2\n    x\n  y\n",
        "a: &anchor x && y\n",
        "a: &anchor >-\n  x\n",
        "a: | # words\n  x 试点 && y\n",
        "a: |\n  x\n",
        "- a",
    ],
)
def test_every_character_of_a_text_is_found_where_it_stands(text: str) -> None:
    document = parse_document(text, "x.yaml")
    path: DataPath = (0,) if text.startswith("-") else ("a",)
    read = spell(document, path)
    value = document.data[path[0]]
    # A fold shows as the line break that it is in the file.
    assert read.replace("\n", " ") == value.replace("\n", " ")


@both_parsers
@pytest.mark.parametrize(
    ("text", "word", "place"),
    [
        ("a: >-\n  one\n  two\n\n  three\n    more\n  four\n", "four", (7, 3)),
        ("a: >-\n  one\n  two\n\n  three\n    more\n  four\n", "more", (6, 5)),
        ("a: >\n  one\n  two\n", "two", (3, 3)),
        ("a: one\n  two\n\n  three\n", "three", (4, 3)),
        ("a: 'it''s\n  two'\n", "two", (2, 3)),
        ("a: 'it''s two'\n", "two", (1, 11)),
        ('a: "\\u8bd5 \\"b\\" two"\n', "two", (1, 18)),
        ('a: "one\\\n   two"\n', "two", (2, 4)),
        ('a: "one \\\n\n   two"\n', "two", (3, 4)),
        ("a: &x 'two'\n", "two", (1, 8)),
    ],
)
def test_folded_and_escaped_texts_are_located_exactly(text: str, word: str, place: tuple[int, int]) -> None:
    document = parse_document(text, "x.yaml")
    assert document.locate(("a",), document.data["a"].index(word)) == place


@both_parsers
def test_the_end_of_a_text_can_be_located_and_what_is_outside_is_its_start() -> None:
    document = parse_document("a: 'xy'\nb: ''\nc: 12\n", "x.yaml")
    assert document.locate(("a",), 2) == (1, 7)
    assert document.locate(("a",), 3) == (1, 4)
    assert document.locate(("a",), -1) == (1, 4)
    assert document.locate(("b",), 0) == (2, 5)
    assert document.locate(("c",), 1) == (3, 5)
    assert document.locate(("none",), 1) == (1, 1)


def _styles(value: str) -> Iterator[str]:
    for style in ("", "'", '"', "|", ">"):
        yield yaml.dump({"a": {"b": value}}, default_style=style or None, allow_unicode=True, width=12, indent=3)


@settings(max_examples=trials(600), deadline=None)
@given(st.text(alphabet="ab \n'\"\\试:#-", max_size=40))
def test_whatever_way_a_text_is_written_its_characters_are_found(value: str) -> None:
    for text in _styles(value):
        document = parse_document(text, "x.yaml")
        # Not `value` itself: what PyYAML writes in folded style it does not always read back.
        value = yaml.load(text, yaml.BaseLoader)["a"]["b"]
        assert document.data == {"a": {"b": value}}
        read = spell(document, ("a", "b"))
        # A line break of the value may stand for an escape, and a space for a folded line.
        assert len(read) == len(value)
        for char, found in zip(value, read, strict=True):
            assert char == found or found == "\\" or (char in " \n" and found in " \n"), text


def test_excerpts_put_the_caret_under_the_character_also_behind_chinese() -> None:
    document = parse_document("a:\n  when: 试点 && yy\n", "x.yaml")
    problem = document.problem_within(("a", "when"), 6, 2, "This is not known.", "Did you mean 'y'?")
    assert render(problem) == (
        "x.yaml:2:15: a.when: This is not known. Did you mean 'y'?\n  when: 试点 && yy\n                ^^"
    )
    assert point("ab", 9) == "ab\n        ^"


def test_source_lines_are_given_without_their_break() -> None:
    document = parse_document("a: 1\nb: 2", "x.yaml")
    assert [document.source_line(line) for line in (0, 1, 2, 3)] == ["", "a: 1", "b: 2", ""]


# --- JSON -------------------------------------------------------------------------------------------------------------


def test_json_is_read_exactly_and_with_places() -> None:
    text = '{\n\t"a": ["x\\/\\ud83d\\ude00y", 1e3, -0.5, true, null],\n\t"b": {}\n}'
    document = parse_document(text, "x.json")
    assert document.data == json.loads(text)
    assert document.mark(("a", 1)) == (2, 28)
    assert document.mark(("b",), key=True) == (3, 2)
    assert document.locate(("a", 0), 3) == (2, 24)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"a": 1, "a": 2}', "1:10: a: The key was given before, on line 1. Remove one of the two."),
        ('{"a": NaN}', "1:7: a: Infinity and NaN are not valid numbers. Put it in quotes if it is text."),
        ('{"a": -Infinity}', "1:7: a: Infinity and NaN are not valid numbers. Put it in quotes if it is text."),
        ('{"a": 1e999}', f"1:7: a: The number is beyond {2**53:,} and would not stay exact. Put it in quotes."),
        ('{"a": 010}', "1:7: a: This is not a JSON value. Put it in quotes if it is text."),
        ('{"a": True}', "1:7: a: This is not a JSON value. Put it in quotes if it is text."),
        ('["b\n"]', "1:2: [0]: The closing quote is missing on this line. Write \\n for a line break, \\t for a tab."),
        ('{"a": "b\\q"}', "1:9: a: This escape sequence does not exist. Write \\\\ for a backslash."),
        ('{"a": "b\\ud800"}', "1:9: a: This escape sequence does not exist. Write \\\\ for a backslash."),
        ('{"a": "\\u001b"}', "1:8: a: The text holds the invisible character U+001B. Remove it."),
        ('{"a": 1,}', "1:9: A key in double quotes is missing here."),
        ("{a: 1}", "1:2: A key in double quotes is missing here."),
        ("[1,]", "1:4: [1]: A value is missing here."),
        ("[1 2]", "1:4: A comma or the closing ] is missing."),
        ('{"a" 1}', "1:6: a: A : is missing after this key."),
        ('{"a": 1', "1:8: A comma or the closing } is missing."),
        ("{} {}", "1:4: Text follows after the end of the JSON value."),
        (" \n", "1:1: The file is empty."),
        ("[" * 40, "1:33: Values are nested more than 32 levels deep."),
    ],
)
def test_json_that_is_wrong_or_ambiguous_is_refused(text: str, told: str) -> None:
    assert problems_of(text, "x.json") == [f"x.json:{told}"]


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(-1e15, 1e15)
    | st.text('ab\n\t"\\/é试😀', max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('ab "\\试😀', max_size=3), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=trials(600), deadline=None)
@given(JSON_VALUES, st.booleans(), st.sampled_from([None, 2, "\t"]))
def test_json_of_the_standard_library_is_read_back(value: object, escape: bool, indent: int | str | None) -> None:
    text = json.dumps(value, ensure_ascii=escape, indent=indent)
    document = parse_document(text, "x.json")
    assert document.data == value == document.root.data()


JSON_SIGNS = ("[", "]", "{", "}", ",", ":", " ", "\n", "\\", '"a"', '"b"', '"\t"', r'"\u202e"', r'"\ud800"', r'"\n"')
JSON_WORDS = ("1", "01", "-0", "0.0", "1e-400", "1e999", "9007199254740992", "-9007199254740993", "true", "NaN", "null")


@settings(max_examples=trials(1200), deadline=None)
@given(st.lists(st.sampled_from([*JSON_SIGNS, *JSON_WORDS]), max_size=9))
def test_the_plain_scanner_accepts_nothing_that_the_strict_reader_refuses(pieces: list[str]) -> None:
    text = "".join(pieces)
    try:
        scanned = _scan(text, LIMITS)
    except ValueError:
        return
    strict = JsonReader(text, "x.json", LIMITS).document()
    assert json.dumps(scanned) == json.dumps(strict.data)


def test_the_plain_scanner_keeps_to_the_limits() -> None:
    for text in ("[" * 33 + "]" * 33, json.dumps([0] * 20_000)):
        with pytest.raises(ValueError, match="limit"):
            _scan(text, LIMITS)
    assert _scan(json.dumps([0] * 19_999), LIMITS) == [0] * 19_999


@both_parsers
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: |#\n  b\n", "1:5: a: The line after | or > contains something else. Begin the text on the next line."),
        ("a: &x >2-#\n  b\n", "1:10: a: The line after | or > contains something else. Begin the text on the next line."),
        ("a: {b:[c]}\n", "1:5: a: A space is missing after the : of this key. Write one, or put the key in quotes."),
        ("a: {b:{c: d}}\n", "1:5: a: A space is missing after the : of this key. Write one, or put the key in quotes."),
    ],
)  # fmt: skip
def test_what_only_one_parser_takes_is_refused(text: str, told: str) -> None:
    assert problems_of(text) == [f"x.yaml:{told}"]


# --- two parsers, one reading -----------------------------------------------------------------------------------------

SAMPLE = """\
id: pilot
title: {en: "Pilot \\u4e2d", zh: 试点}
rules:
  - id: a
    when: >-
      service.kind == 'x'
        && b

    more: |
      a 'b' "c"
  - when: 'it''s' # comment
    list: [1, 2.5, x, {a: b}]
anchors: &x
  k: v
use: *x
"""
# fmt: off
PIECES = st.sampled_from([
    "\t", " ", "\n", ":", "- ", "'", '"', "|", ">", "[", "]", "{", "}", ",", "#", "&a ", "*x", "!t ", "\\", "\\ud800",
    "%", "@", "? ", "?", "---\n", "...\n", "no", "010", "<<: ", "a: ", "\r\n", "&", "*", "`", "|2", ">+", "\\U00110000",
])
# fmt: on
EDITS = st.lists(st.tuples(st.integers(0, len(SAMPLE)), st.integers(0, 6), PIECES), min_size=1, max_size=4)


@pytest.mark.skipif(len(LOADERS) < 2, reason="PyYAML was built without libyaml")
@settings(max_examples=trials(1200), deadline=None)
@given(EDITS)
def test_both_parsers_accept_the_same_and_read_the_same(edits: list[tuple[int, int, str]]) -> None:
    text = SAMPLE
    for place, removed, piece in edits:
        text = text[:place] + piece + text[place + removed :]
    read: list[object] = []
    for loader in LOADERS:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(yaml_text, "yaml_loader", lambda loader=loader: loader)
            try:
                document = parse_document(text, "x.yaml")
                read.append((document.data, document.root))
            except InvalidInput:
                read.append("refused")
    assert read[0] == read[1]


@settings(max_examples=trials(900), deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60))
def test_nothing_but_invalid_input_is_ever_raised(text: str | bytes) -> None:
    for file in ("x.yaml", "x.json", "<stdin>"):
        problems: tuple[Problem, ...] = ()
        try:
            parse_document(text, file)
        except InvalidInput as error:
            problems = error.problems
        assert all(problem.line >= 1 and problem.column >= 1 for problem in problems)


PRIVATE = "Geheim"
SPEC = """\
company:
  name: Geheim Geheim
  address: "Geheim \\u4e2d"
  note: |
    Geheim
  long: >-
    Geheim
    Geheim
services: [{id: Geheim, words: ['Geheim', Geheim]}]
"""


@settings(max_examples=trials(1200), deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(SPEC)), st.integers(0, 6), PIECES), min_size=1, max_size=4))
def test_no_message_holds_a_value_of_the_file(edits: list[tuple[int, int, str]]) -> None:
    text = SPEC
    for place, removed, piece in edits:
        text = text[:place] + piece + text[place + removed :]
    for file in ("x.yaml", "x.json"):
        problems: tuple[Problem, ...] = ()
        try:
            parse_document(text, file)
        except InvalidInput as error:
            problems = error.problems
        for problem in problems:
            assert PRIVATE not in problem.message + problem.hint + problem.excerpt


# --- problems ---------------------------------------------------------------------------------------------------------


def test_problems_are_one_line_and_sorted() -> None:
    later = Problem("a.yaml", 10, 1, "", "Second.")
    earlier = Problem("a.yaml", 9, 1, "b[0].c", "First.", "Did you mean 'x'?", "source\n^")
    error = InvalidInput([later, earlier, later])
    assert error.problems == (earlier, later)
    assert str(error) == "a.yaml:9:1: b[0].c: First. Did you mean 'x'?\na.yaml:10:1: Second."
    assert render(earlier).endswith("x'?\nsource\n^")
    assert render(later) == "a.yaml:10:1: Second."
    with pytest.raises(ValueError, match="at least one"):
        InvalidInput([])


def test_paths_are_written_as_people_write_them() -> None:
    assert format_path(("services", 0, "kind")) == "services[0].kind"
    assert format_path(("a b", "c", 1, 2)) == '["a b"].c[1][2]'
    assert format_path(()) == ""


def test_suggestions_forgive_case_and_dashes() -> None:
    assert suggest("Kinds", ["kind", "name"]) == "Did you mean 'kind'?"
    assert suggest("user_content", ["user-content"]) == "Did you mean 'user-content'?"
    assert suggest("zzz", ["kind"]) == ""
    assert suggest("kind", []) == ""
    assert suggest("classes", ["classes", "class"]) == "Did you mean 'classes'?"


def test_words_that_share_a_part_are_suggested_unless_they_are_many() -> None:
    clouds = ["cloud-storage", "own-shop", "cloud-platform"]
    assert suggest("clouds", clouds) == "Did you mean 'cloud-platform' or 'cloud-storage'?"
    assert suggest("B21", ["B21-b", "B21-a", "B22", "B21-c"]) == "Did you mean 'B21-a', 'B21-b' or 'B21-c'?"
    assert suggest("B2", ["B21-a", "B22-b"]) == ""
    assert suggest("capital", ["registered_capital_rmb", "name"]) == "Did you mean 'registered_capital_rmb'?"
    assert suggest("place", [f"place-of-number-{number}" for number in range(9)]) == ""


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"PK\x03\x04\x14\x00", "an archive or an office file (.zip, .docx, .xlsx)"),
        (b"%PDF-1.7\n", "a PDF file"),
        (b"\x1f\x8b\x08\x00", "a compressed file (.gz)"),
    ],
)
def test_a_file_that_is_no_text_is_named(content: bytes, kind: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_document(content, "spec.docx")
    [problem] = caught.value.problems
    assert str(problem) == f"spec.docx:1:1: This is {kind}, not YAML or JSON. Name a text file."


# --- documents of a law


def test_a_text_that_was_read_before_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    content = b"title: {en: once}\nrules: [{id: a}]\n"
    first = recall_document(content, "one/a.yaml")
    monkeypatch.setattr(YamlReader, "read", lambda _: pytest.fail("read again"))
    again = recall_document(content, "two/b.yaml")
    assert (again.file, again.data, again.text) == ("two/b.yaml", first.data, first.text)
    assert str(again.problem(("rules", 0, "id"), "No.")) == "two/b.yaml:2:14: rules[0].id: No."


def test_the_data_of_a_document_that_was_read_before_are_its_own() -> None:
    content = b"rules: [{id: a}]\n"
    recall_document(content, "a.yaml").data["rules"][0]["id"] = "b"
    assert recall_document(content, "a.yaml").data == {"rules": [{"id": "a"}]}


@pytest.mark.parametrize("content", [b"a: [", b"a: 1\na: 2\n", b"\xff"])
def test_the_problems_of_a_text_name_each_file_that_holds_it(content: bytes) -> None:
    for name in ("one.yaml", "two.yaml", "one.yaml"):
        with pytest.raises(InvalidInput) as expected:
            parse_document(content, name)
        with pytest.raises(InvalidInput) as found:
            recall_document(content, name)
        assert str(found.value) == str(expected.value)
        assert name in str(found.value)


def test_one_text_is_read_as_json_or_as_yaml_by_the_name_of_its_file() -> None:
    assert recall_document(b'{"a": 1e3}', "a.json").data == {"a": 1000.0}
    with pytest.raises(InvalidInput):
        recall_document(b'{"a": 1e3}', "a.yaml")


def test_a_file_of_a_law_is_read_from_disk_each_time(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    for text in ("a: 1\n", "a: 2\n"):
        path.write_text(text, encoding="utf-8")
        assert load_document(path, recall=True).data == parse_document(text, "a.yaml").data


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("{ ?foo: bar }\n", "1:3"),
        ("a: { ?foo }\n", "1:6"),
        ("a: [-]\n", "1:5"),
        ("a: [-, b]\n", "1:5"),
        ('a: "b\n\tc"\n', "2:1"),
        ("a: 'b\n \tc'\n", "2:2"),
        ('a: "b\nc"\n', "2:1"),
        ("- 'b\n\n\nc'\n", "4:1"),
        ("a: [b,\nc]\n", "2:1"),
        ("a: {b: 1,\nc: 2}\n", "2:1"),
        ("a: [b,\n{c: 1}]\n", "2:1"),
    ],
)
def test_a_text_that_parsers_read_otherwise_is_refused(text: str, place: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_document(text, "a.yaml")
    [problem] = refused.value.problems
    assert f"{problem.line}:{problem.column}" == place


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ('a: "b\n  c"\n', {"a": "b c"}),
        ('a: "b\n\n c"\n', {"a": "b\nc"}),
        ('"b\nc"\n', "b c"),
        ("a: [\n  b,\n  c,\n]\n", {"a": ["b", "c"]}),
        ("a: {\n  b: 1\n}\n", {"a": {"b": 1}}),
        ('{"a":\n[-1,\n"-"]}\n', {"a": [-1, "-"]}),
        ("a: [-b, c-]\n", {"a": ["-b", "c-"]}),
        ("?a: b\n", {"?a": "b"}),
        ("a: {? b : 1}\n", {"a": {"b": 1}}),
    ],
)
def test_a_text_that_parsers_read_alike_is_read(text: str, data: object) -> None:
    assert parse_document(text, "a.yaml").data == data


@pytest.mark.parametrize("text", ["when: !(a >= b)\n", "rules:\n  - when: !(a >= b) && c\n", "- !(a > b)\n"])
def test_a_negation_with_a_comparison_is_no_block_of_text(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_document(text, "law.yaml")
    [problem] = refused.value.problems
    assert problem.message == "A value cannot begin with !, & or *."
    assert text.splitlines()[problem.line - 1][problem.column - 1] == "!"
