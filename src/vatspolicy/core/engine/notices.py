"""Notices to the reader of a decision: later law, facts assumed to be none, layers, and rules they replace."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import NEVER
from vatspolicy.core.profile.profile import Profile
from vatspolicy.i18n import LazyText, LocalizedText, Phrase
from vatspolicy.i18n.words import series

LATER_LAW, READ_AS_NONE, LAYERS, REPLACED, ENFORCED = "later-law", "read-as-none", "layers", "replaced", "enforced"
SMALL_SHARE, NOT_ADVICE = "small-share", "not-advice"
"""Kinds of notices."""
_LATER_LAW = Phrase("Covers law published up to {day}.")
_SMALL_SHARE = Phrase("{path}: {percent} is read as {percent} percent. For one half, write 50.")
_NOT_ADVICE = Phrase("A reading of the law by rules, not legal advice.")
_READ_AS_NONE = Phrase("Not stated, so assumed none: {names}.")
_LAYERS = Phrase("Additional rules above the law: {names}.")
_REPLACED = Phrase("{rule} is replaced by {by} (layer {layer}). Reason: {reason} Owner: {owner}.")
_ENFORCED = {
    "deny": Phrase("{rule} is enforced as written until {until} (layer {layer}). Reason: {reason} Owner: {owner}."),
    "warn": Phrase("{rule} only warns until {until} (layer {layer}). Reason: {reason} Owner: {owner}."),
    "off": Phrase("{rule} is switched off until {until} (layer {layer}). Reason: {reason} Owner: {owner}."),
    "early": Phrase("{rule} is enforced as written before {since} (layer {layer})."),
    "over": Phrase("{rule} is enforced as written again since {until} has passed (layer {layer})."),
    "late": Phrase("{rule} is enforced as written, since the launch is after {until} (layer {layer})."),
    "open": Phrase("{rule} is enforced as written, since no launch day is stated (layer {layer})."),
}
_NAMES = {
    "licenses": Phrase("licenses of the company"),
    "deals": Phrase("deals"),
    "filings": Phrase("filings done"),
    "content": Phrase("content of a service"),
    "features": Phrase("features of a service"),
}
_PRESUMED = ("content", "features")
"""Lists of a service that are read as empty behind offers that rarely have any; an entry could change the decision."""


def notices(bundle: Bundle, profile: Profile, as_of: str) -> Iterator[tuple[str, LocalizedText]]:
    """Yield the notices of a decision: the kind of each, and a sentence."""
    if bundle.known_until is not None and as_of > bundle.known_until:
        yield LATER_LAW, _later_law(bundle.known_until)
    if bundle.layers:
        yield from _of_layers(bundle, profile, as_of)
    data = profile.document.data
    owners = {"licenses": data.get("company") or {}, "deals": data, "filings": data}
    unstated = [name for name, owner in owners.items() if owner.get(name) is None]
    places = range(len(data["services"]))
    unstated += [name for name in _PRESUMED if any(_is_presumed(profile, index, name) for index in places)]
    if unstated:
        yield READ_AS_NONE, _read_as_none(tuple(unstated))
    for name in ("company", "partner"):
        percent = (data.get(name) or {}).get("foreign_percent")
        if percent is not None and 0 < percent < 1:
            yield SMALL_SHARE, _SMALL_SHARE.fill(path=f"{name}.foreign_percent", percent=f"{percent:g}")
    yield NOT_ADVICE, _NOT_ADVICE


def _is_presumed(profile: Profile, index: int, name: str) -> bool:
    """Return whether a list of a service is empty because it is omitted."""
    data = profile.document.data
    stated = data["services"][index].get(name) is not None or data["product"].get(name) is not None
    return not stated and profile.facts["services"][index].get(name) == []


def _of_layers(bundle: Bundle, profile: Profile, as_of: str) -> Iterator[tuple[str, LocalizedText]]:
    """Yield the notices of the layers above the law: the rules that they replace, and what they enforce."""
    yield LAYERS, _LAYERS.fill(names=series(layer.title for layer in bundle.layers[1:]))
    for name, rule in bundle.replaced(as_of).items():
        layer, override = bundle.layer_of(rule.policy), rule.overrides
        assert layer is not None
        assert override is not None
        said = {"reason": override.reason, "owner": override.owner}
        yield REPLACED, _REPLACED.fill(rule=name, by=rule.name, layer=layer.name, **said)
    for entry in bundle.enforcements:
        key = "early" if as_of < entry.since else "over" if entry.until < as_of else entry.level
        if key in ("warn", "off") and entry.until < (profile.launch or NEVER):
            key = "late" if profile.launch else "open"
        yield ENFORCED, _ENFORCED[key].fill(**entry._asdict())


@functools.lru_cache(maxsize=8)
def _later_law(day: str) -> LocalizedText:
    return _kept(_LATER_LAW.fill(day=day))


@functools.lru_cache(maxsize=8)
def _read_as_none(names: tuple[str, ...]) -> LocalizedText:
    return _kept(_READ_AS_NONE.fill(names=series(_NAMES[name] for name in names)))


def _kept(text: LocalizedText) -> LocalizedText:
    """Return a text that is made once in each language."""
    return LazyText(functools.cache(text.__getitem__))
