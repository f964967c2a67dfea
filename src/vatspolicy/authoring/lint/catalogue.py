"""The rules of lint: id, level, and an explanation of each in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from vatspolicy.i18n import LocalizedText, Phrase

ERROR, WARNING = "error", "warning"


class LintRule(NamedTuple):
    """A rule of lint. An error fails the run, a warning does not."""

    level: str
    title: LocalizedText
    help: LocalizedText
    """Reason for the rule, and how to satisfy it."""
    can_ignore: bool = True
    """False where an ignore comment has no effect: in JSON files, and on ignore comments themselves."""


RULES: Mapping[str, LintRule] = {
    # --- the form of a policy
    "key-order": LintRule(
        ERROR,
        Phrase("The keys of a policy must be in a fixed order."),
        Phrase("Readers find each part at the same place in every file. Run `vatspolicy lint --fix`."),
    ),
    "translation": LintRule(
        ERROR,
        Phrase("A text must have an English and a Chinese version."),
        Phrase(
            "Reports are written in both languages. Write both texts, and use full-width punctuation in Chinese, which "
            "`vatspolicy lint --fix` writes."
        ),
    ),
    "message-repeats-article": LintRule(
        ERROR,
        Phrase("A message must not repeat its article."),
        Phrase(
            "Reports show the words of the article beside the message. Write what the product team does or lacks, "
            "in plain words and in both languages."
        ),
    ),
    "number-in-expression": LintRule(
        ERROR,
        Phrase("A number in an expression must appear in a cited article; a list must be a parameter."),
        Phrase(
            "A reader looks a number up in the article. Make it a parameter (`param.NAME`) if it changes with time, or "
            "if several rules read it. Do the same if no cited article states it. For a term, any article of the file "
            "counts. The numbers 0 and 1 need no article."
        ),
    ),
    "costly-expression": LintRule(
        WARNING,
        Phrase("An expression must not take more than 100,000 steps for each product, service or activity."),
        Phrase(
            "A step evaluates one part of the expression once; a quantifier evaluates its body for each member that "
            "the profile schema allows (`maxItems`). `vatspolicy explain RULE` states the steps of a rule."
        ),
    ),
    "unused-term": LintRule(
        ERROR,
        Phrase("Every term must be used in an expression."),
        Phrase("A term that nothing uses may be a forgotten condition. Use or remove it."),
    ),
    "unused-parameter": LintRule(
        ERROR,
        Phrase("Every parameter must be used in an expression."),
        Phrase("A parameter that nothing reads has no effect, whatever its value. Read it, or remove it."),
    ),
    "unused-instrument": LintRule(
        ERROR,
        Phrase("Every instrument must be used by a rule."),
        Phrase("Reports can ask only for instruments that a rule uses. Use it in a rule, or remove it."),
    ),
    "unmeetable": LintRule(
        ERROR,
        Phrase("Some profile must be able to meet each need and route."),
        Phrase(
            "Nobody can meet a rule whose instrument covers what its subject lacks, or is missing from the profile "
            "schema. Name another instrument, or correct `covers` or the schema."
        ),
    ),
    "place-outside": LintRule(
        ERROR,
        Phrase("The places of a region must lie in it."),
        Phrase("An entry of a list that has a place as its `id` lists places within that place. Correct the code."),
    ),
    "company-fact": LintRule(
        ERROR,
        Phrase("An expression about a service reads facts of its operator."),
        Phrase(
            "A partner may operate the service. Read `operator.FACT`. If the fact of the company counts, state for "
            'whom, such as `service.operated_by == "partner"`, or ignore the finding with the reason.'
        ),
    ),
    "deadline-differs": LintRule(
        ERROR,
        Phrase("A deadline agrees with its articles and its message."),
        Phrase("Working days are not calendar days, and a launch is not a change. Correct `due`, or the message."),
    ),
    "message-number": LintRule(
        ERROR,
        Phrase("A large number in a message is that of its rule and of a cited article."),
        Phrase(
            "Lint compares numbers from 1,000. Correct the message, the parameter or the citation. For advice, the "
            "article need not state the number."
        ),
    ),
    "denial-differs": LintRule(
        ERROR,
        Phrase("Denials for one reason, or on the same articles, agree."),
        Phrase(
            "At least three other denials for the reason have another `curable`, or those on the same articles have "
            "another reason. Correct this one, or ignore the finding with the reason for the difference."
        ),
    ),
    # --- citations
    "label-missing": LintRule(
        ERROR,
        Phrase("An article without a number must have a label."),
        Phrase("Reports cite an article by its number. If the key does not begin with `art-`, add `label: {en, zh}`."),
    ),
    "source-number-missing": LintRule(
        ERROR,
        Phrase("The source of a policy must have a document number."),
        Phrase(
            "The number identifies the text of the law. Write it, or add a note that explains why the source has"
            " no number."
        ),
    ),
    "primary-without-quote": LintRule(
        ERROR,
        Phrase("A primary article must quote the Chinese text."),
        Phrase(
            "`primary` means that the quote was compared with the law. Add the quote (`zh`), or call it `secondary`."
        ),
    ),
    "quote-not-verified": LintRule(
        ERROR,
        Phrase("A primary quote must record the day and the text of its verification."),
        Phrase("Run `vatspolicy lint --texts DIR --write` with the law's text, or cite the page under `verified`."),
    ),
    "quote-changed": LintRule(
        ERROR,
        Phrase("A quote must not change after its verification."),
        Phrase(
            "The hash of the quote is not the recorded one. Compare the quote with the law again: "
            "`vatspolicy lint --texts DIR --write`."
        ),
    ),
    "copy-without-address": LintRule(
        ERROR,
        Phrase("A copy must state the address where others can read it."),
        Phrase("Write the address into `verified.against`, or call the article `secondary`."),
    ),
    "text-nowhere": LintRule(
        ERROR,
        Phrase("An article must have an address, or state who has its text."),
        Phrase(
            "Readers look up the words. Write the official page as `url`, name the text under `verified`, or name a "
            "holder of the text under `obtain`. The number or the day of the source is enough for an article of the "
            "same document."
        ),
    ),
    "verified-without-quote": LintRule(
        ERROR,
        Phrase("Only a quote in Chinese can be verified."),
        Phrase("An entry of `verified` belongs to an article with a quote. Add the quote (`zh`), or remove the entry."),
    ),
    "quote-differs": LintRule(
        ERROR,
        Phrase("A quote must appear in the text that it cites."),
        Phrase(
            "With `--texts`, lint compares each quote with the text of the law. Correct the quote, and mark words "
            "that you leave out with ……"
        ),
    ),
    "text-not-named": LintRule(
        ERROR,
        Phrase("A quote must cite its text or page."),
        Phrase(
            "With `--texts`, no text has this name, or none of this title holds the quote. Correct `against` under "
            "`verified`."
        ),
    ),
    "text-changed": LintRule(
        ERROR,
        Phrase("A text of the law must not change after the verification of its quotes."),
        Phrase(
            "With `--texts`, lint compares each text that an article names with its hash in `texts.sha256`, if that "
            "file is next to bundle.yaml. Compare the quotes again: "
            "`vatspolicy lint --texts DIR --write` notes the hash of a text that holds them all."
        ),
    ),
    "unwaivable-not-primary": LintRule(
        ERROR,
        Phrase("A rule that cannot be waived must be based on a primary article."),
        Phrase(
            "No approver can waive an `unwaivable` rule. Compare an article that the rule cites with the text of "
            "the law, or remove the mark."
        ),
    ),
    "unwaivable-missing": LintRule(
        ERROR,
        Phrase("Rules with one effect on one primary article can all be waived, or none can."),
        Phrase("Mark both rules `unwaivable`, or ignore the finding with the reason for the difference."),
    ),
    "unverified-rule": LintRule(
        WARNING,
        Phrase("A rule that affects decisions must be based on an article that someone has read."),
        Phrase(
            "A rule that cites only `unverified` articles decides nothing. Verify an article, or write advice of"
            " kind `verify`."
        ),
    ),
    "override-adds": LintRule(
        WARNING,
        Phrase("A rule of a layer must replace the rule that it overrides."),
        Phrase(
            "The layer below does not allow this one to loosen that rule (`may_loosen` in its layer.yaml). Both rules "
            "are in force, so that the stricter one decides."
        ),
    ),
    "review-due": LintRule(
        WARNING,
        Phrase("A policy must be reviewed by its stated day."),
        Phrase("Compare the policy with the current law, and set the next `review.due`."),
    ),
    # --- tests
    "untested": LintRule(
        ERROR,
        Phrase("The tests of a policy must show each rule applying, not applying, and undecided."),
        Phrase("Mistakes in an untested rule go unnoticed. Add the case shown. A skipped test does not count."),
    ),
    "stray-tests": LintRule(
        ERROR,
        Phrase("A test file must be in the folder of its policy."),
        Phrase("Tests without a policy never run. Name the file ID.test.yaml, in the folder of ID.yaml."),
    ),
    "unknown-name": LintRule(
        ERROR,
        Phrase("A test or a fixture must name existing rules, instruments and reasons."),
        Phrase("A name that does not exist never fires, so the expectation tests nothing. Correct the name."),
    ),
    "words-to-check": LintRule(
        ERROR,
        Phrase("The name and the comments of a test must fit what it expects."),
        Phrase(
            "`vatspolicy test --update` marks each test whose expectation it changes, unless its name states facts "
            "alone. Correct the name and the comments, then delete the mark."
        ),
        can_ignore=False,
    ),
    "invalid-fixture": LintRule(
        ERROR,
        Phrase("A fixture and its expectations must be valid."),
        Phrase("An unreadable fixture tests nothing. The message describes the fault."),
        can_ignore=False,
    ),
    # --- schemas
    "schema-invalid": LintRule(
        ERROR,
        Phrase("A schema must be valid JSON Schema 2020-12."),
        Phrase("Editors and other tools refuse an invalid schema. The message shows the keyword."),
        can_ignore=False,
    ),
    "schema-translation": LintRule(
        ERROR,
        Phrase("Titles, questions and words of a schema must be in English and Chinese."),
        Phrase("The interview and all reports show them. Add the missing text."),
        can_ignore=False,
    ),
    # --- ignore comments
    "ignore-unknown": LintRule(
        ERROR,
        Phrase("An ignore comment must contain the ID of a lint rule."),
        Phrase("Write `# lint: ignore ID reason`, with an ID of this page that can be ignored."),
        can_ignore=False,
    ),
    "ignore-without-reason": LintRule(
        ERROR,
        Phrase("An ignore comment must give a reason."),
        Phrase(
            "The next reader must judge whether the exception still holds. Write the reason after the ID. Without a"
            " reason, the comment has no effect."
        ),
        can_ignore=False,
    ),
    "ignore-unused": LintRule(
        ERROR,
        Phrase("An ignore comment must match a finding."),
        Phrase(
            "The finding is gone, or on another line. Remove the comment (`vatspolicy lint --fix` does), or move it"
            " to the line of the finding or the line above."
        ),
        can_ignore=False,
    ),
}
"""Rules by id, in the order of the documentation."""
