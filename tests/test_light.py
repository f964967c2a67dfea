"""A light dataclass is what the library's decorator would have made of the same class."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pickle
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest

import vatspolicy
from vatspolicy import light
from vatspolicy.cel.ast import Literal
from vatspolicy.cel.types import BOOL


def made_light() -> Iterator[type]:
    """Every class of the project that is made by `light`."""
    seen = set[type]()
    for found in pkgutil.walk_packages(vatspolicy.__path__, "vatspolicy."):
        if found.name.startswith("vatspolicy.screening.spark_engine") or found.name.endswith("__main__"):
            continue
        try:
            module = importlib.import_module(found.name)
        except ImportError:  # an extra that is not installed
            continue
        for thing in vars(module).values():
            if isinstance(thing, type) and "__light_options__" in vars(thing) and thing not in seen:
                seen.add(thing)
                yield thing


CLASSES = sorted(made_light(), key=lambda cls: (cls.__module__, cls.__qualname__))


def library(cls: type) -> Any:
    """The same class by the library: from the source of its own, with the same bases."""
    options = dict(vars(cls)["__light_options__"])
    fields = vars(cls)["__light_fields__"]
    members = {name: dataclasses.field(**one.told) for name, one in fields.items()}
    made = type(cls.__name__, (), {"__annotations__": dict.fromkeys(members, Any), **members})
    made.__qualname__ = cls.__qualname__
    return dataclasses.dataclass(**options)(made)


def arguments(cls: Any, salt: object) -> dict[str, Any]:
    return {name: (name, salt) for name in vars(cls)["__light_fields__"]}


def test_there_are_classes_to_compare() -> None:
    assert len(CLASSES) > 40


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: f"{cls.__module__}.{cls.__qualname__}")
def test_a_class_is_as_the_library_makes_it(cls: Any) -> None:
    twin = library(cls)
    one, same, other = (cls(**arguments(cls, salt)) for salt in (1, 1, 2))
    its, its_same, its_other = (twin(**arguments(cls, salt)) for salt in (1, 1, 2))
    own = {name for name, value in vars(cls).items() if inspect.isfunction(value)}
    if cls.__repr__.__module__ == "vatspolicy.light":
        assert repr(one) == repr(its)
    assert one != its
    if "__eq__" not in own:
        assert ((one == same), (one == other), (one != other)) == (
            (its == its_same),
            (its == its_other),
            (its != its_other),
        )
        try:
            hashed: Any = hash(its)
        except TypeError:
            with pytest.raises(TypeError):
                hash(one)
        else:
            assert (hash(one) == hashed) is (cls.__hash__ is not object.__hash__), own
    described = [(f.name, f.default, f.default_factory, f.repr, f.compare, f.kw_only) for f in dataclasses.fields(cls)]
    assert described == [
        (f.name, f.default, f.default_factory, f.repr, f.compare, f.kw_only) for f in dataclasses.fields(twin)
    ]
    assert cls.__match_args__ == twin.__match_args__
    assert dataclasses.is_dataclass(cls)
    first = next(iter(arguments(cls, 1)), None)
    if first is None:
        return
    for change in (dataclasses.replace, light.replace):
        changed = change(one, **{first: "x"})
        assert type(changed) is cls
        assert getattr(changed, first) == "x"
        assert all(getattr(changed, name) == getattr(one, name) for name in list(arguments(cls, 1))[1:])
    if vars(cls)["__light_options__"]["frozen"]:
        for touch in (lambda: setattr(one, first, 1), lambda: delattr(one, first)):
            with pytest.raises(dataclasses.FrozenInstanceError, match=first):
                touch()  # type: ignore[no-untyped-call]
    else:
        setattr(one, first, "y")
        assert getattr(one, first) == "y"
    if vars(cls)["__light_options__"]["order"]:
        assert (same < other, same >= other) == (its_same < its_other, its_same >= its_other)
    with pytest.raises(TypeError):
        cls(**arguments(cls, 1), surplus=1)


def test_defaults_are_those_that_were_written() -> None:
    @light.dataclass(frozen=True)
    class Thing:
        name: str
        words: list[str] = light.field(default_factory=list)
        size: int = 3
        place: str = light.field(default="here", kw_only=True, compare=False)

    @dataclasses.dataclass(frozen=True)
    class More(Thing):
        colour: str = "red"

    @light.dataclass(frozen=True)
    class Less(Thing):
        weight: int = 1

    assert Thing("a") == Thing("a", [], 3, place="there")
    assert Thing("a").words is not Thing("a").words
    assert repr(More("a", size=1)).endswith("More(name='a', words=[], size=1, place='here', colour='red')")
    for replace in (light.replace, dataclasses.replace):
        assert replace(More("a", size=1), name="b") == More("b", size=1)
        assert replace(Less("a", weight=2), size=1) == Less("a", size=1, weight=2)
    assert Less("a", weight=2).weight == 2
    assert Less("a") != Thing("a")
    assert [f.name for f in dataclasses.fields(More)] == ["name", "words", "size", "place", "colour"]
    with pytest.raises(TypeError):
        Thing()  # type: ignore[call-arg]
    with pytest.raises(dataclasses.FrozenInstanceError):
        More("a").colour = "blue"  # type: ignore[misc]


def test_objects_can_be_matched_copied_and_pickled() -> None:
    node = Literal(BOOL, (0, 4), True)
    match node:
        case Literal(value=True, span=(0, end)):
            assert end == 4
    assert pickle.loads(pickle.dumps(node)) == node
    with pytest.raises(AttributeError):
        node.other = 1  # type: ignore[attr-defined]
