import Foundation

/// The memory of a process, as root sees it (proc(5), `/proc/PID/mem`): all that it could have written to.
public struct ProcessImage {
    private var regions: [Data] = []

    /// - Throws: where it cannot be read.
    public init(of pid: Int32) throws {
        let memory = try FileHandle(forReadingFrom: URL(filePath: "/proc/\(pid)/mem"))
        // Foundation takes the first page of such a file for the whole, unless it is read by a handle.
        let maps = try FileHandle(forReadingFrom: URL(filePath: "/proc/\(pid)/maps")).readToEnd() ?? Data()
        for line in String(decoding: maps, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            let bounds = words[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
            guard bounds.count == 2, words[1].hasPrefix("rw") else { continue }
            try memory.seek(toOffset: bounds[0])
            // What has been given back meanwhile holds nothing.
            guard let region = try? memory.read(upToCount: Int(bounds[1] - bounds[0])) else { continue }
            regions.append(region)
        }
    }

    /// How often a text is there.
    public func count(of text: String) -> Int {
        let pattern = Data(text.utf8)
        return regions.reduce(0) { count, region in
            var (count, rest) = (count, region[...])
            while let found = rest.range(of: pattern) {
                count += 1
                rest = rest[found.upperBound...]
            }
            return count
        }
    }
}
