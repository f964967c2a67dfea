"""Realistic synthetic profiles, seeded: the products of many companies, some with missing facts.

    python benchmarks/profiles.py 10000 [--seed 1] > profiles.jsonl

Shares, seats, licenses and services are drawn with realistic weights: most companies are domestic or wholly foreign,
sit in a few provinces, offer one or two services and hold at most one license. No real company is described. Each line
is a valid profile.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator
from typing import Any

SEATS = {"shanghai-xuhui": 20, "beijing": 20, "guangzhou": 12, "shenzhen": 10, "hangzhou": 9, "nanjing": 7, "haikou": 4,
         "shanghai-lingang": 4, "chengdu": 4, "fuzhou": 3, "wuhan": 3, "overseas": 4}  # fmt: skip
SHARES = {0.0: 55, 100.0: 18, 50.0: 6, 49.0: 5, 30.0: 5, 51.0: 3, 75.0: 3, 10.0: 5}
OFFERS: dict[tuple[str, ...], int] = {
    ("company-site",): 12,
    ("own-shop",): 15,
    ("saas",): 20,
    ("marketplace",): 12,
    ("news",): 3,
    ("information-publishing",): 8,
    ("cdn",): 3,
    ("data-center", "cloud-infrastructure"): 4,
    ("app-store",): 3,
    ("information-search",): 4,
    ("messaging",): 5,
    ("online-game",): 5,
    ("video-sharing",): 5,
    ("ai-chat",): 6,
    ("connected-car",): 2,
}
MEANS = ("staff", "premises", "facilities", "plan", "long-term-service")
CHANNELS = (["website"], ["website", "app"], ["app"], ["app", "mini-program"])


def profiles(count: int, seed: int = 1, missing: float = 0.08) -> Iterator[dict[str, Any]]:
    """Profiles as they would be written. `missing`: how likely an optional fact is left out."""
    draw = random.Random(seed)
    for index in range(count):
        yield _profile(draw, index, missing)


def _profile(draw: random.Random, index: int, missing: float) -> dict[str, Any]:
    share = _pick(draw, SHARES)
    seat = _pick(draw, SEATS)
    company: dict[str, Any] = {
        "foreign_percent": share,
        "foreign_percent_basis": "ultimate",
        "legal_form": "foreign-corporation" if seat == "overseas" else "limited-company",
        "registered": seat,
        "registered_capital_rmb": draw.choice((1_000_000, 5_000_000, 10_000_000, 100_000_000)),
        "lacking_means": [] if draw.random() < 0.9 else [draw.choice(MEANS)],
        "discredited": [],
        "certificates": [],
    }
    if seat != "overseas" and draw.random() < 0.35:
        classes = draw.sample(["B11", "B12", "B21-transaction", "B24", "B25-publishing", "B25-app-store"], 2)
        until = f"20{draw.randint(24, 31)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}"
        license = {"instrument": "vats-license", "classes": classes, "area": [seat.split("-")[0]], "valid_until": until}
        company["licenses"] = [license]
    services = [_service(draw, number, seat) for number in range(draw.choice((1, 1, 1, 2, 2, 3)))]
    data = {
        "persons": draw.choice((1_000, 50_000, 900_000, 5_000_000)),
        "sensitive": draw.random() < 0.3,
        "leaves_mainland": draw.random() < 0.25,
        "important": draw.random() < 0.03,
        "ciio": draw.random() < 0.02,
    }
    for owner in (company, data, *services):
        for key in [key for key in owner if key != "id"]:
            if draw.random() < missing:
                del owner[key]
    return {"schema": 2, "product": {"id": f"p-{index}"}, "company": company, "services": services, "data": data}


def _service(draw: random.Random, number: int, seat: str) -> dict[str, Any]:
    home = "beijing" if seat == "overseas" else seat
    return {
        "id": f"s{number}",
        "offers": list(_pick(draw, OFFERS)),
        "operated_by": "company",
        "audience": draw.choice(("public", "public", "business")),
        "channels": draw.choice(CHANNELS),
        "hosting": draw.choice(("mainland", "mainland", "mainland", "overseas")),
        "area": [draw.choice(("china", "china", home.split("-")[0]))],
        "facilities": [{"at": home, "kind": "rented-cloud"}],
        "features": [],
        "content": [],
        "through_basic_carrier": True,
    }


def _pick(draw: random.Random, weights: dict[Any, int]) -> Any:
    return draw.choices(list(weights), weights=list(weights.values()))[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for profile in profiles(options.count, options.seed):
        sys.stdout.write(json.dumps(profile, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
