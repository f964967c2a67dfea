"""Classes of immutable values.

The type checker holds them to be frozen: an assignment to a field fails `make lint`. Guards at run time, and methods
made anew for each class, would take 20 ms of every start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from functools import partial
from typing import TYPE_CHECKING, ClassVar, TypeVar, dataclass_transform

if TYPE_CHECKING:
    from typing import Self

T = TypeVar("T")


@dataclass_transform(frozen_default=True, eq_default=False, field_specifiers=(field,))
def frozen(*, kw_only: bool = False, slots: bool = False) -> Callable[[type[T]], type[T]]:
    """Return a decorator that makes a dataclass, whose objects are compared by identity unless it is a ValueObject."""
    return dataclass(eq=False, repr=False, kw_only=kw_only, slots=slots)


class ValueObject:
    """An object of a frozen class that is compared by its fields."""

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, Field[object]]]

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, ValueObject) and type(self) is type(other) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        shown = (field.name for field in fields(self) if field.repr)
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    def _values(self) -> tuple[object, ...]:
        kind = type(self)
        names = _COMPARED.get(kind)
        if names is None:
            names = _COMPARED[kind] = tuple(field.name for field in fields(kind) if field.compare)
        return tuple([getattr(self, name) for name in names])


_COMPARED: dict[type, tuple[str, ...]] = {}
"""Names of the fields that are compared, by class."""


class OnDemand(ValueObject):
    """A value that makes each part when it is first read: a count of denials needs neither duties nor texts."""

    __slots__ = ("_makers",)
    _makers: Mapping[str, Callable[[], object]]

    @classmethod
    def on_demand(cls, makers: Mapping[str, Callable[[], object]], **made: object) -> Self:
        """Return a value of which these functions make the other parts. A copy (`replace`) has all parts."""
        value = cls.__new__(cls)
        for name, part in made.items():
            setattr(value, name, part)
        value._makers = makers
        return value

    if not TYPE_CHECKING:  # a checker would accept every name

        def __getattr__(self, name: str) -> object:
            """Make a part that nobody has read yet."""
            if name == "_makers" or name not in self._makers:
                raise AttributeError(name)
            part = self._makers[name]()
            setattr(self, name, part)
            return part

    def __reduce__(self) -> tuple[Callable[[], Self], tuple[()]]:
        """Make every part for another process."""
        parts = {field.name: getattr(self, field.name) for field in fields(self)}
        return partial(type(self), **parts), ()
