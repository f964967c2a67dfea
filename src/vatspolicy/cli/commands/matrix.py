"""`vatspolicy matrix`: services by regimes, computed from the law."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from vatspolicy.cli.console import abort, measure_width, publish
from vatspolicy.cli.context import DayContext
from vatspolicy.cli.declaration import Command
from vatspolicy.cli.parameters import (
    DECISION,
    FORMAT,
    OUTPUT,
    RULES,
    Outputs,
    make_output_option,
)
from vatspolicy.errors import suggest
from vatspolicy.i18n import Sentences, _


class MatrixFormat(StrEnum):
    """Formats of a matrix (vatspolicy.guidance.access_matrix.render.FORMATS; typer wants an enumeration)."""

    TEXT, MARKDOWN, HTML, JSON = "text", "markdown", "html", "json"


class By(StrEnum):
    """Kinds of columns."""

    REGIMES, PLACES, ALL = "regimes", "places", "all"


def parse_place(code: str | None) -> str | None:
    """Return a code of the gazetteer."""
    from vatspolicy.profile.vocabulary import gazetteer

    if code is not None and code not in gazetteer():
        raise typer.BadParameter(Sentences(_("There is no place {code!r}.", code=code), suggest(code, gazetteer())))
    return code


def parse_zone(code: str | None) -> str | None:
    """Return a free-trade zone, or None."""
    from vatspolicy.documents.schemas import SchemaSet

    zones = SchemaSet.shipped().load("places")["$defs"]["zone"]["enum"]
    if code is not None and code not in zones:
        raise typer.BadParameter(Sentences(_("There is no free-trade zone {code!r}.", code=code), suggest(code, zones)))
    return code


def show_matrix(
    context: DayContext,
    by: Annotated[
        By,
        typer.Option(
            help="Columns: regimes (legal bases such as the pilot), places (areas that the law treats alike), or all "
            "for both tables.",
            rich_help_panel=OUTPUT,
        ),
    ] = By.REGIMES,
    place: Annotated[
        str | None,
        typer.Option(
            metavar="CODE",
            callback=parse_place,
            help="Where the company is registered and its facilities stand (default: wherever it is best).",
            rich_help_panel=DECISION,
        ),
    ] = None,
    ftz: Annotated[
        str | None,
        typer.Option(
            metavar="ZONE",
            callback=parse_zone,
            help="The free-trade zone of the address, or none.",
            rich_help_panel=DECISION,
        ),
    ] = None,
    details: Annotated[
        bool,
        typer.Option(
            "--details", help="Text: with conditions, reasons and the law of every cell.", rich_help_panel=OUTPUT
        ),
    ] = False,
    format: Annotated[MatrixFormat, FORMAT] = MatrixFormat.TEXT,
    outputs: Annotated[Outputs, make_output_option(tuple(MatrixFormat))] = (),
) -> None:
    """Show which service may have which foreign share, by regime or by place, with the conditions and the law.

    Example: vatspolicy matrix --as-of 2024-10-23 --place shenzhen
    """
    from vatspolicy.guidance.access_matrix import PlaceError
    from vatspolicy.guidance.access_matrix import build_matrix as make
    from vatspolicy.reports.access_matrix.render import render

    bundle = context.law.load()
    day = context.day(bundle)
    kinds = ("regimes", "places") if by is By.ALL else (by.value,)
    try:
        tables = [make(bundle, day, place, ftz, kind) for kind in kinds]
    except PlaceError as error:
        abort(_("{reason}.", reason=error))
    publish(
        lambda name, color: render(name, tables, context.lang.value, color, measure_width(), details), format, outputs
    )


command = Command(show_matrix, "matrix", RULES)
