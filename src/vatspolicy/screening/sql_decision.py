"""The decision in SQL: queries that decide a table of profiles under the rule set of one day.

A decision consists of two truth values under Kleene's logic, computed for every subject and joined by `or`: the subject
is *denied*, and a license is *needed* that is not held. True and unknown both widen the range of outcomes:

- a prohibition that holds: denied;
- a need for an instrument: needed if it holds and the instrument is not held;
- a need met by routes: denied if it holds and no route is open; needed if it holds and no open route's instrument is
  held;
- a class that is only possible: a value that is true for it is unknown for the service. This changes nothing if
  `denied` is unknown for the service already, and is not computed then;
- a service that no rule classifies: denied is unknown.

Between queries a truth value is a rank, because SQL's aggregates ignore NULL: 2 true, 1 unknown, 0 false.
`evaluate` decides the same; tests compare the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlglot import exp

from vatspolicy.core.cel.ast import Fact, walk
from vatspolicy.core.cel.sql import (
    Known,
    Sql,
    Value,
    Variable,
    column,
    conjunction,
    constant,
    disjunction,
    each_of,
    equal,
    field_of,
    first_of,
    has_members,
    is_null,
    look_up,
    negation,
    or_else,
    rank,
    some,
    there,
    to_sql,
    when,
    write,
)
from vatspolicy.core.policies.case_split import Case, find_cases
from vatspolicy.core.policies.model import Classify, Expression, Instrument, Need, Rule
from vatspolicy.core.policies.modelled import SQL, parts_of
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.operators import SHARE
from vatspolicy.core.profile.vocabulary import words
from vatspolicy.screening.rule_columns import Cases, Routes, RuleColumns, in_each_case
from vatspolicy.screening.sql_aggregation import decisions, service_decisions
from vatspolicy.screening.sql_expressions import (
    BOOLEAN,
    ROW,
    by_path,
    fact_columns,
    is_true,
    members,
    name_at,
    named,
    operator_of,
    operator_share,
    over,
    record_fields,
    select,
)
from vatspolicy.screening.sql_opinions import (
    checked,
    class_columns,
    class_said,
    opinions_on,
    reading_columns,
    settled,
    unsettled,
)

FIRING = ("classify", "deny", "need", "duty", "advise")
"""Effects of the rules reported if they apply."""

OPERATOR_SHARE = "operator share"
"""Column of the foreign share that counts for the operator of a service."""

PARTLY, CLASSIFIED, OTHER, UNCLASSIFIED = "partly-classified", "classified", "not-telecom", "unclassified"


@dataclass(frozen=True)
class Step:
    """A query. Its result is a table of that name for later queries."""

    name: str
    query: exp.Select
    last_reads: tuple[str, ...] = ()
    """Tables that later queries do not read."""


def text_of(query: exp.Select, dialect: str) -> str:
    """Return the text of a query for duckdb or spark."""
    if dialect == "spark":
        query = query.copy()
        for access in list(query.find_all(exp.Bracket)):  # brackets are 0-based there
            access.replace(exp.Anonymous(this="element_at", expressions=[access.this, *access.expressions]))
    return query.sql(dialect, copy=False)


def steps(ruleset: RuleSet, day: str, source: str = "profiles") -> tuple[Step, ...]:
    """Return the queries that decide the table `source` (columns: `row` and those of `fact_columns`), in order.

    The last returns one row per profile: row, id, decision, mildest, strictest, services, and the masks of the rules
    that hold (see `rule_columns`), of those of `reported_rules`.

    Raises UnknownField for a law with a field that SQL does not know.
    """
    SQL.check(parts_of(ruleset))
    queries = _Queries(ruleset, day, source)
    return (
        Step("product_answers", queries.products()),
        Step("service_answers", queries.services()),
        Step("activity_answers", queries.activities()),
        Step("service_decisions", service_decisions(len(queries.names)), ("service_answers", "activity_answers")),
        Step("decisions", decisions(len(queries.names)), ("product_answers", "service_decisions")),
    )


def reported_rules(ruleset: RuleSet) -> list[str]:
    """Return the sorted names of the rules reported if they apply."""
    subjects = ("product", "service", "activity")
    return sorted({rule.name for each in subjects for e in FIRING for rule in ruleset.rules_for(each, e)})


class _Queries:
    def __init__(self, ruleset: RuleSet, day: str, source: str) -> None:
        self.ruleset, self.day, self.source = ruleset, day, source
        facts: dict[str, Variable] = {name: column(name) for name in fact_columns()}
        self.product: dict[str, Variable] = {**facts, "as_of": Known(day)}
        fields: dict[str, Variable] = {name: field_of(column("operator"), name) for name in record_fields("company")}
        self.service = {
            **self.product,
            "service": column("service"),
            "operator": {**fields, SHARE: column(OPERATOR_SHARE)},
        }
        self.by_case: dict[str, Mapping[str, tuple[Case, ...]]] = {}
        """Cases of the rules of a group, such as activity/route, by rule."""
        self.kept = self.read_by_activities()
        self.activity = {
            **by_path(self.kept),
            "as_of": Known(day),
            "activity": {"class": column("class"), "licensed": column("licensed")},
        }
        self.names = reported_rules(ruleset)
        self.places = {name: position for position, name in enumerate(self.names)}

    def ask(self, expression: Expression, variables: Mapping[str, Variable]) -> Value:
        return write(expression.tree, variables, self.ruleset.params)

    # --- the queries

    def products(self) -> exp.Select:
        """Build the query of products: row, id, denied, needed, and masks of rules."""
        asked = self.asked("product", self.product, ("deny", "need", "duty", "advise"))
        readings = reading_columns(asked.rules, opinions_on(self.day, None))
        rows = select(exp.Star(), named(field_of(column("product"), "id"), "id"), *readings)
        with_truths = asked.over(rows.from_(exp.to_table(self.source), copy=False))
        no_services = when(has_members(column("services")), constant(False), exp.Null())
        with_truths = with_truths.select(named(no_services, "open"), copy=False)
        denied, needed = self.answers(asked, self.product)
        ranks = [named(rank(disjunction((denied, column("open")))), "denied"), named(rank(needed), "needed")]
        return over(with_truths, "asked", column(ROW), column("id"), *ranks, *asked.fired(self.places))

    def services(self) -> exp.Select:
        """Build the query of services.

        Columns: row, position, denied, needed, masks of rules, id, state, classes (see `members`), and the facts for
        activities.
        """
        facts = list(fact_columns())
        positions = exp.Explode(this=exp.GenerateSeries(start=constant(1), end=exp.ArraySize(this=column("services"))))
        placed = select(column(ROW), *map(column, facts), named(positions, "position"))
        placed = placed.from_(exp.to_table(self.source), copy=False).where(has_members(column("services")), copy=False)
        service = exp.Bracket(this=column("services"), expressions=[column("position")], offset=1)
        opinions = named(opinions_on(self.day, service), "opinions")
        kept_facts = [opinions if name == "opinions" else column(name) for name in facts]
        place = (column(ROW), column("position"))
        service_rows = over(placed, "placed", *place, *kept_facts, named(service, "service"))
        operated_by = field_of(column("service"), "operated_by")
        asked = self.asked("service", self.service, FIRING)
        bound = over(
            service_rows,
            "one",
            exp.Star(),
            named(operator_of(operated_by), "operator"),
            named(operator_share(operated_by), OPERATOR_SHARE),
            *class_columns(column("opinions")),
            *reading_columns(asked.rules, column("opinions")),
        )
        in_cases = in_each_case(self.cases(rule, self.service) for rule in asked.of("classify"))
        with_truths = asked.over(bound, {"covered": to_sql(in_cases)})
        by_class = {cls: self.is_of(cls, asked) for cls in self.classes()}
        spoke = disjunction(asked.truths[rule] for rule in asked.of("classify"))
        is_class = [named(to_sql(value), f"is {cls}") for cls, value in by_class.items()]
        classified = over(with_truths, "asked", exp.Star(), *is_class, named(to_sql(spoke), "spoke"))
        denied, needed = self.answers(asked, self.service)
        settled_somehow = exp.or_(is_true(column("spoke")), is_true(column("covered")), copy=False)
        unclassified = when(settled_somehow, constant(False), exp.Null())
        unread = [when(self.is_unread(rule, asked), exp.Null(), constant(False)) for rule in asked.of("classify")]
        ranks = [named(rank(disjunction((denied, unclassified, *unread))), "denied"), named(rank(needed), "needed")]
        ranked = over(classified, "classified", exp.Star(), *ranks)
        classes = members([column(f"is {cls}") for cls in by_class], equal(column("denied"), 0))
        kept = [
            named(to_sql(look_up(self.service[root], names)), ".".join((root, *names))) for root, *names in self.kept
        ]
        return over(
            ranked,
            "ranked",
            *map(column, (ROW, "position", "denied", "needed")),
            *asked.fired(self.places),
            named(field_of(column("service"), "id"), "id"),
            named(self.state(asked, by_class), "state"),
            named(classes, "classes"),
            *kept,
        )

    def activities(self) -> exp.Select:
        """Build the query of activities, possible ones too: row, position, class, certain, denied, needed, masks."""
        kept = [column(".".join(path)) for path in self.kept]
        classes = select(column(ROW), column("position"), *kept, named(exp.Explode(this=column("classes")), "found"))
        classes = classes.from_(exp.to_table("service_answers"), copy=False)
        cls = named(name_at(self.classes(), exp.Abs(this=column("found"))), "class")
        certain = named(exp.GT(this=column("found"), expression=constant(0)), "certain")
        activity_rows = over(classes, "classes", column(ROW), column("position"), *kept, cls, certain)
        first = {**self.activity, "activity": {"class": column("class")}}
        licensed = disjunction(self.held(instrument, first, "operator") for instrument in self.ruleset.access)
        readings = reading_columns(self.activity_rules(), column("opinions"))
        is_licensed = named(exp.Cast(this=to_sql(licensed), to=BOOLEAN), "licensed")
        bound = over(activity_rows, "one", exp.Star(), is_licensed, *readings)
        asked = self.asked("activity", self.activity, ("deny", "need", "duty", "advise"))
        routes = self.routes()
        with_truths = asked.over(bound, routes.columns)
        denied, needed = self.answers(asked, self.activity, routes)
        ranks = [
            when(column("certain"), rank(value), exp.Least(this=rank(value), expressions=[constant(1)]))
            for value in (denied, needed)
        ]
        columns = (*map(column, (ROW, "position", "class", "certain")), *map(named, ranks, ("denied", "needed")))
        return over(with_truths, "asked", *columns, *asked.fired(self.places, column("certain")))

    # --- rules

    def asked(self, each: str, variables: Mapping[str, Variable], effects: Iterable[str]) -> RuleColumns:
        rules = [rule for effect in effects for rule in self.ruleset.rules_for(each, effect)]
        return RuleColumns((rule, settled(rule, self.ask(rule.when, variables))) for rule in rules)

    def activity_rules(self) -> list[Rule]:
        """Return the activity rules that affect the outcome."""
        return [rule for kind in ("deny", "need", "route") for rule in self.ruleset.rules_for("activity", kind)]

    def answers(
        self, asked: RuleColumns, variables: Mapping[str, Variable], routes: Routes | None = None
    ) -> tuple[Value, Value]:
        """Return two truth values: the subject is denied; it needs a license that is not held."""
        denied: list[Value] = [asked.truths[rule] for rule in asked.of("deny")]
        needed: list[Value] = []
        for rule in asked.of("need"):
            effect, holds = rule.effect, asked.truths[rule]
            assert isinstance(effect, Need)
            if effect.through is not None:
                assert routes is not None
                is_open, licensed = routes.to(effect.through)
                denied.append(conjunction((holds, negation(is_open))))
                needed.append(conjunction((holds, negation(licensed))))
            else:
                assert effect.instrument is not None
                has = self.held(effect.instrument, variables, rule.holder)
                needed.append(conjunction((holds, negation(has))))
        return disjunction(denied), disjunction(needed)

    def routes(self) -> Routes:
        """Return the routes, each with the truth values of being open and of its instrument being held."""
        routes = Routes()
        for rule in self.ruleset.rules_for("activity", "route"):
            effect = rule.route
            checks = [
                checked(rule, requirement, self.ask(requirement.check, self.activity))
                for requirement in effect.requirements
            ]
            applies = settled(rule, self.ask(rule.when, self.activity))
            cases = self.cases(rule, self.activity)
            open_in = {side: conjunction((value, *checks)) for side, value in cases.items()}
            held = self.held(effect.instrument, self.activity, "operator")
            routes.add(effect, conjunction((applies, *checks)), held, open_in)
        return routes

    def cases(self, rule: Rule, variables: Mapping[str, Variable]) -> Cases:
        """Return the truth values of a rule except for one clause that another rule of its group negates."""
        if rule.group not in self.by_case:
            rules = self.ruleset.rules_for(rule.each, rule.kind)
            self.by_case[rule.group] = find_cases({rule.name: rule.when.tree for rule in rules})
        cases = {}
        for case in self.by_case[rule.group].get(rule.name, ()):
            rest = [(write(node, variables, self.ruleset.params), wanted) for node, wanted in case.rest]
            whole = conjunction(value if wanted else negation(value) for value, wanted in rest)
            cases[case.clause, case.truth] = settled(rule, whole)
        return cases

    def held(self, name: str, variables: Mapping[str, Variable], holder: str) -> Value:
        """Return the truth value of the holder having an instrument for this class and place on this day."""
        instrument = self.ruleset.instruments[name]
        license = column("license")
        is_it = exp.Paren(this=equal(field_of(license, "instrument"), name))
        parts: list[Value] = [is_it, self.is_valid(instrument, license)]
        if instrument.covers is not None:
            parts.append(self.ask(instrument.covers, {**variables, "license": license}))
        licenses = to_sql(look_up(variables[holder], ("licenses",)))
        names = each_of(licenses, "license", field_of(license, "instrument"))
        whole = some(licenses, "license", conjunction(parts))
        # most profiles have no such license, which is cheap to test
        none = exp.Not(this=exp.ArrayContains(this=names, expression=constant(name)))
        return when(none, constant(False), to_sql(whole))

    def is_valid(self, instrument: Instrument, license: Sql) -> Sql:
        stated, last = field_of(license, "valid"), field_of(license, "valid_until")
        not_false = or_else(stated, constant(True))
        until = exp.and_(not_false, exp.GTE(this=last, expression=constant(self.day)), copy=False)
        return when(there(last), until, not_false if instrument.no_term else stated)

    # --- classes

    def classes(self) -> list[str]:
        """Return every possible class of a service; an opinion may state any."""
        rules = self.ruleset.rules_for("service", "classify")
        if any(rule.is_open for rule in rules):
            return sorted(words("class", self.ruleset.schemas))
        return sorted({cls for rule in rules for cls in _classes(rule)})

    def is_of(self, cls: str, asked: RuleColumns) -> Value:
        """Return the truth value of a service having a class; unknown for a class that is only possible."""
        reasons: list[Value] = []
        for rule in asked.of("classify"):
            says = cls in _classes(rule)
            if rule.is_open:
                reasons.append(conjunction((asked.truths[rule], class_said(rule, cls, says))))
            elif says:
                reasons.append(asked.truths[rule])
        return disjunction(reasons)

    def is_unread(self, rule: Rule, asked: RuleColumns) -> Sql:
        """Return whether a classify rule on unread law holds or may hold, and no opinion settles it."""
        truth = asked.truths[rule]
        if not rule.is_unread or (isinstance(truth, Known) and truth.value is not None):
            return exp.false()
        return exp.and_(is_null(to_sql(truth)), unsettled(rule), copy=False)

    def state(self, asked: RuleColumns, by_class: Mapping[str, Value]) -> Sql:
        """Return the state of the classification, in the words of `engine.classification`."""
        undecided: list[Sql] = []
        spoke = is_true(column("spoke"))
        for rule in asked.of("classify"):
            truth = asked.truths[rule]
            if isinstance(truth, Known) and truth.value is not None:
                continue
            open_classes = [exp.Not(this=is_true(column(f"is {cls}"))) for cls in _classes(rule)]
            further = exp.Paren(
                this=exp.or_(exp.Not(this=spoke), self.is_unread(rule, asked), *open_classes, copy=False)
            )
            undecided.append(exp.and_(is_null(to_sql(truth)), further, copy=False))
        any_class = [is_true(column(f"is {cls}")) for cls in by_class]
        arms = (
            (exp.or_(*undecided, copy=False) if undecided else exp.false(), PARTLY),
            (exp.or_(*any_class, copy=False) if any_class else exp.false(), CLASSIFIED),
            (spoke, OTHER),
        )
        return first_of([(condition, constant(word)) for condition, word in arms], constant(UNCLASSIFIED))

    def read_by_activities(self) -> list[tuple[str, ...]]:
        """Return the paths of facts in activity rules: a service passes on only these columns."""
        expressions: list[Expression] = []
        paths: set[tuple[str, ...]] = {("operator", "licenses"), ("opinions",)}
        for effect in ("deny", "need", "duty", "advise", "route"):
            for rule in self.ruleset.rules_for("activity", effect):
                expressions += rule.compiled
                if isinstance(rule.effect, Need):
                    paths.add((rule.effect.bearer, "licenses"))
        expressions += [i.covers for i in self.ruleset.instruments.values() if i.covers is not None]
        facts = (node for expression in expressions for node in walk(expression.tree) if isinstance(node, Fact))
        paths |= {(fact.root, *fact.names) for fact in facts if fact.root in self.service and fact.root != "as_of"}
        return sorted(paths)


def _classes(rule: Rule) -> tuple[str, ...]:
    return rule.effect.classes if isinstance(rule.effect, Classify) else ()
