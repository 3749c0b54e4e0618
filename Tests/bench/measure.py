"""measure.py SCRATCH [ROWS…]: prints the table. SCRATCH holds the programs that Tests/bench/run has built."""

import os
import platform
import sys
import time

import crowds
import latency
import minting
import processes
from table import HEAD

MEASUREMENTS = {
    "memory": processes.memory,
    "ping": latency.ping,
    "connect": latency.connect,
    "crowds": crowds.crowds,
    "idle": crowds.idle,
    "start": processes.start,
    "status": processes.status,
    "minting": minting.minting,
    "wakeups": processes.wakeups,
}


def machine():
    """The machine in words."""
    with open("/proc/cpuinfo") as lines:
        model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")
    system = platform.freedesktop_os_release()["PRETTY_NAME"]
    cores = len(os.sched_getaffinity(0))
    return f"{cores} core{'s' * (cores > 1)} ({model}), Linux {platform.release()}, {system}; load {os.getloadavg()[0]:.1f}"


def main(scratch, *names):
    unknown = set(names) - set(MEASUREMENTS)
    if unknown:
        sys.exit(f"unknown rows: {' '.join(unknown)}; there are: {' '.join(MEASUREMENTS)}")
    began = time.monotonic()
    print(f"Measured on {machine()}.\n\n{HEAD}", flush=True)
    for name in names or MEASUREMENTS:
        for row in MEASUREMENTS[name](scratch):
            print(row, flush=True)
    print(f"\nMedians; ratios within one run, the two sides in turns. It took {time.monotonic() - began:.0f} s.")


if __name__ == "__main__":
    main(*sys.argv[1:])
