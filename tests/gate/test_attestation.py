"""An attestation says what the gate decided, in forms that others read, and verifies for the very spec and law only."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS

from tests.support.console import Console
from tests.support.layer_builder import RELAY, write_layer
from tests.support.specs import HOSTING, SHOP, TODAY
from vatspolicy.bundles.keys import (
    RSA,
    SECRET,
    Envelope,
    EnvelopeError,
    Key,
    generate_keys,
    read_envelope,
    read_key,
    seal,
)
from vatspolicy.core.documents.validation import is_valid

PAYLOAD = "application/vnd.in-toto+json"


@pytest.fixture
def gate(console: Console, law: Path) -> Console:
    """A console with a signed bundle, keys `gate` and `other`, and the attested spec shop.yaml (attestation a.jsonl)."""
    console.write("shop.yaml", SHOP)
    console.write("hosting.yaml", HOSTING)
    for name in ("gate", "other"):
        assert console("bundle", "keygen", name).code == 0
    assert console("bundle", "build", "--law", law, "--number", "7").code == 0
    assert console("bundle", "sign", "bundle.tar.gz", "--key", "other.pem").code == 0
    assert attest(console, "shop.yaml").code == 0
    return console


def attest(console: Console, *arguments: str | Path, to: str = "a.jsonl") -> Any:
    law = ("--bundle", "bundle.tar.gz", "--key", "other.pub")
    return console("check", *arguments, *law, "--attest", to, "--sign-key", "gate.pem", "-q")


def verify(console: Console, *arguments: str | Path, key: str = "gate.pub", file: str = "a.jsonl") -> Any:
    return console("verify-attestation", file, "--key", key, "--bundle", "bundle.tar.gz", *arguments)


def statements(console: Console, name: str = "a.jsonl") -> list[dict[str, Any]]:
    lines = (console.folder / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(base64.b64decode(json.loads(line)["payload"])) for line in lines]


# --- the envelope -------------------------------------------------------------------------------------------------------


def encode_by_hand(payload_type: str, payload: bytes) -> bytes:
    """What is signed, as DSSE's protocol.md says."""
    kind = payload_type.encode()
    return b" ".join([b"DSSEv1", str(len(kind)).encode(), kind, str(len(payload)).encode(), payload])


def private_keys(folder: Path, algorithm: str, *names: str) -> list[Key]:
    for name in names:
        (folder / name).write_text(generate_keys(algorithm)[0])
    return [read_key(folder / name, private=True) for name in names]


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256"])
@pytest.mark.parametrize("kind", ["http://example.com/HelloWorld", "é"])
def test_the_encoding_is_that_of_the_specification(tmp_path: Path, algorithm: str, kind: str) -> None:
    """`cryptography` signs and verifies without the library that this program uses."""
    assert encode_by_hand("é", "é".encode()) == b"DSSEv1 2 \xc3\xa9 2 \xc3\xa9"
    (key,) = private_keys(tmp_path, algorithm, "own")
    private, public, payload = cast("Any", key.material), cast("Any", key.verifier), b"\xff hello world"
    more = () if algorithm == "EdDSA" else (ec.ECDSA(hashes.SHA256()),)
    data = json.loads(seal(payload, kind, key))
    public.verify(base64.b64decode(data["signatures"][0]["sig"]), encode_by_hand(kind, payload), *more)
    data["signatures"] = [{"sig": base64.b64encode(private.sign(encode_by_hand(kind, payload), *more)).decode()}]
    assert read_envelope(data, kind).is_signed_by(key), "an envelope need not name its key"


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256"])
def test_an_envelope_opens_for_its_key_and_type_only(tmp_path: Path, algorithm: str) -> None:
    own, other = private_keys(tmp_path, algorithm, "own", "other")
    good = json.loads(seal(b"\xff\x00 payload", "a/b", own))
    assert good["signatures"][0]["keyid"] == own.id
    assert (seal(b"\xff\x00 payload", "a/b", own) == json.dumps(good, separators=(",", ":"))) is (algorithm == "EdDSA")

    def opened(envelope: Any, kind: str = "a/b", key: Key = own) -> bytes | None:
        found = read_envelope(envelope, kind)
        return found.payload if found.is_signed_by(key) else None

    assert opened(good) == b"\xff\x00 payload"
    url_safe = {**good, "payload": good["payload"].replace("+", "-").replace("/", "_")}
    assert opened(url_safe) == b"\xff\x00 payload"
    both = {**good, "signatures": [{"keyid": own.id, "sig": "AAAA"}, *good["signatures"]]}
    assert opened(both) == b"\xff\x00 payload"
    lied = [{**good["signatures"][0], "keyid": other.id}]
    assert opened({**good, "signatures": lied}), "a key id is a hint"
    for envelope, kind, key in (
        (good, "a/b", other),
        ({**good, "payloadType": "a/c"}, "a/c", own),
        ({**good, "payload": "AAAA"}, "a/b", own),
        ({**good, "signatures": []}, "a/b", own),
        ({**good, "signatures": [{"keyid": own.id, "sig": ""}]}, "a/b", own),
    ):
        assert opened(envelope, kind, key) is None
    for envelope, kind in (
        (good, "a/c"),
        ({**good, "signatures": [{"keyid": own.id, "sig": 7}]}, "a/b"),
        ({**good, "signatures": {}}, "a/b"),
        ({**good, "payload": "é"}, "a/b"),
        ({**good, "payload": "A"}, "a/b"),
        ({"payload": ""}, "a/b"),
        ([], "a/b"),
    ):
        with pytest.raises(EnvelopeError):
            read_envelope(envelope, kind)


