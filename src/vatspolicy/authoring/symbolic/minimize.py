"""Making a profile small by asking the evaluator itself: from what is left, no fact can be taken away."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from vatspolicy.documents.schemas import SchemaSet
from vatspolicy.documents.validation import is_valid
from vatspolicy.errors import InvalidInput
from vatspolicy.profile.profile import Profile, load_profile

Place = tuple[str | int, ...]


def shrink(
    data: Mapping[str, Any], still: Callable[[Profile], bool], schemas: SchemaSet | None = None
) -> dict[str, Any]:
    """The profile without every fact, list member and word that `still` can do without, the largest tried first.

    `still` is asked of valid profiles only. No single part of the result can be left out.
    """
    kept = copy.deepcopy(dict(data))
    queue = list(places(kept))
    refused = 0  # how many in a row, since something was last left out
    while queue and refused < len(queue):
        place = queue.pop(0)
        smaller = without(kept, place)
        if smaller is not None and _holds(smaller, still, schemas):
            kept, refused = smaller, 0
            left = set(places(kept))
            queue = [other for other in queue if other in left]
            queue += [other for other in places(kept) if other not in set(queue)]
        else:
            queue.append(place)
            refused += 1
    return kept


def _holds(data: Mapping[str, Any], still: Callable[[Profile], bool], schemas: SchemaSet | None) -> bool:
    if not is_valid(data, "profile", schemas):  # explaining why is slow, and nobody asks here
        return False
    try:
        profile = load_profile(data, schemas=schemas)
    except InvalidInput:
        return False
    return still(profile)


def places(data: Any, place: Place = ()) -> Iterator[Place]:
    """The place of every part of a profile, what holds others before what it holds; lists from their end."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield (*place, key)
            yield from places(value, (*place, key))
    elif isinstance(data, list):
        for index in reversed(range(len(data))):
            yield (*place, index)
            yield from places(data[index], (*place, index))


def without(data: Mapping[str, Any], place: Place) -> dict[str, Any] | None:
    """The profile without one part; None for what every profile has."""
    if place in (("schema",), ("services",), ("product",), ("company",), ("product", "id")):
        return None
    smaller = copy.deepcopy(dict(data))
    owner: Any = smaller
    for step in place[:-1]:
        owner = owner[step]
    del owner[place[-1]]
    return smaller
