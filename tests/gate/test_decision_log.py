"""The decision log: OPA's form, nothing that a mask names, and no complete record lost, whenever the process dies."""

from __future__ import annotations

import errno
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.console import Console, needs_posix
from tests.support.decision_logs import records
from tests.support.specs import HOSTING, SHOP
from vatspolicy.gate.decision_log import append, make_event, parse_mask

# --- form ---------------------------------------------------------------------------------------------------------------


def test_a_record_has_opas_form(console: Console, law: Path) -> None:
    console.write("spec.yaml", HOSTING)
    console.write("shop.yaml", SHOP)
    ran = console(
        "check",
        "spec.yaml",
        "shop.yaml",
        "--law",
        law,
        "--log",
        "decisions.log",
        "-f",
        "json",
        "--details",
        "--no-fail",
    )
    assert (ran.code, ran.err) == (0, "")
    found = records(console.folder / "decisions.log")
    assert [record["input"]["product"]["id"] for record in found] == ["hosting", "shop"]
    first = found[0]
    assert set(first) == {"labels", "decision_id", "bundles", "path", "input", "result", "timestamp", "type"}
    assert re.fullmatch(r"[0-9a-f-]{36}", first["decision_id"])
    assert len({record["decision_id"] for record in found}) == 2
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", first["timestamp"])
    assert re.fullmatch(r"0\.1\.0\+[0-9a-f]{12}", first["bundles"]["vatspolicy"]["revision"])
    assert json.dumps(first["result"]) in json.dumps(json.loads(ran.out))
    console("check", "spec.yaml", "--law", law, "--log", "decisions.log")
    assert len(records(console.folder / "decisions.log")) == 3
    assert (console.folder / "decisions.log").stat().st_mode & 0o077 == 0


def test_the_revision_of_a_bundle_is_logged(console: Console, law: Path) -> None:
    console.write("spec.yaml", SHOP)
    console("bundle", "build", "--law", law, "--number", "3")
    console("check", "spec.yaml", "--bundle", "bundle.tar.gz", "--log", "d.log")
    assert records(console.folder / "d.log")[0]["bundles"]["vatspolicy"]["revision"].startswith("0.1.0+3.")


def test_a_decision_that_cannot_be_logged_does_not_pass(console: Console, law: Path) -> None:
    console.write("spec.yaml", SHOP)
    ran = console("check", "spec.yaml", "--law", law, "--log", "none/d.log")
    assert (ran.code, ran.out, "cannot write" in ran.err) == (70, "", True)


# --- masks --------------------------------------------------------------------------------------------------------------

FACTS = {"product": {"id": "x", "title": "Secret"}, "company": {"foreign_percent": 33}, "services": [{"area": ["a"]}]}
RESULT = {
    "product": "x",
    "title": "Secret",
    "needs": [{"facts": [{"path": "company.foreign_percent", "value": 33}, {"path": "services[0].area", "value": ["a"]}]}],
}  # fmt: skip


def masked(*texts: str) -> dict[str, Any]:
    return make_event("r", FACTS, RESULT, "t", [parse_mask(text) for text in texts])


def test_masks_erase_and_replace_and_say_so() -> None:
    event = masked("/input/company/foreign_percent")
    assert event["input"]["company"] == {}
    assert event["erased"] == ["/input/company/foreign_percent", "/result/needs/0/facts/0/value"]
    assert event["result"]["needs"][0]["facts"][0] == {"path": "company.foreign_percent"}
    assert event["result"]["needs"][0]["facts"][1]["value"] == ["a"]
    event = masked("/input/product=gone", "/result/needs/0/facts/0")
    assert event["input"]["product"] == "gone"
    assert (event["result"]["product"], event["result"]["title"]) == ("gone", "gone")
    assert event["masked"] == ["/input/product", "/result/product", "/result/title"]
    assert event["erased"] == ["/result/needs/0/facts/0"]
    event = masked("/input")
    assert "input" not in event
    assert "33" not in json.dumps(event["result"])
    assert "Secret" not in json.dumps(event["result"])
    event = masked("/input/company/registered", "/result/none/0")  # of no fact that is there
    assert "erased" not in event
    assert "masked" not in event
    assert FACTS["company"] == {"foreign_percent": 33}  # what was decided is as it was
    assert RESULT["title"] == "Secret"


