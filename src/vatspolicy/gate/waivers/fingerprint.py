"""Fingerprint of a finding or of an opinion: a digest of the rule and the facts that it read.

A waiver, or the grant of an opinion, names it, so that a change of either ends it. Where a need is answered by routes,
what the routes said and read is part of it. Lines, wording, the order of services and facts that no rule read are not;
nor is the day, but the values of parameters on that day are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.cel.ast import Node, Param, Term, children
from vatspolicy.core.cel.interpreter import look_up
from vatspolicy.core.cel.scopes import unbound_facts
from vatspolicy.core.documents import Path, format_path
from vatspolicy.core.documents.plain import Fields, Tree
from vatspolicy.core.engine.decision import Finding, RouteResult, Subject
from vatspolicy.core.engine.explanation import plain
from vatspolicy.core.engine.result import Json
from vatspolicy.core.engine.subjects import Activations
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Expression, Policy, Route, Rule
from vatspolicy.core.profile.opinions import stated
from vatspolicy.core.profile.profile import Profile
from vatspolicy.core.profile.vocabulary import CLASS

FORMAT = 1
"""Version of the hashed content; another version ends every waiver."""


def fingerprint(bundle: Bundle, profile: Profile, as_of: str, finding: Finding) -> str:
    """Return `sha256:` and 64 hexadecimal digits, over canonical JSON. Values are hashed and never shown."""
    hasher = _Hasher(bundle, profile, as_of)
    content = {
        "format": FORMAT,
        "subject": [finding.subject.service, finding.subject.cls],
        "state": finding.state,
        "rule": hasher.rule(finding.rule, hasher.activations.of(finding.subject)),
        "routes": [hasher.route(state) for state in finding.routes],
    }
    return _digest(content)


def opinion_fingerprint(bundle: Bundle, profile: Profile, as_of: str, opinion: Fields) -> str:
    """Return the digest of an opinion, of the rules that it may settle on a day, and of the facts that they read.

    An opinion on classes may settle each open classify rule that holds or may hold of its service.
    """
    hasher, about, own = _Hasher(bundle, profile, as_of), opinion["about"], opinion.get("service")
    ids = sorted(service["id"] for service in profile.facts["services"] if own in (None, service["id"]))
    settled = []
    for id in ids if about == CLASS else ():
        activation = hasher.activations.of(Subject(id))
        rules = [match[0] for match in hasher.ruleset.match("service", activation, ("classify",)) if match[0].is_open]
        settled += [[id, hasher.rule(rule, activation)] for rule in sorted(rules, key=lambda rule: rule.name)]
    named = "/".join(about.split("/")[:2])
    for rule in (rule for group in hasher.ruleset.rules.values() for rule in group if rule.name == named):
        for id in [None] if rule.each == "product" else ids:
            activation = hasher.activations.of(Subject(id))
            policy = bundle.policies[rule.policy]
            checks = [
                [condition.id, hasher.expression(policy, condition.check, activation)]
                for condition in rule.requirements
            ]
            # the class facts in activity rules follow from the facts of the service
            facts = activation["service"] if rule.each == "activity" else None
            settled.append([id, hasher.rule(rule, activation), checks, facts])
    return _digest({"format": FORMAT, "opinion": stated(opinion), "settles": settled})


def _digest(content: Json) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


class _Hasher:
    def __init__(self, bundle: Bundle, profile: Profile, as_of: str) -> None:
        self.bundle, self.profile, self.ruleset = bundle, profile, bundle.on(as_of)
        self.activations = Activations(self.ruleset, profile, as_of)

    def rule(self, rule: Rule, activation: Activation) -> Json:
        policy = self.bundle.policies[rule.policy]
        articles = [policy.articles[key] for key in rule.cite]
        return {
            "name": rule.name,
            "version": policy.version,
            "effect": {} if isinstance(rule.effect, Route) else rule.effect._asdict(),
            "articles": [[article.key, dict(article.label), article.en, article.zh] for article in articles],
            "when": self.expression(policy, rule.when, activation),
        }

    def route(self, state: RouteResult) -> Json:
        effect, activation = state.rule.route, self.activations.of(state.subject)
        policy = self.bundle.policies[state.rule.policy]
        cap = effect.max_foreign_percent
        share = activation.get("operator", {}).get("foreign_percent")
        return {
            "rule": self.rule(state.rule, activation),
            "state": state.state,
            "cap": None if cap is None else [share, self.expression(policy, cap, activation)],
            "conditions": [[c.id, self.expression(policy, c.check, activation)] for c in effect.conditions],
        }

    def expression(self, policy: Policy, expression: Expression, activation: Activation) -> Json:
        """Return the text of an expression and its terms, with the values of its parameters and facts."""
        params: dict[str, Tree] = {}
        texts = list(self.texts(policy, expression.text, expression.tree, params))
        facts = {}
        for fact in unbound_facts(expression.tree):
            if fact.root != "as_of":  # the day is not a fact; its effect is in the rule and the parameters
                names = fact.names[:-1] if fact.names[-1:] in (("within",), ("province",)) else fact.names
                facts[self.place(activation, fact.root, names)] = plain(look_up(activation, fact.root, names))
        return [texts, params, facts]

    def texts(self, policy: Policy, text: str, node: Node, params: dict[str, Tree]) -> Iterator[str]:
        yield " ".join(text.split())
        waiting = [node]
        while waiting:
            node = waiting.pop()
            if isinstance(node, Param):
                params[node.key] = self.ruleset.params[node.key]
            if isinstance(node, Term):
                owner, inner = self.bundle.term(policy, node.name)
                yield from self.texts(owner, inner, node.body, params)
            else:
                waiting += children(node)

    def place(self, activation: Activation, root: str, names: tuple[str, ...]) -> str:
        """Return the path of a fact, with a service by its id, so that the order of services does not matter."""
        owner = activation.get(root)
        path: Path | None = self.profile.path_of(owner, names) if isinstance(owner, dict) else None
        if path is None:
            return ".".join((root, *names))
        if path[:1] == ("services",) and len(path) > 1:
            index = path[1]
            assert isinstance(index, int)
            path = ("services", str(self.profile.facts["services"][index]["id"]), *path[2:])
        return format_path(path)
