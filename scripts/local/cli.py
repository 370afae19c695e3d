"""The command line: `python -m scripts.local up | down | reset | logs | mail | outputs`."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from scripts.local import cognito, containers, detach, logs
from scripts.local.deployed_pool import DeployedPool, called, find_pool
from scripts.local.errors import LocalRunError
from scripts.local.lock import Lock, is_held
from scripts.local.options import Options
from scripts.local.places import stand_in
from scripts.local.processes import Account
from scripts.local.registry import Registry
from scripts.local.report import Event, Report
from scripts.local.state import REPOSITORY, State, read_json
from scripts.local.terminal import Terminal, print_outputs, print_table

NOT_RUNNING = "The platform is not running: start it with `make up`."
STOP_PATIENCE_S = 60.0


def main(arguments: list[str] | None = None) -> int:
    """Run one command; its exit code."""
    options = parser().parse_args(arguments)
    run: Callable[[argparse.Namespace, State], int] = options.run
    try:
        return run(options, State(options.state_dir))
    except LocalRunError as error:
        print(error, file=sys.stderr)
        return 1
    except PermissionError as error:
        print(f"{error}. Was it made by another user, such as root? Give it back, or remove it.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    root = argparse.ArgumentParser(prog="python -m scripts.local", description="Runs the whole platform here.")
    commands = root.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[argparse.Namespace, State], int], summary: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=summary, description=summary)
        command.add_argument("--state-dir", type=Path, help="where everything is kept (default: .local)")
        command.set_defaults(run=run)
        return command

    begin = add("up", up, "Start the platform.")
    begin.add_argument("--detach", action="store_true", help="return once every service is ready")
    begin.add_argument("--docker", action="store_true", help="run the services in containers")
    begin.add_argument("--cognito", metavar="STACK", help="use the user pool of this deployed stack, and its users")
    begin.add_argument(
        "--cognito-outputs", metavar="FILE", type=Path, help="where there is no Pulumi CLI: the stack's outputs"
    )
    begin.add_argument("--port", type=port, help="of the front door (default: the last one, 8080, or a free one)")
    begin.add_argument(
        "--environments", metavar="FOLDER", type=Path, help="start no service, but write there what each is told"
    )
    begin.add_argument("--program", type=Path, default=REPOSITORY, help=argparse.SUPPRESS)
    add("down", down, "Stop the platform.")
    add("reset", reset, "Forget all local users, products and settings.")
    show = add("logs", show_logs, "Show what the parts wrote since the last start.")
    show.add_argument("part", nargs="?", help="one part only")
    show.add_argument("-f", "--follow", action="store_true", help="go on as more is written")
    letters = add("mail", mail, "Show the messages that were sent, the newest last.")
    letters.add_argument("--json", action="store_true", help="as JSON")
    letters.add_argument("--code", metavar="EMAIL", help="only the newest code sent to this address")
    values = add("outputs", outputs, "Show the stack's outputs.")
    values.add_argument("name", nargs="?", help="one output only")
    values.add_argument("--json", action="store_true", help="as JSON")
    return root


def port(text: str) -> int:
    """A port number; ValueError if it is none."""
    number = int(text)
    if not 1 <= number <= 65535:
        raise ValueError(text)
    return number


def up(options: argparse.Namespace, state: State) -> int:
    """Start the platform, here or detached."""
    if is_held(state):
        return tell_that_it_is_up(options, state)
    wants_pool = options.cognito or options.cognito_outputs
    chosen = Options(
        state=state,
        port=options.port,
        program=options.program.absolute(),
        docker=options.docker,
        environments=options.environments and options.environments.absolute(),
        pool=find_pool(options.cognito, options.cognito_outputs) if wants_pool else None,
    )
    if chosen.program == REPOSITORY and chosen.environments is None:
        detach.check_web_app()
    if chosen.docker:
        containers.check_engine()
    state.create()
    report = announcing(state, Terminal(), detached=options.detach, pool=chosen.pool)
    if options.detach:
        return detach.start(chosen, report)
    from scripts.local.supervise import supervise  # noqa: PLC0415 - slow to load, and of no use to the other commands

    return supervise(chosen, report)


def tell_that_it_is_up(options: argparse.Namespace, state: State) -> int:
    """`up` once more is no mistake, unless other users were asked for than those that there are."""
    running = read_json(state.run)
    wants_pool = options.cognito or options.cognito_outputs
    found, wanted = running.get("pool_of"), called(options.cognito, options.cognito_outputs) if wants_pool else None
    if found != wanted:
        users = f"the users of {found}" if found else "users of its own"
        raise LocalRunError(f"The platform is up already, with {users}: stop it first with `make down`.")
    print(f"The platform is up already: {running.get('url')} (`make down` stops it).")
    return 0


def announcing(state: State, report: Report, *, detached: bool, pool: DeployedPool | None) -> Report:
    """A report that ends a successful start with the outputs, the URL and how to go on."""

    def tell(event: Event) -> None:
        report(event)
        if event.kind == "ready":
            print()
            print_outputs(read_json(state.outputs))
            stop = "`make down` stops it." if detached else "Ctrl-C stops it."
            print(f"\nThe platform is up after {event.seconds:.1f} s: {event.text}")
            users = (
                f"Its users are those of {pool.stack}." if pool else "Sign up there; the code comes with `make mail`."
            )
            print(f"{users} {stop}", flush=True)

    return tell


def down(_options: argparse.Namespace, state: State) -> int:
    """Stop the platform, or what a killed supervisor left behind."""
    registry = Registry(state)
    supervisor = registry.supervisor()
    if supervisor is None and is_held(state):
        raise LocalRunError("The platform is just being started: try again in a moment.")
    if supervisor:
        supervisor.send(signal.SIGTERM)
        if not supervisor.wait(STOP_PATIENCE_S):
            raise LocalRunError(f"The supervisor does not end; its log is {state.log('supervisor')}.")
    left_over = registry.sweep()
    containers.remove_all(state)
    if supervisor:
        print("The platform is stopped.")
    elif left_over:
        print(f"Stopped what an earlier run left behind: {', '.join(left_over)}.")
    else:
        print("The platform is not running.")
    return 0


def reset(_options: argparse.Namespace, state: State) -> int:
    """Forget everything, unless the platform is running."""
    if not state.root.exists():
        print("There is nothing to forget.")
        return 0
    with Lock(state) as lock:
        if not lock.held:
            raise LocalRunError("The platform is running: stop it first with `make down`.")
        Registry(state).sweep()
        shutil.rmtree(stand_in(state.postgres, Account.unprivileged()), ignore_errors=True)
        shutil.rmtree(state.root)
    print(f"Users, products and settings in {state.root} are gone.")
    return 0


def show_logs(options: argparse.Namespace, state: State) -> int:
    """Show the logs."""
    files = logs.chosen_logs(state, options.part)
    logs.show(files, follow=options.follow, state=state, part=options.part)
    return 0


def mail(options: argparse.Namespace, state: State) -> int:
    """Show the mails."""
    if not is_held(state):
        raise LocalRunError(NOT_RUNNING)
    running = read_json(state.run)
    if "pool_of" in running:
        raise LocalRunError(f"The users are those of {running['pool_of']}: its pool really sends its mail.")
    sent = cognito.mails(running["cognito_url"])
    if options.code:
        codes = [message.code for message in sent if message.to.lower() == options.code.lower() and message.code]
        if not codes:
            raise LocalRunError(f"No code was sent to {options.code}.")
        print(codes[-1])
    elif options.json:
        print(json.dumps([message.to_json() for message in sent], indent=2))
    else:
        rows = [(message.time, message.to, message.subject, message.code) for message in sent]
        print_table(("time", "to", "subject", "code"), rows)
    return 0


def outputs(options: argparse.Namespace, state: State) -> int:
    """Show the stack's outputs."""
    values = read_json(state.outputs)
    if not values:
        raise LocalRunError("There are no outputs yet: start the platform with `make up`.")
    if options.name is not None and options.name not in values:
        raise LocalRunError(f"There is no output {options.name!r}; there are: {', '.join(sorted(values))}.")
    chosen = values if options.name is None else values[options.name]
    if options.json:
        print(json.dumps(chosen, indent=2, sort_keys=True))
    elif options.name is not None:
        print(chosen if isinstance(chosen, str) else json.dumps(chosen))
    else:
        print_outputs(values)
    return 0
