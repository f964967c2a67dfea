"""`vatspolicy matrix`: services by regimes, computed from the law."""

from __future__ import annotations

from typing import Literal

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
    by: By = opt.output(
        "regimes",
        "--by",
        "Columns: regimes (legal bases such as the pilot), places (areas that the law treats alike), or all for "
        "both tables.",
    ),
    place: str | None = opt.decision(
        None,
        "--place CODE",
        "Where the company is registered and its facilities stand (default: wherever it is best).",
        parse=parse_place,
    ),
    ftz: str | None = opt.decision(
        None, "--ftz ZONE", "The free-trade zone of the address, or none.", parse=parse_zone
    ),
    details: bool = opt.output(False, "--details", "Text: with conditions, reasons and the law of every cell."),
    format: MatrixFormat = opt.format_option("text", MatrixFormat),
    outputs: opt.Outputs = opt.output_option(MatrixFormat),
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
