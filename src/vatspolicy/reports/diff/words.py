"""The words of comparisons in both languages."""

from __future__ import annotations

from vatspolicy.core.policies.wording import ADVICE
from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.words import Counts, Table, word
from vatspolicy.origin import install

CHANGES: Table = {
    "added": Phrase("added"),
    "removed": Phrase("removed"),
    "changed": Phrase("changed"),
}
KINDS: Table = {
    "policy": Phrase("policy"),
    "source": Phrase("source"),
    "dates": Phrase("dates"),
    "uses": Phrase("relations"),
    "review": Phrase("review"),
    "edition": Phrase("edition", "diff"),
    "article": Phrase("article"),
    "instrument": Phrase("instrument"),
    "parameter": Phrase("parameter"),
    "term": Phrase("term"),
    "rule": Phrase("rule"),
    "tests": Phrase("tests"),
    "fixture": Phrase("fixture"),
    "schema": Phrase("schema"),
    "layer": Phrase("layer", "diff"),
    "may_loosen": Phrase("permission to loosen"),
    "enforce": Phrase("enforcement"),
}
ITEMS: Table = {
    "class": Phrase("class"),
    "service": Phrase("classification"),
    "denial": Phrase("ground of denial"),
    "reason": Phrase("reason"),
    "route": Phrase("route"),
    "need": Phrase("license to get"),
    "met": Phrase("license held"),
    "missing": Phrase("fact asked for"),
    "duty": Phrase("duty"),
    "instrument": Phrase("instrument asked for"),
    "deadline": Phrase("deadline"),
    "bearer": Phrase("who must act"),
    "authority": Phrase("authority"),
    "share-cap": Phrase("cap on the foreign share"),
    "advice": Phrase("advice"),
    "advice-kind": Phrase("kind of advice"),
    "curable": Phrase("fixable"),
    "waiver": Phrase("waiver"),
    "undetermined": Phrase("undetermined"),
    "contested": Phrase("contested reading"),
    "citation": Phrase("cited articles"),
    "verification": Phrase("weakest verification"),
}
SAID: Table = {
    "citations": Phrase("cited articles"),
    "verification": Phrase("verification"),
    "authority": Phrase("authority"),
    "wording": Phrase("wording"),
    "asks": Phrase("wording, and which missing facts are asked for"),
    "other": Phrase("other parts of the record"),
}
"""Parts of the records of decisions (`compare_entries`)."""
VALUES: dict[str, Table] = {
    "advice-kind": ADVICE,
    "advice": {"fires": Phrase("given")},
    "duty": {"fires": Phrase("due", "duty")},
    "bearer": {"operator": Phrase("the operator"), "company": Phrase("the company")},
    "curable": {"yes": Phrase("yes"), "no": Phrase("no")},
    "share-cap": {"none": Phrase("none")},
    "waiver": {"possible": Phrase("possible"), "excluded": Phrase("excluded")},
}
"""Values by the kind of their item; others are shown as the JSON report has them."""
REASONS: Table = {
    "rule-removed": Phrase("a rule id is gone"),
    "policy-removed": Phrase("a policy is gone"),
    "schema-breaks": Phrase("a schema breaks its readers"),
    "decisions-change": Phrase("decisions or what they list change"),
    "schema-widens": Phrase("more specs are valid"),
    "law-added": Phrase("law is added"),
    "not-settled": Phrase("whether a decision changes is not settled"),
    "text-changed": Phrase("text changes, decisions do not"),
}
VERDICTS: Table = {
    "proved-equivalent": Phrase("Proved: the edit changes nothing that the rule says of any product on any day."),
    "beside": Phrase(
        "Proved: the rule applies to the same products on the same days. What decisions list beside it changes."
    ),
    "masked": Phrase(
        "Proved: the rule says something else of some products, but changed alone it changes no decision."
    ),
    "witness": Phrase("Changed alone, it changes decisions, for example: {moves}."),
    "listed": Phrase("Something else is listed for some products; a rule of this kind never changes a decision."),
    "unsupported": Phrase("NOT SETTLED: the rule cannot be analyzed."),
    "unknown": Phrase("NOT SETTLED: it is neither shown nor excluded that a decision changes."),
}
"""Sentences for the verdicts on a rule."""
EDIT_VERDICTS: Table = {
    "proved-equivalent": Phrase("Proved: nothing changes for any product on any day."),
    "beside": Phrase(
        "Proved: its rules apply to the same products on the same days. What decisions list beside them changes."
    ),
    "applies": Phrase("Proved: its rules apply to the same products on the same days."),
    "masked": Phrase("Proved: no decision changes. What decisions list may change."),
    "witness": Phrase("Decisions change, for example: {moves}."),
    "witness-of-all": Phrase("Decisions change: {moves}."),
    "listed": Phrase("Proved: no decision changes. What decisions list changes."),
    "unsupported": Phrase("NOT SETTLED: its rules cannot be analyzed."),
    "unknown": Phrase("NOT SETTLED: it is neither shown nor excluded that a decision changes."),
    "no-rule": Phrase("No rule differs because of it, so no decision changes."),
    "schema": Phrase("A spec that both sides accept states the same facts, so no decision changes."),
    "reading": Phrase("NOT SETTLED: it may change the facts of a spec. Only the compared products show what follows."),
    "enforcement": Phrase("No decision changes; whether the gate passes its findings does."),
    "not-asked": Phrase("Not proved: only the compared products show what changes."),
}
"""Sentences for the verdicts on an edit."""
EFFECTS: Table = {
    "allow->deny": Phrase("some products are newly refused"),
    "needs-license->deny": Phrase("some products are newly refused"),
    "allow->needs-license": Phrase("some products newly need a license"),
    "deny->allow": Phrase("some refused products may launch"),
    "deny->needs-license": Phrase("some refused products may launch with a license"),
    "needs-license->allow": Phrase("some products no longer need a license"),
    "allow->incomplete": Phrase("some decisions become incomplete"),
    "needs-license->incomplete": Phrase("some decisions become incomplete"),
    "deny->incomplete": Phrase("some refusals become incomplete decisions"),
    "incomplete->allow": Phrase("some incomplete decisions are settled"),
    "incomplete->needs-license": Phrase("some incomplete decisions are settled"),
    "incomplete->deny": Phrase("some incomplete decisions are settled"),
    "asks": Phrase("some decisions become incomplete"),
    "range": Phrase("some incomplete decisions have other possible outcomes"),
    "granted": Phrase("only products with a legal opinion are shown to change"),
    "listed": Phrase("no decision changes, but what decisions list does"),
    "nothing": Phrase("no decision changes"),
    "unseen": Phrase("no decision change was found"),
    "unsettled": Phrase("what follows is not settled"),
}
"""Consequences of an edit, by the change of the decision word that the nearest product shows."""
PREDICATES: Table = {
    "rule-added": Phrase("{subject} from {day}"),
    "rule-changed": Phrase("“{subject}” is amended from {day} ({text})"),
    "rule-reworded": Phrase("“{subject}” is reworded or cites other articles"),
    "rule-removed": Phrase("“{subject}” no longer applies"),
    "rule-ends": Phrase("“{subject}” ceases to apply on {day}"),
    "moved": Phrase("“{subject}” moves from {before} to {after}"),
    "renamed": Phrase("“{subject}” is renamed from {before} to {after}"),
    "ends": Phrase("“{subject}” ceases to apply on {day}"),
    "dates": Phrase("“{subject}” applies on other days, from {day}"),
    "policy-added": Phrase("“{subject}” applies from {day}"),
    "rises": Phrase("“{subject}” rises from {before} to {after} on {day}"),
    "falls": Phrase("“{subject}” falls from {before} to {after} on {day}"),
    "starts": Phrase("“{subject}”: the {what} moves from {before} to {after}"),
    "becomes": Phrase("“{subject}” changes from “{before}” to “{after}” on {day}"),
    "added-and-removed": Phrase("“{subject}” gains {added} and loses {removed} on {day}"),
    "removed": Phrase("“{subject}” is removed"),
    "added": Phrase("“{subject}” is added"),
    "changed": Phrase("“{subject}” is changed"),
    "changed-to": Phrase("“{subject}” is changed ({text})"),
    "removed-on": Phrase("“{subject}” is removed from {day}"),
    "added-on": Phrase("“{subject}” is added from {day}"),
    "changed-on": Phrase("“{subject}” is changed from {day}"),
    "same-members": Phrase("“{subject}” lists the same in another order"),
    "gains": Phrase("“{subject}” gains {added} on {day}"),
    "loses": Phrase("“{subject}” loses {removed} on {day}"),
    "verified": Phrase("The verification of “{subject}” goes from {before} to {after}"),
}
"""Edits of an entry, the subject first."""
PHRASES: Table = {
    "signed": Phrase("{edit}: {effect}."),
    "moved": Phrase("moves from {before} to {after}"),
    "renamed": Phrase("is renamed from {before} to {after}"),
    "rests_on": Phrase("It rests on {law}."),
    "granted": Phrase("Shown only by profiles with a legal opinion: {moves}."),
    "worse_granted": Phrase("Only products with a legal opinion are shown to be worse off: {moves}."),
    "ask_repeal": Phrase("Which instrument ends {name}? Cite it, or show the rules that take its place."),
    "same_citation": Phrase("The citation is the same as before."),
    "known_citation": Phrase("It stood here before the change, and the change does not edit it."),
    "ask_number": Phrase("Does “{article}” say {number}? It says: “{text}”"),
    "in_full": Phrase("The edits in full"),
    "in_full_below": Phrase("… in full below"),
    "more_of_edit": Phrase("More on this edit"),
    "structure": Phrase("What was edited"),
    "law": Phrase("The edited rules in words"),
    "access": Phrase("Access of foreign investors that changes"),
    "decisions": Phrase("Decisions that change"),
    "semantic": Phrase("Proofs"),
    "release": Phrase("Version"),
    "accepted": Phrase("Accepted changes"),
    "accepted_used": Phrase(
        "Accepted changes are read from {file}. Accepted: {accepted}; stale: {stale}; "
        "new, to be merged before their change: {new}; waiting: {waiting}."
    ),
    "accepted_of_base": Phrase("{file} of the base"),
    "accepted_by": Phrase("accepted by {person}: {reason}"),
    "entry_accepted": Phrase("{edit}: ACCEPTED by {person} {days}: {reason}"),
    "entry_stale": Phrase("{edit}: STALE, accepted by {person} {days}: {reason}"),
    "entry_new": Phrase("{edit}: NEW, by {person} {days}: {reason}"),
    "entry_waiting": Phrase("{edit}: WAITING, accepted by {person} {days}: {reason}"),
    "to_accept": Phrase(
        "These changes fail. To accept one that has no entry, its approver adds this entry, with reason and person, to "
        "{file}. It counts if HEAD does not hold it:"
    ),
    "past": Phrase("Past decisions with another outcome"),
    "records": Phrase("records"),
    "recorded_moves": Phrase("Products with another outcome: {products}; past decisions by change: {names}."),
    "recorded": Phrase(
        "Past decisions: {records}; decided again: {evaluated}; with another outcome: {changed}; "
        "not evaluated: {unread}."
    ),
    "words": Phrase("{base} → {head}, today {today}"),
    "edits": Phrase("Edits"),
    "show": Phrase("Show"),
    "evidence": Phrase("What was compared and proved"),
    "access_changes": Phrase("Access of foreign investors that changes, as of {day}"),
    "rules_moved": Phrase("Rules that it moves"),
    "shows_it_on": Phrase("Shown by {name} on {day}: {moved}."),
    "shows_it": Phrase("Shown by {name}: {moved}."),
    "made_up": Phrase("an invented profile"),
    "shared_with": Phrase("Some of its rules are edited otherwise, too: {names}."),
    "each_rule": Phrase("Each rule, as if it changed alone"),
    "instead": Phrase("in place of {name}"),
    "applies": Phrase("applies when {text}"),
    "asks": Phrase("condition: {text}"),
    "asks_still": Phrase("as before, it asks for all of these: {text}"),
    "in_force": Phrase("in force {days}"),
    "always_in_force": Phrase("in force on all days"),
    "in_force_until": Phrase("in force until {last}"),
    "condition_briefly": Phrase("condition “{message}”"),
    "condition_of": Phrase("condition “{message}” ({id}): {text}"),
    "not_waivable": Phrase("cannot be waived"),
    "of_layer": Phrase("layer {name}"),
    "replaces": Phrase("replaces {rule}; reason: {reason}; owner: {owner}"),
    "overrides": Phrase("overrides {rule}, which stays in force too; reason: {reason}; owner: {owner}"),
    "with_layers": Phrase("{state} with the layers {names}"),
    "was": Phrase("before: {text}"),
    "is": Phrase("now: {text}"),
    "gone": Phrase("no longer: {text}"),
    "new": Phrase("new: {text}"),
    "says_so": Phrase("{edit}. {message}"),
    "quoted": Phrase("“{text}”"),
    "details": Phrase("Below the decision"),
    "transitions": Phrase("What can change, over all profiles"),
    "problems": Phrase("Could not be read"),
    "places": Phrase("places where it is open"),
    "as_of_day": Phrase("Highest foreign share as of {day}."),
    "business": Phrase("business"),
    "regime": Phrase("regime"),
    "product": Phrase("product"),
    "service": Phrase("service"),
    "as_of": Phrase("as of"),
    "change": Phrase("before → after"),
    "because": Phrase("because"),
    "rule": Phrase("rule"),
    "verdict": Phrase("verdict"),
    "says": Phrase("says"),
    "what": Phrase("what"),
    "who": Phrase("products"),
    "since": Phrase("from {day}"),
    "between": Phrase("from {day} to {last}"),
    "only_on": Phrase("on {day} alone"),
    "may_say": Phrase("What decisions show with it may change: {names}."),
    "back": Phrase("retroactive"),
    "twin": Phrase("moved or renamed: same body as {name}"),
    "breaking": Phrase("breaking"),
    "compared": Phrase(
        "Profiles: {products}, on days: {days}. Decisions that change: {rows}; changes below them: {details}."
    ),
    "edit_of": Phrase("{name}: {edit}."),
    "end": Phrase("{text}."),
    "moves_on": Phrase("{moves} {days}", "days"),
    "shown_for": Phrase("{moves}, shown for companies and services as these: {who}"),
    "example_for": Phrase("{moves}, for example {who}"),
    "both_ways": Phrase("Stricter: {stricter}; milder: {milder}"),
    "share": Phrase("foreign share {low}"),
    "shares": Phrase("foreign share {low} to {high}"),
    "registered": Phrase("registered in {names}"),
    "services": Phrase("services: {names}"),
    "worse": Phrase("Somebody is worse off: {moves}."),
    "only_unknown": Phrase(
        "Proved: nobody is newly refused or newly needs a license. A complete decision can become incomplete, "
        "because it depends on a fact that did not matter before: {moves}."
    ),
    "worse_range": Phrase("Somebody is worse off: a decision that is incomplete can become stricter."),
    "nobody_worse": Phrase("Nobody is worse off, which is proved for all profiles and days."),
    "nobody_decided_worse": Phrase(
        "Nobody whose decision was reached is worse off, which is proved; an incomplete decision can become stricter."
    ),
    "worse_open": Phrase("Whether anybody is worse off is not settled; no compared product is."),
    "below_change": Phrase("What decisions list changes {days} for {some} of {all} known products: {names}."),
    "known_change": Phrase("Known products that change: {some} of {all}: {names}."),
    "and_more": Phrase("{names} and {n} more"),
    "to_decide": Phrase("What a reviewer must decide"),
    "ask_waivable": Phrase("May {rule} be waivable from now on? Until now it was not."),
    "ask_unenforced": Phrase("May the gate pass findings of {rule}? Until now it did not."),
    "ask_loosenable": Phrase("May the layer above {name} loosen {rule}?"),
    "ask_milder": Phrase("Does the law say that decisions become milder?"),
    "ask_stricter": Phrase("Does the law say that decisions become stricter?"),
    "ask_unknown": Phrase("Does the law ask for the facts that leave decisions incomplete?"),
    "ask_renamed": Phrase("{names} looks renamed. Ids must not change."),
    "ask_unread": Phrase("No one has checked the articles behind {names} against their text."),
    "unread_waits": Phrase(
        "Until then, decisions that rest on {names} stay incomplete, unless an opinion settles them."
    ),
    "ask_cited": Phrase("Do the cited articles say so? The citations are the same as before: {names}."),
    "ask_known_source": Phrase(
        "Do the cited articles say so? They stood here before the change, and it does not edit them: {names}."
    ),
    "ask_source": Phrase("Cite an article for {names}."),
    "ask_open": Phrase("What was neither shown nor excluded: {names}. Is that acceptable?"),
    "ask_version": Phrase("Set the version: {text}"),
    "edited": Phrase("Edits: {count}, in files: {files}."),
    "no_days": Phrase("No rule differs on any day, so nothing had to be decided."),
    "borrowed": Phrase("Decided by the old rules under the new schemas, because they state new facts: {names}."),
    "semantic_off": Phrase("Proofs over all profiles were left out."),
    "no_solver": Phrase(
        "The solver is not installed: only what the text of the rules shows is proved. For proofs run {command}."
    ).fill(command=install("smt")),
    "one_schema": Phrase(
        "The proofs read both sides under the new schemas; what the schemas themselves change is not proved."
    ),
    "possible": Phrase("Shown by compared products: {names}."),
    "beyond": Phrase("Shown by invented profiles, by no compared product: {names}."),
    "unsettled": Phrase("Neither shown nor excluded: {names}."),
    "impossible": Phrase("Proved impossible, for all profiles and days: {names}."),
    "open_edits": Phrase("Edits not settled: {names}."),
    "no_change": Phrase("Proved for all profiles and days: no decision word changes."),
    "no_direction": Phrase(
        "Proved for all profiles and days: no decision that was reached becomes stricter or milder."
    ),
    "not_stricter": Phrase("Proved for all profiles and days: no decision that was reached becomes stricter."),
    "not_milder": Phrase("Proved for all profiles and days: no decision that was reached becomes milder."),
    "stricter_if_open": Phrase(
        "Proved for all profiles and days: a decision becomes stricter only if it is incomplete before or after."
    ),
    "milder_if_open": Phrase(
        "Proved for all profiles and days: a decision becomes milder only if it is incomplete before or after."
    ),
    "excluded": Phrase("All edits together are proved never to do this: {moves}."),
    "witness": Phrase("A profile that shows it"),
    "witnesses": Phrase("Profiles that show it:"),
    "fact": Phrase("fact"),
    "change_of_rule": Phrase("change"),
    "seen": Phrase("seen in"),
    "value": Phrase("value"),
    "any_product": Phrase("Any product shows it; no fact is needed."),
    "profile": Phrase("The profile, to be copied"),
    "from": Phrase("{moves} {days}", "days"),
    "known": Phrase("Known product {name}"),
    "in_product": Phrase("in the known product"),
    "in_witness": Phrase("here"),
    "fewest": Phrase("The same with the fewest facts"),
    "together": Phrase("With all edits together this profile is decided {moves}."),
    "lists": Phrase("Listed {days}: {names}."),
    "stays": Phrase("What the rule says differs {days}; the decision stays {name}."),
    "seen_in": Phrase("Seen in: {names}."),
    "listed": Phrase("Rules that change no decision, only what is listed"),
    "differ": Phrase("Its rules differ {days}."),
    "differ_later": Phrase("Its rules differ {days}; on the later days that changes no decision."),
    "period_proved": Phrase("Decisions change {days}; on no other day, which is proved for all profiles."),
    "period": Phrase("Decisions change {days}; whether they change on other days is not settled."),
    "undecided_on": Phrase("Could hold, and is not settled: {names}. So this does not pass."),
    "needs": Phrase("{before} → {after}; this change is {level} ({because}) and needs at least {needed}."),
    "fits": Phrase("{before} → {after}; this change is {level} ({because}), and {before} is not released yet."),
    "untouched": Phrase("{before} → {after}; nothing that is released changes."),
    "waivable": Phrase("WEAKENED: {rule} is waivable from now on."),
    "unenforced_warn": Phrase("WEAKENED: {rule} only warns {days} (layer {name}), and the gate passes its findings."),
    "unenforced_off": Phrase(
        "WEAKENED: {rule} is switched off {days} (layer {name}), and the gate passes its findings."
    ),
    "loosenable": Phrase("WEAKENED: layer {name} lets the layer above it loosen {rule}."),
    "failed": Phrase("Fails on: {names}."),
    "more": Phrase("… and {count} more in the JSON report."),
    "cut": Phrase("The rest is in the full report."),
    "left_open": Phrase("{low} to {high}"),
    "whole": Phrase("whole product"),
    "disclaimer": Phrase("A comparison of rules, not legal advice."),
}


COUNTS: Counts = {
    "moves_rules": (Phrase("It moves {n} rule: {names}."), Phrase("It moves {n} rules: {names}.")),
    "more_edits": (Phrase("{edit}, and {n} more edit"), Phrase("{edit}, and {n} more edits")),
    "edits_beside": (
        Phrase("{n} other edit moves no rule."),
        Phrase("{n} other edits move no rule."),
    ),
    "ask_past": (
        Phrase("Is the law of past days wrong today? {n} edit is retroactive: {places}."),
        Phrase("Is the law of past days wrong today? {n} edits are retroactive: {places}."),
    ),
}
KNOWN: Counts = {
    "like": (Phrase("{name}, with {n} fact changed"), Phrase("{name}, with {n} facts changed")),
    "changed": (
        Phrase("Known product {name} with {n} fact changed"),
        Phrase("Known product {name} with {n} facts changed"),
    ),
}


def phrase(key: str, lang: Language, **values: object) -> str:
    """Return a phrase in one language, with values filled in."""
    return word(PHRASES, key, lang, **values)
