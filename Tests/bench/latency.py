"""Round trips over the socket: what a program waits for an answer."""

import subprocess
from contextlib import ExitStack

import programs
from jetond import CROWDED, Jetond
from table import compare, microseconds, side_by_side

ROUNDS = 9


def stopwatch(scratch, kind, protocol, path, count, core=-1, *request):
    """Median and 99th percentile of so many round trips, in microseconds."""
    arguments = [f"{scratch}/stopwatch", kind, protocol, path, str(count), str(core), *request]
    return [float(word) for word in subprocess.check_output(arguments, text=True).split()]


def started(stack, scratch, core, *others):
    """Our daemon and those peers, all on one core, by their names in the table with the protocols they speak."""
    servers = {"jetond": ("json", Jetond(scratch, "ping", settings=CROWDED, core=core))}
    peers = {
        "C epoll echo": ("json", programs.floor),
        "ssh-agent (list)": ("ssh", programs.ssh_agent),
        "gpg-agent (NOP)": ("assuan", programs.gpg_agent),
        "oidc-agent (list)": ("oidc", programs.oidc_agent),
    }
    servers |= {name: (peers[name][0], peers[name][1](scratch, core=core)) for name in others}
    for _, server in servers.values():
        stack.enter_context(server)
    return servers


def measured(scratch, kind, servers, count, core):
    def median(protocol, server):
        return lambda: stopwatch(scratch, kind, protocol, server.path, count, core)[0]

    return side_by_side({name: median(*server) for name, server in servers.items()}, ROUNDS)


def ping(scratch):
    """One connection, one request after the other."""
    near, far = programs.cores()
    peers = ["C epoll echo", "ssh-agent (list)", "gpg-agent (NOP)"]
    with ExitStack() as stack:
        servers = started(stack, scratch, near, *peers)
        for where, core, most in [("client on another core", far, 1.2), ("client on the same core", near, 2.0)]:
            samples = measured(scratch, "exchange", servers, 10000, core)
            goals = dict(zip(peers, [most, 1.0, None]))
            for peer, goal in goals.items():
                yield compare(f"ping, {where}", samples, "jetond", peer, microseconds, goal)


def connect(scratch):
    """A connection for every request."""
    near, far = programs.cores()
    peers = ["C epoll echo", "ssh-agent (list)", "gpg-agent (NOP)", "oidc-agent (list)"]
    with ExitStack() as stack:
        samples = measured(scratch, "connect", started(stack, scratch, near, *peers), 1500, far)
        for peer, goal in zip(peers, [1.5, None, 1.0, 1.0]):
            yield compare("connect, ping, close", samples, "jetond", peer, microseconds, goal)
