"""`vatspolicy mcp`: tools for assistants by the Model Context Protocol, over standard input and output."""

from __future__ import annotations

from importlib.util import find_spec

from vatspolicy.cli import options as opt
from vatspolicy.cli.console import abort
from vatspolicy.cli.context import CommandContext, GrantOptions
from vatspolicy.i18n import _
from vatspolicy.origin import install


def serve_tools(context: CommandContext, grants: GrantOptions) -> None:
    """Serve tools for assistants (MCP): check, next_question, routes, explain, list_values.

    They read and change nothing. The assistant starts this command; it ends with its standard input.

    Example: vatspolicy mcp --law policies/
    """
    if find_spec("mcp") is None:
        abort(_("tools for assistants need an extra: {command}.", command=install("mcp")))
    from vatspolicy import __version__
    from vatspolicy.server.mcp_tools import make_server

    make_server(context.law.load(), __version__, waiver_set=grants.load()).run("stdio")


command = opt.Command(serve_tools, "mcp", opt.DECIDE, 70)
