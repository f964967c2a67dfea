"""`vatspolicy serve`: a local page with the interview, the decision, ways forward and the matrix; or the API."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vatspolicy.cli.arguments import Lang
from vatspolicy.cli.options import (
    AsOfOption,
    BundleOption,
    KeyOption,
    LangOption,
    PastOption,
    PoliciesOption,
    SkipVerifyOption,
    choose_bundle,
)
from vatspolicy.cli.typer_app import DECIDE, OUTPUT, abort, print_result, single, warn
from vatspolicy.gate.gate import ExitCode

API = "API"
"""The panel of options that belong to --api."""


def serve(
    port: Annotated[
        int,
        typer.Option(
            "--port", min=0, max=65535, metavar="PORT", help="Port; 0 for any free one.", rich_help_panel=OUTPUT
        ),
    ] = 8760,
    open_: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in the browser.", rich_help_panel=OUTPUT)
    ] = True,
    as_of: AsOfOption = None,
    allow_past_as_of: PastOption = False,
    policies: PoliciesOption = None,
    lang: LangOption = Lang.EN,
    api: Annotated[
        bool, typer.Option("--api", help="No page: OPA's data API, /health and /metrics.", rich_help_panel=API)
    ] = False,
    host: Annotated[
        str,
        typer.Option("--host", metavar="ADDRESS", help="Address; one of a network needs a token.", rich_help_panel=API),
    ] = "127.0.0.1",
    token_file: Annotated[
        Path | None,
        typer.Option(
            "--token-file",
            metavar="FILE",
            help="Bearer token that requests must bring (else VATSPOLICY_TOKEN).",
            rich_help_panel=API,
        ),
    ] = None,
    reload: Annotated[
        float,
        typer.Option(
            "--reload",
            min=0.1,
            max=86400,
            metavar="SECONDS",
            help="Time between two looks for another bundle; SIGHUP looks at once.",
            rich_help_panel=API,
        ),
    ] = 5,
    timeout: Annotated[
        float,
        typer.Option(
            "--timeout", min=0.1, max=600, metavar="SECONDS", help="Time that a request has.", rich_help_panel=API
        ),
    ] = 10,
    pending: Annotated[
        int,
        typer.Option("--pending", min=1, max=10000, metavar="N", help="Decisions under way.", rich_help_panel=API),
    ] = 32,
    bundle_file: BundleOption = None,
    key: KeyOption = None,
    skip_verify: SkipVerifyOption = False,
) -> None:
    """Open a local page: interview, decision, ways forward and matrix. Needs the extra `serve`; Ctrl-C ends it.

    With --api it decides over HTTP for programs: POST /v1/data/vatspolicy/decision.

    Example: vatspolicy serve --lang zh
    """
    if api:
        from vatspolicy.cli.commands.api import ApiOptions, serve_api

        if as_of is not None:
            abort("--as-of belongs to the page; a request of the API has an as_of of its own.")
        law = (policies, bundle_file, key, skip_verify)
        serve_api(ApiOptions(host, port, token_file, reload, timeout, pending, allow_past_as_of, *law))
    if host != "127.0.0.1" or token_file is not None:
        abort("--host and --token-file belong to --api.")
    try:
        import uvicorn

        from vatspolicy.server.web.app import make_app
    except ModuleNotFoundError as error:
        if error.name not in ("starlette", "uvicorn"):
            raise
        abort("the page needs an extra: pip install 'vatspolicy[serve]'.")
    from vatspolicy.clock import today
    from vatspolicy.server.web.run import listen
    from vatspolicy.server.web.session import WebContext

    bundle = choose_bundle(policies, bundle_file, key, skip_verify)
    if as_of is not None and as_of < bundle.covers_from:
        abort(f"--as-of {as_of} lies before {bundle.covers_from}, the first day that the bundle covers.")
    if as_of is not None and as_of < today() and not allow_past_as_of:
        abort(f"--as-of {as_of} lies in the past; pass --allow-past-as-of.")
    try:
        socket = listen(port)
    except OSError as error:
        abort(f"cannot listen on port {port}: {error.strerror or error}. Choose another one with --port.")
    address = f"http://127.0.0.1:{socket.getsockname()[1]}/"
    app = make_app(WebContext(bundle, as_of, allow_past_as_of), lang.value)
    config = uvicorn.Config(app, log_level="critical", access_log=False, server_header=False, lifespan="off")
    server = uvicorn.Server(config)
    print_result(f"{address}\n")
    if open_:
        import webbrowser

        webbrowser.open(address)
    try:
        server.run(sockets=[socket])
    except KeyboardInterrupt:  # uvicorn has closed every connection and raises it again
        warn("stopped.")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    finally:
        socket.close()
    raise typer.Exit(ExitCode.OK)


command = single(serve, "serve", DECIDE)
