"""Our daemon under measurement, and a small homeserver for it to hold an account of."""

import json
import os
import socket
import subprocess
from pathlib import Path

from programs import DEADLINE, Program, dial

CROWDED = "socket: { connections: 20000, connections_per_process: 20000 },"
"""Room for every client of the bench: they are all of one process."""


class Jetond(Program):
    """A daemon with a folder of its own; state in it stays for the next one started there."""

    def __init__(self, scratch, name, *, settings="", state=None, **options):
        folder = Path(scratch, name)
        (folder / "config").mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "config/config.json5").write_text(f"{{ {settings} }}")
        notifications = folder / "notify"
        notifications.unlink(missing_ok=True)
        self.notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notified.settimeout(DEADLINE)
        self.notified.bind(str(notifications))
        path = folder / "agent.sock"
        arguments = [f"{scratch}/jetond", "--socket", path, "--config", folder / "config"]
        super().__init__(
            [*arguments, "--state", state or folder / "state"],
            path,
            folder / "log",
            environment={"NOTIFY_SOCKET": str(notifications)},
            **options,
        )

    def wait_until_it_serves(self):
        """Until READY=1 (sd_notify(3)), when a service manager lets others start."""
        while b"READY=1" not in self.notified.recv(4096):
            pass

    def __exit__(self, *problem):
        super().__exit__(*problem)
        self.notified.close()

    def call(self, method, **params):
        """One request on a connection of its own."""
        with dial(self.path) as client, client.makefile("rw") as lines:
            lines.write(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}) + "\n")
            lines.flush()
            answer = json.loads(lines.readline())
        if "error" in answer:
            raise SystemExit(f"{method}: {answer['error']}")
        return answer["result"]

    def memory(self):
        """What the kernel tells of the process's memory, in KiB, by its own names."""
        lines = Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines()[1:]
        return {line.split(":")[0]: int(line.split()[1]) for line in lines}

    def wakeups(self):
        """How often threads of the process have gone to sleep, and so have woken up."""
        statuses = Path(f"/proc/{self.pid}/task").glob("*/status")
        lines = [line for status in statuses for line in status.read_text().splitlines()]
        return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))


class Homeserver:
    """The bench's homeserver, on a port that it chooses, with a certificate of its own."""

    def __init__(self, scratch, thinking_ms=0):
        self.certificate, key = f"{scratch}/certificate.pem", f"{scratch}/key.pem"
        if not os.path.exists(key):
            make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
            files = ["-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", self.certificate]
            subprocess.run(["openssl", *make.split(), *files], check=True, stderr=subprocess.DEVNULL)
        arguments = [f"{scratch}/homeserver", self.certificate, key, str(thinking_ms)]
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        self.address = f"https://localhost:{self.port}"
        self.settings = (
            f'ca_file: "{self.certificate}", consent: "none", '
            "limits: { login_token: { count: 1000000, per_ms: 1000000 } },"
        )
        """How a daemon gets along with it: nobody is asked, and no limit stands in the way."""

    def sign_in(self, daemon):
        """Hands the daemon a session, and lets it learn that this homeserver asks nothing before it mints."""
        daemon.call("account.login", homeserver=self.address, access_token="canary-access-token")
        daemon.call("login_token.generate")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()
