"""`vatspolicy bundle`: build, sign, verify, inspect and pin bundle files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vatspolicy.cli import options as opt
from vatspolicy.cli.console import abort, abort_unwritten, print_result, refuse_if, warn
from vatspolicy.clock import in_china
from vatspolicy.i18n import Language, Phrase, _
from vatspolicy.i18n.words import GRADES, Counts, Table, count, joint, word
from vatspolicy.output import write_bytes

if TYPE_CHECKING:
    from vatspolicy.bundles.bundle_file import BundleFile
    from vatspolicy.bundles.contents import ListedPolicy
    from vatspolicy.bundles.signature import Signature

SCOPE: str = opt.input_("", "--scope TEXT", "Scope that the signature must have.")
PUBLIC_KEY: Path | None = opt.input_(
    None, "--key FILE", "Public key that signed it (PEM or JWK), or a policy about signers."
)
SKIP: bool = opt.input_(False, "--skip-verify", "Skip signature verification; the files must be whole.")
OUTPUT: Path = opt.output(Path("bundle.tar.gz"), "--output -o FILE", "File to write.")
FILE: Path = opt.argument(opt.REQUIRED, "FILE", "A bundle, such as bundle.tar.gz.")


Algorithm = Literal["EdDSA", "ES256"]
"""Algorithms of keys, as JWTs name them."""


def build_bundle(
    number: int = opt.input_(
        opt.REQUIRED, "--number N", "Number of the release, above that of every one before.", least=0
    ),
    law: Path | None = opt.LAW,
    policies: Sequence[Path] = opt.POLICIES,
    output: Path = OUTPUT,
    compress: bool = opt.output(False, "--compress", "A fifth of the size; equal bytes only from equal zlibs."),
) -> None:
    """Make a bundle of a folder of policies, layers above it and the schemas: equal sources give equal bytes.

    Example: vatspolicy bundle build --number 17 -o bundle.tar.gz
    """
    from vatspolicy.bundles.bundle_file import build_bundle_file, pack
    from vatspolicy.core.documents.schemas import resource_folder

    bundle_file = build_bundle_file(law or resource_folder("policies"), number, str(output), layers=policies)
    _write(output, pack(bundle_file.files, compress))
    print_result(f"{output}: {bundle_file.revision}, {bundle_file.digest}\n")


def sign_bundle(
    file: Path = FILE,
    key: Path = opt.input_(opt.REQUIRED, "--key FILE", "Private key (PEM or JWK)."),
    scope: str = opt.input_("", "--scope TEXT", "What the bundle is for, such as production."),
    expires: str | None = opt.input_(
        None, "--expires DAY", "Last day on which the signature holds.", parse=opt.parse_day
    ),
    output: Path | None = opt.option(None, "--output -o FILE", "File to write (default: the bundle itself)."),
) -> None:
    """Sign a bundle with an Ed25519 or P-256 key, as OPA does. Needs the extra `sign`.

    Example: vatspolicy bundle sign bundle.tar.gz --key release.pem
    """
    from vatspolicy.bundles.bundle_file import is_compressed, pack, read_bundle_file
    from vatspolicy.bundles.keys import read_key
    from vatspolicy.bundles.signature import sign

    bundle_file, secret = read_bundle_file(file), read_key(key, private=True)
    signed = sign(bundle_file, secret, scope, expires)
    _write(output or file, pack(signed.files, is_compressed(file)))
    print_result(f"{output or file}: {bundle_file.revision}, signed by {secret.id} ({secret.algorithm})\n")


def verify_bundle(
    file: Path = FILE,
    key: Path | None = PUBLIC_KEY,
    scope: str = SCOPE,
    lock: Path | None = opt.input_(None, "--lock FILE", "Lock that must pin it (vatspolicy.lock)."),
    skip_verify: bool = SKIP,
) -> None:
    """Verify that a bundle is whole, signed by a key, the pinned one, and that its law loads.

    Example: vatspolicy bundle verify bundle.tar.gz --key release.pub --lock vatspolicy.lock
    """
    from vatspolicy.bundles.bundle_file import read_bundle_file
    from vatspolicy.bundles.lockfile import read_lock

    if key is None and lock is None and not skip_verify:
        abort(_("pass --key or --lock to verify it; --skip-verify only checks that it is complete."))
    bundle_file = read_bundle_file(file)
    pinned = read_lock(lock) if lock else None
    if pinned:
        pinned.check(bundle_file)
        scope = scope or pinned.scope
    signature = _signature(bundle_file, key, scope, skip_verify)
    if pinned and not skip_verify:
        pinned.check_key(bundle_file, signature)
    bundle_file.load()
    said = f"signed by {signature.key} ({signature.algorithm})" if signature else "signature not verified"
    if signature and signature.expires is not None:
        said += f", expires {in_china(signature.expires)}"
    said = "unsigned" if signature is None and not bundle_file.signed else said
    print_result(
        f"{file}: {bundle_file.revision}, {len(bundle_file.files)} files, {said}{', as pinned' if pinned else ''}\n"
    )


def inspect_bundle(file: Path = FILE, format: opt.DataFormat = opt.DATA_FORMAT, lang: Language = opt.LANG) -> None:
    """Show the law in a bundle and the claims of its signature, without verifying it.

    Text has a line for each policy. JSON has every rule with its days, the articles that it cites, and the facts that
    it reads.

    Example: vatspolicy bundle inspect bundle.tar.gz
    """
    from vatspolicy.bundles.bundle_file import read_bundle_file
    from vatspolicy.bundles.contents import list_policies
    from vatspolicy.bundles.signature import read_claims

    bundle_file = read_bundle_file(file)
    policies = list_policies(bundle_file.load())
    data = _contents(bundle_file, read_claims(bundle_file))
    if format == "json":
        import json

        from vatspolicy.core.engine.result import encode

        data["policies"] = encode(policies)
        print_result(json.dumps(data, ensure_ascii=False, indent=2) + "\n", machine=True)
        return
    print_result(_describe(data, policies, lang))


def pin_bundle(
    file: Path = FILE,
    key: Path | None = PUBLIC_KEY,
    scope: str = SCOPE,
    skip_verify: bool = SKIP,
    lock: Path = opt.output(Path("vatspolicy.lock"), "--lock FILE", "Lock to write."),
    allow_rollback: bool = opt.input_(
        False, "--allow-rollback", "Pin an older bundle, or another one of the same number."
    ),
) -> None:
    """Let a bundle decide here from now on: write the lock that every `--bundle` is compared with.

    Example: vatspolicy bundle pin bundle.tar.gz --key release.pub
    """
    from vatspolicy.bundles.bundle_file import read_bundle_file
    from vatspolicy.bundles.lockfile import pin

    bundle_file = read_bundle_file(file)
    signature = _signature(bundle_file, key, scope, skip_verify)
    bundle_file.load()
    try:
        pinned = pin(lock, bundle_file, signature, allow_rollback)
    except OSError as error:
        abort_unwritten(lock, error)
    by = f", signed by {pinned.key}" if pinned.key else ""
    print_result(f"{lock}: {bundle_file.revision}{by}\n")


def generate_key(
    name: Path = opt.argument(opt.REQUIRED, "NAME", "Writes NAME.pem (private) and NAME.pub."),
    algorithm: Algorithm = opt.option("EdDSA", "--algorithm", "Algorithm of the key."),
) -> None:
    """Make a key to sign with. Needs the extra `sign`.

    Example: vatspolicy bundle keygen release
    """
    from vatspolicy.bundles.keys import generate_keys

    secret, public = generate_keys(algorithm)
    for path, text, mode in ((Path(f"{name}.pem"), secret, 0o600), (Path(f"{name}.pub"), public, 0o644)):
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(text)
        except FileExistsError:
            abort(_("{path} already exists.", path=path))
        except OSError as error:
            abort_unwritten(path, error)
    print_result(f"{name}.pem (private, keep it secret), {name}.pub\n")


def _signature(bundle_file: BundleFile, key: Path | None, scope: str, skip: bool) -> Signature | None:
    from vatspolicy.bundles.signature import verify_bundle as verify

    if skip:
        refuse_if(key is not None, _("--key and --skip-verify cannot be combined."))
        warn(_("the signature of the bundle is not verified (--skip-verify)."))
        return None
    return verify(bundle_file, key, scope)


def _write(path: Path, content: bytes) -> None:
    try:
        write_bytes(path, content)
    except (OSError, ValueError) as error:
        abort_unwritten(path, error)


def _contents(bundle_file: BundleFile, signature: Signature | None) -> dict[str, Any]:
    from vatspolicy.bundles.bundle_file import describe_layer

    return {
        "file": bundle_file.file,
        "revision": bundle_file.revision,
        "version": bundle_file.version,
        "number": bundle_file.number,
        "digest": bundle_file.digest,
        "signed": bundle_file.signed,
        "signature": None
        if signature is None
        else {
            "key": signature.key,
            "algorithm": signature.algorithm,
            "scope": signature.scope,
            **({"expires": in_china(signature.expires)} if signature.expires is not None else {}),
            "verified": False,
        },
        **({"layers": [describe_layer(layer) for layer in bundle_file.layers]} if bundle_file.layers else {}),
        "files": [{"name": name, "bytes": len(content)} for name, content in sorted(bundle_file.files.items())],
    }


_WORDS: Table = {
    "revision": Phrase("revision", "bundle"),
    "digest": Phrase("digest", "bundle"),
    "policies": Phrase("policies", "bundle"),
    "rules": Phrase("rules", "bundle"),
    "layers": Phrase("layers", "bundle"),
    "schemas": Phrase("schemas", "bundle"),
    "signature": Phrase("signature", "bundle"),
    "none": Phrase("none"),
    "unreadable": Phrase("unreadable", "bundle"),
    "unproved": Phrase("claimed, not verified"),
    "scope": Phrase("scope", "bundle"),
    "expires": Phrase("expires", "bundle"),
}
_COUNTS: Counts = {"rules": (Phrase("{n} rule"), Phrase("{n} rules"))}


def _describe(data: dict[str, Any], policies: Sequence[ListedPolicy], lang: Language) -> str:
    say = partial(word, _WORDS, lang=lang)
    names = [file["name"] for file in data["files"]]
    colon, comma = joint("colon", lang), joint("comma", lang)
    signature = data["signature"]
    if signature:
        scope = f"{comma}{say('scope')} {signature['scope']}" if signature["scope"] else ""
        expires = f"{comma}{say('expires')} {signature['expires']}" if "expires" in signature else ""
        signer = f"{signature['key']} {signature['algorithm']}{scope}{expires}{comma}{say('unproved')}"
    else:
        signer = say("unreadable" if data["signed"] else "none")
    lines = {
        "revision": data["revision"],
        "digest": data["digest"],
        "policies": str(len(policies)),
        "rules": str(sum(len(policy.rules) for policy in policies)),
        **({"layers": comma.join(layer["folder"] for layer in data["layers"])} if "layers" in data else {}),
        "schemas": str(sum(name.startswith("schemas/") for name in names)),
        "signature": signer,
    }
    listed = (_describe_policy(policy, lang) for policy in policies)
    return "".join(f"{say(key)}{colon}{text}\n" for key, text in lines.items()) + "\n" + "".join(listed)


def _describe_policy(policy: ListedPolicy, lang: Language) -> str:
    """Return a policy on one line: its days, and the number of its rules and of its articles by grade."""
    colon, comma = joint("colon", lang), joint("comma", lang)
    grades = Counter(article.verification for article in policy.articles)
    articles = comma.join(f"{grades[grade]} {word(GRADES, grade, lang)}" for grade in GRADES if grades[grade])
    days = f"{policy.since} – {policy.until or ''}".rstrip()
    rules = count(_COUNTS, "rules", len(policy.rules), lang)
    return f"{policy.id} {policy.version}{colon}{days}{comma}{rules}{comma}{articles}".removesuffix(comma) + "\n"


command = opt.CommandGroup(
    "bundle",
    opt.RULES,
    230,
    "Bundles of policies as files: build, sign, verify, inspect, pin.",
    {
        "build": build_bundle,
        "sign": sign_bundle,
        "verify": verify_bundle,
        "inspect": inspect_bundle,
        "pin": pin_bundle,
        "keygen": generate_key,
    },
)
