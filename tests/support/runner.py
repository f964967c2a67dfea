"""Files through which a runner of GitHub and its steps speak."""

from __future__ import annotations

import re
from pathlib import Path


def read_outputs(path: Path) -> dict[str, str]:
    """Reads a GITHUB_OUTPUT file as the runner does: `name=value`, or `name<<word` up to a line that is the word."""
    outputs: dict[str, str] = {}
    lines = iter(path.read_text(encoding="utf-8").splitlines())
    for line in lines:
        block = re.fullmatch(r"([\w-]+)<<(.+)", line)
        if block:
            value = []
            while (line := next(lines)) != block[2]:
                value.append(line)
            outputs[block[1]] = "\n".join(value)
        else:
            name, _, text = line.partition("=")
            outputs[name] = text
    return outputs
