#!/bin/sh
# Mints a login token with socat and jq: login-token.sh PURPOSE, the password on standard input.
ask() { socat -t 120 - "UNIX-CONNECT:${JETON_SOCKET:-$XDG_RUNTIME_DIR/jeton/agent.sock}"; }
request='{jsonrpc: "2.0", id: 1, method: "login_token.generate", params: {purpose: $purpose}}'

# The agent says what the homeserver wants to know, and gives a challenge.
asked=$(jq -nc --arg purpose "$1" "$request" | ask)
challenge=$(printf '%s' "$asked" | jq -er .error.data.challenge) || { printf '%s\n' "$asked" >&2; exit 1; }

# The same request with the password for that challenge; read by jq itself, so that it is no argument of anything.
user=$(echo '{"jsonrpc": "2.0", "id": 1, "method": "account.status"}' | ask | jq -r .result.account.user_id)
jq -Rc --arg purpose "$1" --arg user "$user" --arg challenge "$challenge" ". as \$password | $request"'
    | .params.auth = {type: "m.login.password", challenge: $challenge, password: $password,
                      identifier: {type: "m.id.user", user: $user}}' | ask | jq -er .result.login_token
