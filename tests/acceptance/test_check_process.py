"""`vatspolicy check` as a process: streams that close, terminals without Unicode, and interrupts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.console import needs_posix
from tests.support.shipped import ROOT
from tests.support.specs import HOSTING

DAY = ("--as-of", "2027-01-31", "--allow-past-as-of")
DENIED = "services.0.facilities=[chengdu]"


def spawn(law: Path, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    buffered = {"PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": ""}
    environment = {**os.environ, **buffered, **options.pop("env", {})}
    code = "from vatspolicy.cli import main; main()"
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, **options}
    command = [sys.executable, "-c", code, "check", "--law", str(law), *DAY, *arguments]
    return subprocess.Popen(command, env=environment, **streams)


@pytest.fixture
def spec(tmp_path: Path) -> str:
    """A spec that is decided for the day of its launch, whatever the clock says."""
    path = tmp_path / "hosting.yaml"
    path.write_text(HOSTING)
    return str(path)


@needs_posix
def test_a_reader_that_goes_away_is_no_error(law: Path, spec: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = spawn(law, spec, stdout=writing)
    os.close(writing)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (1, b"")


@needs_posix
def test_a_log_that_goes_away_does_not_change_the_code(law: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = spawn(law, "missing.yaml", stderr=writing)
    os.close(writing)
    process.communicate(timeout=60)
    assert process.returncode == 3


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_a_full_standard_output_is_told_once(law: Path, spec: str) -> None:
    with open("/dev/full", "wb") as full:
        process = spawn(law, spec, stdout=full)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 70
    fault = b"cannot write to standard output: No space left on device. Free space there, or write to another place."
    assert err == b"vatspolicy: " + fault + b"\n"


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="standard output as a file")
@pytest.mark.parametrize("mode", ["ab", "wb"])
def test_a_report_to_standard_output_keeps_what_is_there(law: Path, spec: str, tmp_path: Path, mode: str) -> None:
    """`-o json=/dev/stdout >> file`: to replace the file would lose what it holds, and the report after it."""
    file = tmp_path / "out"
    file.write_bytes(b"before\n")
    with file.open(mode) as out:
        process = spawn(law, spec, "-o", "json=/dev/stdout", "--log", "/dev/fd/1", stdout=out)
        assert process.communicate(timeout=60)[1] == b""
    text = file.read_text()
    assert text.startswith("before\n" if mode == "ab" else "{")
    log, _, rest = text.removeprefix("before\n").partition("\n")
    assert json.loads(log)["type"] == "openpolicyagent.org/decision_logs"
    report, end = json.JSONDecoder().raw_decode(rest)
    assert report["decision"] == "needs-license"
    assert "NEEDS LICENSE" in rest[end:]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_terminal_without_unicode(law: Path, spec: str, lang: str) -> None:
    """Marks become plain signs, and unknown (?) stays apart from closed (x)."""
    plain = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0", "COLUMNS": "200"}
    process = spawn(law, spec, "--lang", lang, "--set", DENIED, env=plain)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (1, b"")
    text = out.decode("ascii")
    assert ("  x cloud/B11: The place" in text) if lang == "en" else ("\\u4e0d\\u5f97\\u4e0a\\u7ebf" in text)


def test_what_a_program_reads_is_utf_8_everywhere(law: Path, spec: str) -> None:
    process = spawn(
        law, spec, "-f", "json", "--details", env={"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0"}
    )
    out, _ = process.communicate(timeout=60)
    assert "中华人民共和国电信条例".encode() in out
    assert b"\r" not in out
    assert json.loads(out)["decision"] == "needs-license"


def test_help_where_there_is_no_unicode(law: Path) -> None:
    process = spawn(law, "--help", env={"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0"})
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")
    assert "--fail-on" in out.decode("ascii")


@needs_posix
def test_ctrl_c(law: Path, tmp_path: Path) -> None:
    """The interrupt comes while the spec is read from a pipe that nobody writes to."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    process = spawn(law, str(pipe))
    with pipe.open("wb"):  # returns when the other side has begun to read
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, b"vatspolicy: interrupted.\n")
