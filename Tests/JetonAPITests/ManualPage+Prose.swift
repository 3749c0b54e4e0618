@testable import JetonAPI

/// What no declaration says.
extension ManualPage {
    static let head = #"""
        .\" Made from the declarations of the methods in Sources/JetonAPI; to renew it, see Tests/JetonAPITests.
        .TH JETON\-RPC 7 2026-11-24 "Jeton \#(releaseVersion)"
        .SH NAME
        jeton\-rpc \- the socket of the Jeton agent: methods, events and errors
        .SH SYNOPSIS
        .I $XDG_RUNTIME_DIR/jeton/agent.sock
        .PP
        .B jeton rpc
        .I METHOD
        .RI [ PARAMS ]
        .SH DESCRIPTION
        .BR jetond (8)
        holds Matrix sessions and mints login tokens: with one, another client signs in once as the user.
        Programs ask it over a Unix socket that only its own user may connect to.
        This page describes all that they can ask.
        The method
        .B rpc.discover
        gives the same description as an OpenRPC document.
        """#

    static let protocolText = #"""
        .SH PROTOCOL
        The protocol is JSON\-RPC 2.0, one message a line: UTF\-8, ended by a newline, at most 64 KiB.
        Batches, notifications and ids of every kind are understood.
        A batch has at most 32 requests; once the answers to it have reached 256 KiB, its further requests are answered
        by the error
        .BR busy ,
        and nothing is done for them.
        Params are given by name; a param that is unknown is an error.
        The requests of one connection are answered as they are done, not as they came.
        Whoever closes the connection withdraws what it has asked for; whoever only shuts down its own side still gets
        its answers.
        .PP
        Members that end in
        .I _at
        are times (RFC 3339, in UTC), those that end in
        .I _ms
        are whole milliseconds.
        No method ever gives an access token, a refresh token or a password.
        """#

    static let eventsText = #"""
        A connection that has called
        .B event.subscribe
        gets notifications with the method
        .B event
        between its answers, until it calls
        .B event.unsubscribe
        or ends.
        Their params are the members given here.
        Nothing is kept for a connection that does not read: once it reads again, it is told how much it has missed.
        .B jeton events
        shows them.
        """#

    static let consentText = #"""
        .SH CONSENT
        What the agent asks the user by its prompt can be answered from elsewhere as well, another terminal or a log\-in
        over SSH: the first answer counts, and withdraws the others.
        Such a question has a name of its own, the consent_id, by which nothing can be minted.
        .PP
        Where the homeserver wants to know that it is the user, the answer is auth, whoever brings it, with the consent_id
        as its challenge; without auth, the error
        .B auth_required
        tells what is wanted.
        Otherwise a yes counts only from another process family, systemd unit and login session than that of the program
        that asks; where systemd knows neither of them, only from a terminal of its own.
        That keeps programs from agreeing to what they ask for themselves; it does not stop one of the user's own that
        means harm and starts another unit to say yes.
        A login token goes to the program that asked, never to the one that agreed; a device is signed out at once.
        .PP
        Where no prompt can be had, a request fails at once with
        .BR prompt_unavailable ,
        unless a connection has subscribed to the event
        .B consent.requested
        by its name, as
        .B jeton approve
        without an ID does: then the question waits for that, as long as it would stand at the prompt.
        .PP
        Challenges that programs answer themselves are listed as well, with the prompt
        .BR caller .
        Who approves one by auth lets that program go on with the challenge alone.
        """#

    static let restrictedText = #"""
        .SH THE RESTRICTED SOCKET
        .I $XDG_RUNTIME_DIR/jeton/restricted.sock
        is there where
        .I jetond\-restricted.socket
        is enabled: it is made for being forwarded to other machines and into containers, so whoever asks there cannot
        be known.
        Only these methods are served:
        .B agent.ping ;
        .B agent.status
        with version, api_version and locked_by alone;
        .B login_token.support
        for an account;
        .B login_token.generate
        with account, purpose and wait_ms alone, always by the agent's own prompt.
        All else is answered by the error
        .BR forbidden .
        """#

    static let errorsText = #"""
        An error has a code, a message for people, and in data its kind and further facts.
        Programs should go by the kind.
        """#

    static let tail = #"""
        .SH SEE ALSO
        .BR jeton (1),
        .BR jetond (8)
        .PP
        .UR https://www.jsonrpc.org/specification
        JSON\-RPC 2.0
        .UE ,
        .UR https://spec.open-rpc.org
        OpenRPC
        .UE ,
        .UR https://spec.matrix.org/latest/client-server-api/#post_matrixclientv1loginget_token
        the request that mints
        .UE
        """#

    /// The programs that the tests run, as they are.
    static var clients: String {
        let shell = example("login-token.sh")
        let python = example("login-token.py")
        return """
            .SH EXAMPLES
            Two programs that mint a login token where the homeserver asks for the password, which they read from
            standard input.
            .SS With socat and jq
            .EX
            \(shell)
            .EE
            .SS In Python
            .EX
            \(python)
            .EE
            """
    }

    private static func example(_ name: String) -> String {
        let lines = CommittedCopy.read("Tests/examples/\(name)").split(
            separator: "\n",
            omittingEmptySubsequences: false
        )
        return lines.dropLast().map { literal(String($0)) }.joined(separator: "\n")
    }
}
