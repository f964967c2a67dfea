"""`vatspolicy new`: skeletons of a policy, a profile and a fixture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vatspolicy.cli.console import abort, print_result, write_report
from vatspolicy.cli.declaration import CommandGroup
from vatspolicy.cli.parameters import OUTPUT, WRITE, parse_slug


def create(files: dict[Path, str]) -> None:
    """Write new files: all of them, or none if one exists."""
    for path in files:
        if path.exists() or path.is_symlink():
            abort(f"{path} exists already.")
    for path, text in files.items():
        write_report(path, text)
        print_result(f"{path}\n")


def new_policy(
    id: Annotated[
        str,
        typer.Argument(metavar="ID", callback=parse_slug, help="Id of the policy: lower-case words joined by hyphens."),
    ],
    folder: Annotated[
        Path, typer.Option("--policies", "-p", metavar="DIR", help="Folder to write to.", rich_help_panel=OUTPUT)
    ] = Path("policies"),
) -> None:
    """Write a policy with one rule and its tests; in a new folder, bundle.yaml too.

    Example: vatspolicy new policy cloud-measures-2027
    """
    from vatspolicy.authoring.scaffold import bundle, policy, policy_tests

    if id == "bundle":
        abort("'bundle' is the name of the file that describes a bundle. Choose another.")
    files = {folder / f"{id}.yaml": policy(id), folder / f"{id}.test.yaml": policy_tests()}
    if not any((place / "bundle.yaml").exists() for place in (folder, *folder.parents)):
        files[folder / "bundle.yaml"] = bundle()
    create(files)


def new_profile(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="File to write: NAME.yaml.")],
) -> None:
    """Write a profile with its questions as comments.

    Example: vatspolicy new profile specs/shop.yaml
    """
    from vatspolicy.authoring.scaffold import profile

    if path.suffix not in (".yaml", ".yml"):
        abort("the skeleton is YAML: end the name with .yaml.")
    create({path: profile(parse_slug(path.stem))})


def new_fixture(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", callback=parse_slug, help="Name of the fixture: lower-case words joined by hyphens."
        ),
    ],
    folder: Annotated[
        Path, typer.Option("--fixtures", metavar="DIR", help="Folder to write to.", rich_help_panel=OUTPUT)
    ] = Path("fixtures"),
) -> None:
    """Write a fixture: a profile and the decisions expected of it.

    Example: vatspolicy new fixture shop-hangzhou-wholly-foreign
    """
    from vatspolicy.authoring.scaffold import expectation, profile

    create({folder / f"{name}.yaml": profile(name), folder / f"{name}.expect.yaml": expectation()})


command = CommandGroup(
    "new",
    WRITE,
    "Write a skeleton that passes lint and its own tests.",
    {"policy": new_policy, "profile": new_profile, "fixture": new_fixture},
)
