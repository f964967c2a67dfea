"""`vatspolicy matrix`: services by regimes, computed from the law."""

from __future__ import annotations

from typing import Annotated, Literal

from vatspolicy.cli import options as opt
from vatspolicy.cli.console import abort, measure_width, publish
from vatspolicy.cli.context import DayContext
from vatspolicy.errors import suggest
from vatspolicy.i18n import Sentences, _

MatrixFormat = Literal["text", "markdown", "html", "json"]


By = Literal["regimes", "places", "all"]
"""Kinds of columns."""


def parse_place(code: str | None) -> str | None:
    """Return a code of the gazetteer."""
    from vatspolicy.core.profile.vocabulary import gazetteer

    if code is not None and code not in gazetteer():
        raise opt.BadArgument(Sentences(_("There is no place {code!r}.", code=code), suggest(code, gazetteer())))
    return code


def parse_zone(code: str | None) -> str | None:
    """Return a free-trade zone, or None."""
    from vatspolicy.core.documents.schemas import SchemaSet

    zones = SchemaSet.shipped().load("places")["$defs"]["zone"]["enum"]
    if code is not None and code not in zones:
        raise opt.BadArgument(Sentences(_("There is no free-trade zone {code!r}.", code=code), suggest(code, zones)))
    return code


def show_matrix(
    context: DayContext,
    by: Annotated[
        By,
        opt.Option(
            "--by",
            "Columns: regimes (legal bases such as the pilot), places (areas that the law treats alike), or all for "
            "both tables.",
            opt.OUTPUT,
        ),
    ] = "regimes",
    place: Annotated[
        str | None,
        opt.Option(
            "--place CODE",
            "Where the company is registered and its facilities stand (default: wherever it is best).",
            opt.DECISION,
            parse=parse_place,
        ),
    ] = None,
    ftz: Annotated[
        str | None,
        opt.Option("--ftz ZONE", "The free-trade zone of the address, or none.", opt.DECISION, parse=parse_zone),
    ] = None,
    details: Annotated[
        bool, opt.Option("--details", "Text: with conditions, reasons and the law of every cell.", opt.OUTPUT)
    ] = False,
    format: Annotated[MatrixFormat, opt.make_format_option(MatrixFormat)] = "text",
    outputs: Annotated[opt.Outputs, opt.make_output_option(MatrixFormat)] = (),
) -> None:
    """Show which service may have which foreign share, by regime or by place, with the conditions and the law.

    Example: vatspolicy matrix --as-of 2024-10-23 --place shenzhen
    """
    from vatspolicy.guidance.access_matrix import PlaceError
    from vatspolicy.guidance.access_matrix import build_matrix as make
    from vatspolicy.reports.access_matrix.render import render

    bundle = context.law.load()
    day = context.day(bundle)
    kinds = ("regimes", "places") if by == "all" else (by,)
    try:
        tables = [make(bundle, day, place, ftz, kind) for kind in kinds]
    except PlaceError as error:
        abort(_("{reason}.", reason=error))
    publish(lambda name, color: render(name, tables, context.lang, color, measure_width(), details), format, outputs)


command = opt.Command(show_matrix, "matrix", opt.RULES, 100)
