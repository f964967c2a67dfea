"""Domain of all profiles: the facts that the schema allows, as variables created when an expression reads them."""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.policies.compiler import BESIDE
from vatspolicy.core.profile.operators import BASIS, SHARE, SHARE_AFTER, ULTIMATE, WHOLE, holders
from vatspolicy.core.profile.profile import is_declared
from vatspolicy.core.profile.vocabulary import INHERITED, gazetteer, is_divided, presumptions, resolve_node, within
from vatspolicy.proofs.formula import FALSE, TRUE, FormulaPool, Range
from vatspolicy.proofs.values import (
    BoundedList,
    Cases,
    Constant,
    DualRail,
    EnumSet,
    FreeText,
    IndexedChoice,
    KnownValue,
    LinearSum,
    OpaqueValue,
    SymbolicRecord,
    SymbolicValue,
    guard,
    known,
    merge,
)

AS_OF = "as_of"
"""Number variable of the day on which rules are evaluated."""

OPINION_OF = "opinion"
"""First word in the names of the flags of opinions."""

FIRST_DAY = datetime.date(1, 1, 1).toordinal()
LAST_DAY = datetime.date(9999, 12, 31).toordinal()
WHOLE_SHARE = Fraction(WHOLE)


def ordinal(day: str) -> int:
    """Return the number of a calendar day. Raises ValueError for another text."""
    return datetime.date.fromisoformat(day).toordinal()


def iso(number: int) -> str:
    """Return the calendar day with this number."""
    return datetime.date.fromordinal(number).isoformat()


def plain(path: str) -> str:
    """Return the path of a fact in the schema, the same for all members of a list."""
    return re.sub(r"\.\d+", ".*", path)


