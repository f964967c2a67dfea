"""The words of comparisons in both languages."""

from __future__ import annotations

from vatspolicy.core.policies.wording import ADVICE
from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.words import Counts, Table, word
from vatspolicy.origin import install

NAMED = 3
"""Maximum number of names in a sentence or a list. More are counted."""
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
    "undetermined": Phrase("rule left open"),
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
    "file": Phrase("the file of the policy"),
    "order": Phrase("the order of its entries"),
    "other": Phrase("other parts of the record"),
}
"""Parts of decision records (`compare_entries`)."""
VALUES: dict[str, Table] = {
    "advice-kind": ADVICE,
    "advice": {"fires": Phrase("given")},
    "duty": {"fires": Phrase("due", "duty")},
    "bearer": {"operator": Phrase("the operator"), "company": Phrase("the company")},
    "curable": {"yes": Phrase("yes"), "no": Phrase("no")},
    "share-cap": {"none": Phrase("none")},
    "waiver": {"possible": Phrase("possible"), "excluded": Phrase("excluded")},
}
"""Values by the kind of their item. Others have the same form as in the JSON report."""
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
    "proved-equivalent": Phrase("Proved: the edit does not change the results of the rule for any product on any day."),
    "beside": Phrase(
        "Proved: the rule applies to the same products on the same days. Other content of decisions changes."
    ),
    "masked": Phrase(
        "Proved: the results of the rule change for some products, but this change alone does not change a decision."
    ),
    "witness": Phrase("This change alone changes decisions, for example: {moves}."),
    "listed": Phrase("For some products, the duties or notes change; a rule of this kind never changes a decision."),
    "unsupported": Phrase("NOT SETTLED: the rule cannot be analyzed."),
    "unknown": Phrase("NOT SETTLED: a change of a decision is neither shown nor excluded."),
}
"""Sentences for the verdicts on a rule."""
EDIT_VERDICTS: Table = {
    "proved-equivalent": Phrase("Proved: nothing changes for any product on any day."),
    "beside": Phrase(
        "Proved: its rules apply to the same products on the same days. Other content of decisions changes."
    ),
    "applies": Phrase("Proved: its rules apply to the same products on the same days."),
    "masked": Phrase("Proved: no decision changes. Other content of decisions may change."),
    "witness": Phrase("Decisions change, for example: {moves}."),
    "witness-of-all": Phrase("Decisions change: {moves}."),
    "listed": Phrase("Proved: no decision changes. Other content of decisions changes."),
    "unsupported": Phrase("NOT SETTLED: its rules cannot be analyzed."),
    "unknown": Phrase("NOT SETTLED: a change of a decision is neither shown nor excluded."),
    "no-rule": Phrase("It does not change any rule, so no decision changes."),
    "schema": Phrase("A spec that both sides accept states the same facts, so no decision changes."),
    "reading": Phrase(
        "NOT SETTLED: it may change the facts of a spec. Only the compared products show the consequences."
    ),
    "enforcement": Phrase("No decision changes, but the result of the gate for its findings does."),
    "not-asked": Phrase("Not proved: only the compared products show the changes."),
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
    "names": Phrase("no decision changes, only the name of its rule"),
    "listed": Phrase("no decision changes, but its details do"),
    "nothing": Phrase("no decision changes"),
    "unseen": Phrase("no decision change was found"),
    "unsettled": Phrase("the consequences are not settled"),
}
"""Consequences of an edit, by the change of the closest product's decision word."""
PREDICATES: Table = {
    "rule-added": Phrase("{subject} from {day}"),
    "rule-changed": Phrase("“{subject}” is amended from {day} ({text})"),
    "rule-changed-to": Phrase("“{subject}” is amended from {day} ({before} → {after})"),
    "only-if": Phrase("“{subject}” applies from {day} only if {text}"),
    "without": Phrase("“{subject}” applies from {day} without the condition that {text}"),
    "one-more": Phrase("“{subject}” applies from {day} with one more condition"),
    "one-fewer": Phrase("“{subject}” applies from {day} without one of its conditions"),
    "rule-starts": Phrase("“{subject}” applies from {after} instead of {before}"),
    "rule-stays": Phrase("“{subject}” does not cease to apply on {day}"),
    "contested": Phrase("“{subject}” counts as contested from {day}"),
    "settled": Phrase("“{subject}” no longer counts as contested from {day}"),
    "rewritten": Phrase("“{subject}” states its condition in other words"),
    "restated": Phrase("“{subject}” states the same value again"),
    "rule-reworded": Phrase("“{subject}” is reworded or cites other articles"),
    "rule-removed": Phrase("“{subject}” no longer applies"),
    "rule-ends": Phrase("“{subject}” ceases to apply on {day}"),
    "moved": Phrase("“{subject}” moves to “{after}”"),
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
    "rests_on": Phrase("It is based on {law}."),
    "granted": Phrase("Shown only by profiles with a legal opinion: {moves}."),
    "worse_granted": Phrase("Only products with a legal opinion are shown to be worse off: {moves}."),
    "ask_repeal": Phrase("Which instrument ends {name}? Cite it, or show the rules that take its place."),
    "same_citation": Phrase("The citation is the same as before."),
    "known_citation": Phrase("It existed before the change, and the change does not edit it."),
    "ask_number": Phrase("Does “{article}” say {number}? It says: “{text}”"),
    "in_full": Phrase("The edits in full"),
    "in_full_below": Phrase("… in full below"),
    "more_of_edit": Phrase("More on this edit"),
    "structure": Phrase("What was edited"),
    "law": Phrase("The edited rules in words"),
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
    "entry_question": Phrase("{edit}: ACCEPTED as open, and not proved, by {person} {days}: {reason}"),
    "entry_stale": Phrase("{edit}: STALE, accepted by {person} {days}: {reason}"),
    "entry_new": Phrase("{edit}: NEW, by {person} {days}: {reason}"),
    "entry_waiting": Phrase("{edit}: WAITING, accepted by {person} {days}: {reason}"),
    "to_accept": Phrase(
        "These changes fail. To accept a change without an entry, its approver adds this entry, with reason and "
        "person, to {file}. The entry counts only if HEAD does not contain it:"
    ),
    "words": Phrase("{base} → {head}, today {today}"),
    "edits": Phrase("Edits"),
    "show": Phrase("Show"),
    "evidence": Phrase("What was compared and proved"),
    "rules_moved": Phrase("Rules that it moves"),
    "shows_it_on": Phrase("Shown by {name} on {day}: {moved}."),
    "shows_it": Phrase("Shown by {name}: {moved}."),
    "made_up": Phrase("an invented profile"),
    "shared_with": Phrase("Some of its rules have other edits, too: {names}."),
    "each_rule": Phrase("Each rule as a separate change"),
    "instead": Phrase("in place of {name}"),
    "applies": Phrase("applies when {text}"),
    "asks": Phrase("condition: {text}"),
    "asks_still": Phrase("as before, it requires all of these: {text}"),
    "in_force": Phrase("in force {days}"),
    "always_in_force": Phrase("in force on all days"),
    "in_force_until": Phrase("in force until {last}"),
    "condition_briefly": Phrase("condition “{message}”"),
    "condition_of": Phrase("condition “{message}” ({id}): {text}"),
    "not_waivable": Phrase("cannot be waived"),
    "may_be_waived": Phrase("may be waived"),
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
    "on_day": Phrase("on {day}"),
    "may_say": Phrase("Other content of decisions may change: {names}."),
    "back": Phrase("retroactive"),
    "twin": Phrase("moved or renamed: same body as {name}"),
    "breaking": Phrase("breaking"),
    "compared": Phrase(
        "Profiles: {products}, on days: {days}. Decisions that change: {rows}; changes below them: {details}."
    ),
    "end": Phrase("{text}."),
    "moves_on": Phrase("{moves} {days}", "days"),
    "shown_for": Phrase("{moves}, shown for companies and services like these: {who}"),
    "both_ways": Phrase("Stricter: {stricter}; milder: {milder}"),
    "share": Phrase("foreign share {low}"),
    "shares": Phrase("foreign share {low} to {high}"),
    "registered": Phrase("registered in {names}"),
    "services": Phrase("services: {names}"),
    "worse": Phrase("Some products are worse off: {moves}."),
    "only_unknown": Phrase(
        "Proved: nobody is newly refused or newly needs a license. A complete decision can become incomplete, "
        "because it depends on a fact that did not matter before: {moves}."
    ),
    "worse_range": Phrase("Some products are worse off: an incomplete decision can become stricter."),
    "nobody_stricter": Phrase("No decision becomes stricter, proved for all profiles and days."),
    "nobody_decided_stricter": Phrase(
        "No complete decision becomes stricter, which is proved; an incomplete decision can become stricter."
    ),
    "worse_open": Phrase("It is not settled whether any decision becomes stricter; no compared one does."),
    "below_change": Phrase("Duties, routes or reasons change {days} for {some} of {all} known products: {names}."),
    "below_names": Phrase("Decisions on {some} of {all} known products show the new name {days}."),
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
        "Until then, decisions that depend on {names} stay incomplete, unless an opinion settles them."
    ),
    "ask_cited": Phrase("Do the cited articles say so? The citations are the same as before: {names}."),
    "ask_known_source": Phrase(
        "Do the cited articles say so? They existed before the change, and it does not edit them: {names}."
    ),
    "ask_source": Phrase("Cite an article for {names}."),
    "ask_open": Phrase("Neither shown nor excluded: {names}. Is that acceptable?"),
    "ask_version": Phrase("Set the version: {text}"),
    "edited": Phrase("Edits: {count}, in files: {files}."),
    "no_days": Phrase("No rule differs on any day, so no decisions were necessary."),
    "borrowed": Phrase("Products with new facts, decided by the old rules under the new schemas: {names}."),
    "semantic_off": Phrase("Proofs over all profiles were skipped."),
    "no_solver": Phrase(
        "The solver is not installed: proofs use only the text of the rules. For full proofs, run {command}."
    ).fill(command=install("smt")),
    "one_schema": Phrase(
        "The proofs read both sides under the new schemas; effects of the schemas themselves are not proved."
    ),
    "possible": Phrase("Shown by compared products: {names}."),
    "beyond": Phrase("Shown only by invented profiles, not by compared products: {names}."),
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
    "excluded": Phrase("Proved: all edits together never do this: {moves}."),
    "witness": Phrase("Profile as an example"),
    "witnesses": Phrase("Profiles as examples:"),
    "fact": Phrase("fact"),
    "change_of_rule": Phrase("change"),
    "seen": Phrase("seen in"),
    "value": Phrase("value"),
    "any_product": Phrase("Any product is an example, without further facts."),
    "profile": Phrase("The profile, to be copied"),
    "from": Phrase("{moves} {days}", "days"),
    "together": Phrase("With all edits together this profile is decided {moves}."),
    "lists": Phrase("Listed {days}: {names}."),
    "stays": Phrase("The results of the rule differ {days}; the decision stays {name}."),
    "seen_in": Phrase("Seen in: {names}."),
    "listed": Phrase("Rules that change only duties, routes or reasons"),
    "differ": Phrase("Its rules differ {days}."),
    "differ_later": Phrase("Its rules differ {days}; on the later days that changes no decision."),
    "period_proved": Phrase("Decisions change {days}; on no other day, which is proved for all profiles."),
    "period": Phrase("Decisions change {days}; whether they change on other days is not settled."),
    "undecided_on": Phrase("Possible but not settled: {names}. The run therefore does not pass."),
    "needs": Phrase("{before} → {after}; this change is {level} ({because}) and needs at least {needed}."),
    "fits": Phrase("{before} → {after}; this change is {level} ({because}), and {before} is not released yet."),
    "untouched": Phrase("{before} → {after}; released parts do not change."),
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
    "products": (Phrase("{n} product"), Phrase("{n} products")),
    "members": (Phrase("{n} entry"), Phrase("{n} entries")),
    "registered": (Phrase("registered in {n} place"), Phrase("registered in {n} places")),
    "services": (Phrase("{n} kind of service"), Phrase("{n} kinds of services")),
    "edits_beside": (
        Phrase("{n} other edit moves no rule."),
        Phrase("{n} other edits move no rule."),
    ),
    "ask_past": (
        Phrase("Is the law of past days wrong today? {n} edit is retroactive: {places}."),
        Phrase("Is the law of past days wrong today? {n} edits are retroactive: {places}."),
    ),
}


def phrase(key: str, lang: Language, **values: object) -> str:
    """Return a phrase in one language, with values filled in."""
    return word(PHRASES, key, lang, **values)
