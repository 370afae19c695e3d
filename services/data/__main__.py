"""`python -m services.data`."""

from services.shared.command import main

main("services.data")