def test_no_other_kind_of_key_verifies_an_envelope() -> None:
    """RSA keys and secrets verify bundles of others; the library would accept an RSA signature here."""
    private = rsa.generate_private_key(65537, 2048)
    padding = PSS(MGF1(hashes.SHA256()), PSS.DIGEST_LENGTH)
    signature = private.sign(encode_by_hand("a/b", b"x"), padding, hashes.SHA256())
    envelope = Envelope(b"x", "a/b", (signature,))
    assert not envelope.is_signed_by(Key("rsa", RSA, False, private.public_key()))
    assert not envelope.is_signed_by(Key("secret", SECRET, False, b"s" * 32))


def test_others_read_and_verify_it(gate: Console) -> None:
    """in-toto's, the Secure Systems Lab's and Sigstore's own libraries."""
    dsse = pytest.importorskip("securesystemslib.dsse")
    signer = pytest.importorskip("securesystemslib.signer")
    statement = pytest.importorskip("in_toto_attestation.v1.statement")
    sigstore = pytest.importorskip("sigstore.dsse")
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
    from google.protobuf import json_format

    assert gate("bundle", "keygen", "p256", "--algorithm", "ES256").code == 0
    given = ("check", "shop.yaml", "--bundle", "bundle.tar.gz", "--key", "other.pub")
    assert gate(*given, "--attest", "p256.jsonl", "--sign-key", "p256.pem").code == 0
    envelopes = []
    for file, public in (("a.jsonl", "gate.pub"), ("p256.jsonl", "p256.pub")):
        data = json.loads((gate.folder / file).read_text(encoding="utf-8"))
        id = data["signatures"][0]["keyid"]
        key = signer.SSlibKey.from_crypto(load_pem_public_key((gate.folder / public).read_bytes()), keyid=id)
        envelope = dsse.Envelope.from_dict(data)
        assert list(envelope.verify([key], 1)) == [id]
        assert envelope.payload_type == PAYLOAD
        found = statement.Statement([], "", {})
        json_format.Parse(envelope.payload, found.pb)
        found.validate()
        (subject,) = found.pb.subject
        assert dict(subject.digest) == {"sha256": hashlib.sha256((gate.folder / "shop.yaml").read_bytes()).hexdigest()}
        assert found.pb.predicate["verificationResult"] == "PASSED"
        other = signer.SSlibKey.from_crypto(load_pem_public_key((gate.folder / "other.pub").read_bytes()), keyid=id)
        with pytest.raises(Exception, match="threshold"):
            envelope.verify([other], 1)
        envelopes.append(envelope)
    key = load_pem_public_key((gate.folder / "p256.pub").read_bytes())
    text = (gate.folder / "p256.jsonl").read_text(encoding="utf-8")
    assert sigstore._verify(key, sigstore.Envelope._from_json(text)) == envelopes[1].payload


# --- the statement ------------------------------------------------------------------------------------------------------


def test_a_statement_says_what_was_decided(gate: Console) -> None:
    (found,) = statements(gate)
    assert is_valid(found, "attestation")
    assert found["subject"] == [
        {
            "name": "shop.yaml",
            "digest": {"sha256": hashlib.sha256((gate.folder / "shop.yaml").read_bytes()).hexdigest()},
        }
    ]
    said = found["predicate"]
    shown = json.loads(gate("bundle", "inspect", "bundle.tar.gz", "-f", "json").out)
    assert said["policy"]["uri"] == f"urn:vatspolicy:law:{shown['revision']}"
    assert f"sha256:{said['policy']['digest']['vatspolicyBundle']}" == shown["digest"]
    assert said["law"]["signed_by"] == shown["signature"]["key"]
    assert said["resourceUri"] == "urn:vatspolicy:product:shop"
    assert said["verificationResult"] == "PASSED"
    assert said["gate"] == {"fail_on": "needs-license", "strict_waivers": False}
    [part] = said["parts"]
    assert (part["part"], part["product"], part["decision"]) == (None, "shop", "allow")
    assert part["as_of"] == {"day": "2027-01-31", "why": "launch", "today": TODAY}


