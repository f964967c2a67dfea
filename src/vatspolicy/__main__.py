"""`python -m vatspolicy`: the command line."""

from __future__ import annotations

from vatspolicy.cli import main

if __name__ == "__main__":
    main()
