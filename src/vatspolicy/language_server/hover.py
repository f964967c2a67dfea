"""The meaning of the element at a place, in both languages, with its law, as Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vatspolicy.authoring.testing.coverage import used_terms
from vatspolicy.core.documents.word_search import Word
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.compiler import environment_of
from vatspolicy.core.policies.expression_wording import Wording
from vatspolicy.core.policies.model import NEVER, Article, Parameter, Policy, Rule
from vatspolicy.core.policies.wording import describe_effect, describe_readings
from vatspolicy.core.profile.vocabulary import describe, label
from vatspolicy.i18n import LANGUAGES, Language, Phrase
from vatspolicy.i18n.words import Table, joint, word
from vatspolicy.language_server.editor_text import Sketch, find_places
from vatspolicy.language_server.expressions import Scope, bindings, fact_paths, find_subject, string_at
from vatspolicy.language_server.law import EditedLaw
from vatspolicy.language_server.mentions import Symbol
from vatspolicy.language_server.navigation import symbols_at
from vatspolicy.language_server.project import Project
from vatspolicy.language_server.schema_nodes import allowed_words, describe_nodes, find_nodes, find_schema

LONGEST = 400
"""Characters of a quotation or a value that are shown."""
_WORDS: Table = {
    "in_force": Phrase("in force"),
    "open_end": Phrase("until further notice"),
    "unit": Phrase("unit"),
    "verification": Phrase("verification"),
    "compared": Phrase("compared on {day} with {text}"),
    "authority": Phrase("authority"),
    "number": Phrase("number"),
    "other_names": Phrase("other names"),
}


def make_scope(project: Project, file: str, sketch: Sketch) -> Scope | None:
    """Return the names that the expression at a place may use; None if there is no expression."""
    kind = project.kind_of(file)
    subject = find_subject(kind or "", sketch.path, sketch.scalars)
    if subject is None:
        return None
    law = project.law_of(file)
    policy = law.policy_of(file)
    document = law.documents.get(policy.id) if policy is not None else None
    if subject not in ("product", "service", "activity", "license"):
        subject = "activity"
    environment = environment_of(subject, document, law.documents, law.schemas)
    return Scope(environment, bindings(sketch.text, sketch.offset))


def hover(project: Project, file: str, index: int) -> str | None:
    """Return the meaning of the element at a place; None if it is unknown."""
    kind = project.kind_of(file)
    if kind is None:
        return None
    law = project.law_of(file)
    teller = _Teller(law, project.lang, project.today())
    for sketch in find_places(project.text(file), index):
        if (named_word := _word_at(project, file, kind, sketch)) is not None:
            return teller.word(named_word)
    texts = [text for symbol in symbols_at(project, file, index) if (text := teller.symbol(symbol))]
    if texts:
        return "\n\n---\n\n".join(dict.fromkeys(texts))
    for sketch in find_places(project.text(file), index):
        if sketch.on_key and (nodes := find_nodes(kind, sketch.path, law.schemas)):
            return teller.annotations(describe_nodes(nodes), sketch.text)
    return None


def _word_at(project: Project, file: str, kind: str, sketch: Sketch) -> Word | None:
    """Return the word of a closed list for a value, in the data or in an expression."""
    schemas = project.law_of(file).schemas
    if sketch.on_key:
        return None
    scope = make_scope(project, file, sketch)
    if scope is None:
        words = allowed_words(find_nodes(*find_schema(kind, sketch.path), schemas), schemas)
        return next((word for word in words if word.value == sketch.text and word.name), None)
    literal = string_at(sketch.text, sketch.offset)
    name = scope.compared_with(sketch.text, sketch.offset)
    if literal is None or name is None:
        return None
    return next((word for word in known_words(project.law_of(file), scope, name) if word.value == literal[1]), None)


def known_words(law: EditedLaw, scope: Scope, name: tuple[str, ...]) -> list[Word]:
    """Return the words that the fact of a name may have, with their meaning."""
    if name == ("activity", "class"):
        return allowed_words([law.schemas.load("vocabulary")["$defs"]["class"]], law.schemas)
    for path in fact_paths(name, scope.bound):
        for path_of_words in ((*path, 0), path):
            if members := allowed_words(find_nodes("profile", path_of_words, law.schemas), law.schemas):
                return members
    return []


@dataclass(frozen=True)
class _Teller:
    """Texts about symbols, with headings in one language."""

    law: EditedLaw
    lang: Language
    day: str

    def symbol(self, symbol: Symbol) -> str | None:
        """Return the meaning of a symbol; None if it is not known."""
        if symbol.kind == "fact":
            return self.fact(symbol.name)
        bundle = self.law.bundle
        if bundle is None:
            return None
        lines: Iterable[str | None]
        policy = bundle.policies.get(symbol.owner)
        match symbol.kind:
            case "term" if policy and symbol.name in policy.terms:
                lines = self.term(bundle, policy, symbol.name)
            case "parameter" if policy and symbol.name in policy.parameters:
                lines = self.parameter(policy, policy.parameters[symbol.name])
            case "article" if policy and symbol.name in policy.articles:
                lines = self.article(policy.articles[symbol.name])
            case "rule" if policy and any(rule.id == symbol.name for rule in policy.rules):
                lines = self.rule(bundle, policy, policy.rule(symbol.name))
            case "instrument" if symbol.name in bundle.instruments:
                lines = self.instrument(bundle, symbol.name)
            case "policy" if symbol.name in bundle.policies:
                lines = self.policy(bundle.policies[symbol.name])
            case "need":
                lines = self.need(bundle, symbol.name)
            case _:
                return None
        return "\n\n".join(filter(None, lines)) or None

    def fact(self, name: str) -> str | None:
        """Return title, question, description and unit of a fact."""
        path: list[str | int] = []
        for step in name.split("."):
            path.append(step)
            if "items" in describe(tuple(path), self.law.schemas):
                path.append(0)
        node = describe(tuple(path[:-1] if path[-1:] == [0] else path), self.law.schemas)
        return self.annotations(node, name) if "title" in node else None

    def annotations(self, node: Mapping[str, Any], name: str) -> str:
        """Return the description of a value in a schema."""
        title = " · ".join(dict.fromkeys(filter(None, (node.get("title"), node.get("x-title-zh")))))
        question = node.get("x-question") or {}
        unit = f"{self._label('unit')}{node['x-unit']}" if "x-unit" in node else None
        said = (f"**{title or name}** `{name}`", *(question.get(lang) for lang in LANGUAGES), node.get("description"))
        return "\n\n".join(filter(None, (*said, unit)))

    def word(self, word: Word) -> str:
        """Return the names of a value of a list."""
        names = f" {word.name['en']} · {word.name['zh']}" if word.name else ""
        others = joint("list", self.lang).join(word.synonyms)
        example = word.example
        said = (
            f"**{word.value}**{names}",
            f"{self._label('other_names')}{others}" if others else None,
            *(example[lang] for lang in LANGUAGES if example),
        )
        return "\n\n".join(filter(None, said))

    def term(self, bundle: Bundle, policy: Policy, name: str) -> Iterator[str]:
        """Yield the text of a term, and its check in words."""
        yield f"**term.{name}** · {policy.id}"
        yield f"```cel\n{policy.terms[name]}\n```"
        tree = used_terms(bundle).get((policy.id, name))
        if tree is not None:
            yield from self._both(lambda lang: Wording(bundle, lang, day=self.day).say(tree))

    def parameter(self, policy: Policy, parameter: Parameter) -> Iterator[str]:
        """Yield the title of a parameter, and its values by their days."""
        name = parameter.key.partition("/")[2]
        title = f" {parameter.title['en']} · {parameter.title['zh']}" if parameter.title else ""
        yield f"**param.{name}**{title} · {policy.id}"
        rows = []
        for value in parameter.values:
            text = _cut(json.dumps(value.value, ensure_ascii=False))
            articles = (policy.articles[key] for key in value.cite)
            cited = joint("list", self.lang).join(f"{one.label[self.lang]} [{one.verification}]" for one in articles)
            rows.append(f"- {value.since}{joint('colon', self.lang)}`{text}` ({cited})")
        yield "\n".join(rows)

    def article(self, article: Article) -> Iterator[str]:
        """Yield the words of an article, and their verification."""
        yield f"**{article.label['en']} · {article.label['zh']}** [{article.verification}]"
        if article.zh:
            yield f"> {_cut(article.zh)}"
        yield f"> {_cut(article.en)}"
        if article.verified is not None:
            day, against, _hash = article.verified
            yield self._label("verification") + word(_WORDS, "compared", self.lang, day=day, text=against)
        if article.note:
            yield article.note
        if article.url:
            yield f"<{article.url}>"

    def rule(self, bundle: Bundle, policy: Policy, rule: Rule) -> Iterator[str]:
        """Yield the message and check of a rule, its days, and its law."""
        yield f"**{rule.name}**"
        yield "\n\n".join(f"{rule.message[lang]} → {describe_effect(bundle, rule, lang)}" for lang in LANGUAGES)
        yield from self._both(lambda lang: Wording(bundle, lang, day=self.day).say(rule.when.tree))
        yield f"{self._label('in_force')}{self._days(rule.since, rule.until)}"
        yield from describe_readings(bundle, rule, self.lang)
        for key in rule.cite:
            yield from self.article(policy.articles[key])

    def instrument(self, bundle: Bundle, name: str) -> Iterator[str]:
        """Yield the title of an instrument, and the authorities in charge."""
        instrument = bundle.instruments[name]
        yield f"**{name}** {instrument.title['en']} · {instrument.title['zh']} · {instrument.policy}"
        for when, bodies in instrument.authority:
            names = [label("authority", body, bundle.schemas) for body in bodies]
            bodies_text = joint("list", self.lang).join(f"{text['en']} · {text['zh']}" for text in names)
            condition = "" if when.is_true else f" `{when.text}`"
            yield f"{self._label('authority')}{bodies_text}{condition}"

    def policy(self, policy: Policy) -> Iterator[str]:
        """Yield title, issuer, number and days of a policy."""
        yield f"**{policy.id}** {policy.version}"
        yield f"{policy.title['en']}\n\n{policy.title['zh']}"
        issuer = policy.source["issuer"]
        number = policy.source.get("number")
        yield f"{issuer['en']} · {issuer['zh']}"
        if number:
            yield f"{self._label('number')}{number}"
        yield f"{self._label('in_force')}{self._days(policy.since, policy.until)}"

    def need(self, bundle: Bundle, name: str) -> Iterator[str]:
        """Yield the routes that lead to a need."""
        for policy in bundle.policies.values():
            for rule in policy.rules:
                if getattr(rule.effect, "to", None) == name:
                    yield f"{rule.name}: {describe_effect(bundle, rule, self.lang)}"

    def _both(self, say: Any) -> Iterator[str]:
        yield from (say(lang) for lang in LANGUAGES)

    def _days(self, since: str, until: str) -> str:
        return f"{since} – {word(_WORDS, 'open_end', self.lang) if until == NEVER else until}"

    def _label(self, key: str) -> str:
        return word(_WORDS, key, self.lang) + joint("colon", self.lang)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
