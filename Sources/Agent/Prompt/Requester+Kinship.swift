internal import JetonAPI

extension Requester {
    /// Whether these two may be one program in two processes, so that the yes of one to the question of the other is
    /// worth nothing. It keeps programs from answering their own questions by mistake or ease; one that means harm, and
    /// can start units of its own, it does not stop.
    func isKin(of other: Requester) -> Bool {
        // Of whoever has gone nothing is known.
        guard command != nil, other.command != nil else { return true }
        if isBelow(other) || other.isBelow(self) { return true }
        if let unit, unit == other.unit { return true }
        if let session, session == other.session { return true }
        // Where systemd knows neither, only a terminal of one's own speaks for a person. It is no proof: any program can
        // open one, and the kernel cannot tell it from another window.
        guard [unit, session, other.unit, other.session].allSatisfy({ $0 == nil }) else { return false }
        return terminal == nil || terminal == other.terminal
    }

    private func isBelow(_ other: Requester) -> Bool {
        pid == other.pid || parents?.contains { $0.pid == other.pid } == true
    }
}