def test_a_failed_gate_is_attested_as_failed(gate: Console) -> None:
    assert attest(gate, "hosting.yaml", "shop.yaml", "--no-fail", to="both.jsonl").code == 0
    hosting, shop = statements(gate, "both.jsonl")
    assert hosting["predicate"]["verificationResult"] == "FAILED", "--no-fail changes the exit code alone"
    [part] = hosting["predicate"]["parts"]
    assert (part["decision"], bool(part["needs"])) == ("needs-license", True)
    assert shop["predicate"]["verificationResult"] == "PASSED"
    assert verify(gate, "--spec", "shop.yaml", file="both.jsonl").code == 0
    ran = verify(gate, "--spec", "shop.yaml", "--spec", "hosting.yaml", file="both.jsonl")
    assert (ran.code, "The gate failed. The decision is needs-license." in ran.out) == (1, True)


def test_no_spec_that_was_not_decided_is_attested(gate: Console) -> None:
    gate.write("bad.yaml", "schema: 2\n")
    ran = attest(gate, "shop.yaml", "bad.yaml", to="none.jsonl")
    assert (ran.code, "no attestation was written" in ran.err) == (3, True)
    assert not (gate.folder / "none.jsonl").exists()
    for more in (("--set", "company.foreign_percent=0"), ()):
        given = ("check", "shop.yaml", *more, "--attest", "none.jsonl", *(("--sign-key", "gate.pem") if more else ()))
        assert gate(*given).code == 2
    assert not (gate.folder / "none.jsonl").exists()


# --- verifying ----------------------------------------------------------------------------------------------------------


def test_what_was_attested_verifies(gate: Console) -> None:
    ran = verify(gate, "--spec", "shop.yaml")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("shop.yaml: PASSED, attested by ")
    assert "allow, decided at 20" in ran.out
    assert verify(gate, "--spec", "shop.yaml", "--lang", "zh").out.startswith("shop.yaml：通过")
    told = json.loads(verify(gate, "--spec", "shop.yaml", "-f", "json").out)
    assert (told["passed"], told["specs"][0]["objections"]) == (True, [])
    data = json.loads((gate.folder / "a.jsonl").read_text(encoding="utf-8"))
    gate.write("pretty.json", json.dumps(data, indent=2))
    assert verify(gate, "--spec", "shop.yaml", file="pretty.json").code == 0


def test_another_spec_or_law_does_not_verify(gate: Console, copy_of_law: Path, law: Path) -> None:
    changed = gate.write("changed.yaml", SHOP + "# \n")
    ran = verify(gate, "--spec", changed)
    assert (ran.code, "The file contains no attestation for the current text of this spec." in ran.out) == (1, True)
    pilot = copy_of_law / "vats-pilot-2024.yaml"
    pilot.write_text(pilot.read_text(encoding="utf-8") + "# a comment\n", encoding="utf-8")
    gate("bundle", "build", "--law", copy_of_law, "--number", "7", "-o", "other.tar.gz")
    given = ("verify-attestation", "a.jsonl", "--key", "gate.pub", "--spec", "shop.yaml")
    ran = gate(*given, "--bundle", "other.tar.gz")
    assert (ran.code, "It was decided under a different law, " in ran.out) == (1, True)
    gate("bundle", "build", "--law", law, "--number", "8", "-o", "other.tar.gz")
    assert gate(*given, "--bundle", "other.tar.gz").code == 1, "another number is another bundle"
    assert gate(*given, "--law", law).code == 0, "its policies are those of the folder"
    assert gate(*given, "--law", copy_of_law).code == 1
    layer = write_layer(gate.folder / "layer", "company", own="rules:\n" + RELAY.replace("public", "own-group"))
    assert gate(*given, "--bundle", "bundle.tar.gz", "-p", layer).code == 1, "no layer decided"
    assert attest(gate, "shop.yaml", "-p", layer, to="layered.jsonl").code == 0
    assert verify(gate, "--spec", "shop.yaml", "-p", layer, file="layered.jsonl").code == 0
    assert verify(gate, "--spec", "shop.yaml", file="layered.jsonl").code == 1, "a layer decided, too"


