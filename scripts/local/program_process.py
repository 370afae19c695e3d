"""The process that runs the program, of its own so that Pulumi's memory is gone afterwards.

`python -m scripts.local.program_process` takes a Request as JSON on standard input and writes one JSON object a line to
standard output: {"made": [type, name]} for each resource, {"note": text} for what takes long, and at the end
{"blueprint": ...} or {"failed": message}.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import sys
import threading
import traceback
from typing import Any

from scripts.local.errors import LocalRunError
from scripts.local.program_request import Request


def main() -> int:
    """Serve one request; 1 if it failed."""
    gc.disable()  # a short life, most of it imports: collecting takes a quarter of the time and finds nothing
    from scripts.local.program_run import run  # noqa: PLC0415 - only now

    # The program may print: standard output is for what we tell, all else goes where errors go.
    channel = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    logging.basicConfig(level=logging.WARNING)
    writing = threading.Lock()

    def tell(message: dict[str, Any]) -> None:
        with writing:
            channel.write(json.dumps(message) + "\n")

    try:
        request = Request.from_json(sys.stdin.read())
        blueprint = run(request, lambda kind, name: tell({"made": [kind, name]}), lambda text: tell({"note": text}))
        tell({"blueprint": blueprint.to_json()})
    except LocalRunError as error:
        tell({"failed": str(error)})
        return 1
    except Exception:  # a bug of the program's or ours: whoever mends it needs the trace
        tell({"failed": traceback.format_exc()})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
