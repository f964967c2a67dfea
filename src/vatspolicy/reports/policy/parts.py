"""Parts that every page is made of: the mark of a made page, links, texts in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

from vatspolicy.policies.model import NEVER, Policy
from vatspolicy.profile.vocabulary import LocalizedText, label
from vatspolicy.reports.formats.markdown import escape

MARK = "<!-- Made by `vatspolicy docs build`; change the policies and build again. -->"
"""First line of every page that the command may overwrite or remove."""

VERIFICATION = {"primary": "一手核实", "secondary": "二手资料", "unverified": "未核实"}

Pages = dict[str, str]
"""Text of pages by file name."""


def both(text: LocalizedText) -> str:
    """English and Chinese, one after the other."""
    return f"{escape(text['en'])} · {escape(text['zh'])}"


def dates(since: str, until: str) -> str:
    """A period in words."""
    return f"{since} – {'until further notice · 至今' if until == NEVER else until}"


def page_link(policy: Policy) -> str:
    """A link to the page of a policy, by its English title."""
    return f"[{escape(policy.title['en'])}]({policy.id}.md)"


def rule_link(policy: str, rule: str) -> str:
    """A link to a rule on the page of its policy."""
    return f"[`{rule}`]({policy}.md#{rule})"


def web_link(text: str, url: str) -> str:
    """A link to an official page; the address cannot end the link or begin markup."""
    return f"[{escape(text)}]({quote(url, safe=':/?#@!$&+,;=%~-._')})"


def bodies(names: Iterable[str]) -> str:
    """Authorities by name."""
    return "; ".join(both(label("authority", name)) for name in names)


def page(lines: Iterable[str]) -> str:
    """A page: its mark, then its lines, with no blank line twice."""
    text = "\n".join([MARK, "", *lines])
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"
