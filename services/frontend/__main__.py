"""The command line: `python -m services.frontend serve --port P`."""

from services.shared.lifecycle import main

if __name__ == "__main__":
    main("services.frontend")
