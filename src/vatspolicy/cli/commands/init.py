"""`vatspolicy init`: set up a repository of product specs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

from vatspolicy.cli import options as opt
from vatspolicy.cli.console import print_result, warn, write_report
from vatspolicy.i18n import Language, _, translate
from vatspolicy.output import write_stderr

Pipeline = Literal["github", "gitlab", "none"]
"""Systems that `init` writes a pipeline for."""


def set_up(
    product: str = opt.argument("product", "[PRODUCT]", "Id of the first product.", parse=opt.parse_slug),
    ci: Pipeline = opt.output("github", "--ci", "The pipeline to write: GitHub Actions, GitLab CI or none."),
    source: str | None = opt.output(
        None, "--source REQUIREMENT", "What pip installs in CI and pre-commit (default: the repository of this copy)."
    ),
    lang: Language = opt.LANG,
) -> None:
    """Set up a repository of product specs: vatspolicy.toml, the pipeline and pre-commit.

    Files that exist are kept as they are.

    Example: vatspolicy init smart-lamp --ci gitlab
    """
    from vatspolicy import __version__
    from vatspolicy.authoring.project_files import UNKNOWN, configuration, github_workflow, gitlab_pipeline, pre_commit
    from vatspolicy.origin import requirement

    install = source or requirement(__version__) or _ask_source() or UNKNOWN
    spec = f"specs/{product}.yaml"
    files = {opt.FILE: configuration(lang), ".pre-commit-config.yaml": pre_commit(install)}
    if ci == "github":
        files[".github/workflows/vatspolicy.yml"] = github_workflow(install)
    elif ci == "gitlab":
        files[".gitlab-ci.yml"] = gitlab_pipeline(install)
    written = []
    for name, text in files.items():
        if Path(name).exists() or Path(name).is_symlink():
            print_result(translate(_("{name}: kept, because it already exists.", name=name)) + "\n")
        else:
            write_report(Path(name), text)
            written.append(text)
            print_result(translate(_("{name}: written.", name=name)) + "\n")
    if any("HOST/OWNER" in text for text in written):
        warn(_("the address of vatspolicy is not known: replace HOST/OWNER in the files written, or pass --source."))
    if not any(path.suffix in (".yaml", ".yml", ".json") for path in Path("specs").glob("**/*")):
        print_result(translate(_("Next: vatspolicy ask {spec}, then vatspolicy check.", spec=spec)) + "\n")


def _ask_source() -> str | None:
    """Ask once, on a terminal, for the source of pip install; None without an answer."""
    if sys.stdin is None or not sys.stdin.isatty():
        return None
    write_stderr(translate(_("Where does pip install vatspolicy from? (git+https://…, or empty for later) ")))
    address = sys.stdin.readline().strip()
    return f"vatspolicy @ {address}" if address.startswith("git+") else address or None


command = opt.Command(set_up, "init", opt.WRITE, 270)
