"""`vatspolicy serve --api`: decisions over HTTP; its options stand with those of the page, in `commands/serve.py`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import typer

from vatspolicy.cli.options import choose_law
from vatspolicy.cli.typer_app import abort, print_result, warn
from vatspolicy.gate.gate import ExitCode


@dataclass(frozen=True)
class ApiOptions:
    """What the command line says of the server."""

    host: str
    port: int
    token_file: Path | None
    reload: float
    timeout: float
    pending: int
    allow_past: bool
    policies: Path | None
    bundle: Path | None
    key: Path | None
    skip_verify: bool


def serve_api(options: ApiOptions) -> NoReturn:
    """Answer until SIGTERM (exit 0) or Ctrl-C (exit 130). The address goes to standard output."""
    try:
        from vatspolicy.server.api.run import ServeError, listen, read_token, serve
    except ModuleNotFoundError as error:
        if error.name not in ("starlette", "uvicorn"):
            raise
        abort("the API needs an extra: pip install 'vatspolicy[serve]'.")
    from vatspolicy.server.api.app import Settings
    from vatspolicy.server.api.bundle_store import open_store
    from vatspolicy.server.api.limits import Limits
    from vatspolicy.server.loopback import is_loopback

    law = (options.policies, options.bundle, options.key, options.skip_verify)
    choose_law(*law)  # what is wrong with these options is said as everywhere else
    try:
        token = read_token(options.token_file)
        listening = listen(options.host, options.port, token)
    except ServeError as error:
        abort(str(error))
    shelf = open_store(*law, say=warn)
    settings = Settings(
        token=token,
        loopback=is_loopback(options.host),
        allow_past=options.allow_past,
        limits=Limits(seconds=options.timeout, pending=options.pending),
    )
    host, port = listening.getsockname()[:2]
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}/v1/data/vatspolicy/decision"
    try:
        serve(shelf, settings, listening, options.reload, lambda: print_result(f"{address}\n"))
    except KeyboardInterrupt:  # every request under way has ended
        warn("stopped.")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    warn("stopped.")
    raise typer.Exit(ExitCode.OK)
