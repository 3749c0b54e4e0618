internal import SystemPackage

/// The lines for a client that its socket has not taken yet. It holds no memory while there are none.
struct Outgoing {
    /// How many bytes there may be before the client's requests wait.
    let most: Int
    /// Whether the socket takes no more for the time being; until it is ready again.
    var isBlocked = false
    /// Whether the client is behind with its reading: from there being too much for it until it has read all.
    private(set) var isBehind = false
    private var bytes: [UInt8] = []
    private var sent = 0

    init(most: Int) { self.most = most }

    var isEmpty: Bool { bytes.isEmpty }
    var isFull: Bool { bytes.count - sent > most }

    /// - Parameter line: without its newline.
    mutating func append(_ line: consuming [UInt8]) {
        line.append(UInt8(ascii: "\n"))
        guard !isEmpty else {
            bytes = line
            return
        }
        bytes.removeFirst(sent)
        sent = 0
        bytes.append(contentsOf: line)
    }

    /// Sends as much as the socket takes now.
    mutating func send(to socket: ClientSocket) throws(Errno) {
        guard !isBlocked else { return }
        while sent < bytes.count {
            do throws(Errno) {
                sent += try socket.send(bytes[sent...])
            } catch .wouldBlock {
                isBlocked = true
                return
            } catch .interrupted {
                continue
            }
        }
        bytes = []
        sent = 0
    }

    /// Looks at how the client reads. Whether it has begun or ceased to be behind.
    mutating func noteReading() -> Bool {
        guard isBehind ? isEmpty : isFull else { return false }
        isBehind.toggle()
        return true
    }
}
