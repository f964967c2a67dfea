"""Dataclasses for what every start imports: like those of `dataclasses`, and made in a tenth of the time.

The library's decorator compiles six methods for each class, and imports `inspect`: together a third of a start. Here a
class gets its `__init__` when its first object is made; comparing, hashing and showing share code. Whatever asks for
`fields`, derives a dataclass of the library's own or calls its `replace` gets what the library would have made. A test
compares the two for every class that is made here.
"""

from __future__ import annotations

import operator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["dataclass", "field", "replace"]

_SHAPE, _OPTIONS = "__light_fields__", "__light_options__"
_MISSING = object()


class _Field:
    """What `field` was told."""

    __slots__ = ("told",)

    def __init__(self, told: dict[str, Any]) -> None:
        self.told = told

    @property
    def optional(self) -> bool:
        return "default" in self.told or "default_factory" in self.told


class _Lazily:
    """An attribute of a class that the library looks for, made when it does."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, _: Any, owner: type) -> Any:
        return getattr(_twin(owner), self.name)


def _twin(owner: type) -> Any:
    """The class as the library's decorator makes it, without its methods."""
    import dataclasses
    from typing import Any

    kind = next(one for one in owner.__mro__ if _OPTIONS in vars(one))
    told = {name: one.told for name, one in getattr(kind, _SHAPE).items()}
    members = {name: dataclasses.field(**options) for name, options in told.items()}
    made = type(kind.__name__, (), {"__annotations__": dict.fromkeys(members, Any), **members})
    options = {name: value for name, value in vars(kind)[_OPTIONS].items() if name != "slots"}
    return dataclasses.dataclass(**options)(made)


def _make_init(cls: Any) -> None:
    """The `__init__` of a class, in source and compiled."""
    options, fields = vars(cls)[_OPTIONS], getattr(cls, _SHAPE)
    frozen = options["frozen"]
    scope: dict[str, Any] = {"_set": object.__setattr__, "_missing": _MISSING}
    plain: list[str] = []
    named: list[str] = []
    body: list[str] = []
    for name, one in fields.items():
        value, parameter = name, name
        if "default" in one.told:
            scope[f"_{name}"] = one.told["default"]
            parameter = f"{name}=_{name}"
        elif one.optional:
            scope[f"_{name}"] = one.told["default_factory"]
            parameter, value = f"{name}=_missing", f"_{name}() if {name} is _missing else {name}"
        (named if one.told.get("kw_only") else plain).append(parameter)
        if not frozen:
            body.append(f" self.{name} = {value}")
        elif options["slots"]:
            body.append(f" _set(self, {name!r}, {value})")
        else:
            body.append(f" own[{name!r}] = {value}")
    if frozen and not options["slots"]:
        body.insert(0, " own = self.__dict__")  # in half the time of object.__setattr__
    parameters = ", ".join(["self", *plain, *(["*", *named] if named else [])])
    exec("\n".join([f"def __init__({parameters}):", *(body or [" pass"])]), scope)  # noqa: S102 - names of a class
    cls.__init__ = scope["__init__"]
    cls.__init__.__qualname__ = f"{cls.__qualname__}.__init__"


def _methods(cls: Any, order: bool) -> dict[str, Any]:
    """What objects of a class can do, by name."""
    fields = getattr(cls, _SHAPE)

    def getter(names: list[str]) -> Any:
        if len(names) == 1:
            return lambda self, get=operator.attrgetter(*names): (get(self),)
        return operator.attrgetter(*names) if names else lambda self: ()

    values = getter([name for name, one in fields.items() if one.told.get("compare", True)])
    hashed = getter([n for n, one in fields.items() if one.told.get("hash", one.told.get("compare", True))])

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        _make_init(cls)
        cls.__init__(self, *args, **kwargs)

    def show(self: Any) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name, one in fields.items() if one.told.get("repr", True))
        return f"{type(self).__qualname__}({', '.join(shown)})"

    def compare(name: str) -> Any:
        test = getattr(operator, name)

        def method(self: Any, other: Any) -> Any:
            return test(values(self), values(other)) if other.__class__ is self.__class__ else NotImplemented

        return method

    def digest(self: Any) -> int:
        return hash(hashed(self))

    def assign(self: Any, name: str, value: Any) -> None:
        if type(self) is cls or name in fields:
            _refuse(f"cannot assign to field {name!r}")
        super(cls, self).__setattr__(name, value)

    def remove(self: Any, name: str) -> None:
        if type(self) is cls or name in fields:
            _refuse(f"cannot delete field {name!r}")
        super(cls, self).__delattr__(name)

    options = vars(cls)[_OPTIONS]
    made: dict[str, Any] = {"__init__": init, "__repr__": show}
    if options["eq"]:
        made |= {"__eq__": compare("__eq__"), "__hash__": digest if options["frozen"] else None}
    if order:
        made |= {name: compare(name) for name in ("__lt__", "__le__", "__gt__", "__ge__")}
    if options["frozen"]:
        made |= {"__setattr__": assign, "__delattr__": remove}
    return made


def _refuse(message: str) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(message)


def _dress(cls: Any, frozen: bool, eq: bool, order: bool, slots: bool) -> Any:
    own = vars(cls)
    fields: dict[str, _Field] = {}
    for base in reversed(cls.__mro__[1:]):
        fields |= vars(base).get(_SHAPE, {})
    for name in cls.__annotations__:
        given = own.get(name, _MISSING)
        one = given if isinstance(given, _Field) else _Field({} if given is _MISSING else {"default": given})
        fields[name] = one
        if "default" in one.told and not slots:
            setattr(cls, name, one.told["default"])
        elif given is not _MISSING:
            delattr(cls, name)
    if slots:
        name_of = cls.__qualname__
        members = {name: value for name, value in own.items() if name not in ("__dict__", "__weakref__")}
        cls = type(cls)(cls.__name__, cls.__bases__, {**members, "__slots__": tuple(cls.__annotations__)})
        cls.__qualname__ = name_of
        own = vars(cls)
    setattr(cls, _SHAPE, fields)
    setattr(cls, _OPTIONS, {"frozen": frozen, "eq": eq, "order": order, "slots": slots})
    for name, made in _methods(cls, order).items():
        if name not in own or (name == "__hash__" and own[name] is None):
            setattr(cls, name, made)
    match_args = tuple(name for name, one in fields.items() if not one.told.get("kw_only"))
    setattr(cls, "__match_args__", match_args)  # noqa: B010 - mypy takes it for a constant
    cls.__dataclass_fields__, cls.__dataclass_params__ = (
        _Lazily("__dataclass_fields__"),
        _Lazily("__dataclass_params__"),
    )
    return cls


if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
else:

    def dataclass(cls=None, *, frozen=False, eq=True, order=False, slots=False):
        """`dataclasses.dataclass`, with the options that are used here."""
        return _dress(cls, frozen, eq, order, slots) if cls else lambda cls: _dress(cls, frozen, eq, order, slots)

    def field(**told):
        """`dataclasses.field`."""
        return _Field(told)

    def replace(thing, **changes):
        """`dataclasses.replace`."""
        if _OPTIONS not in vars(type(thing)):  # a class of the library's own
            import dataclasses

            return dataclasses.replace(thing, **changes)
        kept = {name: getattr(thing, name) for name in getattr(thing, _SHAPE) if name not in changes}
        return type(thing)(**kept, **changes)
