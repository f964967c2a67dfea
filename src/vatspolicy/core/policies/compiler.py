"""Compiler of policies: types every expression and runs the checks across files."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from vatspolicy.compile_cache import digest, get, keep
from vatspolicy.core.cel.ast import Fact, Literal, Node, Param, walk
from vatspolicy.core.cel.checker import MAX_HEIGHT
from vatspolicy.core.cel.parser import ExpressionError, TypeEnvironment, parse
from vatspolicy.core.cel.types import BOOL, DAY, NUMBER, Enum, ListOf, ObjectOf, Type, join, type_of_value
from vatspolicy.core.documents import Document, Path
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.policies.builder import share_check
from vatspolicy.core.policies.changing_lists import ListChangeError, stated_values
from vatspolicy.core.policies.message_values import placed_facts
from vatspolicy.core.policies.model import ALWAYS, EFFECTS, NEVER, as_tuple, store_tree
from vatspolicy.core.policies.references import find_instrument_problems, find_route_problems
from vatspolicy.core.profile.vocabulary import profile_type, words
from vatspolicy.errors import InvalidInput, Problem, suggest
from vatspolicy.i18n import Capital, _

Compiled = tuple[Document, dict[Path, tuple[int, int]], dict[Path, bytes]]
"""A policy document, the line and column of its rules and expressions, and the stored trees of its expressions."""


BESIDE = ("schema", "opinions")
"""Parts of a profile that rules cannot read: opinions settle rules, but are not premises."""


def variables(each: str, schemas: SchemaSet | None = None) -> dict[str, Type]:
    """Return the variables of expressions about a product, service, activity, or license (of `covers`)."""
    fields = profile_type(schemas).fields
    variables: dict[str, Type] = {name: type for name, type in fields.items() if name not in BESIDE} | {"as_of": DAY}
    entity, services = fields["company"], fields["services"]
    assert isinstance(entity, ObjectOf) and isinstance(services, ListOf) and services.item is not None
    if each in ("service", "activity", "license"):
        variables |= {"service": services.item, "operator": entity}
    if each in ("activity", "license"):
        cls = Enum("class", words("class", schemas))
        variables["activity"] = ObjectOf("activity", {"class": cls, "licensed": BOOL})
    if each == "license":
        licenses = entity.fields["licenses"]
        assert isinstance(licenses, ListOf) and licenses.item is not None
        variables["license"] = licenses.item
    return variables


def compile_policies(documents: Iterable[Document], schemas: SchemaSet, recall: bool) -> list[Compiled]:
    """Return the documents (schema-valid policies) with typed trees. Raises InvalidInput with every problem found.

    With `recall`, each policy is compiled again only if its text, or the text of a policy that it uses, has changed.
    """
    by_id: dict[str, Document] = {}
    problems: list[Problem] = []
    for document in documents:
        problems += find_name_problems(document, by_id)
        by_id.setdefault(document.data["id"], document)
    compile_one = functools.partial(_compile_or_recall, by_id=by_id, schemas=schemas, recall=recall)
    return compile_some(by_id.values(), by_id, compile_one, problems)


def compile_some(
    documents: Iterable[Document],
    by_id: Mapping[str, Document],
    compile_one: Callable[[Document], Compiled],
    problems: Iterable[Problem] = (),
) -> list[Compiled]:
    """Return some of the policies `by_id`, compiled. Raises InvalidInput with `problems`, and those of all policies."""
    compiled: list[Compiled] = []
    every = list(problems)
    for document in documents:
        try:
            compiled.append(compile_one(document))
        except InvalidInput as error:
            every += error.problems
    every += find_instrument_problems(by_id)
    every += find_route_problems(by_id)
    if every:
        raise InvalidInput(every)
    return compiled


def find_name_problems(document: Document, others: Mapping[str, Document]) -> list[Problem]:
    """Return the problem of the id of a policy: a duplicate, or a different file name; None if there is no problem."""
    id = document.data["id"]
    if id in others:
        return [document.problem(("id",), _("Another file has the same id ({file}).", file=others[id].file))]
    if document.file.rpartition("/")[2].removesuffix(".yaml") != id:
        return [document.problem(("id",), _("The id differs from the name of the file."))]
    return []


def _compile_or_recall(document: Document, by_id: Mapping[str, Document], schemas: SchemaSet, recall: bool) -> Compiled:
    """Compile one policy, or with `recall` return the cached result for the same texts. Raises InvalidInput."""
    used = [by_id[id] for id in document.data.get("uses", ()) if id in by_id]

    key = digest([schemas.compile_key.encode(), *(source.text.encode() for source in (document, *used))])
    kept = get("policy", key, lambda data: (document, dict(data[0]), dict(data[1]))) if recall else None
    if kept is None:
        kept = compile_policy(document, by_id, schemas)
        keep("policy", key, kept[1:])
    return kept


def compile_policy(document: Document, by_id: Mapping[str, Document], schemas: SchemaSet) -> Compiled:
    """Compile one schema-valid policy among the others of its bundle, without caching.

    Raises:
        InvalidInput: With every problem of the policy; those of other files are not looked for.
    """
    compiler = _PolicyCompiler(document, by_id, schemas)
    compiler.run()
    if compiler.problems:
        raise InvalidInput(compiler.problems)
    return document, compiler.lines, {path: store_tree(tree) for path, tree in compiler.trees.items()}


def environment_of(
    each: str, document: Document | None, used: Mapping[str, Document], schemas: SchemaSet | None = None
) -> TypeEnvironment:
    """Return the names that an expression about a subject may use.

    `document` is a policy of a bundle that compiles: its terms and parameters are among the names, with those of the
    policies it uses. Without one, only facts are.
    """
    if document is None:
        return TypeEnvironment(variables(each, schemas), {}, lambda name, scope: None, frozenset())
    compiler = _PolicyCompiler(document, used, schemas)
    compiler.names()
    return compiler.scope(each)


class _PolicyCompiler:
    """Compiler of one policy file: names first, then expressions."""

    def __init__(self, document: Document, by_id: Mapping[str, Document], schemas: SchemaSet | None) -> None:
        self.schemas = schemas
        self.document, self.data, self.by_id = document, document.data, by_id
        self.problems: list[Problem] = []
        self.lines: dict[Path, tuple[int, int]] = {}
        self.trees: dict[Path, Node] = {}
        self.params: dict[str, tuple[str, Type]] = {}
        self.values: dict[str, list[Mapping[str, Any]]] = {}
        self.terms: dict[str, tuple[Document, str]] = {}
        self.open: list[str] = []
        self.failed: set[str] = set()
        self.parsed: dict[tuple[str, frozenset[str]], Node | ExpressionError] = {}
        """Bodies of terms, or why they cannot be used, by name and variables: a term may name another one twice."""
        self.blames: set[str] = set()
        """Messages that blame a term. The terms that use it pass them on."""

    def note(self, path: Path, message: str, hint: str = "") -> None:
        self.problems.append(self.document.problem(path, message, hint))

    def run(self) -> None:
        self.names()
        self.citations()
        self.dates()
        for index, rule in enumerate(self.data.get("rules", [])):
            self.rule(("rules", index), rule)
        for name, instrument in self.data.get("instruments", {}).items():
            self.authority(("instruments", name, "authority"), instrument["authority"])
            if "covers" in instrument:
                self.expression(("instruments", name, "covers"), instrument["covers"], "license")
        for name in self.data.get("terms", {}):
            self.lines[("terms", name)] = self.document.locate(("terms", name), 0)
            self.check_term(name)

    def check_term(self, name: str) -> None:
        """Type a term even if no rule uses it, and note problems at the term."""
        with contextlib.suppress(ExpressionError):
            self.term(name, self.scope("activity"))

    # --- names

    def names(self) -> None:
        files = [self.document]
        for index, used in enumerate(self.data.get("uses", [])):
            if used in self.by_id:
                files.append(self.by_id[used])
            else:
                message = _("There is no policy {earlier!r}.", earlier=used)
                self.note(("uses", index), message, suggest(used, self.by_id))
        for file in files:
            self.take_params(file)
            for name, text in file.data.get("terms", {}).items():
                if name in self.terms:
                    other = self.terms[name][0].file
                    self.note(("terms", name), _("The term {name!r} is defined in {file} too.", name=name, file=other))
                self.terms.setdefault(name, (file, text))

    def take_params(self, file: Document) -> None:
        for name, entry in file.data.get("parameters", {}).items():
            path: Path = ("parameters", name)
            key = f"{file.data['id']}/{name}"
            if name in self.params:
                policy = self.params[name][0].partition("/")[0]
                self.note(path, _("The parameter {name!r} is defined in {policy} too.", name=name, policy=policy))
                continue
            try:
                type: Type | None = None
                for value in stated_values(entry["values"]):
                    type = join(type, type_of_value(value, name))
                assert type is not None
            except ListChangeError as error:
                if file is self.document:
                    self.note((*path, "values", *error.path), error.message, error.hint)
                continue
            except ValueError as error:
                if file is self.document:
                    self.note((*path, "values"), _("{reason}.", reason=Capital(str(error))))
                continue
            self.params[name] = (key, type)
            self.values[key] = entry["values"]

    def citations(self) -> None:
        articles = self.data.get("articles", {})
        places: list[tuple[Path, Any]] = []
        for i, rule in enumerate(self.data.get("rules", [])):
            places.append((("rules", i, "cite"), rule["cite"]))
            for j, condition in enumerate(rule.get("route", {}).get("conditions", [])):
                places.append((("rules", i, "route", "conditions", j, "cite"), condition.get("cite", [])))
        for name, entry in self.data.get("parameters", {}).items():
            places += [
                (("parameters", name, "values", i, "cite"), item["cite"]) for i, item in enumerate(entry["values"])
            ]
        cited = {key for _path, keys in places for key in as_tuple(keys)}
        places += [(("verified", key), key) for key in self.data.get("verified", {})]
        for path, keys in places:
            for key in [key for key in as_tuple(keys) if key not in articles]:
                self.note(path, _("There is no article {key!r} in this file.", key=key), suggest(key, articles))
        for key in articles:
            if key not in cited:
                self.note(("articles", key), _("This article is not cited by any rule or value."))

    def dates(self) -> None:
        since, until = self.data["effective"]["from"], self.data["effective"].get("until", NEVER)
        if until <= since:
            self.note(("effective", "until"), _("The last day of the file is before its first."))
        for i, rule in enumerate(self.data.get("rules", [])):
            start, end = rule.get("from", since), rule.get("until", until)
            if start < since or end > until or start >= end:
                where: Path = ("rules", i, "from" if "from" in rule else "until")
                self.note(where, _("The rule is in force outside the dates of the file."))
        for name, entry in self.data.get("parameters", {}).items():
            days = [item["from"] for item in entry["values"]]
            if days != sorted(set(days)):
                self.note(("parameters", name, "values"), _("List values in order of their days, at most one per day."))
        days = [edition["from"] for edition in self.data.get("editions", [])]
        if days != sorted(set(days)):
            self.note(("editions",), _("List editions in order of their days, at most one per day."))

    # --- rules and expressions

    def authority(self, path: Path, entries: Sequence[Mapping[str, Any]]) -> None:
        """Type the entries of an authority. The last entry must apply to every subject."""
        for index, entry in enumerate(entries):
            self.expression((*path, index, "when"), entry["when"], "activity")
        last: Path = (*path, len(entries) - 1, "when")
        tree = self.trees.get(last)
        if tree is not None and not (isinstance(tree, Literal) and tree.value is True):
            message = _("The authority is undefined if no entry applies.")
            self.note(last, message, _("End the list with an entry for all other cases: when: 'true'."))

    def rule(self, path: Path, rule: Mapping[str, Any]) -> None:
        self.lines[path] = self.document.mark(path)
        seen = [other["id"] for other in self.data["rules"][: path[1]]]
        if rule["id"] in seen:
            self.note((*path, "id"), _("Another rule of this file has the same id."))
        each = rule["each"]
        effect = next(name for name in EFFECTS if name in rule)
        period = (max(rule.get("from", ALWAYS), self.data["effective"]["from"]), path)
        self.expression((*path, "when"), rule["when"], each, since=period[0])
        if (effect == "classify") != (each == "service") and effect == "classify":
            self.note((*path, "each"), _("Only a rule about a service can classify."), _("Write each: service."))
        if (effect == "route" or rule.get("need", {}).get("through")) and each != "activity":
            self.note((*path, "each"), _("Only a rule about an activity can be a route."), _("Write each: activity."))
        self.message((*path, "message"), rule["message"], each)
        if "readings" in rule:
            self.readings((*path, "readings"), rule, effect)
        need = rule.get("need", {})
        if effect == "need" and ("instrument" in need) == ("through" in need):
            self.note((*path, "need"), _("A need must state an instrument, or an instrument to go through."))
        route = rule.get("route", {})
        if "max_foreign_percent" in route:
            target: Path = (*path, "route", "max_foreign_percent")
            cap = route["max_foreign_percent"]
            if self.expression(target, cap, each, NUMBER, period[0]):
                self.trees[*target, "check"] = parse(share_check(cap), self.scope(each))
        names = [condition["id"] for condition in route.get("conditions", [])]
        for index, condition in enumerate(route.get("conditions", [])):
            where: Path = (*path, "route", "conditions", index)
            self.lines[where] = self.document.mark(where)
            if condition["id"] in names[:index]:
                self.note((*where, "id"), _("Another condition of this route has the same id."))
            self.expression((*where, "check"), condition["check"], each, since=period[0])
            self.message((*where, "message"), condition["message"], each)

    def message(self, path: Path, message: Mapping[str, str], each: str) -> None:
        """Note the problems of the facts that a message shows: each is a fact, and both languages show the same."""
        shown: dict[str, list[str]] = {}
        known = len(self.problems)
        for lang, text in message.items():
            shown[lang] = []
            for start, name in placed_facts(text):
                shown[lang].append(name)
                try:
                    node = parse(name, self.scope(each), None)
                except ExpressionError as error:
                    at, end = error.span
                    problem = self.document.problem_within(
                        (*path, lang), start + at, end - at, error.message, error.hint
                    )
                    self.problems.append(problem)
                    continue
                if not isinstance(node, Fact) or (isinstance(node.type, ObjectOf) and "at" not in node.type.fields):
                    sentence = (
                        _("A message shows the value of one fact."),
                        _("Write a path such as company.foreign_percent."),
                    )
                    self.problems.append(self.document.problem_within((*path, lang), start, len(name), *sentence))
        if len(self.problems) == known and sorted(shown["en"]) != sorted(shown["zh"]):
            self.note((*path, "zh"), _("The two languages show different facts."))

    def readings(self, path: Path, rule: Mapping[str, Any], effect: str) -> None:
        """Note faults in the other readings of a rule: each must fit the effect, without duplicates."""
        key = {"classify": "class", "route": "route"}.get(effect)
        if key is None:
            self.note(
                path,
                _("Only classify and route have other readings."),
                _("For any other rule, use advise with kind: contested."),
            )
            return
        first = rule["classify"]["classes"] if effect == "classify" else []
        seen = [first] if isinstance(first, str) else list(first)
        for index, other in enumerate(rule["readings"]["others"]):
            where: Path = (*path, "others", index)
            if key not in other:
                classes = _("Another reading of this rule must state a class.")
                routes = _("Another reading of this rule must state a route.")
                self.note(where, classes if key == "class" else routes)
            elif other[key] in seen:
                self.note((*where, key), _("This reading duplicates another reading."))
            seen.append(other.get(key))

    def expression(self, path: Path, text: str, each: str, expect: Type = BOOL, since: str = "") -> bool:
        """Type an expression and note its problems. Return whether it has a tree."""
        try:
            tree = parse(text, self.scope(each), expect)
        except ExpressionError as error:
            start, end = error.span
            self.problems.append(self.document.problem_within(path, start, end - start, error.message, error.hint))
            return False
        self.lines[path] = self.document.locate(path, 0)
        self.trees[path] = tree
        for node in walk(tree):
            if isinstance(node, Param) and since and since < self.values[node.key][0]["from"]:
                name = node.key.partition("/")[2]
                self.note(path, _("The rule is in force before the parameter {name!r} has a value.", name=name))
        return True

    def scope(self, each: str) -> TypeEnvironment:
        return TypeEnvironment(variables(each, self.schemas), self.params, self.term, frozenset(self.terms))

    def term(self, name: str, scope: TypeEnvironment) -> Node | None:
        """Return the body of a term, typed in the environment of the rule that uses it."""
        if name not in self.terms:
            return None
        file, text = self.terms[name]
        if name in self.open:
            raise ExpressionError(_("The term {name!r} refers to itself.", name=name), (0, len(text)))
        key = (name, frozenset(scope.variables))
        if key not in self.parsed:
            self.parsed[key] = self.parse_term(name, file, text, scope)
        found = self.parsed[key]
        if isinstance(found, ExpressionError):
            raise ExpressionError(found.message, found.span, found.hint)
        return found

    def parse_term(self, name: str, file: Document, text: str, scope: TypeEnvironment) -> Node | ExpressionError:
        """Return the body of a term, or the error of an expression that uses it."""
        self.open.append(name)
        try:
            if len(self.open) > MAX_HEIGHT:
                message = _(
                    "This is nested deeper than {max_height} levels, including its terms.", max_height=MAX_HEIGHT
                )
                raise ExpressionError(message, (0, len(text)), _("Use fewer nested terms."))
            return parse(text, scope, None)
        except ExpressionError as error:
            if file is self.document and name not in self.failed:
                self.failed.add(name)
                start, end = error.span
                problem = file.problem_within(("terms", name), start, end - start, error.message, error.hint)
                self.problems.append(problem)
            if error.message in self.blames:
                return ExpressionError(error.message, (0, 1), error.hint)
            message = _("The term {name!r} cannot be used here: {message}", name=name, message=error.message)
            self.blames.add(message)
            return ExpressionError(message, (0, 1), error.hint)
        finally:
            self.open.pop()
