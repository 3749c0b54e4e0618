import Foundation
import Privacy
import Synchronization
import Testing

@testable import Vault

/// Where the keys of the encryption lie.
struct KeyMemoryTests {
    @Test(.enabled(if: ProcessPrivacy.wipesFreedMemory, "sanitizers have an allocator of their own"))
    func `promise 11: the keys of the encryption lie in locked memory, and nowhere else while they rest`() async {
        await #expect(processExitsWith: .success) {
            let temporary = try TemporaryFolder()
            let credential = StoreCredential(Array("canary-key-of-more-than-32-bytes-0001".utf8))
            let folder = try StateFolder(path: "\(temporary.path)/state", credential: credential)
            let file = StateFile<String>("a.json", in: folder)
            try await file.save("of any kind")
            try await folder.rekey()
            #expect(try file.load() == "of any kind")

            let keys = folder.sealing.withLock(\.keys)
            try #require(keys.count == 1)
            // Turned around, so that the test holds no second one.
            let mirrored = unsafe keys[0].key.withUnsafeBytes { unsafe $0.map { ~$0 } }
            let places = try places(of: mirrored)
            #expect(places.count == 1)
            for flags in places {
                #expect(flags.contains("dd"), "in no dump")
                #expect(flags.contains("lo") == (LockedMemory.unlockedBytes == 0))
            }
        }
    }
}

/// The flags (proc(5), smaps, `VmFlags`) of the memory of this process at each place where these bytes lie, turned
/// around.
private func places(of mirrored: [UInt8]) throws -> [[Substring]] {
    // Foundation takes the first page of such a file for the whole, unless it is read by a handle.
    let smaps = try FileHandle(forReadingFrom: URL(filePath: "/proc/self/smaps")).readToEnd() ?? Data()
    let memory = try FileHandle(forReadingFrom: URL(filePath: "/proc/self/mem"))
    var places: [[Substring]] = []
    var range: (begin: UInt64, end: UInt64)?
    for line in String(decoding: smaps, as: UTF8.self).split(separator: "\n") {
        let words = line.split(separator: " ")
        let bounds = words[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
        if bounds.count == 2 { range = words[1].hasPrefix("rw") ? (bounds[0], bounds[1]) : nil }
        guard words[0] == "VmFlags:", let found = range else { continue }
        try memory.seek(toOffset: found.begin)
        guard let data = try? memory.read(upToCount: Int(found.end - found.begin)) else { continue }
        // The first eight of them find a place; to look for all would be another place.
        let first = Data(mirrored.prefix(8).map { ~$0 })
        var rest = data[...]
        while let hit = rest.range(of: first) {
            let whole = data[hit.lowerBound...].prefix(mirrored.count)
            if whole.elementsEqual(mirrored.lazy.map { ~$0 }) { places.append(words) }
            rest = rest[hit.upperBound...]
        }
    }
    return places
}
