"""A receipt says what was decided under which law and why; a replay finds everything that is otherwise."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from tests.support.console import Console
from tests.support.specs import HOSTING, SHOP, TODAY
from vatspolicy.bundles.bundle_file import read_bundle_file
from vatspolicy.bundles.keys import read_key, seal
from vatspolicy.bundles.select import SelectedLaw
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.documents.validation import is_valid
from vatspolicy.core.engine.result import WAIVABLE
from vatspolicy.core.policies.bundle import load_bundle
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.gate.gate import Gate
from vatspolicy.gate.receipt import Receipt, decode_receipt, is_receipt, read_receipt, receipt_text, replay
from vatspolicy.gate.run_record import GateRecord, LawDay, LawUsed, SpecUsed


@pytest.fixture
def made(console: Console, law: Path) -> dict[str, Any]:
    """A receipt of a decision under a folder of policies."""
    spec = console.write("spec.yaml", HOSTING)
    shutil.copytree(law, console.folder / "policies")
    ran = console("check", spec.name, "--law", "policies", "--receipt", "receipt.json", "--no-fail")
    assert (ran.code, ran.err) == (0, "")
    found: dict[str, Any] = json.loads((console.folder / "receipt.json").read_bytes())
    return found


def test_a_receipt_says_what_was_decided(made: dict[str, Any], console: Console) -> None:
    content = (console.folder / "spec.yaml").read_bytes()
    assert (console.folder / "receipt.json").read_bytes() == rfc8785.dumps(made)
    assert is_valid(made, "receipt")
    assert made["spec"]["sha256"] == hashlib.sha256(content).hexdigest()
    profile = load_profile("spec.yaml").document.data
    assert made["spec"]["profile_sha256"] == hashlib.sha256(rfc8785.dumps(profile)).hexdigest()
    assert made["as_of"] == {"day": "2027-01-31", "why": "launch", "today": TODAY}
    assert (made["law"]["origin"], made["law"]["file"]) == ("folder", "policies")
    report = json.loads(console("check", "spec.yaml", "--law", "policies", "-f", "json", "--details").out)
    assert made["decision"] in report.values() or made["decision"] in report.get("decisions", [])


def test_a_receipt_says_which_versions_were_in_force_and_why(made: dict[str, Any], law: Path) -> None:
    bundle = load_bundle(law)
    policies = {policy["id"]: policy for policy in made["policies"]}
    pilot = policies["vats-pilot-2024"]
    policy = bundle.policies["vats-pilot-2024"]
    assert (pilot["version"], pilot["from"], pilot["until"]) == (policy.version, policy.since, None)
    assert "vats-pilot-2024/pilot-access" in [rule["rule"] for rule in pilot["rules"]]
    assert pilot["why"]["en"] == f"2027-01-31 is within its period, {policy.since} until further notice"
    assert pilot["why"]["zh"].startswith("2027-01-31在其施行期间")
    for entry in made["policies"]:
        for value in entry["values"]:
            owner, _, name = value["parameter"].partition("/")
            parameter = bundle.policies[owner].parameters[name]
            in_force = parameter.on("2027-01-31")
            assert in_force is not None
            assert (value["from"], value["cite"]) == (in_force.since, list(in_force.cite))
    assert any(entry["values"] for entry in made["policies"])
    named = {rule["rule"] for entry in made["policies"] for rule in entry["rules"]}
    assert {need["rule"] for need in made["decision"]["needs"]} <= named


def test_equal_decisions_have_equal_receipts(made: dict[str, Any], console: Console) -> None:
    before = (console.folder / "receipt.json").read_bytes()
    shown = console("check", "spec.yaml", "--law", "policies", "--receipt", "-", "--no-fail", "--lang", "zh")
    assert shown.out.encode() == before
    (console.folder / "spec.yaml").rename(console.folder / "other.yaml")
    console("check", "other.yaml", "--law", "policies", "--receipt", "other.json", "--no-fail")
    other = json.loads((console.folder / "other.json").read_bytes())
    assert other["spec"] == {**made["spec"], "file": "other.yaml"}


def test_the_day_says_where_it_comes_from(console: Console, law: Path) -> None:
    console.write("spec.yaml", SHOP.replace(", launch: '2027-01-31'", ""))

    def day(*arguments: str) -> Any:
        ran = console("check", "spec.yaml", "--law", law, "--receipt", "-", *arguments)
        return json.loads(ran.out)["as_of"]

    assert day() == {"day": TODAY, "why": "today", "today": TODAY}
    assert day("--as-of", "2026-12-01") == {"day": "2026-12-01", "why": "option", "today": TODAY}
    assert day("--set", "product.launch=2027-02-01") == {"day": "2027-02-01", "why": "launch", "today": TODAY}


@pytest.mark.usefixtures("made")
def test_a_replay_finds_the_same(console: Console, tmp_path: Path) -> None:
    ran = console("replay", "receipt.json", "--law", "policies")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "same: spec, law and decision are as recorded\n"
        "  law of 2027-01-31, the launch day of the spec\n"
        "  recorded under the law in the folder policies\n"
        "  the receipt is not signed (--receipt-key requires a signature)\n"
    )
    assert console("replay", "receipt.json", "--law", "policies", "--lang", "zh").out.startswith("一致")
    told = json.loads(console("replay", "receipt.json", "--law", "policies", "-f", "json").out)
    assert (told["same"], told["differences"], told["changes"], told["as_it_stands"]) == (True, [], [], None)
    assert told["law"] == {"origin": "folder", "file": "policies"}
    (tmp_path / "away").mkdir()
    (tmp_path / "spec.yaml").rename(tmp_path / "away" / "moved.yaml")
    assert console("replay", "receipt.json", "--law", "policies").code == 3
    assert console("replay", "receipt.json", "--law", "policies", "--spec", "away/moved.yaml").code == 0


def test_a_replay_with_facts_that_were_set(console: Console, law: Path) -> None:
    console.write("spec.yaml", HOSTING)
    given = ("--set", "company.foreign_percent=50", "--set", "product.title=")
    console("check", "spec.yaml", "--law", law, "--receipt", "r.json", *given)
    assert console("replay", "r.json", "--law", law).code == 0
    assert json.loads((console.folder / "r.json").read_bytes())["spec"]["changes"] == [
        ["company.foreign_percent", 50],
        ["product.title", None],
    ]


def test_a_receipt_of_other_facts_is_no_receipt_of_the_spec(console: Console, law: Path) -> None:
    """Whoever sets facts or chooses a day gets a receipt of `allow`; its replay says so and fails."""
    console.write("spec.yaml", HOSTING)
    given = (
        "--set",
        "company.foreign_percent=0",
        "--set",
        "services.0.offers=[saas]",
        "--set",
        "services.0.features=[]",
    )
    console("check", "spec.yaml", "--law", law, "--receipt", "r.json", *given)
    recorded = json.loads((console.folder / "r.json").read_bytes())["decision"]["decision"]
    assert recorded != "needs-license"
    ran = console("replay", "r.json", "--law", law)
    assert ran.code == 1
    assert "  facts changed by --set before the decision: company.foreign_percent, services.0.offers" in ran.out
    assert "  the current spec leads to another decision on its launch day: NEEDS LICENSE\n" in ran.out
    told = json.loads(console("replay", "r.json", "--law", law, "-f", "json").out)
    assert (told["same"], told["as_it_stands"]) == (True, "needs-license")


def test_waivers_are_recorded_and_not_decided_again(console: Console, law: Path) -> None:
    console.write("spec.yaml", HOSTING)
    given = ("check", "spec.yaml", "--law", law)
    assert console(*given, "--write-baseline", "base.yaml", "--until", "2027-06-01", "-q").code == 0
    assert console(*given, "--receipt", "r.json", "--baseline", "base.yaml").code == 0
    receipt = json.loads((console.folder / "r.json").read_bytes())
    waived = [one for name in WAIVABLE for one in receipt["decision"][name] if "waived" in one]
    assert {one["waived"]["by"] for one in waived} == {"baseline"}
    assert receipt["decision"]["remaining"] == "allow" != receipt["decision"]["decision"]
    ran = console("replay", "r.json", "--law", law)
    assert (ran.code, ran.out.startswith("same")) == (0, True)
    assert f"  {len(waived)} waived finding" in ran.out
    assert json.loads(console("replay", "r.json", "--law", law, "-f", "json").out)["waived"] == len(waived)
    waived[0]["message"]["en"] = "Other words."
    console.write("r.json", json.dumps(receipt))
    assert console("replay", "r.json", "--law", law).code == 1, "the finding itself is compared"


def test_a_receipt_that_gives_another_reason_for_its_day_is_found(console: Console, law: Path) -> None:
    console.write("spec.yaml", SHOP)
    console("check", "spec.yaml", "--law", law, "--receipt", "r.json", "--as-of", "2026-12-01")
    path = console.folder / "r.json"
    for why in ("launch", "today"):
        path.write_text(path.read_text().replace('"why":"option"', f'"why":"{why}"'))
        ran = console("replay", "r.json", "--law", law)
        assert (ran.code, "/as_of/why: changed" in ran.out) == (1, True), ran.out
        path.write_text(path.read_text().replace(f'"why":"{why}"', '"why":"option"'))


@pytest.mark.parametrize("origin", ["folder", "bundle"])
def test_an_unsigned_receipt_does_not_choose_its_law(console: Console, made: dict[str, Any], origin: str) -> None:
    """Whoever writes a receipt writes the law that it names, too."""
    if origin == "bundle":
        assert console("bundle", "build", "--law", "policies", "--number", "1", "-o", "law.tar.gz").code == 0
        given = ("--bundle", "law.tar.gz", "--receipt", "receipt.json", "--no-fail")
        assert console("check", made["spec"]["file"], *given).code == 0
    ran = console("replay", "receipt.json")
    assert (ran.code, ran.out) == (3, "")
    assert "receipt.json:1:1: It is not signed, so its law cannot be trusted." in ran.err
    assert "--law, or --bundle with --key." in ran.err
    named = ("--law", "policies") if origin == "folder" else ("--bundle", "law.tar.gz")
    assert console("replay", "receipt.json", *named).code == 0


@pytest.mark.usefixtures("made")
def test_a_replay_finds_what_is_otherwise(console: Console) -> None:
    text = (console.folder / "spec.yaml").read_text(encoding="utf-8")
    console.write("spec.yaml", text + "# a comment\n")
    ran = console("replay", "receipt.json", "--law", "policies")
    assert ran.code == 1
    assert ran.out.startswith("differs in 1 place\n  /spec/sha256: changed\n")
    console.write("spec.yaml", text.replace("facilities: [shanghai-lingang]", "facilities: [chengdu]"))
    ran = console("replay", "receipt.json", "--law", "policies")
    assert ran.code == 1
    assert "  /decision/decision: changed\n" in ran.out
    assert "chengdu" not in ran.out
    console.write("spec.yaml", text)
    pilot = console.folder / "policies" / "vats-pilot-2024.yaml"
    before = pilot.read_text(encoding="utf-8")
    pilot.write_text(before.replace("version: 1.1.0", "version: 1.1.1"), encoding="utf-8")
    assert pilot.read_text(encoding="utf-8") != before
    ran = console("replay", "receipt.json", "--law", "policies", "-f", "json")
    found = [one["pointer"] for one in json.loads(ran.out)["differences"]]
    assert ran.code == 1
    assert {"/law/policies", "/decision/bundle/digest"} <= set(found)
    assert any(pointer.startswith("/policies/") and pointer.endswith("/version") for pointer in found)
    assert console("replay", "receipt.json", "--law", "policies", "-f", "json").out == ran.out


@pytest.mark.usefixtures("made")
def test_every_change_of_a_receipt_is_found(console: Console, law: Path) -> None:
    """Each value of it is changed in turn; what is not compared is named here."""
    bundle = load_bundle(law)
    content = (console.folder / "spec.yaml").read_bytes()
    choice = SelectedLaw(bundle, Path("policies"))
    silent: tuple[str, ...] = (
        "/program",
        "/law/origin",
        "/law/file",
        "/law/number",
        "/law/revision",
        "/law/digest",
        "/law/signed_by",
        "/decision/bundle/origin",
        "/decision/bundle/name",
    )
    silent += ("/receipt", "/as_of/day", "/as_of/today", "/as_of/why", "/spec/file", "/spec/changes")  # what is decided
    gate = Gate(bundle, TODAY)
    profile = load_profile("spec.yaml")
    _, data = gate.decide(profile)
    as_of = LawDay(data.as_of, "launch", TODAY)
    receipt = json.loads(receipt_text(GateRecord(choice, profile, data, as_of, content=content), None))
    assert replay(decode_receipt(receipt), choice, content) == []
    seen = 0
    for pointer, owner, key in list(places(receipt, ""))[::7]:
        if pointer.startswith(silent) or pointer.endswith("/policy_file"):
            continue
        kept = owner[key]
        owner[key] = "otherwise" if kept != "otherwise" else "x"
        assert replay(decode_receipt(receipt), choice, content) == [(pointer, "changed")]
        owner[key] = kept
        seen += 1
    assert seen > 40


def places(data: Any, pointer: str) -> Any:
    """Pointer, owner and key of every scalar."""
    for key, value in data.items() if isinstance(data, dict) else enumerate(data):
        inner = f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"
        if isinstance(value, dict | list):
            yield from places(value, inner)
        else:
            yield inner, data, key


def test_a_receipt_under_a_signed_bundle(console: Console, law: Path) -> None:
    console.write("spec.yaml", HOSTING)
    console("bundle", "keygen", "release")
    console("bundle", "build", "--law", law, "--number", "5")
    console("bundle", "sign", "bundle.tar.gz", "--key", "release.pem")
    key = ("--key", "release.pub")
    ran = console("check", "spec.yaml", "--bundle", "bundle.tar.gz", *key, "--receipt", "r.json", "--no-fail")
    assert ran.code == 0
    found = json.loads((console.folder / "r.json").read_bytes())["law"]
    assert (found["origin"], found["file"], found["number"]) == ("bundle", "bundle.tar.gz", 5)
    assert found["revision"] == f"0.1.0+5.{found['digest'][7:19]}"
    assert found["signed_by"]
    assert console("replay", "r.json").code == 3  # signed, and no key
    assert console("replay", "r.json", *key).code == 0
    console("bundle", "build", "--law", law, "--number", "6", "-o", "next.tar.gz")
    ran = console("replay", "r.json", "--bundle", "next.tar.gz")
    assert ran.code == 1
    assert ran.out.startswith("differs in 2 places\n  /law/number: changed\n  /law/revision: changed\n")
    assert console("replay", "r.json", "--law", law).code == 0  # the same law as a folder


ENVELOPE = {"payload": "", "payloadType": "application/vnd.vatspolicy.receipt+json", "signatures": []}


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"receipt": 2}', '{"receipt": 1}', "[" * 100_000]
    + [json.dumps({**ENVELOPE, **change}) for change in ({}, {"payload": "e30="}, {"payload": "é"}, {"signatures": 1})],
)
def test_what_is_no_receipt(console: Console, text: str) -> None:
    console.write("r.json", text)
    ran = console("replay", "r.json")
    assert (ran.code, ran.out, "receipt" in ran.err) == (3, "", True)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        *(("as_of", {"why": "asked"}), ("as_of", {"day": "2027-02-30"}), ("spec", {"changes": [["company"]]})),
        *(("law", {"file": None}), ("law", {"origin": "elsewhere"}), ("law", {"layers": [{"name": "base"}]})),
        *(("decision", {"opinions": None}), ("decision", {"bundle": []}), ("spec", {"more": 1})),
    ],
)
def test_a_receipt_of_another_form_is_none(
    console: Console, made: dict[str, Any], part: str, value: dict[str, Any]
) -> None:
    console.write("r.json", json.dumps({**made, part: {**made[part], **value}}))
    ran = console("replay", "r.json", "--law", "policies")
    assert (ran.code, ran.out, "This is not a receipt." in ran.err) == (3, "", True)


def test_the_schema_says_what_a_receipt_selects() -> None:
    schema = SchemaSet.shipped().load("receipt")
    assert set(schema["required"]) == set(schema["properties"]) == {one.name for one in fields(Receipt)}
    for name, kind in (("as_of", LawDay), ("spec", SpecUsed), ("law", LawUsed)):
        assert set(schema["properties"][name]["properties"]) == {one.name for one in fields(kind)}, name


def test_one_receipt_is_of_one_decision(console: Console, law: Path) -> None:
    console.write("specs/a.yaml", HOSTING)
    console.write("specs/b.yaml", SHOP)
    ran = console("check", "specs", "--law", law, "--receipt", "r.json")
    assert (ran.code, "covers one decision, but there are 2" in ran.err) == (2, True)
    assert not (console.folder / "r.json").exists()
    console.write("specs/a.yaml", "schema: 2\n")
    assert console("check", "specs/a.yaml", "--law", law, "--receipt", "r.json").code == 3
    assert not (console.folder / "r.json").exists()


# --- signatures -----------------------------------------------------------------------------------------------------


@pytest.fixture
def signed(console: Console, law: Path) -> dict[str, Any]:
    """The envelope of a receipt that the key `gate` has signed; `other` is another key."""
    console.write("spec.yaml", HOSTING)
    for name in ("gate", "other"):
        assert console("bundle", "keygen", name).code == 0
    given = ("check", "spec.yaml", "--law", law, "--no-fail", "--sign-key", "gate.pem")
    assert console(*given, "--receipt", "r.json").code == 0
    assert console(*given, "--receipt", "-").out.encode() == (console.folder / "r.json").read_bytes()
    found: dict[str, Any] = json.loads((console.folder / "r.json").read_bytes())
    return found


def test_a_signed_receipt_is_verified(console: Console, signed: dict[str, Any], law: Path) -> None:
    console("check", "spec.yaml", "--law", law, "--no-fail", "--receipt", "plain.json")
    assert base64.b64decode(signed["payload"]) == (console.folder / "plain.json").read_bytes()
    assert signed["payloadType"] == "application/vnd.vatspolicy.receipt+json"
    for option in ("--key", "--receipt-key"):
        ran = console("replay", "r.json", option, "gate.pub")
        assert (ran.code, ran.err, "the receipt is signed by " in ran.out) == (0, "", True)
    told = json.loads(console("replay", "r.json", "--key", "gate.pub", "-f", "json").out)
    assert (told["same"], told["signed_by"]) == (True, signed["signatures"][0]["keyid"])
    skipped = console("replay", "r.json", "--skip-verify")
    assert (skipped.code, "signature of the receipt is not verified" in skipped.out) == (0, True)


def test_a_signature_that_does_not_hold_is_refused(console: Console, signed: dict[str, Any]) -> None:
    def replayed(data: dict[str, Any], *options: str) -> str:
        console.write("forged.json", json.dumps(data))
        ran = console("replay", "forged.json", *options)
        assert (ran.code, ran.out) == (3, "")
        return ran.err

    def forged(change: Callable[[Any], object]) -> dict[str, Any]:
        receipt = json.loads(base64.b64decode(signed["payload"]))
        change(receipt)
        return {**signed, "payload": base64.b64encode(rfc8785.dumps(receipt)).decode()}

    assert "did not make its signature" in replayed(signed, "--key", "other.pub")
    assert "but --key is missing" in replayed(signed)
    receipt = json.loads(base64.b64decode(signed["payload"]))
    for option in ("--key", "--receipt-key"):
        assert "The receipt is not signed" in replayed(receipt, option, "gate.pub")
    for change in (
        lambda found: found["as_of"].update(why="option"),
        lambda found: found["spec"].update(file="other.yaml"),
        lambda found: found["law"].update(revision="0"),
        lambda found: found["decision"].update(decision="allow"),
        lambda found: found["policies"].clear(),
        lambda found: found["program"].update(version="0"),
    ):
        assert "did not make its signature" in replayed(forged(change), "--key", "gate.pub")
    assert "This is not a receipt." in replayed(forged(lambda found: found.pop("law")), "--key", "gate.pub")
    assert "did not make its signature" in replayed({**signed, "signatures": []}, "--key", "gate.pub")
    assert "This is not a receipt." in replayed({**signed, "signatures": [{"sig": 7}]}, "--key", "gate.pub")
    twice = '{"payload": "", ' + json.dumps(signed)[1:]
    console.write("forged.json", twice)
    assert console("replay", "forged.json", "--key", "gate.pub").code == 3, "readers choose different ones of two keys"
    content = base64.b64decode(signed["payload"])
    inside = b'{"decision":{"decision":"allow"},' + content[1:]
    key = read_key(console.folder / "gate.pem", private=True)
    console.write("forged.json", seal(inside, signed["payloadType"], key))
    assert console("replay", "forged.json", "--key", "gate.pub").code == 3, "so it is inside of the envelope"


def test_what_a_key_signed_under_one_name_is_trusted_under_no_other(
    console: Console, signed: dict[str, Any], law: Path
) -> None:
    """A receipt is no attestation, an attestation no receipt, and the signature of a bundle neither of them."""
    given = ("check", "spec.yaml", "--law", law, "--no-fail", "--sign-key", "gate.pem")
    assert console(*given, "--attest", "a.jsonl").code == 0
    attestation = json.loads((console.folder / "a.jsonl").read_bytes())
    key = read_key(console.folder / "gate.pem", private=True)
    content = base64.b64decode(signed["payload"])
    receipts = [attestation, {**attestation, "payloadType": signed["payloadType"]}]
    receipts += [{**signed, "payloadType": attestation["payloadType"]}, {**attestation, "payload": signed["payload"]}]
    receipts += [{**signed, "signatures": attestation["signatures"]}]
    receipts += [json.loads(seal(content, kind, key)) for kind in (attestation["payloadType"], "application/json")]
    console("bundle", "build", "--law", law, "--number", "1")
    console("bundle", "sign", "bundle.tar.gz", "--key", "gate.pem")
    files = read_bundle_file(console.folder / "bundle.tar.gz").files
    token = json.loads(files[".signatures.json"])["signatures"][0]
    _head, body, tail = token.split(".")
    receipts += [{**signed, "signatures": [{"sig": tail + "=" * (-len(tail) % 4)}]}]
    receipts += [{**signed, "payload": body + "=" * (-len(body) % 4), "signatures": [{"sig": tail + "=="}]}]
    for data in receipts:
        console.write("forged.json", json.dumps(data))
        for options in (("--key", "gate.pub"), ("--receipt-key", "gate.pub")):
            assert console("replay", "forged.json", *options).code == 3
    verify = ("verify-attestation", "forged.jsonl", "--spec", "spec.yaml", "--law", law, "--key", "gate.pub")
    statement = base64.b64decode(attestation["payload"])
    attestations = [signed, {**signed, "payloadType": attestation["payloadType"]}]
    attestations += [
        {**attestation, "payloadType": signed["payloadType"]},
        {**attestation, "signatures": signed["signatures"]},
    ]
    attestations += [json.loads(seal(statement, signed["payloadType"], key))]
    for data in attestations:
        console.write("forged.jsonl", json.dumps(data))
        ran = console(*verify)
        assert (ran.code, ran.out) == (3, "")


def test_a_signed_receipt_is_recognized(signed: dict[str, Any], tmp_path: Path) -> None:
    assert is_receipt(signed)
    assert is_receipt(json.loads(base64.b64decode(signed["payload"])))
    assert not is_receipt({**signed, "payloadType": "application/vnd.in-toto+json"})
    assert read_receipt(tmp_path / "r.json").spec.file == "spec.yaml"


@pytest.mark.usefixtures("signed")
def test_the_key_of_a_bundle_and_that_of_a_receipt(console: Console, law: Path) -> None:
    console("bundle", "build", "--law", law, "--number", "1")
    console("bundle", "sign", "bundle.tar.gz", "--key", "other.pem")
    given = (
        "check",
        "spec.yaml",
        "--bundle",
        "bundle.tar.gz",
        "--key",
        "other.pub",
        "--no-fail",
        "--receipt",
        "b.json",
    )
    assert console(*given, "--sign-key", "gate.pem").code == 0
    assert console("replay", "b.json", "--key", "other.pub").code == 3  # which did not sign the receipt
    ran = console("replay", "b.json", "--key", "other.pub", "--receipt-key", "gate.pub")
    assert (ran.code, "the receipt is signed by " in ran.out) == (0, True)
    assert console(*given).code == 0
    ran = console("replay", "b.json", "--key", "other.pub")
    assert (ran.code, "the receipt is not signed" in ran.out) == (0, True)
    assert console("replay", "b.json", "--key", "other.pub", "--receipt-key", "gate.pub").code == 3
    assert console("replay", "b.json", "--skip-verify", "--receipt-key", "gate.pub").code == 2


def test_nothing_is_decided_without_the_key_to_sign(console: Console, law: Path) -> None:
    console.write("spec.yaml", HOSTING)
    console("bundle", "keygen", "gate")
    given = ("check", "spec.yaml", "--law", law, "--sign-key")
    assert console(*given, "gate.pem").code == 2  # nothing to sign
    for name in ("gate.pub", "none.pem"):
        ran = console(*given, name, "--receipt", "r.json")
        assert (ran.code, ran.out, (console.folder / "r.json").exists()) == (3, "", False)