def test_a_milder_question_does_not_verify(gate: Console) -> None:
    assert attest(gate, "hosting.yaml", "--fail-on", "deny", to="mild.jsonl").code == 0
    ran = verify(gate, "--spec", "hosting.yaml", file="mild.jsonl")
    assert (ran.code, "Its gate failed on deny only." in ran.out) == (1, True)
    assert verify(gate, "--spec", "hosting.yaml", "--fail-on", "deny", file="mild.jsonl").code == 0
    assert attest(gate, "shop.yaml", "--as-of", "2026-12-01", to="day.jsonl").code == 0
    ran = verify(gate, "--spec", "shop.yaml", file="day.jsonl")
    assert (ran.code, "--as-of set the day of the law to 2026-12-01." in ran.out) == (1, True)
    assert verify(gate, "--spec", "shop.yaml", "--as-of", "2026-12-01", file="day.jsonl").code == 0
    assert verify(gate, "--spec", "shop.yaml", "--as-of", "2026-12-02", file="day.jsonl").code == 1
    gate.write("past.yaml", SHOP.replace("2027-01-31", "2026-05-01"))
    assert attest(gate, "past.yaml", "--allow-past-as-of", to="past.jsonl").code == 0
    ran = verify(gate, "--spec", "past.yaml", file="past.jsonl")
    assert (ran.code, "the law of a past day, 2026-05-01" in ran.out) == (1, True)


def test_the_law_of_today_holds_for_today(gate: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """A spec without a launch day was decided under the law of the day of the run, which may change."""
    gate.write("open.yaml", SHOP.replace(", launch: '2027-01-31'", ""))
    assert attest(gate, "open.yaml", to="open.jsonl").code == 0
    assert verify(gate, "--spec", "open.yaml", file="open.jsonl").code == 0
    monkeypatch.setattr("vatspolicy.clock.today", lambda: "2026-06-02")
    ran = verify(gate, "--spec", "open.yaml", file="open.jsonl")
    assert (ran.code, f"the law of a past day, {TODAY}" in ran.out) == (1, True)
    assert verify(gate, "--spec", "open.yaml", "--as-of", TODAY, file="open.jsonl").code == 0
    assert verify(gate, "--spec", "shop.yaml").code == 0, "its launch day is what it was"


def test_a_waived_finding_is_told(gate: Console) -> None:
    given = (
        "--bundle",
        "bundle.tar.gz",
        "--key",
        "other.pub",
        "--write-baseline",
        "base.yaml",
        "--until",
        "2027-06-01",
    )
    assert gate("check", "hosting.yaml", *given, "-q").code == 0
    assert attest(gate, "hosting.yaml", "--baseline", "base.yaml", to="waived.jsonl").code == 0
    (found,) = statements(gate, "waived.jsonl")
    assert is_valid(found, "attestation")
    assert {one["by"] for one in found["predicate"]["parts"][0]["waived"]} == {"baseline"}
    ran = verify(gate, "--spec", "hosting.yaml", file="waived.jsonl")
    assert (ran.code, "  waived: " in ran.out) == (0, True)


def test_forged_attestations_are_refused(gate: Console) -> None:
    data = json.loads((gate.folder / "a.jsonl").read_text(encoding="utf-8"))
    statement = json.loads(base64.b64decode(data["payload"]))

    def refused(text: str, key: str = "gate.pub") -> str:
        gate.write("forged.jsonl", text)
        ran = verify(gate, "--spec", "shop.yaml", key=key, file="forged.jsonl")
        assert (ran.code, ran.out) == (3, "")
        return str(ran.err)

    assert "did not make its signature" in refused(json.dumps(data), "other.pub")
    statement["predicate"]["parts"][0]["decision"] = "deny"
    forged = base64.b64encode(json.dumps(statement).encode()).decode()
    assert "did not make its signature" in refused(json.dumps({**data, "payload": forged}))
    assert "did not make its signature" in refused(json.dumps({**data, "signatures": []}))
    assert "did not make its signature" in refused(json.dumps(data) + "\n" + json.dumps({**data, "payload": forged}))
    own = read_key(gate.folder / "gate.pem", private=True)
    for payload in (b"{}", b"x", json.dumps({**statement, "predicateType": "https://slsa.dev/provenance/v1"}).encode()):
        assert "not an attestation" in refused(seal(payload, PAYLOAD, own))
    assert "not an attestation" in refused(seal(json.dumps(statement).encode(), "text/plain", own))
    assert "not an attestation" in refused("")
    assert "not an attestation" in refused("hello")
    assert "cannot be read" in verify(gate, "--spec", "shop.yaml", file="nowhere.jsonl").err
    assert verify(gate, "--spec", "nowhere.yaml").code == 3


def test_a_spec_that_changes_meanwhile_is_not_attested(gate: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    from vatspolicy.gate import run_record

    def change(*arguments: Any) -> Any:
        shutil.copy("hosting.yaml", "shop.yaml")
        return record_runs(*arguments)

    record_runs = run_record.record_runs
    monkeypatch.setattr(run_record, "record_runs", change)
    ran = attest(gate, "shop.yaml", to="none.jsonl")
    assert (ran.code, "changed after the decision" in ran.err) == (3, True)
    assert not (gate.folder / "none.jsonl").exists()
