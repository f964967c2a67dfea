"""What fuzzers feed, and what must hold of any input: hypothesis (test_hostile_fuzz.py) and atheris (fuzz/fuzz.py).

A target takes bytes. It returns whether they were accepted, and raises only where a promise is broken.
"""

from __future__ import annotations

import ast
import asyncio
import functools
import json
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from tests.support.activations import VALUES, run_generated, scope_of
from tests.support.fuzz_archives import make_bundle, mend_checksums, signing_key
from tests.support.fuzz_seeds import (
    APPROVERS,
    BASE,
    EXPRESSIONS,
    MENDED,
    decided,
    make_archives,
    make_bundles,
    make_requests,
    make_waivers,
    small_law,
)
from tests.support.specs import HOSTING, SHOP, TODAY
from vatspolicy.bundles.archive import ArchiveError, read_archive
from vatspolicy.bundles.bundle_file import content_digest, read_bundle_bytes
from vatspolicy.bundles.signature import read_claims, verify
from vatspolicy.core.cel.codegen import GeneratedModule
from vatspolicy.core.cel.grammar import ExpressionError
from vatspolicy.core.cel.interpreter import evaluate as ask
from vatspolicy.core.cel.parser import parse
from vatspolicy.core.documents import Document, parse_document
from vatspolicy.core.engine.decision import Finding
from vatspolicy.core.policies.bundle import build_bundle, read_sources
from vatspolicy.core.profile.profile import read_profile
from vatspolicy.errors import InvalidInput
from vatspolicy.gate.gate import Gate
from vatspolicy.gate.waivers.apply import apply_waivers
from vatspolicy.gate.waivers.load import load_waiver_set
from vatspolicy.reports.decision import render
from vatspolicy.reports.formats import FORMATS

NAMES = re.compile(r"v|u|len|nothing|join|combine|named|f[0-9]+|[xtkmpscri][0-9]+")
NODES = (
    ast.Module, ast.FunctionDef, ast.arguments, ast.arg, ast.Return, ast.Name, ast.Load, ast.Store, ast.Constant,
    ast.Assign, ast.If, ast.IfExp, ast.For, ast.Break, ast.Subscript, ast.Attribute, ast.Call, ast.Compare, ast.BoolOp, ast.And, ast.Or,
    ast.UnaryOp, ast.Not, ast.USub, ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE,
    ast.In, ast.Is, ast.IsNot, ast.Tuple,
)  # fmt: skip
"""Everything that generated code may be made of."""
ATTRIBUTES = {"get", "startswith", "endswith", "isdisjoint", "issuperset", "intersection"}
"""What it may ask of objects, texts, sets and lists."""


def only_own_code(source: str) -> None:
    """Generated source holds nodes and names of the generator alone; of a policy, it holds constants."""
    for node in ast.walk(ast.parse(source)):
        assert isinstance(node, NODES), type(node)
        if isinstance(node, ast.Name):
            assert NAMES.fullmatch(node.id), node.id
        if isinstance(node, ast.Attribute):
            assert node.attr in ATTRIBUTES, node.attr
        if isinstance(node, ast.Call):
            assert isinstance(node.func, ast.Name | ast.Attribute)
            assert not node.keywords
        if isinstance(node, ast.FunctionDef):
            assert NAMES.fullmatch(node.name)
            assert not node.decorator_list
        if isinstance(node, ast.Constant):
            assert isinstance(node.value, str | int | float | bool | None)


def _document(name: str, data: bytes) -> Document | None:
    try:
        document = parse_document(data, name)
    except InvalidInput as error:
        assert all(problem.line >= 1 and problem.column >= 1 and "\n" not in str(problem) for problem in error.problems)
        return None
    _places(document, document.data, ())
    return document


def _places(document: Document, value: Any, path: tuple[str | int, ...]) -> None:
    """Every value has a place inside the file, and none is a number that JSON or a double cannot hold."""
    assert len(path) <= 33
    line, column = document.mark(path)
    assert 1 <= line <= document.text.count("\n") + 1
    assert column >= 1
    if isinstance(value, float | int) and not isinstance(value, bool):
        assert abs(value) <= 2**53
    for key, child in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        _places(document, child, (*path, key))


