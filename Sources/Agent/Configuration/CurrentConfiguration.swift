internal import Synchronization

/// The configuration in force. A reload replaces it as a whole.
final class CurrentConfiguration: Sendable {
    private let value: Mutex<Configuration>

    init(_ configuration: Configuration) { value = Mutex(configuration) }

    var now: Configuration { value.withLock { $0 } }

    func replace(with configuration: Configuration) { value.withLock { $0 = configuration } }
}

extension Agent {
    /// From now on this is what the user has set; what is under way goes on as it began.
    public func apply(_ configuration: Configuration) async {
        current.replace(with: configuration)
        locks.tell()
        await book.apply(configuration.quotas)
    }
}
