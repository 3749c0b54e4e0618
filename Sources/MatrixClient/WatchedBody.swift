internal import NIOCore
internal import Synchronization

/// Whether a request's body has left us. Until then the homeserver has at most a head that promises a body, and cannot act.
final class Departure: Sendable {
    private let flag = Atomic(false)

    var hasLeft: Bool { flag.load(ordering: .acquiring) }
    func leave() { flag.store(true, ordering: .releasing) }
}

/// A request body that notes when the connection takes it: that is the moment after which nothing is certain any more.
struct WatchedBody: AsyncSequence, Sendable {
    let bytes: ByteBuffer
    let departure: Departure

    struct AsyncIterator: AsyncIteratorProtocol {
        var rest: ByteBuffer?
        let departure: Departure

        mutating func next() async -> ByteBuffer? {
            defer { rest = nil }
            departure.leave()
            return rest
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(rest: bytes, departure: departure) }
}