def read_yaml(data: bytes) -> bool:
    """The loader of YAML."""
    return _document("x.yaml", data) is not None


def read_json(data: bytes) -> bool:
    """The loader of JSON: what it takes, the standard library takes and reads alike."""
    document = _document("x.json", data)
    if document is not None:
        text = data.decode("utf-8").removeprefix("\ufeff")
        assert json.loads(text) == document.data
    return document is not None


_SHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def decide_spec(data: bytes) -> bool:
    """A spec from its text to every report: decided, or refused with its places."""
    document = _document("x.yaml", data)
    if document is None:
        return False
    try:
        _, record = Gate(small_law(), TODAY, None, True).decide(read_profile(document))
    except InvalidInput as error:
        assert error.problems
        return False
    for format in FORMATS:
        report = render(format, [record], "en")
        assert not _SHOWN.search(report), format
        if format == "github":
            assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in report.splitlines())
    return True


def read_expression(data: bytes) -> bool:
    """The front end of CEL, and what is made of the expressions that it takes."""
    text = data.decode("utf-8", "replace")
    try:
        tree = parse(text, scope_of({"t": "data.ciio"}), None)
    except ExpressionError as error:
        assert 0 <= error.span[0] <= error.span[1]
        assert error.message
        return False
    module = GeneratedModule.generate({text: tree})
    only_own_code(module.source)
    activation: Mapping[str, Any] = {"company": {"foreign_percent": 50.0}, "services": [], "data": {}}
    assert run_generated(module.load(VALUES)[text], tree, activation, VALUES) == ask(tree, activation, VALUES)
    return True


def read_policy(data: bytes) -> bool:
    """A policy beside a sound one: linked and typed, or refused."""
    sources = [(name, text) for name, text in read_sources(BASE) if not name.endswith("regulations.yaml")]
    try:
        bundle = build_bundle([*sources, ("policies/regulations.yaml", data)])
    except InvalidInput as error:
        assert error.problems
        return False
    bundle.on(bundle.boundaries[-1])
    return True


_TEMPORARY = tempfile.TemporaryDirectory(prefix="fuzz-")  # gone when the process ends


def _folder() -> Path:
    return Path(_TEMPORARY.name)


def read_tar(data: bytes) -> bool:
    """The reader of archives: nothing is written, and no name leads out. After `MENDED`, checksums are made right."""
    path = _folder() / "bundle.tar.gz"
    path.write_bytes(mend_checksums(data.removeprefix(MENDED)) if data.startswith(MENDED) else data)
    try:
        found = read_archive(path, max_bytes=2**20, max_files=50)
    except ArchiveError as error:
        assert "\n" not in str(error)
        return False
    for name, content in found:
        assert not name.startswith("/")
        assert ".." not in name.split("/")
        assert len(content) <= 2**20
    return True


def read_bundle_file(data: bytes) -> bool:
    """The reader of bundles, after that of archives: the bundle that a text describes, its signature, and its law."""
    made = make_bundle(data)
    if made is None:
        return False
    path = str(_folder() / "package.tar.gz")
    try:
        found = read_bundle_bytes(path, made)
        assert verify(found, signing_key() if found.signed else None) == read_claims(found)
        found.load()
    except InvalidInput as error:
        assert error.problems
        assert "\n" not in str(error.problems[0])
        return False
    assert found.digest == content_digest(found.files)
    return True


def read_waivers(data: bytes) -> bool:
    """Waivers, approvers, a baseline and granted opinions: read, and applied to a decision."""
    path = _folder() / "waivers.yaml"
    path.write_bytes(data)
    found = load_waiver_set(path, path, path, opinions=path)
    assert len(found.problems) >= 3, "no file is of two kinds"
    listed = {waiver.rule for waiver in found.waivers}
    listed |= {entry.rule for entry in found.baseline.entries} if found.baseline else set()
    approvers = found.approvers or load_waiver_set(None, _write("approvers.yaml", APPROVERS)).approvers
    run = apply_waivers(small_law(), [decided()], replace(found, approvers=approvers), TODAY)
    for kind, number in run.waived[0]:
        finding: Finding = getattr(decided()[1], kind)[number]
        assert finding.rule.name in listed
    return bool(found.waivers or found.approvers or found.baseline or found.opinions)


