"""An attestation of a launch holds for all of its parts, and for what is decided again: attacks on its lines and content."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_launch_runs import SHOP_AND_CLOUD
from tests.support.console import Console, Ran
from tests.support.specs import HOSTING, SHOP
from vatspolicy.bundles.bundle_file import read_bundle_file
from vatspolicy.bundles.keys import read_key, seal

pytest.importorskip("cryptography")
PAYLOAD = "application/vnd.in-toto+json"
DENIED = SHOP_AND_CLOUD.replace("facilities: [shanghai-lingang]", "facilities: [chengdu]")
LEVEL = ("--fail-on", "deny")


@pytest.fixture
def gate(console: Console, law: Path) -> Console:
    """A console with the attested launches good.yaml (passed) and denied.yaml (cloud-co is denied), and a spec."""
    for name, text in (("good", SHOP_AND_CLOUD), ("denied", DENIED), ("shop", SHOP), ("hosting", HOSTING)):
        console.write(f"{name}.yaml", text)
    for name in ("k", "other"):
        assert console("bundle", "keygen", name).code == 0
    for name, code in (("good", 0), ("denied", 1), ("shop", 0), ("hosting", 0)):
        assert check(console, f"{name}.yaml", "--attest", f"{name}.jsonl", law=law).code == code
    return console


def check(console: Console, *arguments: str, law: Path) -> Ran:
    return console("check", *arguments, "--law", law, "--sign-key", "k.pem", *LEVEL, "-q")


def verify(console: Console, spec: str, text: str, law: Path, *options: str) -> Ran:
    console.write("x.jsonl", text)
    return console("verify-attestation", "x.jsonl", "--spec", spec, "--key", "k.pub", "--law", law, *LEVEL, *options)


def read(console: Console, name: str) -> str:
    return (console.folder / name).read_text(encoding="utf-8")


def statement_of(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.b64decode(json.loads(text)["payload"]))
    return found


def test_one_statement_names_all_parts_of_a_launch(gate: Console, law: Path) -> None:
    [line] = read(gate, "denied.jsonl").splitlines()
    statement = statement_of(line)
    said = statement["predicate"]
    assert [(part["part"], part["decision"]) for part in said["parts"]] == [("shop-co", "allow"), ("cloud-co", "deny")]
    assert (said["verificationResult"], said["resourceUri"]) == ("FAILED", "urn:vatspolicy:product:pair")
    assert [one["name"] for one in statement["subject"]] == ["denied.yaml"]
    ran = verify(gate, "denied.yaml", line, law)
    assert (ran.code, "  cloud-co: deny, decided at " in ran.out) == (1, True)
    ran = verify(gate, "good.yaml", read(gate, "good.jsonl"), law)
    assert (ran.code, ran.out.startswith("good.yaml: PASSED")) == (0, True)
    assert "  shop-co: allow, decided at " in ran.out


def test_a_part_alone_is_neither_attested_nor_asked_for(gate: Console, law: Path) -> None:
    ran = check(gate, "denied.yaml#shop-co", "--attest", "part.jsonl", law=law)
    assert (ran.code, "covers a whole launch, not the part denied.yaml#shop-co" in ran.err) == (2, True)
    assert not (gate.folder / "part.jsonl").exists()
    ran = verify(gate, "denied.yaml#shop-co", read(gate, "denied.jsonl"), law)
    assert (ran.code, "covers all of its parts" in ran.err) == (2, True)


# --- without the key ----------------------------------------------------------------------------------------------------

Lines = Callable[[Console, str], str]


def forge(change: Callable[[dict[str, Any]], object]) -> Lines:
    """The denied launch with a changed payload and the old signature."""

    def change_payload(_: Console, denied: str) -> str:
        envelope, statement = json.loads(denied), statement_of(denied)
        change(statement)
        return json.dumps(envelope | {"payload": base64.b64encode(json.dumps(statement).encode()).decode()})

    return change_payload


def mix(gate: Console, denied: str) -> str:
    """The payload of the denied launch with the signature of the good one."""
    return json.dumps(json.loads(denied) | {"signatures": json.loads(read(gate, "good.jsonl"))["signatures"]})


def sign_bundle(gate: Console, denied: str) -> str:
    """The signature of a bundle by the same key."""
    assert gate("bundle", "build", "--number", "1").code == 0
    assert gate("bundle", "sign", "bundle.tar.gz", "--key", "k.pem").code == 0
    files = read_bundle_file(gate.folder / "bundle.tar.gz").files
    tail = json.loads(files[".signatures.json"])["signatures"][0].split(".")[2]
    return json.dumps(json.loads(denied) | {"signatures": [{"sig": tail + "=" * (-len(tail) % 4)}]})


BY_LINES: dict[str, tuple[Lines, int]] = {
    "the line is taken out": (lambda gate, denied: read(gate, "shop.jsonl"), 1),
    "the good launch stands for it": (lambda gate, denied: read(gate, "good.jsonl"), 1),
    "all lines are taken out": (lambda gate, denied: "", 3),
    "the good launch stands before it": (lambda gate, denied: read(gate, "good.jsonl") + denied, 1),
    "the good launch stands after it": (lambda gate, denied: denied + read(gate, "good.jsonl"), 1),
    "it stands twice": (lambda gate, denied: denied + denied, 1),
    "the denied part is taken out": (forge(lambda said: said["predicate"]["parts"].pop()), 3),
    "a part is renamed": (forge(lambda said: said["predicate"]["parts"][1].update(part="shop-co")), 3),
    "the result is changed": (forge(lambda said: said["predicate"].update(verificationResult="PASSED")), 3),
    "the level is changed": (forge(lambda said: said["predicate"]["gate"].update(fail_on="advice")), 3),
    "the digest is changed": (forge(lambda said: said["subject"][0]["digest"].update(sha256="0" * 64)), 3),
    "the day is changed": (forge(lambda said: said["predicate"]["parts"][1]["as_of"].update(day="2027-02-01")), 3),
    "another signature": (mix, 3),
    "the signature of a bundle": (sign_bundle, 3),
    "a key twice": (lambda gate, denied: '{"payload": "e30=", ' + denied[1:], 3),
}


@pytest.mark.parametrize("attack", BY_LINES)
def test_who_carries_the_file_cannot_make_a_denied_launch_pass(gate: Console, law: Path, attack: str) -> None:
    change, code = BY_LINES[attack]
    ran = verify(gate, "denied.yaml", change(gate, read(gate, "denied.jsonl")), law)
    assert (ran.code, "denied.yaml: PASSED" in ran.out) == (code, False)


# --- with the key: a program that is older, wrong, or decides otherwise ---------------------------------------------------


def resign(gate: Console, name: str, change: Callable[[dict[str, Any]], object]) -> str:
    statement = statement_of(read(gate, name))
    change(statement)
    return seal(json.dumps(statement).encode(), PAYLOAD, read_key(gate.folder / "k.pem", private=True))


def predicate(change: Callable[[dict[str, Any]], object]) -> Callable[[dict[str, Any]], object]:
    return lambda statement: change(statement["predicate"])


def second(**fields: Any) -> Callable[[dict[str, Any]], object]:
    return predicate(lambda said: said["parts"][1].update(fields))


BY_SIGNER: dict[str, tuple[Callable[[dict[str, Any]], object], int, str]] = {
    "nothing": (lambda statement: None, 0, "PASSED"),
    "a part left out": (predicate(lambda said: said["parts"].pop()), 1, "parts differs"),
    "a part twice": (predicate(lambda said: said["parts"].append(said["parts"][0])), 1, "parts differs"),
    "one part in the place of another": (
        predicate(lambda said: said["parts"].__setitem__(1, said["parts"][0])),
        1,
        "parts differs",
    ),
    "a part more": (predicate(lambda said: said["parts"].append(said["parts"][0] | {"part": "x"})), 1, "parts differs"),
    "a part without a name": (second(part=None), 1, "parts differs"),
    "a part renamed": (second(part="cloud"), 1, "parts differs"),
    "another word": (second(decision="allow"), 1, "cloud-co.decision differs"),
    "another range": (second(range=["allow", "deny"]), 1, "cloud-co.range differs"),
    "needs left out": (second(needs=[]), 1, "cloud-co.needs differs"),
    "another product": (second(product="pair-x"), 1, "cloud-co.product differs"),
    "a limit left out": (second(notices=[]), 1, "cloud-co.notices differs"),
    "another reason for the day": (
        second(as_of={"day": "2026-06-01", "why": "today", "today": "2026-06-01"}),
        1,
        "cloud-co.as_of differs",
    ),
    "another day": (second(as_of={"day": "2027-02-01", "why": "launch", "today": "2026-06-01"}), 1, "as_of differs"),
    "a milder level": (predicate(lambda said: said["gate"].update(fail_on="needs-license")), 1, "verificationResult"),
    "another schema": (
        predicate(lambda said: said["policy"]["digest"].update(vatspolicySchemas="0" * 64)),
        1,
        "a different law",
    ),
    "another layer": (predicate(lambda said: said["law"]["layers"].append({"name": "x", "digest": "0"})), 1, "law"),
    "no part at all": (predicate(lambda said: said["parts"].clear()), 3, "not an attestation"),
    "the form of earlier versions": (
        lambda statement: statement.update(predicateType="urn:vatspolicy:decision:v1"),
        3,
        "do not name the parts",
    ),
    "a second subject": (
        lambda statement: statement["subject"].append(statement["subject"][0]),
        3,
        "not an attestation",
    ),
}


@pytest.mark.parametrize("attack", BY_SIGNER)
def test_a_statement_that_does_not_agree_with_the_decision_does_not_pass(gate: Console, law: Path, attack: str) -> None:
    change, code, told = BY_SIGNER[attack]
    ran = verify(gate, "good.yaml", resign(gate, "good.jsonl", change), law)
    assert (ran.code, told in " ".join((ran.out + ran.err).split())) == (code, True), ran.out + ran.err


def test_a_passed_statement_about_a_denied_launch_does_not_pass(gate: Console, law: Path) -> None:
    """As by a program that judged the first part alone, with the digest of the whole file."""

    def judge_one(said: dict[str, Any]) -> None:
        said["verificationResult"] = "PASSED"
        said["parts"].pop()

    ran = verify(gate, "denied.yaml", resign(gate, "denied.jsonl", predicate(judge_one)), law)
    assert (ran.code, 'parts differs: the attestation has ["shop-co"]' in ran.out) == (1, True)
    passed = resign(gate, "denied.jsonl", predicate(lambda said: said.update(verificationResult="PASSED")))
    ran = verify(gate, "denied.yaml", passed, law)
    assert (ran.code, 'verificationResult differs: the attestation has "PASSED"' in ran.out) == (1, True)


def test_what_differs_is_shown(gate: Console, law: Path) -> None:
    ran = verify(gate, "good.yaml", resign(gate, "good.jsonl", second(decision="allow", needs=[])), law, "-f", "json")
    told = json.loads(ran.out)
    assert (ran.code, told["passed"], told["specs"][0]["objections"]) == (1, False, [])
    found = {one["field"]: (one["part"], one["attested"], one["decided"]) for one in told["specs"][0]["differences"]}
    assert found["decision"] == ("cloud-co", "allow", "needs-license")
    assert found["needs"][1] == []
    assert found["needs"][2]


def test_waivers_are_shown_and_not_decided_again(gate: Console, law: Path) -> None:
    given = ("--law", law, "--write-baseline", "b.yaml", "--until", "2027-05-31", "-q")
    assert gate("check", "denied.yaml", *given).code == 0
    assert check(gate, "denied.yaml", "--baseline", "b.yaml", "--attest", "waived.jsonl", law=law).code == 0
    ran = verify(gate, "denied.yaml", read(gate, "waived.jsonl"), law)
    assert (ran.code, "  waived: " in ran.out) == (0, True)
    unwaived = resign(gate, "waived.jsonl", second(waived=[]))
    ran = verify(gate, "denied.yaml", unwaived, law)
    assert (ran.code, "cloud-co.waived" in ran.out or "verificationResult differs" in ran.out) == (1, True)


def test_a_spec_that_is_decided_otherwise_differs(gate: Console, law: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same text and law, decided by a program with another meaning."""
    from vatspolicy.gate.gate import Gate

    decide = Gate.decide

    def decide_otherwise(self: Gate, profile: Any, *arguments: Any, **named: Any) -> Any:
        decision, record = decide(self, profile, *arguments, **named)
        object.__setattr__(record, "denials", ())
        return decision, record

    line = read(gate, "denied.jsonl")
    monkeypatch.setattr(Gate, "decide", decide_otherwise)
    ran = verify(gate, "denied.yaml", line, law)
    assert (ran.code, bool(re.search(r'cloud-co.denials differs: .* has \[".*\], and .* has \[\]', ran.out))) == (
        1,
        True,
    )


