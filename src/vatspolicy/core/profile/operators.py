"""The operator of a service, which is the company or the partner, and its relevant foreign share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vatspolicy.core.documents import Path

SHARE, SHARE_AFTER = "foreign_percent", "foreign_percent_after"
BASIS, ULTIMATE = "foreign_percent_basis", "ultimate"
WHOLE = 100.0
"""The largest possible share."""


class Operator(dict[str, Any]):
    """Facts of an operator: the largest of several foreign shares, and the other facts of one company.

    The share is unknown while one of the shares is, unless another is already the whole.
    """

    def __init__(self, holder: str, facts: Mapping[str, Any], shares: Mapping[Path, float | None]) -> None:
        """Make the facts of the company at `holder` those of an operator with the largest of `shares`, by path."""
        super().__init__(facts)
        self.holder, self.shares = holder, shares
        known = [share for share in shares.values() if share is not None]
        if known and (len(known) == len(shares) or max(known) >= WHOLE):
            self[SHARE] = max(known)
        else:
            self.pop(SHARE, None)

    def path_of(self, names: tuple[str, ...]) -> Path:
        """Return the path of a fact; for the share, the path that counts, or the first missing one."""
        if names != (SHARE,):
            return (self.holder, *names)
        counting = self.get(SHARE)
        return next(path for path, share in self.shares.items() if share == counting)

    def missing_shares(self) -> Iterator[Path]:
        """Yield the paths of the shares that are missing."""
        return (path for path, share in self.shares.items() if share is None)


def operator_of(facts: Mapping[str, Any], service: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the facts of the operator of a service; None if they are missing.

    Control by contract reads through the contracts: the company's share counts for the partner that runs the service.
    The share after the closing of a stated deal counts for its target, if it is the larger one.
    """
    holder, *others = holders(service.get("operated_by")) or ("",)
    entity: Mapping[str, Any] | None = facts.get(holder)
    if entity is None:
        return None
    shares: dict[Path, float | None] = {(name, SHARE): (facts.get(name) or {}).get(SHARE) for name in (*others, holder)}
    for index, deal in enumerate(facts.get("deals", ())):
        target = deal.get("target")
        if target is None:
            shares["deals", index, "target"] = None
        elif target == holder or target in others:
            shares["deals", index, SHARE_AFTER] = deal.get(SHARE_AFTER)
    return entity if len(shares) == 1 else Operator(holder, entity, shares)


def holders(operated_by: str | None) -> tuple[str, ...]:
    """Return the companies whose foreign share counts for an operator, starting with the operator itself."""
    match operated_by:
        case None:
            return ()
        case "company":
            return ("company",)
        case "contract-controlled":
            return ("partner", "company")
    return ("partner",)
