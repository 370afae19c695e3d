"""`python -m scripts.write_env`: what a stack tells its services, in `.env` files for whoever runs one by hand.

- `variables`: the type of each environment variable
- `files`: which files there are, and which variables each has, by the stack's outputs
- `block`: the generated part of a file, beside lines made by hand
"""
