import Foundation

/// Whether somebody listens at a path by now (proc(5), `/proc/net/unix`): the socket's file is there a moment before.
public func isListening(at path: String) -> Bool {
    // Foundation takes the first page of such a file for the whole, unless it is read by a handle.
    guard let table = try? FileHandle(forReadingFrom: URL(filePath: "/proc/net/unix")).readToEnd() else { return false }
    return String(decoding: table, as: UTF8.self).split(separator: "\n").contains { line in
        let words = line.split(separator: " ")
        // Its flag __SO_ACCEPTCON.
        return words.count == 8 && words[7] == path && words[3] == "00010000"
    }
}
