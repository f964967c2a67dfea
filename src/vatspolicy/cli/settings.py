"""Settings of a run that its command line does not show, as data: keys, values with sources, the remark of a report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from vatspolicy.i18n import Phrase

if TYPE_CHECKING:
    from vatspolicy.cli.owner_side import Trust
    from vatspolicy.gate.judgement import Remark

FILE = "vatspolicy.toml"
PREFIX = "VATSPOLICY_"
KEYS = (
    "specs",
    "law",
    "policies",
    "bundle",
    "key",
    "fail-on",
    "waivers",
    "approvers",
    "opinions",
    "strict-waivers",
    "baseline",
    "lang",
    "formats",
)
"""Keys of the file. The variable of `fail-on` is VATSPOLICY_FAIL_ON; a list is separated by spaces there, and layers
(`policies`) as the folders of PATH are."""
OTHER_VARIABLES = (
    *("CACHE", "DEBUG", "TOKEN"),
    *("BUILD_PUBLISHED", "BUILD_REPOSITORY"),  # hatch_build.py
    *("ATTEST", "CONFIG", "OPTIONS", "PACKAGE", "PROJECT", "REF", "SIGN_KEY"),  # templates/gitlab-ci.yml
    *("EXAMPLES", "FUZZ", "LONG", "SEED", "TRIALS"),  # the tests of the project
)
"""Names behind the prefix of variables that are no settings."""
LISTS = ("specs", "policies", "formats")
HARMLESS = ("lang", "formats")
"""Keys that change no exit code. Every report names the others that are used, since they could weaken the gate."""


_REMARK = Phrase("Settings from outside the command line are used: {settings}.")


class Setting(NamedTuple):
    """A value of the file or of a variable, for one parameter."""

    key: str
    name: str
    """Name of the parameter; `formats` is for two of them."""
    values: tuple[str, ...]
    source: str
    """The file, or the name of the variable."""
    line: int = 0
    """Line and column in the file; 0 for a variable."""
    column: int = 0

    @property
    def place(self) -> str:
        """The source with its line."""
        return f"{self.source}:{self.line}" if self.line else self.source


class Settings(NamedTuple):
    """The settings that a run uses, and the names of the parameters that its command line gives."""

    used: tuple[Setting, ...] = ()
    given: frozenset[str] = frozenset()
    trust: Trust | None = None
    """The side that settings, law, locks and approvals are read from; None for the working tree."""


NONE = Settings()
"""No settings, and nothing given."""


def split(key: str, values: Sequence[str], source: str, line: int = 0, column: int = 0) -> list[Setting]:
    """Return the settings of a key: `formats` holds the format on standard output, and the reports to write."""
    if key != "formats":
        return [Setting(key, key.replace("-", "_"), tuple(values), source, line, column)]
    outputs = tuple(one for one in values if is_output(one))
    alone = tuple(one for one in values if one not in outputs)
    return [
        Setting(key, name, found, source, line, column)
        for name, found in (("format", alone), ("outputs", outputs))
        if found
    ]


def make_remarks(settings: Settings) -> tuple[Remark, ...]:
    """Return the remark of a report on settings that could weaken the gate; none if none is used."""
    told = [one for one in settings.used if one.key not in HARMLESS]
    if not told:
        return ()
    listed = "; ".join(f"{one.key} = {' '.join(one.values)} ({one.place})" for one in told)
    first = next((one for one in told if one.line), None)
    from vatspolicy.gate.judgement import Remark, UsedSetting

    used = tuple(UsedSetting(one.key, tuple(one.values), one.place) for one in told)
    file, line, column = (first.source, first.line, first.column) if first else (None, None, None)
    return (Remark("settings", "note", None, None, _REMARK.fill(settings=listed), file, line, column, used),)


def is_output(text: str) -> bool:
    """Return True for an entry of `formats` that names a file; the others name the format on standard output."""
    return "=" in text or "." in text or "/" in text
