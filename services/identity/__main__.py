"""`python -m services.identity`."""

from services.shared.command import main

main("services.identity")
