"""The rulebook as a site: the same pages in English and Chinese, each whole in itself, from a disk or a server."""

from __future__ import annotations

from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.i18n import Language
from vatspolicy.reports.policy.index import Pages
from vatspolicy.reports.policy.lookup import find
from vatspolicy.reports.policy.page import PolicyPage, Terms
from vatspolicy.reports.policy.site.access import access_tables, matrix_page
from vatspolicy.reports.policy.site.overview import calendar_page, index_page
from vatspolicy.reports.policy.site.policy import policy_page, rule_page
from vatspolicy.reports.policy.site.search import search_page
from vatspolicy.reports.policy.site.site import FOLDERS, OVERVIEWS, Site

__all__ = ["OVERVIEWS", "explain_page", "make_site"]

LANGUAGES: tuple[Language, Language] = ("en", "zh")


def explain_page(bundle: Bundle, name: str, lang: Language) -> str:
    """Render the page of a policy, or of a rule as policy/rule, that stands alone.

    Raises:
        KeyError: The name is unknown; with a message.
    """
    found = find(bundle, name)
    if isinstance(found, PolicyPage):
        return policy_page(Site(bundle, lang, scope="policy"), found)
    return rule_page(Site(bundle, lang, scope="rule"), found)


def make_site(bundle: Bundle, terms: Terms, day: str | None = None) -> Pages:
    """Render all pages by path: English ones at the top, Chinese ones under zh/, under the same names.

    `day` is that of the access matrix, which is left out without one.
    """
    tables = access_tables(bundle, day) if day else []
    pages: Pages = {}
    for lang in LANGUAGES:
        site, folder = Site(bundle, lang, matrix=bool(tables)), FOLDERS[lang]
        pages[f"{folder}index.html"] = index_page(site)
        pages[f"{folder}calendar.html"] = calendar_page(site)
        pages[f"{folder}search.html"] = search_page(site)
        if tables:
            pages[f"{folder}matrix.html"] = matrix_page(site, tables)
        for policy in bundle.policies.values():
            pages[f"{folder}{policy.id}.html"] = policy_page(site, PolicyPage(bundle, policy, terms))
    return pages
