"""`python -m services.frontend`."""

from services.shared.command import main

main("services.frontend")
