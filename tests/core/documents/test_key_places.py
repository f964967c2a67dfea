"""Words that stand under a wrong key of a spec: the error names the key that takes them."""

import pytest

from vatspolicy.core.documents import parse_document
from vatspolicy.core.documents.validation import validate


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("content: [ugc]", "It belongs to services[0].offers: community or services[0].features: user-posts."),
        ("features: [payments]", "It belongs to services[0].offers: payment."),
        ("offers: [bluetooth]", "It belongs to product.hardware: radio."),
        ("offers: [login]", "It belongs to services[0].features: accounts."),
        ("operated_by: us", "Did you mean 'company'? Allowed: company, partner, contract-controlled."),
        ("features: [zzz]", "All values: vatspolicy list features."),
    ],
)
def test_a_word_of_another_key_is_shown_its_place(line: str, hint: str) -> None:
    problems = validate(parse_document(f"schema: 2\nservices:\n  - {line}\n", "spec.yaml"), "profile")
    assert [problem.hint for problem in problems if problem.line == 3 and "allowed values" in problem.message] == [hint]


def test_the_name_of_a_list_is_understood_as_the_key_that_takes_it() -> None:
    """`vatspolicy list countries` shows the values of `company.investor_origin`."""
    document = parse_document("schema: 2\nproduct: {id: p}\ncompany: {countries: [DE]}\n", "spec.yaml")
    hints = {problem.message: problem.hint for problem in validate(document, "profile")}
    assert hints["This key is unknown."] == "Did you mean 'investor_origin'?"
