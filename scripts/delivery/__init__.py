"""Parts of the commands scripts/deploy.py and scripts/smoke.py: what the engine said, what ECS did, what it means."""