# --- writing ------------------------------------------------------------------------------------------------------------


def test_nothing_is_decided_without_the_key_to_sign(gate: Console, law: Path) -> None:
    assert gate("check", "shop.yaml", "--law", law, "--sign-key", "k.pem").code == 2, "nothing to sign"
    for name in ("k.pub", "none.pem"):
        ran = gate("check", "shop.yaml", "--law", law, "--sign-key", name, "--attest", "none.jsonl")
        assert (ran.code, ran.out, (gate.folder / "none.jsonl").exists()) == (3, "", False)


def test_an_attestation_follows_no_link(gate: Console, law: Path) -> None:
    target = gate.write("real/a.jsonl", "old")
    (gate.folder / "link.jsonl").symlink_to(target)
    ran = check(gate, "shop.yaml", "--attest", "link.jsonl", law=law)
    assert (ran.code, "is a link" in ran.err, target.read_text()) == (2, True, "old")


def test_a_launch_with_a_part_that_cannot_be_decided_is_not_attested(gate: Console, law: Path) -> None:
    gate.write("bad.yaml", SHOP_AND_CLOUD.replace("foreign_percent: 0,", "foreign_percent: 0, legal_form: branch,"))
    ran = check(gate, "bad.yaml", "--attest", "bad.jsonl", law=law)
    assert (ran.code, "no attestation was written" in ran.err) == (3, True)
    assert not (gate.folder / "bad.jsonl").exists()


def test_a_launch_on_standard_input_is_attested(gate: Console, law: Path) -> None:
    words = ("check", "-", "--law", law, "--sign-key", "k.pem", *LEVEL, "-q", "--attest", "in.jsonl")
    assert gate(*words, stdin=DENIED).code == 1
    ran = verify(gate, "denied.yaml", read(gate, "in.jsonl"), law)
    assert (ran.code, "cloud-co: deny" in ran.out) == (1, True)
