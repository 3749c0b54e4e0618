"""What a well-behaved client notices of many others, and of bad ones."""

import resource
import socket
import threading
import time
from pathlib import Path
from statistics import median

import programs
from jetond import CROWDED, Jetond
from latency import stopwatch
from table import Row, microseconds

ROUNDS = 5
IDLE = 10000
SETTLING = 3
"""Seconds after which the end of many connections has been taken in."""

PING = b'{"jsonrpc":"2.0","id":1,"method":"agent.ping"}\n'
DISCOVER = b'{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}\n'


def raise_descriptor_limit():
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


class Crowd:
    """Connections that are all closed at the end of the `with` block."""

    def __init__(self, path):
        self.path = path
        self.clients = []

    def join(self):
        """One more, which has been answered once: so it is served, not only on its way."""
        client = programs.dial(self.path)
        self.clients.append(client)
        client.sendall(PING)
        if b'"result"' not in client.recv(4096):
            raise SystemExit("one of many clients got no answer")
        return client

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for client in self.clients:
            client.close()


def gathered(path, count):
    """Clients that asked once and are silent since."""
    crowd = Crowd(path)
    for _ in range(count):
        crowd.join()
    return crowd


def stalled(path):
    """A hundred clients that stop in the middle of a line."""
    crowd = Crowd(path)
    for _ in range(100):
        crowd.join().sendall(PING[:30])
    return crowd


def deaf(path):
    """One client that asks for the longest answer, again and again, and never reads."""
    crowd = Crowd(path)
    client = crowd.join()
    client.settimeout(0.5)
    try:
        while True:
            client.sendall(DISCOVER)
    except TimeoutError:
        return crowd


class Passers:
    """One client that connects and leaves, ten thousand times, while others are served."""

    def __init__(self, path):
        self.thread = threading.Thread(target=self.pass_by, args=[path])

    @staticmethod
    def pass_by(path):
        for _ in range(10000):
            programs.dial(path).close()

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.thread.join()


def crowds(scratch):
    """The 99th percentile of a client that does nothing wrong, before and during."""
    kinds = {
        "100 clients stalled in mid-line": stalled,
        "1,000 idle clients": lambda path: gathered(path, 1000),
        "one asking for rpc.discover, never reading": deaf,
        "one connecting and leaving 10,000 times": Passers,
    }
    raise_descriptor_limit()
    near, far = programs.cores()
    with Jetond(scratch, "crowds", settings=CROWDED, core=near) as daemon:

        def p99():
            return stopwatch(scratch, "exchange", "json", daemon.path, 5000, far)[1]

        for what, crowd in kinds.items():
            before, during = [], []
            for _ in range(ROUNDS):
                before.append(p99())
                with crowd(daemon.path):
                    during.append(p99())
            rise = median(during) - median(before)
            yield Row(
                f"another's ping p99: {what}",
                microseconds(median(during)),
                "before",
                microseconds(median(before)),
                median(during) / median(before),
                "≤ 1 ms more",
                rise <= 1000,
            )


def kernel_memory():
    """What the kernel holds in its own structures, in KiB."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Slab:"))


def idle(scratch):
    """Ten thousand connections that have asked once and stay."""
    if raise_descriptor_limit() < IDLE + 100:
        yield Row(f"{IDLE:,} idle connections", "not measured: the limit of open files is lower")
        return
    near, far = programs.cores()
    with Jetond(scratch, "idle", settings=CROWDED, core=near) as daemon:

        def p99s():
            return [stopwatch(scratch, "exchange", "json", daemon.path, 5000, far)[1] for _ in range(ROUNDS)]

        before = p99s()
        memory, kernel = daemon.memory(), kernel_memory()
        with gathered(daemon.path, IDLE):
            each = (daemon.memory()["Pss"] - memory["Pss"]) / IDLE
            in_kernel = (kernel_memory() - kernel) / IDLE
            during = median(p99s())
        # The last of them have to be noticed first.
        time.sleep(SETTLING)
        left = (daemon.memory()["Private_Dirty"] - memory["Private_Dirty"]) / 1024
        before = median(before + p99s())
        what = f"{IDLE:,} idle connections"
        yield Row(f"{what}: memory of each", f"{each:.2f} KiB", goal="≤ 6 KiB", reached=each <= 6)
        yield Row(f"{what}: the kernel's, both ends together", f"{in_kernel:.2f} KiB")
        # A tenth of what they had.
        yield Row(f"{what}, closed: private dirty memory that stays", f"{left:.1f} MB", goal="≤ 6 MB", reached=left <= 6)
        ratio = during / before
        yield Row(
            f"{what}: a busy one's ping p99",
            microseconds(during),
            "before and after",
            microseconds(before),
            ratio,
            "≤ 1.2×",
            ratio <= 1.2,
        )
