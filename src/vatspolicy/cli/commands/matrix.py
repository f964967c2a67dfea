"""`vatspolicy matrix`: services × regimes, computed from the law."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from vatspolicy.cli.arguments import Lang, parse_day
from vatspolicy.cli.options import (
    BundleOption,
    KeyOption,
    LangOption,
    PoliciesOption,
    SkipVerifyOption,
    choose_bundle,
)
from vatspolicy.cli.typer_app import DECISION, OUTPUT, RULES, abort, columns, print_result, single
from vatspolicy.errors import suggest
from vatspolicy.output import wants_colour


class MatrixFormat(StrEnum):
    """Formats of a matrix (vatspolicy.guidance.access_matrix.render.FORMATS; typer wants an enumeration)."""

    TEXT, MARKDOWN, HTML, JSON = "text", "markdown", "html", "json"


class By(StrEnum):
    """What the columns are."""

    REGIMES, PLACES, ALL = "regimes", "places", "all"


def parse_place(code: str | None) -> str | None:
    """A code of the gazetteer."""
    from vatspolicy.profile.vocabulary import gazetteer

    if code is not None and code not in gazetteer():
        raise typer.BadParameter(f"There is no place {code!r}. {suggest(code, gazetteer())}".rstrip())
    return code


def parse_zone(code: str | None) -> str | None:
    """A free-trade zone, or none."""
    from vatspolicy.documents.schemas import SchemaSet

    zones = SchemaSet.shipped().load("places")["$defs"]["zone"]["enum"]
    if code is not None and code not in zones:
        raise typer.BadParameter(f"There is no free-trade zone {code!r}. {suggest(code, zones)}".rstrip())
    return code


def matrix(
    by: Annotated[
        By, typer.Option(help="What the columns are; all for both tables.", rich_help_panel=OUTPUT)
    ] = By.REGIMES,
    as_of: Annotated[
        str | None,
        typer.Option(
            metavar="DAY",
            callback=parse_day,
            help="Day of the law (default: today in China).",
            rich_help_panel=DECISION,
        ),
    ] = None,
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
    policies: PoliciesOption = None,
    bundle: BundleOption = None,
    key: KeyOption = None,
    skip_verify: SkipVerifyOption = False,
    format: Annotated[
        MatrixFormat, typer.Option("--format", "-f", help="Format on standard output.", rich_help_panel=OUTPUT)
    ] = MatrixFormat.TEXT,
    lang: LangOption = Lang.EN,
) -> None:
    """Show which service may have which foreign share, by regime or by place, with the conditions and the law.

    Example: vatspolicy matrix --as-of 2024-10-23 --place shenzhen
    """
    from vatspolicy import clock
    from vatspolicy.guidance.access_matrix import PlaceError
    from vatspolicy.guidance.access_matrix import matrix as make
    from vatspolicy.reports.access_matrix.render import render

    law = choose_bundle(policies, bundle, key, skip_verify)
    day = as_of or clock.today()
    if day < law.covers_from:
        abort(f"--as-of {day} lies before {law.covers_from}, the first day that the bundle covers.")
    kinds = ("regimes", "places") if by is By.ALL else (by.value,)
    try:
        tables = [make(law, day, place, ftz, kind) for kind in kinds]
    except PlaceError as error:
        abort(f"{error}.")
    print_result(render(format, tables, lang.value, wants_colour(), columns()), machine=format is not MatrixFormat.TEXT)


command = single(matrix, "matrix", RULES)
