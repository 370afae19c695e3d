"""`python -m services.gateway`."""

from services.shared.command import main

main("services.gateway")
