"""What the frontend is told by its environment: what every service is told, and nothing else."""

from services.shared.settings import ServiceSettings as Settings

__all__ = ["Settings"]
