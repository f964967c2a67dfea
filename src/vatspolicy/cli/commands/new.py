"""`vatspolicy new`: skeletons of a policy, a profile and a fixture."""

from __future__ import annotations

import os
from pathlib import Path

from vatspolicy.cli import options as opt
from vatspolicy.cli.console import print_result, refuse_if, write_report
from vatspolicy.i18n import _


def create(files: dict[Path, str]) -> None:
    """Write new files: all of them, or none if one exists."""
    for path in files:
        refuse_if(path.exists() or path.is_symlink(), _("{path} already exists.", path=path))
    for path, text in files.items():
        write_report(path, text)
        print_result(f"{path}\n")


SCHEMAS = ("schemas", ".vatspolicy")
"""Folders in which an editor's copy of a schema may be: that of a checkout, and the one that `new profile` writes to.

The second is hidden, so that `vatspolicy check FOLDER` takes no schema for a spec.
"""


def find_schema(file: Path, name: str) -> str:
    """Return the place of a schema as seen from a file; empty if none of SCHEMAS beside it or above has one.

    The search ends at the top of a repository.
    """
    folder = Path(os.path.abspath(file)).parent
    for above in (folder, *folder.parents):
        for place in SCHEMAS:
            if (schema := above / place / f"{name}.schema.json").is_file():
                return as_seen_from(folder, schema)
        if (above / ".git").exists():
            break
    return ""


def as_seen_from(folder: Path, file: Path) -> str:
    """Return the path of a file relative to a folder, with slashes; its address on another drive."""
    try:
        return Path(os.path.relpath(file, folder)).as_posix()
    except ValueError:  # another drive
        return file.as_uri()


def new_policy(
    id: str = opt.argument(
        opt.REQUIRED, "ID", "Id of the policy: lower-case words joined by hyphens.", parse=opt.parse_slug
    ),
    folder: Path = opt.output(Path("policies"), "--policies -p DIR", "Folder to write to."),
) -> None:
    """Write a policy with one rule and its tests; in a new folder, bundle.yaml too.

    Example: vatspolicy new policy cloud-measures-2027
    """
    from vatspolicy.authoring.scaffold import bundle, policy, policy_tests

    refuse_if(id == "bundle", _("'bundle' is the name of the file that describes a bundle. Choose another."))
    schema = find_schema(folder / f"{id}.yaml", "policy")
    files = {folder / f"{id}.yaml": policy(id, schema), folder / f"{id}.test.yaml": policy_tests()}
    if not any((parent / "bundle.yaml").exists() for parent in (folder, *folder.parents)):
        files[folder / "bundle.yaml"] = bundle()
    create(files)


def new_profile(path: Path = opt.argument(opt.REQUIRED, "FILE", "File to write: NAME.yaml.")) -> None:
    """Write a profile with its questions as comments, and the schema that an editor checks it with.

    The schema goes to .vatspolicy/profile.schema.json here, unless there is one beside the file or above.

    Example: vatspolicy new profile specs/shop.yaml
    """
    from vatspolicy.authoring.scaffold import profile
    from vatspolicy.core.documents.published import schema_text
    from vatspolicy.core.documents.schemas import SchemaSet

    refuse_if(path.suffix not in (".yaml", ".yml"), _("the skeleton is YAML: end the name with .yaml."))
    id = opt.parse_slug(path.stem)
    files = {}
    if not (schema := find_schema(path, "profile")):
        folder = Path(os.path.abspath(path)).parent
        home = Path() if folder.is_relative_to(Path.cwd()) else path.parent
        copy = home / SCHEMAS[1] / "profile.schema.json"
        files[copy] = schema_text("profile", SchemaSet.shipped())
        schema = as_seen_from(folder, Path(os.path.abspath(copy)))
    create({path: profile(id, schema), **files})


def new_fixture(
    name: str = opt.argument(
        opt.REQUIRED, "NAME", "Name of the fixture: lower-case words joined by hyphens.", parse=opt.parse_slug
    ),
    folder: Path = opt.output(Path("fixtures"), "--fixtures DIR", "Folder to write to."),
) -> None:
    """Write a fixture: a profile and the decisions expected of it.

    Example: vatspolicy new fixture shop-hangzhou-wholly-foreign
    """
    from vatspolicy.authoring.scaffold import expectation, profile

    schema = find_schema(folder / f"{name}.yaml", "profile")
    create({folder / f"{name}.yaml": profile(name, schema), folder / f"{name}.expect.yaml": expectation()})


command = opt.CommandGroup(
    "new",
    opt.WRITE,
    260,
    "Write a skeleton that passes lint and its own tests.",
    {"policy": new_policy, "profile": new_profile, "fixture": new_fixture},
)
