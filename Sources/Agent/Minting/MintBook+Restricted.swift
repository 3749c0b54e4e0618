internal import JetonAPI
internal import Vault

/// The limit of the restricted socket: silence after a no.
extension MintBook {
    /// - Throws: `rate_limited` while nobody is heard there.
    func requireHearing() throws(AgentError) {
        guard let left = silence.left(at: clock()) else { return }
        throw .rateLimited(Obstacle(scope: .local, limit: .restrictedSocket, wait: left))
    }

    /// A question from there is about to stand. Only once that is on the disk: a restart must not make it not have been.
    func noteRestrictedQuestion() async throws(AgentError) {
        try requireHearing()
        var next = silence
        next.ask(at: clock())
        try await keep(next)
    }

    func noteRestrictedAnswer(_ answer: PromptAnswer) async throws(AgentError) {
        var next = silence
        next.note(answer, at: clock())
        try await keep(next)
    }

    /// What cannot be written down counts in memory at least.
    private func keep(_ next: RestrictedSilence) async throws(AgentError) {
        guard next != silence else { return }
        silence = next
        do {
            try await silenceFile.save(next)
        } catch {
            throw .storageFailed(error)
        }
    }
}