def test_a_masked_fact_is_nowhere_in_the_log(console: Console, law: Path) -> None:
    console.write("spec.yaml", HOSTING.replace("foreign_percent: 100", "foreign_percent: 49.625"))
    given = ("check", "spec.yaml", "--law", law, "--no-fail", "--log")
    console(*given, "plain.log")
    assert (console.folder / "plain.log").read_text(encoding="utf-8").count("49.625") > 1
    console(*given, "masked.log", "--mask", "/input/company", "--mask", "/input/product/title")
    text = (console.folder / "masked.log").read_text(encoding="utf-8")
    assert "49.625" not in text
    assert "Hosting in Lin-gang" not in text
    assert "/input/company" in records(console.folder / "masked.log")[0]["erased"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("input/company", "Write a JSON Pointer"),
        ("", "Write a JSON Pointer"),
        ("/input/~2", "Write a JSON Pointer"),
        ("/labels/id", "A mask begins with"),
        ("/input/company/foreign_precent", "A profile has no fact"),
        ("/input/services/area", "A profile has no fact"),
    ],
)
def test_a_mask_that_would_mask_nothing_is_refused(console: Console, law: Path, text: str, message: str) -> None:
    console.write("spec.yaml", SHOP)
    ran = console("check", "spec.yaml", "--law", law, "--log", "d.log", "--mask", text)
    assert (ran.code, message in " ".join(ran.err.split())) == (2, True), ran.err
    assert not (console.folder / "d.log").exists()


def test_masks_belong_to_a_log(console: Console, law: Path) -> None:
    console.write("spec.yaml", SHOP)
    assert console("check", "spec.yaml", "--law", law, "--mask", "/input").code == 2


# --- crashes ------------------------------------------------------------------------------------------------------------


def events(first: int, count: int) -> list[dict[str, Any]]:
    return [{"n": first + index, "text": "值\n" * (first + index)} for index in range(count)]


def test_a_torn_line_is_moved_aside_at_every_byte(tmp_path: Path) -> None:
    """The write of the third record is cut at each of its bytes: the two before it and the next one are there."""
    whole = tmp_path / "whole.log"
    append(whole, events(1, 2))
    before = whole.stat().st_size
    append(whole, events(3, 1))
    content = whole.read_bytes()
    for cut in range(before, len(content) + 1):
        path = tmp_path / "d.log"
        path.write_bytes(content[:cut])
        moved = append(path, events(4, 1))
        complete = [1, 2, 3, 4] if cut >= len(content) - 1 else [1, 2, 4]
        assert [record["n"] for record in records(path)] == complete, cut
        torn = Path(f"{path}.torn")
        if cut in (before, len(content) - 1, len(content)):
            assert moved == 0
            assert not torn.exists()
        else:
            assert moved == cut - before
            assert torn.read_bytes() == content[before:cut] + b"\n"
            torn.unlink()


def test_what_was_torn_is_kept_each_time(tmp_path: Path) -> None:
    path = tmp_path / "d.log"
    for text in (b'{"a"', b"\xff\xfe", b"[1]", b"x" * 200_000):
        with path.open("ab") as file:
            file.write(text)
        append(path, [{"n": 1}])
    assert records(path) == [{"n": 1}] * 4
    assert Path(f"{path}.torn").read_bytes() == b'{"a"\n\xff\xfe\n[1]\n' + b"x" * 200_000 + b"\n"


def test_a_write_that_fails_leaves_the_log_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "d.log"
    append(path, events(1, 2))
    before = path.read_bytes()
    write, calls = os.write, []

    def full(handle: int, content: bytes) -> int:
        calls.append(len(content))
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        return write(handle, content[:7])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        append(path, events(3, 1))
    assert path.read_bytes() == before


@needs_posix
def test_a_device_keeps_nothing_and_a_pipe_is_read_elsewhere(tmp_path: Path) -> None:
    assert append(Path(os.devnull), events(0, 2)) == 0
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        append(pipe, events(0, 2))
        assert len(os.read(reader, 1 << 16).splitlines()) == 2
    finally:
        os.close(reader)
    with pytest.raises(
        OSError, match=os.strerror(errno.ENXIO)
    ):  # without a reader the records would be lost in silence
        append(pipe, events(0, 2))


def test_a_torn_line_that_does_not_fit_is_moved_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a full disk every try to move it aside fails, half of it written."""
    log, aside = tmp_path / "log", tmp_path / "log.torn"
    log.write_bytes(b'{"whole": 1}\n{"torn": ')
    write = os.write

    def half(handle: int, content: bytes) -> int:
        if content.startswith(b'{"torn"'):
            write(handle, content[:4])
            raise OSError(28, "No space left on device")
        return write(handle, content)

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", half)
        for _ in range(3):
            with pytest.raises(OSError, match="No space"):
                append(log, events(0, 1))
    assert aside.read_bytes() == b""
    append(log, events(0, 1))
    assert aside.read_bytes() == b'{"torn": \n'
