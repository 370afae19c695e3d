"""The web app, and the small server that serves it."""
