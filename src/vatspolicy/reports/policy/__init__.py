"""Generated documentation: one page per policy, an index, and a calendar of changes, as Markdown or as a site."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.i18n import _
from vatspolicy.output import write_file
from vatspolicy.reports.policy.markdown import calendar_page, index_page, policy_page, to_compare_page
from vatspolicy.reports.policy.page import MARK, Pages, PolicyPage, collect_terms

__all__ = ["Difference", "Foreign", "compare", "make", "write"]

_OVERVIEWS = {"markdown": ("index", "calendar", "to-compare"), "html": ("index", "calendar", "search", "matrix")}
"""Pages that do not belong to a policy."""
_ENDINGS = {"markdown": ("*.md",), "html": ("*.html", "zh/*.html")}
"""Glob patterns of the pages of a format."""


class Foreign(Exception):
    """A file in the way that this command did not make."""


@dataclass(frozen=True)
class PageDifference:
    """Difference between a folder and the pages it should contain: file names, each in order."""

    missing: tuple[str, ...]
    stale: tuple[str, ...]
    superfluous: tuple[str, ...]

    def lines(self, folder: Path) -> tuple[str, ...]:
        """Return a line for each page: the difference and the path."""
        return (
            *(_("missing {path}", path=folder / name) for name in self.missing),
            *(_("stale {path}", path=folder / name) for name in self.stale),
            *(_("extra {path}", path=folder / name) for name in self.superfluous),
        )

    def __bool__(self) -> bool:
        return bool(self.missing or self.stale or self.superfluous)


def make(bundle: Bundle, format: str = "markdown", day: str | None = None, decides: bool = False) -> Pages:
    """Render all pages by path, in a format; `day` is that of the access matrix, which only a site has.
    `decides`: the site links to the page that decides.

    Raises InvalidInput for a policy whose page would take the place of an overview.
    """
    ending = "md" if format == "markdown" else format
    problems = [
        Problem(
            bundle.policies[id].file,
            1,
            1,
            "id",
            _("The page {id}.{ending} is an overview of all policies.", id=id, ending=ending),
            _("Choose another id."),
        )
        for id in _OVERVIEWS[format]
        if id in bundle.policies
    ]
    if problems:
        raise InvalidInput(problems)
    terms = collect_terms(bundle)
    if format == "html":
        from vatspolicy.reports.policy.site import make_site

        return make_site(bundle, terms, day, decides)
    pages = {f"{policy.id}.md": policy_page(PolicyPage(bundle, policy, terms)) for policy in bundle.policies.values()}
    overviews = {"index": index_page, "calendar": calendar_page, "to-compare": to_compare_page}
    return pages | {f"{id}.md": render(bundle) for id, render in overviews.items()}


def compare(folder: Path, pages: Pages, format: str = "markdown") -> PageDifference:
    """Compare a folder with its pages. A file that the command did not write is never superfluous."""
    present = _made(folder, format)
    texts = {name: folder / name for name in pages}
    missing = [name for name, path in texts.items() if not path.is_file()]
    stale = [name for name, path in texts.items() if path.is_file() and path.read_bytes() != pages[name].encode()]
    return PageDifference(tuple(sorted(missing)), tuple(sorted(stale)), tuple(sorted(present - set(pages))))


def write(folder: Path, pages: Pages, format: str = "markdown") -> PageDifference:
    """Write missing or stale pages and remove superfluous ones. Return the difference found.

    Raises Foreign, before anything is written, if a file in the way was not made by this command. Raises OSError.
    """
    difference = compare(folder, pages, format)
    made = _made(folder, format)
    for name in difference.stale:
        if name not in made:
            raise Foreign(
                _("This command did not create {path}. Move it, or choose another folder.", path=folder / name)
            )
    for name in (*difference.missing, *difference.stale):
        write_file(folder / name, pages[name])
    for name in difference.superfluous:
        (folder / name).unlink()
    return difference


def _made(folder: Path, format: str) -> set[str]:
    """Return paths of the pages in a folder that the command wrote: their first or second line says so."""
    found = (path for ending in _ENDINGS[format] for path in folder.glob(ending) if path.is_file())
    return {path.relative_to(folder).as_posix() for path in found if MARK.encode() in path.read_bytes()[:_BEGINNING]}


_BEGINNING = 200
