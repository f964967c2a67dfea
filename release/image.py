"""The image: its Dockerfile linted, and built and tried with an engine; without one, its steps run in folders."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from dockerfile_parse import DockerfileParser

from release.addresses import ROOT
from release.pythons import find_python

SPEC = ROOT / "fixtures/access/cloud-hosting-beijing.yaml"
TRIAL = ("check", "-", "--no-fail", "--allow-past-as-of", "-f", "json")
SILENT = ("COMMENT", "ARG", "ENTRYPOINT", "CMD", "USER")
"""Instructions that run nothing."""


def lint_dockerfile(dockerfile: Path = ROOT / "Dockerfile") -> None:
    """Lint a Dockerfile. Raises CalledProcessError for a finding."""
    hadolint = Path(sys.executable).with_name("hadolint")
    subprocess.run([hadolint, "--no-color", dockerfile], check=True)


def try_image(work: Path, environment: Mapping[str, str]) -> str:
    """Build and try the image with docker or podman; without one, run its steps. Return what was done.

    Raises: CalledProcessError if a step fails, ValueError for an instruction that cannot be run in folders.
    """
    if shutil.which("docker") or shutil.which("podman"):
        subprocess.run([ROOT / ".ci/image"], check=True)
        return "built and tried"
    return Rehearsal(work, environment).run()


class Rehearsal:
    """The steps of the Dockerfile in folders: an environment of Python a stage, and absolute paths below `root`."""

    def __init__(self, work: Path, environment: Mapping[str, str]) -> None:
        self.root, self.work = work / "root", work
        self.environment = {name: value for name, value in environment.items() if name != "SOURCE_DATE_EPOCH"}
        self.folder = self.root
        self.programs = work
        self.steps = DockerfileParser(path=str(ROOT / "Dockerfile"), cache_content=True).structure

    def run(self) -> str:
        """Run every step, then the program as its user; return what was done."""
        stages = 0
        for step in self.steps:
            name, value = step["instruction"], step["value"]
            if name == "FROM":
                stages += 1
                self.begin_stage(value, stages)
            elif name == "WORKDIR":
                self.folder = self.below(value)
                self.folder.mkdir(parents=True, exist_ok=True)
            elif name == "COPY" and value == ". .":
                self.copy_context()
            elif name == "RUN":
                self.run_step(value)
            elif name not in SILENT:
                raise ValueError(f"Dockerfile: {name} {value} cannot be run without an engine")
        return self.try_program()

    def begin_stage(self, value: str, number: int) -> None:
        """Make the environment of a stage, of the Python that its base has."""
        found = re.match(r"python:(\d+\.\d+)-slim\b", value)
        python = find_python(found[1]) if found else ""
        if not python:
            raise ValueError(f"Dockerfile: no Python here is that of {value}")
        home = self.work / f"stage{number}"
        subprocess.run([python, "-m", "venv", home], check=True)
        self.folder, self.programs = self.root, home / "bin"
        self.root.mkdir(parents=True, exist_ok=True)

    def below(self, path: str) -> Path:
        """Return the folder for a path of the image."""
        return self.root / path.lstrip("/")

    def copy_context(self) -> None:
        """Copy the files of the repository that .dockerignore leaves in the context."""
        lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
        kept = [line.removeprefix("!") for line in lines if line.startswith("!")]
        listed = subprocess.run(["git", "ls-files", "-z", *kept], cwd=ROOT, capture_output=True, text=True, check=True)
        for name in filter(None, listed.stdout.split("\0")):
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, self.folder / name)

    def run_step(self, value: str) -> None:
        """Run a command of the Dockerfile, without the mounts, which the folders stand for."""
        text = re.sub(r"--mount=\S+\s+", "", value)
        command = re.sub(r"(?<=[\s=])/(\w[\w/]*)", lambda found: str(self.below(found[1])), text)
        environment = self.environment | {"PATH": f"{self.programs}{os.pathsep}{os.environ['PATH']}"}
        subprocess.run(["sh", "-ec", command], cwd=self.folder, env=environment, capture_output=True, check=True)

    def try_program(self) -> str:
        """Let the program decide, as the user of the image where this machine allows it; return what was done."""
        said = {step["instruction"]: step["value"] for step in self.steps}
        user, group = map(int, said["USER"].split(":"))
        program = [str(self.programs / json.loads(said["ENTRYPOINT"])[0])]
        as_user = os.getuid() == 0 and all(folder.stat().st_mode & 0o001 for folder in self.programs.parents)

        def call(*arguments: str, data: bytes = b"") -> bytes:
            ran = subprocess.run(
                [*program, *arguments],
                input=data,
                env={"PATH": os.environ["PATH"]},
                cwd="/",
                capture_output=True,
                check=True,
                user=user if as_user else None,
                group=group if as_user else None,
            )
            return ran.stdout

        call(*json.loads(said["CMD"]))
        call("serve", "--help")
        [decided] = json.loads(call(*TRIAL, data=SPEC.read_bytes()))["decisions"]
        return f"no engine: steps run in folders{f', as user {user}' if as_user else ''}; {decided['decision']}"
