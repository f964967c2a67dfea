"""`vatspolicy lsp`: a language server for editors, over standard input and output."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated

from vatspolicy.cli.console import abort
from vatspolicy.cli.options import RULES, Command, LangOption, LawOption, Option, PoliciesOption
from vatspolicy.i18n import _
from vatspolicy.origin import install


def serve_editor(
    law: LawOption = None,
    policies: PoliciesOption = (),
    stdio: Annotated[
        bool, Option("--stdio", "Ignored: standard input and output are always used.", hidden=True)
    ] = False,
    lang: LangOption = "en",
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


command = Command(serve_editor, "lsp", RULES, 170)
