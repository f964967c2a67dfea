"""`vatspolicy serve`: the local page with interview, decision, remediation and matrix; or the API with `--api`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from vatspolicy.cli import options as opt
from vatspolicy.cli.console import abort, print_result, refuse_if, warn
from vatspolicy.cli.context import GrantOptions, LawOptions, SpecContext, require_covered
from vatspolicy.frozen import ValueObject, frozen
from vatspolicy.gate.gate import ExitCode
from vatspolicy.i18n import _, current_language, reason_of
from vatspolicy.origin import install

of_api = opt.Panel("API")
LOCALHOST = "127.0.0.1"
MAX_WORKERS = 8
"""Processes that start without --workers, however many cores there are."""
EXTRA = ("prometheus_client", "starlette", "uvicorn")
"""Packages in the extra `serve`."""


@frozen()
@opt.option_group
class ApiOptions(ValueObject):
    """The options of the API."""

    api: bool = of_api(False, "--api", "No page: OPA's data API, /health and /metrics.")
    host: str = of_api(LOCALHOST, "--host ADDRESS", "Address; one of a network needs a token.")
    token_file: Path | None = of_api(
        None, "--token-file FILE", "Bearer token that requests must bring (else VATSPOLICY_TOKEN)."
    )
    reload: float = of_api(
        5, "--reload SECONDS", "Time between two looks for another bundle; SIGHUP looks at once.", least=0.1, most=86400
    )
    timeout: float = of_api(10, "--timeout SECONDS", "Time that a request has.", least=0.1, most=600)
    pending: int = of_api(32, "--pending N", "Decisions under way in one process.", least=1, most=10000)
    workers: int | None = of_api(None, "--workers N", "Processes; else one per core, at most 8.", least=1, most=64)


def serve(
    context: SpecContext,
    options: ApiOptions,
    grants: GrantOptions,
    port: int = opt.output(8760, "--port PORT", "Port; 0 for any free one.", least=0, most=65535),
    open_: bool = opt.output(True, "--open/--no-open", "Open the page in the browser."),
    allow_past: bool = opt.PAST,
) -> None:
    """Open a local page: interview, decision, ways forward and matrix. Needs the extra `serve`; Ctrl-C ends it.

    With --api it decides over HTTP for programs: POST /v1/data/vatspolicy/decision.

    Example: vatspolicy serve --lang zh
    """
    if options.api:
        refuse_if(context.as_of is not None, _("--as-of applies to the page only; API requests have an as_of field."))
        _serve_api(context.law, options, port, allow_past, grants)
    refuse_if(options.host != LOCALHOST or options.token_file is not None, _("--host and --token-file need --api."))
    _serve_page(context, port, open_, allow_past, grants)


def _serve_page(context: SpecContext, port: int, open_: bool, allow_past: bool, grants: GrantOptions) -> NoReturn:
    if _lacks_extra():
        abort(_("the page needs an extra: {command}.", command=install("serve")))
    from vatspolicy.clock import today
    from vatspolicy.server.serve import listen, run
    from vatspolicy.server.web.router import make_page
    from vatspolicy.server.web.session import WebContext

    bundle, day, waiver_set = context.law.load(), context.as_of, grants.load()
    if day is not None:
        require_covered(bundle, day)
        if day < today() and not allow_past:
            abort(_("--as-of {day} is in the past; pass --allow-past-as-of.", day=day))
    try:
        listening = listen(LOCALHOST, port)
    except OSError as error:
        abort(
            _(
                "cannot listen on port {port}: {reason}. Choose another one with --port.",
                port=port,
                reason=reason_of(error),
            )
        )
    address = f"http://{LOCALHOST}:{listening.getsockname()[1]}/"

    def ready() -> None:
        print_result(f"{address}\n")
        if open_:
            import webbrowser

            webbrowser.open(address)

    page = make_page(WebContext(bundle, day, allow_past, waiver_set=waiver_set), context.lang)
    _end(lambda: run(page, listening, ready))


def _serve_api(law: LawOptions, options: ApiOptions, port: int, allow_past: bool, grants: GrantOptions) -> NoReturn:
    if _lacks_extra():
        abort(_("the API needs an extra: {command}.", command=install("serve")))
    from vatspolicy.server.guard import is_loopback
    from vatspolicy.server.serve import ServeError, listen, read_token, run, run_workers, share_metrics

    host = options.host
    law.select()  # reports errors of these options like every other command
    waiver_set = grants.load()
    try:
        token = read_token(options.token_file)
        listening = listen(host, port, token)
    except ServeError as error:
        abort(str(error))
    except OSError as error:
        abort(_("cannot listen on {host} port {port}: {reason}.", host=host, port=port, reason=reason_of(error)))
    name, number = listening.getsockname()[:2]
    address = f"http://{f'[{name}]' if ':' in name else name}:{number}/v1/data/vatspolicy/decision"
    loopback, workers = is_loopback(host), _count_workers(options.workers)

    def ready() -> None:
        print_result(f"{address}\n")

    with ExitStack() as stack:
        try:
            stack.enter_context(share_metrics(workers > 1))  # before the library of metrics is imported
        except ServeError as error:
            abort(str(error))
        from vatspolicy.server.api.bundle_store import Watch, open_store
        from vatspolicy.server.api.limits import ApiLimits
        from vatspolicy.server.api.router import ApiSettings, make_api, make_worker_api

        limits = ApiLimits(seconds=options.timeout, pending=options.pending)
        settings = ApiSettings(token, loopback, allow_past, limits, waiver_set=waiver_set)
        files = (law.law, law.bundle, law.key, law.skip_verify)
        store = open_store(*files, warn, law.policies)
        if workers == 1:
            watch = Watch(store, options.reload)
            stack.callback(watch.stop)
            _end(lambda: run(make_api(store, settings), listening, ready, watch.wake, options.timeout))
        make = partial(make_worker_api, files, law.policies, settings, options.reload, current_language())
        _end(lambda: run_workers(workers, make, listening, ready, options.timeout))


def _lacks_extra() -> bool:
    return any(find_spec(name) is None for name in EXTRA)


def _count_workers(given: int | None) -> int:
    """Return the number of processes: one if the system cannot fork; otherwise as given, or one per usable core."""
    if not hasattr(os, "fork"):
        return 1
    if given is not None:
        return given
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MAX_WORKERS)


def _end(serve: Callable[[], None]) -> NoReturn:
    """Serve until SIGTERM (exit code 0) or Ctrl-C (exit code 130)."""
    from vatspolicy.server.serve import ServeError

    try:
        serve()
    except ServeError as error:
        abort(str(error))
    except KeyboardInterrupt:  # every request under way has ended
        warn(_("stopped."))
        sys.exit(ExitCode.INTERRUPTED)
    warn(_("stopped."))
    sys.exit(ExitCode.OK)


command = opt.Command(serve, "serve", opt.DECIDE, 60)
