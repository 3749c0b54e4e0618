"""What the processes themselves cost: memory, starting, being there."""

import subprocess
import time
from contextlib import ExitStack

import programs
from jetond import Homeserver, Jetond
from table import Row, compare, milliseconds, side_by_side

ROUNDS = 15
SETTLING = 2
"""Seconds after which a program that was started has done all that starting takes."""

QUIET = 30
"""Seconds after which a daemon watches no login token any more, and has closed its connections to homeservers."""

WATCHED = 60
"""Seconds in which an idle daemon's wake-ups are counted."""


def signed_in(scratch, name, homeserver):
    """How to start a daemon that has an account from the begin on."""
    with Jetond(scratch, name, settings=homeserver.settings) as daemon:
        homeserver.sign_in(daemon)
    return lambda: Jetond(scratch, name, settings=homeserver.settings)


def memory(scratch):
    with Homeserver(scratch) as homeserver, signed_in(scratch, "memory", homeserver)() as daemon:
        time.sleep(SETTLING)
        for name, what, most in [("Pss", "PSS", 12), ("Private_Dirty", "private dirty", 3)]:
            size = daemon.memory()[name] / 1024
            yield Row(f"idle with one account: {what}", f"{size:.1f} MB", goal=f"≤ {most} MB", reached=size <= most)
        daemon.call("login_token.generate")
        size = daemon.memory()["Pss"] / 1024
        yield Row("with one account, just after minting: PSS", f"{size:.1f} MB")


def start(scratch):
    """From the first moment of the process until others are served."""

    def milliseconds_of(start):
        with start() as server:
            return server.start_seconds * 1000

    with Homeserver(scratch) as homeserver:
        ours = signed_in(scratch, "start", homeserver)
        starts = {
            "jetond": lambda: milliseconds_of(ours),
            "oidc-agent (no account)": lambda: milliseconds_of(lambda: programs.oidc_agent(scratch)),
            "ssh-agent (no key)": lambda: milliseconds_of(lambda: programs.ssh_agent(scratch)),
        }
        samples = side_by_side(starts, ROUNDS)
    what = "start until READY=1, one account"
    yield compare(what, samples, "jetond", "oidc-agent (no account)", milliseconds, 1)
    yield compare(what, samples, "jetond", "ssh-agent (no key)", milliseconds)


def wakeups(scratch):
    """Of one daemon that has done nothing yet, and of one that has signed in and minted."""
    with (
        Homeserver(scratch) as homeserver,
        signed_in(scratch, "wakeups", homeserver)() as fresh,
        Jetond(scratch, "wakeups-used", settings=homeserver.settings) as used,
    ):
        homeserver.sign_in(used)
        time.sleep(QUIET)
        daemons = {"since its start": fresh, "after minting": used}
        before = {name: daemon.wakeups() for name, daemon in daemons.items()}
        time.sleep(WATCHED)
        for name, daemon in daemons.items():
            count = daemon.wakeups() - before[name]
            what = f"idle with one account, {name}: wake-ups in {WATCHED} s, no watchdog"
            yield Row(what, f"{count}", goal="0", reached=count == 0)


def status(scratch):
    """The command that people type to see that all is well, from its start to its end."""
    key = f"{scratch}/id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    with ExitStack() as stack:
        homeserver = stack.enter_context(Homeserver(scratch))
        daemon = stack.enter_context(signed_in(scratch, "status", homeserver)())
        peer = stack.enter_context(programs.ssh_agent(scratch))
        socket = {"SSH_AUTH_SOCK": str(peer.path)}
        add = ["ssh-add", "-q", key]
        programs.seconds_of(add, socket)
        ours = [f"{scratch}/jeton", "status", "--socket", daemon.path]
        commands = {
            "jeton status": lambda: programs.seconds_of(ours) * 1000,
            "ssh-add -l": lambda: programs.seconds_of(["ssh-add", "-l"], socket) * 1000,
        }
        samples = side_by_side(commands, 4 * ROUNDS)
    yield compare("jeton status, whole process", samples, "jeton status", "ssh-add -l", milliseconds, 1.5)