def _write(name: str, text: str) -> Path:
    path = _folder() / name
    path.write_text(text, encoding="utf-8")
    return path


@functools.cache
def _app() -> Any:
    from vatspolicy.server.api.bundle_store import open_store
    from vatspolicy.server.api.router import ApiSettings, make_api

    return make_api(open_store(BASE), ApiSettings(today=lambda: TODAY))


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def request_api(data: bytes) -> bool:
    """A request: first line method and path, then headers, an empty line, the body. Never 500, always JSON or metrics."""
    head, _, body = data.partition(b"\n\n")
    first, *lines = head.split(b"\n")
    method, _, target = first.partition(b" ")
    path, _, query = target.partition(b"?")
    headers = [tuple(line.partition(b":")[::2]) for line in lines]
    scope = {
        "type": "http", "method": method.decode("latin-1") or "GET", "path": path.decode("utf-8", "replace") or "/",
        "raw_path": path, "query_string": query,
        "headers": [(b"host", b"localhost"), *((name.lower(), value.strip()) for name, value in headers if name)],
        "root_path": "", "scheme": "http", "http_version": "1.1", "client": None, "server": ("localhost", 80),
    }  # fmt: skip
    sent: list[Any] = []
    given = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Any:
        return next(given, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        sent.append(message)

    _loop().run_until_complete(_app()(scope, receive, send))
    status = sent[0]["status"]
    assert status in (200, 207, 307, 400, 401, 403, 404, 405, 413, 415, 421), status
    content = b"".join(message.get("body", b"") for message in sent[1:])
    if status not in (200, 207):
        assert not content or json.loads(content)["code"]
    return bool(status < 300)


TARGETS: dict[str, tuple[Callable[[bytes], bool], Callable[[], list[bytes]]]] = {
    "yaml": (read_yaml, lambda: [SHOP.encode(), HOSTING.encode(), b"a: &x [1, 2]\nb: *x\nc: |\n  t\n"]),
    "json": (read_json, lambda: [json.dumps(yaml.safe_load(SHOP)).encode(), b'{"a": [1.5e3, "\\u4e2d", null, true]}']),
    "spec": (decide_spec, lambda: [SHOP.encode(), HOSTING.encode()]),
    "expression": (read_expression, lambda: [text.encode() for text in EXPRESSIONS]),
    "policy": (read_policy, lambda: [(BASE / "regulations.yaml").read_bytes()]),
    "archive": (read_tar, make_archives),
    "bundle": (read_bundle_file, lambda: make_bundles(_folder())),
    "waivers": (read_waivers, make_waivers),
    "api": (request_api, make_requests),
}
"""Target and inputs to begin with, by name."""

_WORD = re.compile(rb"[A-Za-z0-9_.-]+")


def swap_words(data: bytes, swaps: Iterable[tuple[int, int]]) -> bytes:
    """Put words of an input in the places of others: it stays well-formed more often than with pieces put in."""
    for place, other in swaps:
        words = list(_WORD.finditer(data))
        if words:
            start, end = words[place % len(words)].span()
            data = data[:start] + words[other % len(words)].group() + data[end:]
    return data


COST = {"spec": 4, "policy": 8, "bundle": 4, "waivers": 2, "api": 2}
"""How much dearer an input is than one of the others."""
PIECES = (
    b"\0", b"\xff", b"\xed\xa0\x80", "\u202e".encode(), "\u2028".encode(), b"\x1b[31m", b"\r\n", b"\t", b"NaN", b"1e999", b"-0",
    b"9" * 40, b"[" * 60, b"{" * 60, b"(" * 60, b"&a ", b"*a", b"!!python/object:os.system ", b"<<: ", b"---\n", b"...", b"%", b"no",
    b"010", b"'", b'"', b"\\", b"\\ud800", b"#", b"::error::x\n", b"</script>", b"]]>", b"${{", b"../../etc/passwd", b"C:\\", b" ",
    b"__import__('os')", b"x" * 300, b"&&", b"||", b"==", b".matches('(a+)+$')", b".exists(x, x)", b"null", b"true", b"services", b"-" * 30, b'"' + b"\\" * 60,
)  # fmt: skip
"""Pieces that are put into seeds."""