@dataclass
class ProfileSpace:
    """Facts of a profile, each with every value that the schema allows."""

    bounds: Mapping[str, int] = field(default_factory=dict)
    schemas: SchemaSet = field(default_factory=SchemaSet.shipped)
    pool: FormulaPool = field(default_factory=FormulaPool)
    axioms: list[int] = field(default_factory=list)
    """Formulas that hold for every profile that the schema allows."""
    needs: dict[str, int] = field(default_factory=dict)
    """Numbers of list members that the questions so far can distinguish, by path."""
    limits: dict[str, int] = field(default_factory=dict)
    """Bounds of the lists that were read, by path."""
    longest: dict[str, int] = field(default_factory=dict)
    """Maximum lengths of the read lists under the schema."""
    read: set[str] = field(default_factory=set)
    """Tree paths of read facts."""
    roots: dict[str, SymbolicValue] = field(default_factory=dict)
    operators: dict[tuple[str, ...], Cases] = field(default_factory=dict)
    """Operators by the companies whose foreign share counts for them."""
    amounts: set[str] = field(default_factory=set)
    """Variables that are numbers or days, and not indexes of a choice."""
    tables: dict[str, dict[int, tuple[Tree, ...]]] = field(default_factory=dict)
    """Tables of values by the variable that is their index."""
    unclear: list[int] = field(default_factory=list)
    """Formulas that an address is a place with parts that the law treats differently."""
    _asked: set[tuple[str, Hashable]] = field(default_factory=set)
    flags: dict[str, int] = field(default_factory=dict)
    texts: dict[str, dict[tuple[str, str], int]] = field(default_factory=dict)
    """Tests of free texts by path, each with its formula (`free_text`)."""
    opinions: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    """Opinions read so far, by flag name: matter, path of the service, and first day of the rule that they settle."""
    with_opinions: bool = True
    """True if a profile may hold legal opinions."""

    def __post_init__(self) -> None:
        schema = self.schemas.load("profile")
        for name, child in schema["properties"].items():
            if name not in BESIDE:
                required = name in schema["required"] or is_declared("profile", name)
                self.roots[name] = self.value(child, name, TRUE, required)

    # --- needs

    @property
    def services(self) -> list[tuple[int, SymbolicRecord]]:
        """Services of the profile as pairs of a formula (that the service exists) and a record."""
        [(_, slots)] = self.roots["services"]  # type: ignore[misc]
        assert isinstance(slots, BoundedList)
        return slots.members

    def need_members(self, path: str, key: Hashable) -> None:
        """Record that a question can distinguish one more list member. `key` identifies the question."""
        if (path, key) not in self._asked:
            self._asked.add((path, key))
            self.needs[path] = self.needs.get(path, 0) + 1

    def missing_bounds(self) -> dict[str, int]:
        """Return the insufficient bounds of a proof with the smallest sufficient ones; `{}` if all are sufficient."""
        needed: dict[str, int] = {}
        for path, count in self.needs.items():
            name = plain(path)
            needed[name] = max(needed.get(name, 0), count)
        enough = {name: min(count, self.longest[name]) for name, count in needed.items()}
        return {name: count for name, count in enough.items() if count > self.limits[name]}

    # --- opinions

    def opinion(self, about: str, service: str, since: str) -> tuple[int, str]:
        """Return the formula that an opinion on a matter of a service prevails, and its name.

        `since` is the first day of the rule that it is to settle: an older one cannot. A profile may hold any number of
        opinions, so those on different matters, or for rules of different days, do not depend on each other.
        """
        name = f"{OPINION_OF} {service} {about} {since}"
        if not self.with_opinions:
            return FALSE, name
        self.opinions[name] = (about, service, since)
        return self.flag(f"{name}?"), name

    # --- facts from the schema

    def resolve(self, schema: Tree) -> Tree:
        """Return the node behind references and shorthands."""
        return resolve_node(schema, self.schemas)

    def value(self, schema: Tree, path: str, owner: int, required: bool) -> SymbolicValue:
        """Return the fact at `path` in an object that exists where `owner` holds."""
        whole, schema = _is_whole(schema), self.resolve(schema)
        present = owner if required else self.flag(path + "?", owner)
        if "x-derived" in schema:
            return ((present, self.place(schema, path, present, whole)),)
        match schema.get("type"):
            case "object":
                return ((present, self.record(schema, path, present)),)
            case "array":
                return ((present, self.sequence(schema, path, present)),)
            case "boolean":
                value = self.pool.flag(path)
                return DualRail(self.pool.conjoin((present, value)), self.pool.conjoin((present, -value)))
            case "integer" if "enum" not in schema:
                return ((present, self.number(path, Range(schema["minimum"], schema["maximum"]))),)
            case "number":
                return ((present, self.number(path, _real(schema))),)
        if "enum" in schema:
            return ((present, self.choice(path, tuple(schema["enum"]))),)
        if schema.get("format") == "date":
            return ((present, self.number(path, Range(FIRST_DAY, LAST_DAY), day=True)),)
        what = f"free text ({plain(path)})"
        if "pattern" in schema or "maxLength" not in schema:
            return ((present, OpaqueValue(what)),)
        return ((present, FreeText(path, what, schema.get("minLength", 0), schema["maxLength"])),)

    def flag(self, name: str, owner: int = TRUE) -> int:
        """Return a boolean variable that implies `owner`."""
        flag = self.flags.get(name)
        if flag is None:
            flag = self.flags[name] = self.pool.flag(name)
            if owner != TRUE:
                self.axioms.append(self.pool.disjoin((-flag, owner)))
        return flag

    def number(self, path: str, known: Range, day: bool = False) -> LinearSum:
        """Return a number variable."""
        self.pool.ranges.setdefault(path, known)
        self.amounts.add(path)
        return LinearSum(((path, 1),), 0, day)

    def choice(self, path: str, values: tuple[Tree, ...]) -> IndexedChoice:
        """Return a variable with one of the values."""
        self.pool.ranges.setdefault(path, Range(0, len(values) - 1))
        self.tables.setdefault(path, {})[id(values)] = values
        return IndexedChoice(path, values)

    def record(self, schema: Tree, path: str, present: int) -> SymbolicRecord:
        """Return an object whose facts are created on first access."""
        required = schema.get("required", ())

        def make(name: str) -> SymbolicValue:
            child = schema["properties"][name]
            fixed = name in required or is_declared(path, name)
            if path == "product" and name in INHERITED:
                return ((TRUE, OpaqueValue(f"product.{name}, which is handed down to services")),)
            value = self.value(child, f"{path}.{name}", present, fixed)
            if "x-empty-behind" in child:
                return self.empty_behind(name, value, found, present)
            if name == SHARE and BASIS in schema["properties"]:
                return self.traced(value, found)
            if name == "valid_until":
                return self.last_valid_day(value, found)
            if name == "mainland_entity" and "registered" in schema["properties"]:
                return self.where_registered(value, found, present)
            return value

        found = self.lazy(path, schema, make)
        return found

    def empty_behind(self, name: str, stated: SymbolicValue, service: SymbolicRecord, owner: int) -> SymbolicValue:
        """Return a service's list: the stated one, or else an empty one for the words in the schema."""
        pool = self.pool
        fact, words = presumptions(self.schemas)[name]
        behind = service.get(fact)
        assert not isinstance(stated, DualRail) and not isinstance(behind, DualRail)
        ((own, listed),) = stated
        unstated = [FALSE]
        for held, base in behind:
            assert isinstance(base, EnumSet)
            some = pool.disjoin(base.has(word) for word in base.words if word in words)
            others = (-base.has(word) for word in base.words if word not in words)
            unstated.append(pool.conjoin((owner, held, -own, some, *others)))
        return ((pool.disjoin((own, *unstated)), listed),)

    def traced(self, stated: SymbolicValue, company: SymbolicRecord) -> SymbolicValue:
        """Return a foreign share. It is unknown unless the profile states the ultimate share or it is 100%."""
        ((own, share),), ((held, basis),) = cases_of(stated), cases_of(company.get(BASIS))
        assert isinstance(share, LinearSum)
        assert isinstance(basis, IndexedChoice)
        ultimate = self.pool.conjoin((held, self.pool.among(basis.name, [basis.values.index(ULTIMATE)])))
        whole = share_at_most(self.pool, LinearSum((), WHOLE_SHARE), share)
        return ((self.pool.conjoin((own, self.pool.disjoin((ultimate, whole)))), share),)

    def last_valid_day(self, stated: SymbolicValue, license: SymbolicRecord) -> SymbolicValue:
        """Return the last day of a license: the stated one, or else a day that reflects its stated validity."""
        valid = license.get("valid")
        ((own, last),) = cases_of(stated)
        assert isinstance(valid, DualRail)
        return (
            (self.pool.conjoin((own, -valid.false)), last),
            (self.pool.conjoin((valid.true, -own)), LinearSum((), LAST_DAY, day=True)),
            (valid.false, LinearSum((), FIRST_DAY, day=True)),
        )

    def where_registered(self, stated: SymbolicValue, company: SymbolicRecord, present: int) -> DualRail:
        """Return whether a company is a mainland entity: the stated fact, or else its place of registration."""
        pool = self.pool
        office = company.get("registered")
        assert isinstance(stated, DualRail) and not isinstance(office, DualRail)
        unstated = pool.conjoin((present, -stated.true, -stated.false))
        rails = [stated]
        for held, place in office:
            assert isinstance(place, SymbolicRecord)
            province = place.get("province")
            assert not isinstance(province, DualRail)
            for inner, choice in province:
                assert isinstance(choice, IndexedChoice)
                abroad = pool.among(choice.name, choice.indexes(lambda code: code == "overseas"))
                known = pool.conjoin((unstated, held, inner))
                rails.append(DualRail(pool.conjoin((known, -abroad)), pool.conjoin((known, abroad))))
        return DualRail(pool.disjoin(rail.true for rail in rails), pool.disjoin(rail.false for rail in rails))

    def lazy(self, path: str, schema: Tree, make: Callable[[str], SymbolicValue]) -> SymbolicRecord:
        """Return a record that tracks its read facts."""

        def noted(name: str) -> SymbolicValue:
            self.read.add(plain(f"{path}.{name}"))
            return make(name)

        return SymbolicRecord(path, schema, noted)

    def place(self, schema: Tree, path: str, present: int, whole: bool) -> SymbolicRecord:
        """Return a place with the facts derived from its code. A `whole` place is larger than any zone."""
        codes, provinces, inside, zone_of = _tables(
            self.schemas, tuple(self.resolve(schema["properties"]["at"])["enum"])
        )
        parts = () if whole else tuple(index for index, code in enumerate(codes) if is_divided(code, self.schemas))

        def make(name: str) -> SymbolicValue:
            if name == "ftz":
                own = self.flag(f"{path}.ftz?", present)
                zones = tuple(self.resolve(schema["properties"]["ftz"])["enum"])
                derived = self.choice(f"{path}.at", zone_of)
                zoned = self.pool.among(derived.name, [i for i, zone in enumerate(derived.values) if zone is not None])
                from_code = self.pool.conjoin((present, -own, zoned))
                outside = self.pool.conjoin((present, -own, -zoned)) if whole else FALSE
                return merge(
                    (own, self.choice(f"{path}.ftz", zones)), (from_code, derived), (outside, Constant("none"))
                )
            if name == "at":
                return ((present, self.choice(f"{path}.at", codes)),)
            if name == "province":
                return ((present, self.choice(f"{path}.at", provinces)),)
            if name == "within":
                around = self.choice(f"{path}.at", inside)
                unknown = self.pool.among(around.name, parts) if parts else FALSE
                self.unclear.append(self.pool.conjoin((present, unknown)))
                return ((self.pool.conjoin((present, -unknown)), around),)
            return self.value(schema["properties"][name], f"{path}.{name}", present, False)

        return self.lazy(path, schema, make)

    def sequence(self, schema: Tree, path: str, present: int) -> OpaqueValue | EnumSet | BoundedList:
        """Return a list: a set of words, or the number of objects that `bounds` allows."""
        item = self.resolve(schema["items"])
        if "enum" in item:
            if not schema.get("uniqueItems"):
                return OpaqueValue(f"a list that may repeat words ({plain(path)})")
            found = EnumSet(
                path, tuple(item["enum"]), lambda word: self.flag(f"{path}={word}", present), schema["maxItems"]
            )
            if schema.get("minItems"):
                self.axioms.append(self.pool.disjoin((-present, *map(found.has, found.words))))
            return found
        if item.get("type") != "object" and "x-derived" not in item:
            return OpaqueValue(f"a list of free texts ({plain(path)})")
        found_list = BoundedList(
            path, lambda: self.members(schema, item, path, present), lambda: self.length(found_list, schema, present)
        )
        return found_list

    def length(self, slots: BoundedList, schema: Tree, present: int) -> LinearSum:
        """Return the length of a list. A list that is full up to its bound may have any greater length."""
        pool, name = self.pool, f"{slots.path}#"
        count = self.number(name, Range(0, schema["maxItems"]))
        for place, (exists, _) in enumerate(slots.members):
            short = pool.at_most({name: 1}, place)
            self.axioms += (pool.disjoin((-exists, -short)), pool.disjoin((-present, exists, short)))
        return count

    def members(self, schema: Tree, item: Tree, path: str, present: int) -> list[tuple[int, SymbolicRecord]]:
        """Return the members of a list of objects; each exists only if its predecessor does."""
        name = plain(path)
        self.longest[name] = schema["maxItems"]
        self.limits[name] = min(self.bounds.get(name, 1), schema["maxItems"])
        found: list[tuple[int, SymbolicRecord]] = []
        owner = present
        for index in range(self.limits[name]):
            owner = self.flag(f"{path}.{index}?", owner)
            slot = f"{path}.{index}"
            if "x-derived" in item:
                found.append((owner, self.place(item, slot, owner, _is_whole(schema["items"]))))
            else:
                found.append((owner, self.record(item, slot, owner)))
        if schema.get("minItems"):
            self.axioms.append(self.pool.disjoin((-present, *(exists for exists, _ in found[:1]))))
        return found


