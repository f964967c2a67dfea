"""What a report of a comparison imports: a command waits for it."""

from __future__ import annotations

import subprocess
import sys


def test_only_pages_and_markdown_load_templates() -> None:
    script = "import sys; from vatspolicy.reports.diff import github, sarif, text; print('jinja2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "False\n"
