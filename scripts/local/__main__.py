"""`python -m scripts.local COMMAND`: the whole platform on this machine."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - whoever has an older one shall read why it does not work
    sys.exit("Python 3.11 or later is needed; this is {}.{}: use `make up`.".format(*sys.version_info[:2]))

try:
    from scripts.local.cli import main
except ModuleNotFoundError as error:
    if (error.name or "").startswith(("scripts", "services")):
        raise
    sys.exit(f"The Python package {error.name} is missing: run `make install`, or start with `make up`.")

if __name__ == "__main__":
    sys.exit(main())
