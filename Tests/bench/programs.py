"""The programs under measurement: how they are started, on one core where that is asked for, and ended."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

DEADLINE = 20
"""Seconds that anything may take to start, to answer or to stop, on however busy a machine."""


def cores():
    """The first and the last core that we may use; twice the same where there is one."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[-1]


def dial(path):
    """A connection to a Unix socket."""
    client = socket.socket(socket.AF_UNIX)
    # With a deadline from the begin, Python would not wait where the listener's queue is full.
    client.connect(str(path))
    client.settimeout(DEADLINE)
    return client


def spawn(arguments, log="/dev/null", *, core=None, environment=None):
    """Starts a program with as little of Python around it as there can be."""
    files = [
        (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    ours = os.sched_getaffinity(0)
    if core is not None:
        os.sched_setaffinity(0, {core})
    try:
        arguments = [str(argument) for argument in arguments]
        return os.posix_spawnp(arguments[0], arguments, {**os.environ, **(environment or {})}, file_actions=files)
    finally:
        os.sched_setaffinity(0, ours)


def seconds_of(arguments, environment=None):
    """How long a program takes, whole, which must succeed."""
    began = time.perf_counter()
    _, status = os.waitpid(spawn(arguments, environment=environment), 0)
    if status != 0:
        raise SystemExit(f"{arguments[0]} failed: {' '.join(map(str, arguments))}")
    return time.perf_counter() - began


class Program:
    """A server in the foreground, listening from the begin of its `with` block on; it has ended when that has."""

    def __init__(self, arguments, path, log, **options):
        self.path, self.log, self.arguments = Path(path), Path(log), arguments
        self.began = time.perf_counter()
        self.pid = spawn(arguments, log, **options)

    def __enter__(self):
        self.wait_until_it_serves()
        self.start_seconds = time.perf_counter() - self.began
        return self

    def __exit__(self, *_):
        os.kill(self.pid, signal.SIGTERM)
        deadline = time.monotonic() + DEADLINE
        while not self.has_ended():
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
            time.sleep(0.0005)
        # Not all remove their socket, and the next one would not start.
        self.path.unlink(missing_ok=True)

    def has_ended(self):
        return os.waitpid(self.pid, os.WNOHANG)[0] == self.pid

    def wait_until_it_serves(self):
        deadline = time.monotonic() + DEADLINE
        while True:
            try:
                return dial(self.path).close()
            except OSError:
                if time.monotonic() > deadline or self.has_ended():
                    raise SystemExit(f"{self.arguments[0]} does not listen: {self.log.read_text()}") from None
                time.sleep(0.0001)


def floor(scratch, **options):
    path = f"{scratch}/floor.sock"
    return Program([f"{scratch}/floor", path], path, f"{scratch}/floor.log", **options)


def ssh_agent(scratch, **options):
    path = f"{scratch}/ssh.sock"
    return Program(["ssh-agent", "-D", "-a", path], path, f"{scratch}/ssh.log", **options)


def oidc_agent(scratch, **options):
    path = f"{scratch}/oidc.sock"
    arguments = ["oidc-agent", "--console", "--quiet", "--socket-path", path]
    return Program(arguments, path, f"{scratch}/oidc.log", **options)


class GPGAgent(Program):
    """It serves in a child even in the foreground, so it is told to end by its own command."""

    def __init__(self, home, **options):
        self.gpgconf = ["gpgconf", "--homedir", home]
        path = subprocess.check_output([*self.gpgconf, "--list-dirs", "agent-socket"], text=True).strip()
        super().__init__(["gpg-agent", "--homedir", home, "--no-detach", "--daemon"], path, f"{home}/log", **options)
        os.waitpid(self.pid, 0)

    def __exit__(self, *_):
        subprocess.run([*self.gpgconf, "--kill", "gpg-agent"], check=True)

    def has_ended(self):
        return False


def gpg_agent(scratch, **options):
    home = Path(scratch, "gnupg")
    home.mkdir(mode=0o700, exist_ok=True)
    return GPGAgent(home, **options)
