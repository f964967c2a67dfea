"""Saves of files while `watch` runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.console import Console, Ran
from vatspolicy.cli.commands import watch


def watched(
    console: Console, monkeypatch: pytest.MonkeyPatch, *saves: Callable[[], object], options: tuple[str, ...] = ()
) -> Ran:
    """Run the command; before each look at the files one save is made, and after the last one Ctrl-C is pressed."""
    waiting = list(saves)

    def save_or_interrupt() -> None:
        if not waiting:
            raise KeyboardInterrupt
        waiting.pop(0)()

    monkeypatch.setattr(watch, "wait", save_or_interrupt)
    return console("watch", "--today", "2026-06-01", *options)


def edit(path: Path, old: str, new: str) -> Callable[[], object]:
    def save() -> None:
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return save
