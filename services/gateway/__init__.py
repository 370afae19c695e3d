"""The one public API: takes every request below /api and hands it to the service that answers it."""
