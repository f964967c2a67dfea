"""Messages of the interview, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from vatspolicy.i18n import LocalizedText, Phrase
from vatspolicy.i18n.words import both as both_of
from vatspolicy.i18n.words import word

UNITS: Mapping[str, LocalizedText] = {
    "percent, 0 to 100": Phrase("percent, 0 to 100"),
    "RMB yuan": Phrase("RMB yuan"),
    "persons": Phrase("persons"),
    "users": Phrase("users"),
    "merchants": Phrase("merchants"),
    "level, 1 to 5": Phrase("level, 1 to 5"),
    "version": Phrase("version"),
    "calendar day, YYYY-MM-DD": Phrase("calendar day, YYYY-MM-DD"),
}
"""Units of the profile schema."""

YES: LocalizedText = Phrase("Yes")
NO: LocalizedText = Phrase("No")

REPLIES: Mapping[bool | None, LocalizedText] = {
    True: Phrase("yes, y, true", "replies"),
    False: Phrase("no, n, false", "replies"),
    None: Phrase("none, 0", "replies"),
}
"""Words for yes, for no and for an empty list, separated by commas."""
NAME: LocalizedText = Phrase("What is the product called?")

PHRASES: Mapping[str, LocalizedText] = {
    "progress": Phrase("Question {number}, about {left} left"),
    "last": Phrase("Question {number}, perhaps the last"),
    "range": Phrase("so far: possible results range from {low} to {high}"),
    "settled": Phrase("decided: {word}"),
    "law": Phrase("Law"),
    "rules_behind": Phrase("{count} rules use the answer; ? shows them"),
    "more_rules": Phrase("more rules: {count}"),
    "all_rules": Phrase("Type ?? for all rules."),
    "why": Phrase("Why vatspolicy asks"),
    "why_name": Phrase("It is the title of the product and of its file. It does not affect the decision."),
    "why_launch": Phrase("The law of this day applies."),
    "gain": Phrase(
        "{of} outcomes are still possible. An answer eliminates {expected} on average, and at least {worst}."
    ),
    "gain_duties": Phrase(
        "{of} duties are not yet determined. An answer settles {expected} on average, and at least {worst}."
    ),
    "unit": Phrase("unit: {unit}"),
    "help": Phrase("d: don't know · ?: why · b: back · q: save and quit · h: help"),
    "how_choice": Phrase("Type a number or a word from the list."),
    "how_choices": Phrase("Type numbers or words with commas between them; 0 for none of these."),
    "how_some": Phrase("Type numbers or words with commas between them; at least one."),
    "how_services": Phrase(
        "Type words to search, such as SaaS or web shop, or numbers. Type the name of a group to list it, or l to "
        "list all. Put commas between several answers, and a slash between services that are run, hosted or sold "
        "independently. 0 for none of these."
    ),
    "how_place": Phrase("Type the name of a place."),
    "how_places": Phrase("Type names of places with commas between them."),
    "how_words": Phrase("Type names or codes with commas between them; 0 for none."),
    "how_integer": Phrase("Type a whole number."),
    "how_number": Phrase("Type a number."),
    "how_date": Phrase("Type a day as YYYY-MM-DD."),
    "how_text": Phrase("Type lower-case words joined by hyphens."),
    "how_name": Phrase("Type its name, such as Acme SaaS. The id and the file name follow from it."),
    "menu": Phrase("Type to search, or move with the arrow keys. Enter accepts the answer."),
    "how_together": Phrase(
        "Type words or numbers with commas between them. With none at the end, lists without an answer count as "
        "empty. Other missing facts come up later."
    ),
    "how_name_day": Phrase("Type its name and the day, such as Acme SaaS, 2027-03-01, or only the name."),
    "how_launch": Phrase("Type a day as YYYY-MM-DD. Without a day, today's law applies."),
    "unknown_word": Phrase("This is not a valid answer."),
    "too_wide": Phrase("“{word}” is too large an area here. Type the name of a city."),
    "not_an_answer": Phrase("“{word}” is not an answer to this question."),
    "others": Phrase("{count} more"),
    "how_outline": Phrase("Type the name of a group to list it, or l to list all."),
    "several": Phrase("Several answers match. Choose from these:"),
    "kept": Phrase("Kept: {words}. Type only the missing word, or - to omit it."),
    "elsewhere": Phrase("“{word}” belongs to another question: {questions}."),
    "near": Phrase("“{word}” is not one of the answers. Did you mean:"),
    "empty": Phrase("The answer is empty. Type an answer, or press Enter again for don't know."),
    "examples": Phrase("For example: {examples}"),
    "implied": Phrase("Default: {answer}"),
    "one_only_of": Phrase("Give one answer only to: {question}"),
    "none_and_more": Phrase("0 means none of these and cannot be combined with other answers."),
    "not_whole": Phrase("Enter a whole number."),
    "not_number": Phrase("Enter a number."),
    "not_day": Phrase("Enter a date as YYYY-MM-DD, for example 2027-03-01."),
    "too_small": Phrase("The number must be at least {least}."),
    "too_large": Phrase("The number must be at most {most}."),
    "too_few": Phrase("Give at least one answer, or type d if you do not know."),
    "too_many": Phrase("A profile can contain at most {most} of these."),
    "no_name": Phrase("Type a name of at most {most} characters."),
    "not_slug": Phrase("Use lower-case words joined by hyphens.", "guidance interview messages"),
    "beyond_known": Phrase("The law was last checked on {day}. A day more than five years later cannot be decided."),
    "before_covered": Phrase("The bundle covers the law from {day}."),
    "in_the_past": Phrase("This day is in the past. To apply the law of a past day, pass --allow-past-as-of."),
    "not_allowed": Phrase("The profile does not accept this answer."),
    "nothing_before": Phrase("This is the first question."),
    "skipped": Phrase("Skipped. You will not be asked again in this session."),
    "named": Phrase("noted: {answer} (id: {id})"),
    "taken": Phrase("noted: {answer}"),
    "none": Phrase("none"),
    "file_exists": Phrase("{file} already exists. Choose another name, or start again with the file as an argument."),
    "is_settled": Phrase("The decision is settled: {word}."),
    "further": Phrase("{count} or more questions would complete the list of duties. --complete asks them."),
    "further_denied": Phrase("{count} or more questions could add obstacles and duties. --complete asks them."),
    "decided_so_far": Phrase("On the facts stated: {word}. Missing answers may change it."),
    "unanswered": Phrase("No decision yet. Missing answers: {count}. To continue, run: vatspolicy ask {file}"),
    "opinions": Phrase(
        "The decision needs a legal opinion granted by an approver, because no one has checked the law behind: {names}"
    ),
    "details": Phrase("For all details, run: vatspolicy check {file} --details"),
    "ways": Phrase("For the smallest changes that would help, run: vatspolicy routes {file}"),
    "left_early": Phrase("To continue, run: vatspolicy ask {file}"),
    "backup": Phrase("the previous file is kept as {file}"),
    "duties_phase": Phrase("The decision is settled: {word}. The next questions complete the list of duties."),
    "help_text": Phrase(
        "Each question covers one fact that can still change the answer. The fact that eliminates the most outcomes"
        " on average comes first. Every answer is saved at once. A fact that you do not know stays unknown: "
        "vatspolicy never guesses it."
    ),
}


say = partial(word, PHRASES)
"""Return a message of the interview in one language, with values filled in."""
both = partial(both_of, PHRASES)
"""Return a message in both languages."""