def cases_of(value: SymbolicValue) -> Cases:
    """Return the cases of a value that is not a truth."""
    assert not isinstance(value, DualRail)
    return value


def share_at_most(pool: FormulaPool, low: LinearSum, high: LinearSum, strict: bool = False) -> int:
    """Return the formula that one share is at most another, or below it if strict."""
    terms = dict(low.terms)
    for name, factor in high.terms:
        terms[name] = terms.get(name, 0) - factor
    return pool.at_most(terms, high.constant - low.constant, strict)


def _is_whole(schema: Tree) -> bool:
    """Return whether a schema node is an area that is served or licensed, rather than the site of a facility."""
    return str(schema.get("$ref", "")).endswith("/place")


def _real(schema: Tree) -> Range:
    return Range(Fraction(schema["minimum"]), Fraction(schema["maximum"]), whole=False)


def _tables(schemas: SchemaSet, codes: tuple[str, ...]) -> tuple[tuple[Tree, ...], ...]:
    return schemas.derived((_sorted_places, codes), lambda: _sorted_places(schemas, codes))


def _sorted_places(schemas: SchemaSet, codes: tuple[str, ...]) -> tuple[tuple[Tree, ...], ...]:
    """Return codes grouped by province, so that each province is a contiguous range.

    For each code, return also its province, the places it lies in, and its zone or None.
    """
    known = gazetteer(schemas)
    order = {code: index for index, code in enumerate(known)}

    def rank(code: str) -> tuple[int, ...]:
        return (order[known[code]["province"]], *(order[outer] for outer in reversed(within(code, schemas))))

    codes = tuple(sorted(codes, key=rank))
    provinces = tuple(known[code]["province"] for code in codes)
    return (
        codes,
        provinces,
        tuple(within(code, schemas) for code in codes),
        tuple(known[code].get("zone") for code in codes),
    )


