"""Parts of the command scripts/users.py: users at the pool, users in the database, and what differs."""
