"""The address of the repository, which stands in pyproject.toml, and its copies in documentation and templates.

Readers copy these lines, so they name the repository in full: python -m release.addresses [OWNER] writes them anew.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UNSET = "OWNER"
"""Owner of the repository until somebody sets one."""
COPIES = ("*.md", "docs/*.md", "templates/*.yml", ".github/CODEOWNERS")
"""Files that may hold copies."""
_NAME = r"[\w.-]+"
_COPY = re.compile(
    rf"(?P<before>\bgithub\.com/|\buses: |--repo )(?P<owner>{_NAME})/vatspolicy\b"
    rf"|(?P<team>(?<= )@)(?P<team_owner>{_NAME})(?=/(?:legal|engineering|approvers)\b)"
)


def read_address(root: Path = ROOT) -> str:
    """Return the address of the repository: `https://github.com/OWNER/vatspolicy`."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["urls"]["Repository"])


def read_owner(root: Path = ROOT) -> str:
    """Return the owner of the repository. Raises ValueError for an address of another form."""
    found = re.fullmatch(rf"https://github\.com/({_NAME})/vatspolicy", read_address(root))
    if found is None:
        raise ValueError(f"pyproject.toml: {read_address(root)} is not https://github.com/OWNER/vatspolicy")
    return found[1]


def find_copies(root: Path = ROOT) -> Iterator[tuple[Path, int, str]]:
    """Yield each copy: its file, its line and the owner that it names."""
    for pattern in COPIES:
        for path in sorted(root.glob(pattern)):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                for found in _COPY.finditer(line):
                    yield path, number, found["owner"] or found["team_owner"]


def find_differences(root: Path = ROOT) -> list[str]:
    """Return the places of the copies that name another owner than pyproject.toml."""
    owner = read_owner(root)
    return [f"{path.relative_to(root)}:{line}: {named}" for path, line, named in find_copies(root) if named != owner]


def write_owner(owner: str, root: Path = ROOT) -> None:
    """Set the owner in pyproject.toml and in all copies, and drop the comments that ask for it."""
    if not re.fullmatch(_NAME, owner):
        raise ValueError(f"{owner} is not the name of an owner")
    project = root / "pyproject.toml"
    address = f"https://github.com/{owner}/vatspolicy"
    project.write_text(project.read_text(encoding="utf-8").replace(read_address(root), address), encoding="utf-8")

    def renamed(found: re.Match[str]) -> str:
        return f"{found['before']}{owner}/vatspolicy" if found["before"] else f"@{owner}"

    for path in {path for path, *_ in find_copies(root)}:
        text = re.sub(rf"^ *# Replace {UNSET}\b.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        path.write_text(_COPY.sub(renamed, text), encoding="utf-8")


if __name__ == "__main__":
    write_owner(sys.argv[1] if len(sys.argv) > 1 else read_owner())
    subprocess.run(["git", "status", "--short"], cwd=ROOT, check=False)
