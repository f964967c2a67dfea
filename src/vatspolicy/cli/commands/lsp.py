"""`vatspolicy lsp`: a language server for editors, over standard input and output."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from vatspolicy.cli import options as opt
from vatspolicy.cli.console import abort
from vatspolicy.i18n import Language, _
from vatspolicy.origin import install


def serve_editor(
    law: Path | None = opt.LAW,
    policies: Sequence[Path] = opt.POLICIES,
    stdio: bool = opt.option(False, "--stdio", "Ignored: standard input and output are always used.", hidden=True),
    lang: Language = opt.LANG,
) -> None:
    """Serve an editor (LSP): findings while you type, completion, meaning, definitions, rename, tests of rules.

    The editor starts this command; docs/editors.md says how. It needs the extra `lsp`.

    Example: vatspolicy lsp --lang zh
    """
    if find_spec("pygls") is None:
        abort(_("the language server needs an extra: {command}.", command=install("lsp")))
    from vatspolicy.clock import today
    from vatspolicy.language_server.server import serve

    del stdio  # editors pass it by habit
    serve(law, policies, lang, today)


command = opt.Command(serve_editor, "lsp", opt.RULES, 170)
