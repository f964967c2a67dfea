"""Generated documentation: one page per policy, an index, and a calendar of changes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vatspolicy.bundle import Bundle
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.expression.tree import Node, Term, walk
from vatspolicy.output import write_file
from vatspolicy.pages.overview import calendar_page, index_page
from vatspolicy.pages.parts import MARK, Pages
from vatspolicy.pages.policy import policy_page

__all__ = ["Difference", "Foreign", "compare", "make", "write"]

_OVERVIEWS = ("index", "calendar")


class Foreign(Exception):
    """A file in the way that this command did not make."""


@dataclass(frozen=True)
class Difference:
    """How a folder differs from the pages that it should hold: file names, each in order."""

    missing: tuple[str, ...]
    stale: tuple[str, ...]
    superfluous: tuple[str, ...]

    def lines(self, folder: Path) -> tuple[str, ...]:
        """One line for each page: what is wrong with it, and its path."""
        kinds = (("missing", self.missing), ("stale", self.stale), ("superfluous", self.superfluous))
        return tuple(f"{kind} {folder / name}" for kind, names in kinds for name in names)

    def __bool__(self) -> bool:
        return bool(self.missing or self.stale or self.superfluous)


def make(bundle: Bundle) -> Pages:
    """All pages by file name. Raises InvalidInput for a policy whose page would take the place of an overview."""
    problems = [
        Problem(
            bundle.policies[id].file,
            1,
            1,
            "id",
            f"The page {id}.md is an overview of all policies.",
            "Choose another id.",
        )
        for id in _OVERVIEWS
        if id in bundle.policies
    ]
    if problems:
        raise InvalidInput(problems)
    terms: dict[tuple[str, str], Node] = {}
    for policy, expression in bundle.owned_expressions():
        for node in walk(expression.tree):
            if isinstance(node, Term):
                owner, _ = bundle.term(policy, node.name)
                terms.setdefault((owner.id, node.name), node.body)
    pages = {f"{policy.id}.md": policy_page(bundle, policy, terms) for policy in bundle.policies.values()}
    return pages | {"index.md": index_page(bundle), "calendar.md": calendar_page(bundle)}


def compare(folder: Path, pages: Pages) -> Difference:
    """How a folder differs from its pages. A file that the command did not make is never superfluous."""
    present = _made(folder)
    texts = {name: folder / name for name in pages}
    missing = [name for name, path in texts.items() if not path.is_file()]
    stale = [name for name, path in texts.items() if path.is_file() and path.read_bytes() != pages[name].encode()]
    return Difference(tuple(sorted(missing)), tuple(sorted(stale)), tuple(sorted(present - set(pages))))


def write(folder: Path, pages: Pages) -> Difference:
    """Write the pages that are missing or stale and remove superfluous ones; says what it did.

    Raises Foreign, before anything is written, when a file that the command did not make stands in the way; OSError.
    """
    difference = compare(folder, pages)
    made = _made(folder)
    for name in difference.stale:
        if name not in made:
            raise Foreign(f"{folder / name} was not made by this command. Move it, or choose another folder.")
    for name in (*difference.missing, *difference.stale):
        write_file(folder / name, pages[name])
    for name in difference.superfluous:
        (folder / name).unlink()
    return difference


def _made(folder: Path) -> set[str]:
    """Names of the pages in a folder that the command made."""
    return {path.name for path in folder.glob("*.md") if path.is_file() and path.read_bytes().startswith(MARK.encode())}
