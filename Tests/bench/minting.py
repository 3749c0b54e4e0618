"""Minting over TLS: what the daemon adds to the one request that mints."""

import os
import subprocess
import tempfile
from pathlib import Path

import programs
from jetond import Homeserver, Jetond
from latency import stopwatch
from table import compare, milliseconds, side_by_side

ROUNDS = 7
COUNT = 50
MINT = '{"jsonrpc":"2.0","id":1,"method":"login_token.generate"}\n'


def minting(scratch):
    # The state's files are synced to the disk twice for each token; in memory only the daemon's own work is left.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else scratch
    for thinking in [0, 20]:
        with tempfile.TemporaryDirectory(dir=memory) as light, Homeserver(scratch, thinking) as homeserver:
            with (
                Jetond(scratch, f"mint{thinking}", settings=homeserver.settings) as daemon,
                Jetond(scratch, f"light{thinking}", settings=homeserver.settings, state=light) as unsynced,
            ):
                homeserver.sign_in(daemon)
                homeserver.sign_in(unsynced)
                samples = side_by_side(ways(scratch, homeserver, daemon, unsynced), ROUNDS)
        what = f"minting, homeserver takes {thinking} ms"
        # The goal is for a homeserver as they are; without its share there is no telling what a user would notice.
        goal = 1.15 if thinking else None
        yield compare(f"{what}; state on disk", samples, "disk", "POST, kept connection", milliseconds, goal)
        yield compare(f"{what}; state in memory", samples, "memory", "POST, kept connection", milliseconds)
        if not thinking:
            yield compare(f"{what}; state on disk", samples, "disk", "curl, started anew", milliseconds, 0.33)


def ways(scratch, homeserver, daemon, unsynced):
    """Milliseconds for a login token, by the ways to get one."""
    options = Path(scratch, "curl")
    options.write_text(
        f'url = "{homeserver.address}/_matrix/client/v1/login/get_token"\ncacert = "{homeserver.certificate}"\n'
        'header = "Authorization: Bearer canary-access-token"\nheader = "Content-Type: application/json"\n'
        'data = "{}"\nsilent\nfail\n'
    )

    def mint(daemon):
        return stopwatch(scratch, "exchange", "json", daemon.path, COUNT, -1, MINT)[0] / 1000

    def post():
        arguments = [f"{scratch}/poster", str(homeserver.port), homeserver.certificate, str(COUNT)]
        return float(subprocess.check_output(arguments, text=True).split()[0]) / 1000

    return {
        "disk": lambda: mint(daemon),
        "memory": lambda: mint(unsynced),
        "POST, kept connection": post,
        "curl, started anew": lambda: programs.seconds_of(["curl", "--config", str(options)]) * 1000,
    }
