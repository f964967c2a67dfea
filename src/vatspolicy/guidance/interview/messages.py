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
"""Words that a person may type for yes, for no and for an empty list; commas stand between them."""
NAME: LocalizedText = Phrase("What is the product called?")

PHRASES: Mapping[str, LocalizedText] = {
    "progress": Phrase("Question {number}, about {left} left"),
    "last": Phrase("Question {number}, perhaps the last"),
    "range": Phrase("so far: anything from {low} to {high} is possible"),
    "settled": Phrase("decided: {word}"),
    "law": Phrase("Law"),
    "rules_behind": Phrase("{count} rules read the answer; ? shows them"),
    "more_rules": Phrase("more rules: {count}"),
    "why": Phrase("Why this is asked"),
    "why_name": Phrase("It names the product and its file, and decides nothing."),
    "why_launch": Phrase("The law of this day decides."),
    "gain": Phrase(
        "Of {of} outcomes that are still possible, an answer eliminates {expected} on average, {worst} at least."
    ),
    "gain_duties": Phrase(
        "Of {of} duties that are not yet determined, an answer settles {expected} on average, {worst} at least."
    ),
    "unit": Phrase("unit: {unit}"),
    "help": Phrase("d: don't know · ?: why · b: back · q: save and quit · h: help"),
    "how_choice": Phrase("Type a number or a word of the list."),
    "how_choices": Phrase("Type numbers or words with commas between them; 0 for none of these."),
    "how_some": Phrase("Type numbers or words with commas between them; at least one."),
    "how_services": Phrase(
        "Type words to search, such as SaaS or web shop; the name of a group to list it, or l to "
        "list all; or numbers. Put commas between several, and a slash between services that are "
        "run, hosted or sold independently. 0 for none of these."
    ),
    "how_place": Phrase("Type the name of a place."),
    "how_places": Phrase("Type names of places with commas between them."),
    "how_words": Phrase("Type names or codes with commas between them; 0 for none."),
    "how_integer": Phrase("Type a whole number."),
    "how_number": Phrase("Type a number."),
    "how_date": Phrase("Type a day as YYYY-MM-DD."),
    "how_text": Phrase("Type lower-case words joined by hyphens."),
    "how_name": Phrase("Type its name, such as Acme SaaS; its id and its file name are made from it."),
    "menu": Phrase("Type to search, or move with the arrow keys; Enter takes the answer."),
    "how_together": Phrase(
        "Type words or numbers with commas between them; none at the end empties each list that you name nothing of. "
        "What else you leave out is asked later."
    ),
    "how_name_day": Phrase("Type its name and the day, such as Acme SaaS, 2027-03-01, or the name alone."),
    "how_launch": Phrase("Type a day as YYYY-MM-DD; without one, the law of today decides."),
    "unknown_word": Phrase("This is not a valid answer."),
    "several": Phrase("Several answers match. Choose from these:"),
    "kept_words": Phrase("Kept: {words}. Type the missing word alone."),
    "kept_parts": Phrase("Kept: {words}. Type the missing word alone, or - to leave it out."),
    "elsewhere": Phrase("No answer here has this name. It belongs to another question: {questions}."),
    "near": Phrase("No answer has this name. Did you mean:"),
    "empty": Phrase("Nothing was typed. Type an answer, or press Enter again for don't know."),
    "one_only": Phrase("Give one answer only."),
    "examples": Phrase("For example: {examples}"),
    "implied": Phrase("Unless you name another: {answer}"),
    "one_only_of": Phrase("Give one answer only to: {question}"),
    "none_and_more": Phrase("0 stands for none of these and goes with nothing else."),
    "not_whole": Phrase("Enter a whole number."),
    "not_number": Phrase("Enter a number."),
    "not_day": Phrase("Enter a date as YYYY-MM-DD, for example 2027-03-01."),
    "too_small": Phrase("It must be at least {least}."),
    "too_large": Phrase("It must be at most {most}."),
    "too_few": Phrase("Name at least one. d leaves the fact open if you do not know it."),
    "too_many": Phrase("These are more than a profile may hold: {most}."),
    "no_name": Phrase("Type a name of at most {most} characters."),
    "not_slug": Phrase("Use lower-case words joined by hyphens.", "guidance interview messages"),
    "beyond_known": Phrase("The law was last checked on {day}; no day more than five years later is decided."),
    "before_covered": Phrase("The law is known from {day} on."),
    "in_the_past": Phrase("This day has passed; --allow-past-as-of lets the law of a past day decide."),
    "not_allowed": Phrase("The profile does not take this answer."),
    "nothing_before": Phrase("This is the first question."),
    "skipped": Phrase("Skipped. You will not be asked again in this session."),
    "named": Phrase("noted: {answer} (id: {id})"),
    "taken": Phrase("noted: {answer}"),
    "none": Phrase("none"),
    "saved": Phrase("saved: {file}"),
    "file_exists": Phrase("{file} exists already. Choose another name, or start again with the file as argument."),
    "is_settled": Phrase("The decision is settled: {word}."),
    "further": Phrase("{count} further questions or more would complete the list of duties: pass --complete."),
    "unanswered": Phrase("No decision yet. Missing answers: {count}. To continue, run: vatspolicy ask {file}"),
    "opinions": Phrase(
        "The decision waits for a legal opinion that an approver grants, because nobody here has read the law behind: "
        "{names}"
    ),
    "details": Phrase("For everything in detail, run: vatspolicy check {file} --details"),
    "ways": Phrase("For the smallest changes that would help, run: vatspolicy routes {file}"),
    "left_early": Phrase("To continue, run: vatspolicy ask {file}"),
    "kept": Phrase("the file as it was is kept as {file}"),
    "duties_phase": Phrase("The decision is settled: {word}. The next questions complete the list of duties."),
    "help_text": Phrase(
        "Each question is about one fact that can still change the answer; the one that is "
        "expected to eliminate most outcomes comes first. Everything answered is saved at once. A "
        "fact that you do not know stays unknown: it is never guessed."
    ),
}


say = partial(word, PHRASES)
"""Return a message of the interview in one language, with values filled in."""
both = partial(both_of, PHRASES)
"""Return a message in both languages."""
