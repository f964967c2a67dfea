"""Cerbos: its program, rules as its resource policies, and a running server.

The program is `CERBOS`, or `cerbos` on the PATH, or an installation by `npm install @cerbos/cerbos-<system>-<machine>`
in the virtual environment's folder `npm` or in ./node_modules.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

LIMIT = 500
"""Most actions that a request may ask of one resource, and most resources of a request."""
INSTALL = "npm install @cerbos/cerbos-linux-x64, or set CERBOS to the program"


def find(given: str | None = None) -> str | None:
    """Return the program, or None if it is not installed."""
    named = given or os.environ.get("CERBOS") or shutil.which("cerbos")
    if named:
        return named
    roots = (Path(sys.prefix) / "npm", Path(__file__).resolve().parents[1])
    found = (path for root in roots for path in sorted(root.glob("node_modules/@cerbos/cerbos-*/cerbos-*")))
    return next((str(path) for path in found if os.access(path, os.X_OK)), None)


def version(program: str) -> str:
    """Its version."""
    text = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    return text.split()[0] if text.split()[0] != "cerbos" else text.split()[-1]


# --- policies ---------------------------------------------------------------------------------------------------------

Rules = Mapping[str, Sequence[tuple[str, str]]]
"""By kind of subject, the name of each rule and its condition."""


def by_action(rules: Rules) -> dict[str, Any]:
    """Each rule an action of a resource policy; a kind with more rules than a request may ask is several resources."""
    found = {}
    for each, entries in rules.items():
        for part, start in enumerate(range(0, len(entries), LIMIT)):
            allowed = [_rule(name, name, text) for name, text in entries[start : start + LIMIT]]
            found[f"{each}-{part}"] = _policy(f"{each}-{part}", allowed)
    return found


def by_output(rules: Rules) -> dict[str, Any]:
    """One action, of which every rule that holds puts out its name."""
    found = {}
    for each, entries in rules.items():
        allowed = [
            {**_rule(name, "ask", text), "output": {"when": {"ruleActivated": json.dumps(name)}}}
            for name, text in entries
        ]
        found[f"{each}-0"] = _policy(f"{each}-0", allowed)
    return found


def _rule(name: str, action: str, text: str) -> dict[str, Any]:
    return {
        "name": name.replace("/", "."),
        "actions": [action],
        "effect": "EFFECT_ALLOW",
        "roles": ["*"],
        "condition": {"match": {"expr": text}},
    }


def _policy(resource: str, rules: list[dict[str, Any]]) -> dict[str, Any]:
    policy = {"resource": resource, "version": "default", "rules": rules}
    return {"apiVersion": "api.cerbos.dev/v1", "resourcePolicy": policy}


def write(folder: Path, policies: Mapping[str, Any]) -> None:
    """Write policies as files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, policy in policies.items():
        (folder / f"{name}.json").write_text(json.dumps(policy, ensure_ascii=False), encoding="utf-8")


# --- the server -------------------------------------------------------------------------------------------------------


def configure(folder: Path, policies: Path, port: int) -> Path:
    """Write a configuration for a server on this machine only."""
    settings = {
        "server": {
            "httpListenAddr": f"127.0.0.1:{port}",
            "grpcListenAddr": f"127.0.0.1:{port + 1}",
            "requestLimits": {"maxActionsPerResource": LIMIT, "maxResourcesPerRequest": LIMIT},
        },
        "storage": {"driver": "disk", "disk": {"directory": str(policies)}},
        "telemetry": {"disabled": True},
    }
    path = folder / "cerbos.json"
    path.write_text(json.dumps(settings), encoding="utf-8")
    return path


def free_port() -> int:
    """Return a free port, the next of which is free too."""
    while True:
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            port = int(one.getsockname()[1])
            try:
                other.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


@contextlib.contextmanager
def serving(program: str, folder: Path, policies: Path) -> Iterator[tuple[int, int]]:
    """Run a server until it is ready, and provide its process id and port.

    Raises: RuntimeError with its message if it does not start.
    """
    port = free_port()
    config = configure(folder, policies, port)
    command = [program, "server", f"--config={config}", "--log-level=error"]
    environment = {**os.environ, "CERBOS_NO_TELEMETRY": "1"}
    log = folder / "cerbos.log"
    with open(log, "wb") as output, subprocess.Popen(command, env=environment, stdout=output, stderr=output) as process:
        try:
            while not _healthy(port):
                if process.poll() is not None:
                    raise RuntimeError(log.read_text(encoding="utf-8", errors="replace")[-400:])
                time.sleep(0.02)
            yield process.pid, port
        finally:
            process.terminate()


def _healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/_cerbos/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def resources(
    names: Mapping[str, Sequence[str]], outputs: bool, place: int, each: str, facts: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Yield the entries of a request that ask all rules about one subject. `names`: rules by the kind of subject."""
    size = len(names[each]) if outputs else LIMIT
    for part, start in enumerate(range(0, len(names[each]), size)):
        actions = ["ask"] if outputs else names[each][start : start + size]
        yield {"actions": actions, "resource": {"kind": f"{each}-{part}", "id": str(place), "attr": facts}}


def body(asked: Sequence[Mapping[str, Any]]) -> bytes:
    """Build the body of a request."""
    data = {"requestId": "1", "principal": {"id": "p", "roles": ["r"]}, "resources": asked}
    return json.dumps(data, ensure_ascii=False).encode()


def read(content: bytes, outputs: bool, found: Sequence[dict[str, Any]]) -> None:
    """Set the rules that hold to True in `found`, which has a dictionary for each subject."""
    for result in json.loads(content)["results"]:
        said = found[int(result["resource"]["id"])]
        if outputs:
            said.update((output["val"], True) for output in result.get("outputs", ()) if "val" in output)
        else:
            said.update((name, True) for name, effect in result["actions"].items() if effect == "EFFECT_ALLOW")


class Client:
    """Asks a server which rules hold, over one connection that is kept, some subjects a request."""

    def __init__(self, port: int, rules: Rules, outputs: bool, batch: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.outputs, self.batch = outputs, batch
        self.names = {each: [name for name, _ in entries] for each, entries in rules.items()}

    def close(self) -> None:
        """End the connection."""
        self.connection.close()

    def ask(self, asked: Sequence[tuple[str, Mapping[str, Any]]]) -> list[dict[str, Any]]:
        """By subject, what each rule says of it."""
        found: list[dict[str, Any]] = [dict.fromkeys(self.names[each], False) for each, _ in asked]
        for start in range(0, len(asked), self.batch):
            entries = [
                entry
                for place in range(start, min(start + self.batch, len(asked)))
                for entry in resources(self.names, self.outputs, place, *asked[place])
            ]
            for first in range(0, len(entries), LIMIT):
                read(self._request(entries[first : first + LIMIT]), self.outputs, found)
        return found

    def _request(self, entries: list[dict[str, Any]]) -> bytes:
        self.connection.request("POST", "/api/check/resources", body(entries), {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(content.decode(errors="replace")[:300])
        return content
