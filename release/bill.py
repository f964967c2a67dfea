"""The bill of materials of a release (CycloneDX 1.6): the product, the law in it, and what an installation brings."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tarfile
import uuid
from collections.abc import Mapping
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from release.addresses import ROOT, read_address


def write_bill(python: Path, wheel: Path, law: Path, version: str, environment: Mapping[str, str]) -> None:
    """Write the bill of an environment that holds the wheel alone, beside the law.

    Raises: ValueError if it is not valid.
    """
    command = [sys.executable, "-m", "cyclonedx_py", "environment", str(python), "--pyproject", "pyproject.toml"]
    command += ["--sv", "1.6", "--output-reproducible"]
    made = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)
    bill = json.loads(made.stdout)
    product = bill["metadata"]["component"]
    product |= {
        "version": version,
        "purl": f"pkg:pypi/vatspolicy@{version}",
        "hashes": _hashes(wheel),
        "externalReferences": [{"type": "vcs", "url": read_address()}],
    }
    bill["components"].append(
        {
            "type": "data",
            "bom-ref": "law",
            "name": "vatspolicy-law",
            "version": read_revision(law),
            "description": "The law as policies, with their tests and schemas, in the package and as a bundle.",
            "hashes": _hashes(law),
            "licenses": product["licenses"],
            "data": [{"type": "dataset", "name": law.name}],
        }
    )
    depends = next(one for one in bill["dependencies"] if one["ref"] == product["bom-ref"])
    depends["dependsOn"] = sorted({*depends.get("dependsOn", ()), "law"})
    bill["dependencies"].append({"ref": "law"})
    bill["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(bill, sort_keys=True))}"
    text = json.dumps(bill, indent=2, sort_keys=True) + "\n"
    if fault := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise ValueError(f"the bill of materials is not valid: {fault}")
    (law.parent / f"vatspolicy-{version}.cdx.json").write_text(text, encoding="utf-8")


def read_revision(law: Path) -> str:
    """Return the revision that the manifest of a bundle states."""
    with tarfile.open(law) as archive:
        manifest = archive.extractfile(".manifest")
        assert manifest is not None
        return str(json.load(manifest)["revision"])


def _hashes(path: Path) -> list[dict[str, str]]:
    return [{"alg": "SHA-256", "content": hashlib.sha256(path.read_bytes()).hexdigest()}]
