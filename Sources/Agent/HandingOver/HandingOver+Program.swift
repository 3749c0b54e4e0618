internal import JetonAPI

/// Clients that wait for an address of their own scheme: the desktop opens it, by a program of ours that sees the desktop
/// and no network.
extension HandingOver {
    func handOver(
        _ request: HandOverLoginToken,
        _ account: String,
        _ redirect: ProgramRedirect,
        _ requester: Requester
    ) async throws(AgentError) -> HandOverLoginToken.Result {
        let application = try await application(for: redirect, request.ssoUrl)
        let destination = Destination(address: redirect.description, application: application)
        let handover = Handover(ssoUrl: request.ssoUrl, destination: destination) { () async throws(AgentError) in
            // What the user agreed to is what must open it.
            guard try await self.application(for: redirect, request.ssoUrl) == application else {
                throw .notOpened(redirect, "another program opens it now than you were asked about", request.ssoUrl)
            }
        }
        let token = try await mint(request, account, handover, requester)
        let address = redirect.address(bringing: token.loginToken)
        let task = DesktopTask.open(scheme: redirect.scheme, address: address, application: application)
        let answer = await desktop.ask(task)
        if answer == .done { return note(token, deliveredTo: redirect.description, requester) }
        throw note(.unopened(answer, token, to: redirect), of: token, to: redirect.description, requester)
    }

    /// - Throws: `forbidden`, where nobody would open it, or would show the token to others.
    private func application(for redirect: ProgramRedirect, _ ssoUrl: String) async throws(AgentError) -> String {
        switch await desktop.ask(.find(scheme: redirect.scheme)) {
        case .application(let name): return name
        case .failed(let reason): throw .notOpened(redirect, reason, ssoUrl)
        case .done, .cancelled: throw .notOpened(redirect, "the desktop answers what it was not asked", ssoUrl)
        }
    }
}
