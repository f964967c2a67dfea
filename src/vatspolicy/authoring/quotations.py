"""Quotes of the law: their hash, and whether a text contains them word for word.

Line breaks, spaces and the width of punctuation make no difference; every word does. A cut is marked `……`.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction

CUT = "……"
"""Mark for omitted words in a quote."""
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    ord(wide): narrow for wide, narrow in {"。": ".", "“": '"', "”": '"', "‘": "'", "’": "'"}.items()
}
_LIKELY = 400
"""Maximum number of omitted characters between two parts of a quote."""


def quote_hash(quote: str) -> str:
    """Return the hash of a quote: SHA-256 over its characters (NFC), white space omitted."""
    return f"sha256:{hashlib.sha256(_bare(quote).encode()).hexdigest()}"


_WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
_WORDS |= {"fifteen": 15, "twenty": 20, "thirty": 30, "sixty": 60, "ninety": 90}
_TEN_THOUSAND, _HUNDRED_MILLION = "\u4e07\u4ebf"
_SCALES = {
    _TEN_THOUSAND: 10**4,
    _HUNDRED_MILLION: 10**8,
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
}
"""Words that multiply the number before them, by their value."""
_NUMBER = re.compile(
    rf"(\d[\d,]*(?:\.\d+)?|\b(?:{'|'.join(_WORDS)})\b)\s*({'|'.join(_SCALES)})?",
    re.IGNORECASE,
)


def numbers_in(text: str) -> frozenset[Fraction]:
    """Return the numbers that a text states, such as 51, 1,000,000 and ten million, in English or Chinese."""
    numbers = set()
    for number, scale in _NUMBER.findall(text):
        word = number.lower()
        value = Fraction(_WORDS[word]) if word in _WORDS else Fraction(number.replace(",", ""))
        numbers.add(value * _SCALES.get(scale.lower(), 1))
    return frozenset(numbers)


@dataclass(frozen=True)
class StatuteText:
    """A text of the law, as it is searched."""

    name: str
    plain: str
    """Its characters, without white space."""
    folded: str
    """Plain characters, with narrow punctuation in place of wide."""
    digest: str
    """SHA-256 of the file, in hexadecimal."""

    @classmethod
    def read(cls, name: str, content: bytes) -> StatuteText:
        """Read the file of a text in Markdown; comments and heading marks are not part of it."""
        plain = _bare(re.sub(r"<!--.*?-->|^#+ ", "", content.decode(), flags=re.DOTALL | re.MULTILINE))
        return cls(name, plain, _fold(plain), hashlib.sha256(content).hexdigest())

    def holds(self, quote: str) -> bool:
        """Return True if the text contains the parts of the quote between its cuts, in order."""
        return self.first_missing(quote) is None

    def first_missing(self, quote: str) -> str | None:
        """Return the first part of a quote that does not follow the preceding parts; None if all do."""
        at = 0
        for part in filter(None, _bare(quote).split(CUT)):
            found = self.folded.find(_fold(part), at)
            if found < 0:
                return part
            at = found + len(part)
        return None

    def silent_cut(self, part: str) -> str | None:
        """Return the words that a part omits without a mark; None if it differs in another way."""
        folded = _fold(part)
        for size in range(len(folded) - 1, 0, -1):
            for place in re.finditer(f"(?={re.escape(folded[:size])})", self.folded):
                end = place.start() + size
                again = self.folded.find(folded[size:], end, end + _LIKELY + len(folded))
                if again >= 0 and min(size, len(folded) - size) > 1:
                    return self.plain[end:again]
        return None

    def nearest(self, part: str) -> str:
        """Return the passage that is most like a part of a quote."""
        matcher = difflib.SequenceMatcher(None, self.folded, _fold(part), autojunk=False)
        match = matcher.find_longest_match()
        start = max(match.a - match.b, 0)
        return self.plain[start : start + len(part)]


def _bare(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).split())


def _fold(text: str) -> str:
    return text.translate(_WIDE)
