"""Draw the pictures of the README (`make pictures`): the terminal as SVG, the report as PNG, in a Chromium."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]
SPEC = "fixtures/access/cloud-hosting-beijing.yaml"
WIDTH, ROWS = 80, 24
SIZE = {"width": 900, "height": 640}


def run(*arguments: str, **environment: str) -> str:
    """Return the output of a run that decides, whatever the decision."""
    code = "import sys; from vatspolicy.cli import main; main()"
    env = {name: value for name, value in os.environ.items() if not name.startswith("VATSPOLICY")} | environment
    ran = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    if ran.returncode not in (0, 1):
        raise SystemExit(ran.stderr)
    return ran.stdout


def terminal() -> str:
    """Return the terminal as SVG, without fonts of the network."""
    from rich.console import Console
    from rich.terminal_theme import MONOKAI
    from rich.text import Text

    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="standard")
    console.print(Text.from_ansi(f"$ vatspolicy check {SPEC}"))
    lines = run("check", SPEC, FORCE_COLOR="1", COLUMNS=str(WIDTH)).rstrip("\n").split("\n")
    if len(lines) > ROWS:
        lines = [*lines[: ROWS - 5], "…", *lines[-4:]]
    console.print(Text.from_ansi("\n".join(lines)))
    svg = console.export_svg(title="vatspolicy check", theme=MONOKAI, unique_id="terminal")
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


def report(path: Path) -> None:
    """Write the first screen of the HTML report as PNG."""
    from playwright.sync_api import sync_playwright

    page_file = FOLDER / "report.html"
    page_file.write_text(run("check", SPEC, "-f", "html"), encoding="utf-8")
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=["--disable-gpu", "--no-sandbox"])
            page = browser.new_page(viewport=SIZE, color_scheme="light")
            page.goto(page_file.as_uri())
            page.screenshot(path=path)
            browser.close()
    finally:
        page_file.unlink()


if __name__ == "__main__":
    (FOLDER / "terminal.svg").write_text(terminal(), encoding="utf-8")
    report(FOLDER / "report.png")