# --- operators of services over all profiles: the company or the partner, with the foreign share that counts


def operator(space: ProfileSpace, service: SymbolicRecord) -> Cases:
    """Return the operator of a service: the company, or the partner for any other word; unknown if it is missing."""
    pool = space.pool
    runs = service.get("operated_by")
    assert not isinstance(runs, DualRail)
    found: list[tuple[int, KnownValue]] = []
    for held, base in runs:
        assert isinstance(base, IndexedChoice)
        for place, word in enumerate(base.values):
            run = pool.conjoin((held, pool.among(base.name, [place])))
            found += guard(pool, run, _operator(space, holders(word)))
    return merge(*found)


def _operator(space: ProfileSpace, names: tuple[str, ...]) -> Cases:
    """Return the first company with the largest foreign share of all, today and after their deals."""
    if names not in space.operators:
        found: list[tuple[int, KnownValue]] = []
        for held, base in cases_of(space.roots[names[0]]):
            assert isinstance(base, SymbolicRecord)
            make = functools.partial(_of_operator, space, base, names)
            found.append((held, SymbolicRecord(base.path, base.schema, make)))
        space.operators[names] = merge(*found)
    return space.operators[names]


def _of_operator(space: ProfileSpace, holder: SymbolicRecord, names: tuple[str, ...], name: str) -> SymbolicValue:
    if name != SHARE:
        return holder.get(name)
    pool = space.pool
    shares: list[tuple[int, Cases]] = []
    for owner in names:
        records = cases_of(space.roots[owner])
        there = tuple((held, record.get(SHARE)) for held, record in records if isinstance(record, SymbolicRecord))
        shares.append((TRUE, merge(*(case for held, share in there for case in guard(pool, held, share)))))
    ((_, deals),) = cases_of(space.roots["deals"])
    assert isinstance(deals, BoundedList)
    space.need_members(deals.path, "the share of an operator")
    for exists, deal in deals.members:
        target, after = cases_of(deal.get("target")), cases_of(deal.get(SHARE_AFTER))
        hit = pool.disjoin(
            pool.conjoin((held, pool.among(choice.name, choice.indexes(lambda word: word in names))))
            for held, choice in target
            if isinstance(choice, IndexedChoice)
        )
        counts = pool.conjoin((exists, pool.disjoin((-known(pool, target), hit))))
        shares.append((counts, guard(pool, pool.conjoin((exists, hit)), after)))
    return _largest(pool, shares)


def _largest(pool: FormulaPool, shares: list[tuple[int, Cases]]) -> Cases:
    """Return the largest relevant share. It is unknown if one is unknown and none is 100%."""
    missing = pool.disjoin(pool.conjoin((counts, -known(pool, cases))) for counts, cases in shares)
    values = [(place, held, value) for place, (_, cases) in enumerate(shares) for held, value in cases]
    found: list[tuple[int, KnownValue]] = []
    for place, held, value in values:
        assert isinstance(value, LinearSum)
        parts = [held, pool.disjoin((-missing, share_at_most(pool, LinearSum((), WHOLE_SHARE), value)))]
        for other, present, beside in values:
            if other != place:  # of equal shares the first one counts
                assert isinstance(beside, LinearSum)
                parts.append(pool.disjoin((-present, share_at_most(pool, beside, value, strict=other < place))))
        found.append((pool.conjoin(parts), value))
    return merge(*found)
