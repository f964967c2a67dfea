"""The operator of a service: the company or the partner, and the foreign share that counts for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vatspolicy.documents import Path

SHARE, BASIS, DIRECT = "foreign_percent", "foreign_percent_basis", "direct"
WHOLE = 100.0
"""The largest share: another one cannot raise it."""


class Operator(dict[str, Any]):
    """Facts of an operator whose foreign share is the largest of several; the others are those of one company.

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
        """Return the path of a fact; of the share, the one that counts, or the first that is missing."""
        if names != (SHARE,):
            return (self.holder, *names)
        counting = self.get(SHARE)
        return next(path for path, share in self.shares.items() if share == counting)

    def missing_shares(self) -> Iterator[Path]:
        """Yield the paths of the shares that are missing."""
        return (path for path, share in self.shares.items() if share is None)


def operator_of(facts: Mapping[str, Any], service: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the facts of the operator of a service, None while they are missing.

    Control by contract reads through the contracts: the company's share counts for the partner that runs the service.
    """
    operated_by = service.get("operated_by")
    if operated_by is None:
        return None
    partner: Mapping[str, Any] | None = facts.get("partner")
    if operated_by == "company":
        return facts.get("company")
    if operated_by == "partner" or partner is None:
        return partner
    entities = {"company": facts.get("company") or {}, "partner": partner}
    return Operator("partner", partner, {(name, SHARE): entity.get(SHARE) for name, entity in entities.items()})
