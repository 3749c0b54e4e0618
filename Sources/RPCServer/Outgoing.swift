internal import SystemPackage

/// The lines for a client that its socket has not taken yet. It holds no memory while there are none.
struct Outgoing {
    /// How many bytes there may be before the client's requests wait.
    let most: Int
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

    /// Sends as much as the socket takes now. False where it takes no more for the time being.
    mutating func send(to socket: ClientSocket) throws(Errno) -> Bool {
        while sent < bytes.count {
            do throws(Errno) {
                sent += try socket.send(bytes[sent...])
            } catch .wouldBlock {
                return false
            } catch .interrupted {
                continue
            }
        }
        bytes = []
        sent = 0
        return true
    }
}
