"""A program that runs a command after each save, in place of one that watches files by itself."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time

import pytest

from tests.acceptance.test_instead import ROWS
from tests.support.console import Console, needs_posix
from tests.support.law_builder import bundle_of
from tests.support.layer_builder import LAW
from tests.support.programs import require_program
from tests.support.repositories import commit, git
from tests.support.specs import SHOP


@needs_posix
def test_each_save_is_linted(console: Console, tmp_path_factory: pytest.TempPathFactory) -> None:
    require_program("entr")
    watch, diff = ROWS["vatspolicy watch"]
    bundle_of(console.folder / "policies", **LAW)
    policy = console.folder / "policies/limits.yaml"
    console.write("fixtures/shop.yaml", SHOP)
    git(console.folder, "init", "--quiet")
    commit(console.folder)
    program = tmp_path_factory.mktemp("bin") / "vatspolicy"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m vatspolicy "$@"\n')
    program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"}
    process = subprocess.Popen(
        ["bash", "-c", watch],
        cwd=console.folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    stop = threading.Timer(60, os.killpg, (process.pid, signal.SIGKILL))
    stop.start()
    assert process.stdout is not None
    try:
        first = next((line for line in process.stdout if re.match(r"\d+ errors?, ", line)), "")
        time.sleep(1)  # entr looks again once the command has ended
        policy.write_text(policy.read_text().replace('== "public"', '== "publik"'))
        second = next((line for line in process.stdout if "publik" in line), "")
    finally:
        stop.cancel()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
    assert first
    assert "limits.yaml:10" in second
    policy.write_text(policy.read_text().replace('== "publik"', '!= "public"'))
    ran = console(*shlex.split(diff)[1:], "--semantic", "off")
    assert (ran.code, "Rule relay" in ran.out) == (0, True), ran.err
