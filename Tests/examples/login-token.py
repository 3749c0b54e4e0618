#!/usr/bin/env python3
"""Mints a login token with the standard library alone: login-token.py PURPOSE, the password on standard input."""

import json
import os
import socket
import sys


class Agent:
    """A connection to the agent: calls its methods, one after the other."""

    def __init__(self, path):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(path)
        self.stream = connection.makefile("rw", encoding="utf-8", newline="\n")
        self.last_id = 0

    def call(self, method, **params):
        self.last_id += 1
        request = {"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params}
        self.stream.write(json.dumps(request) + "\n")
        self.stream.flush()
        return json.loads(self.stream.readline())


def main():
    path = os.environ.get("JETON_SOCKET") or os.environ["XDG_RUNTIME_DIR"] + "/jeton/agent.sock"
    agent = Agent(path)
    user = agent.call("account.status")["result"]["account"]["user_id"]
    answer = agent.call("login_token.generate", purpose=sys.argv[1])
    # The homeserver wants the password; the challenge says what it is for.
    if answer.get("error", {}).get("data", {}).get("kind") == "auth_required":
        auth = {
            "type": "m.login.password",
            "challenge": answer["error"]["data"]["challenge"],
            "password": sys.stdin.readline().rstrip("\n"),
            "identifier": {"type": "m.id.user", "user": user},
        }
        answer = agent.call("login_token.generate", purpose=sys.argv[1], auth=auth)
    if "error" in answer:
        sys.exit(answer["error"]["message"])
    print(answer["result"]["login_token"])


if __name__ == "__main__":
    main()
