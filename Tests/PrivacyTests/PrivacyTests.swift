import Foundation
import Testing

@testable import Privacy

/// What lies at an address of this process, read as the kernel has it: also where nothing should be read any more.
private func memory(at address: UInt, _ count: Int) throws -> Data {
    let file = try FileHandle(forReadingFrom: URL(filePath: "/proc/self/mem"))
    try file.seek(toOffset: UInt64(address))
    return try file.read(upToCount: count) ?? Data()
}

private let mark = "canary-of-the-memory-tests"

struct PrivacyTests {
    @Test(
        .enabled(if: ProcessPrivacy.wipesFreedMemory, "sanitizers have an allocator of their own"),
        arguments: [300, 900, 5000]
    )
    func `freed memory holds nothing of what was there`(size: Int) throws {
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        unsafe UnsafeMutableRawBufferPointer(rebasing: block[(size - 100)...]).copyBytes(from: Array(mark.utf8))
        let address = UInt(bitPattern: block.baseAddress)
        try #require(try memory(at: address, size).range(of: Data(mark.utf8)) != nil)
        unsafe block.deallocate()
        #expect(try memory(at: address, size).range(of: Data(mark.utf8)) == nil)
    }

    /// More of them than the C library keeps in one place; where it keeps them, it overwrites those bytes itself.
    @Test(.enabled(if: ProcessPrivacy.wipesFreedMemory, "sanitizers have an allocator of their own"))
    func `nor do its first bytes, where the C library keeps its own there`() throws {
        let addresses = try (1...40).map { _ in
            guard let block = unsafe malloc(64) else { throw CocoaError(.coderInvalidValue) }
            unsafe block.copyMemory(from: mark, byteCount: mark.utf8.count)
            return UInt(bitPattern: block)
        }
        for address in addresses { unsafe free(UnsafeMutableRawPointer(bitPattern: address)) }
        for address in addresses { #expect(try memory(at: address + 8, 8) != Data(mark.utf8.dropFirst(8).prefix(8))) }
    }

    @Test(.enabled(if: ProcessPrivacy.wipesFreedMemory, "sanitizers have an allocator of their own"))
    func `what is freed twice ends the process, as it does without us`() async {
        await #expect(processExitsWith: .signal(SIGABRT)) {
            let block = unsafe malloc(100)
            unsafe free(block)
            unsafe free(block)
        }
    }

    @Test(.enabled(if: ProcessPrivacy.wipesFreedMemory, "sanitizers have an allocator of their own"))
    func `what has moved to a larger place leaves nothing behind`() throws {
        guard let old = unsafe malloc(900) else { throw CocoaError(.coderInvalidValue) }
        let address = UInt(bitPattern: old)
        unsafe old.advanced(by: 800).copyMemory(from: mark, byteCount: mark.utf8.count)
        guard let new = unsafe realloc(old, 900_000) else { throw CocoaError(.coderInvalidValue) }
        defer { unsafe free(new) }
        #expect(UInt(bitPattern: new) != address)
        #expect(try memory(at: UInt(bitPattern: new), 900).range(of: Data(mark.utf8)) != nil)
        #expect(try memory(at: address, 900).range(of: Data(mark.utf8)) == nil)
        // What has room enough stays.
        let same = unsafe realloc(new, 890_000)
        #expect(UInt(bitPattern: same) == UInt(bitPattern: new))
    }

    @Test func `dumps are forbidden, for good`() async {
        await #expect(processExitsWith: .success) {
            #expect(ProcessPrivacy.isDumpable)
            try ProcessPrivacy.begin()
            try ProcessPrivacy.forbidCores()
            #expect(!ProcessPrivacy.isDumpable)
            var limit = rlimit()
            _ = unsafe getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
            #expect(limit.rlim_cur == 0 && limit.rlim_max == 0)
        }
    }
}

struct SecretTextTests {
    @Test(arguments: ["", "x", "not more than 15", mark, String(repeating: "é", count: 3000)])
    func `is what it was made of`(text: String) {
        let secret = SecretText(text)
        #expect(secret.reveal() == text)
        #expect(secret == SecretText(text))
        #expect(secret.hashValue == SecretText(text).hashValue)
        #expect(secret != SecretText(text + "x"))
        #expect(secret.isEmpty == text.isEmpty)
        #expect(secret.allSatisfy { $0 < 0x80 } == !text.contains("é"))
    }

    @Test func `a block is overwritten when it is given back, and handed out again`() throws {
        var pages = LockedPages()
        let block = pages.take(100)
        #expect(block.size == 128)
        unsafe block.start.copyMemory(from: mark, byteCount: mark.utf8.count)
        pages.giveBack(block)
        #expect(try memory(at: block.address, 128) == Data(count: 128))
        #expect(pages.take(65) == block)
        #expect(pages.take(65) != block)
    }

    @Test func `blocks do not overlap, whatever their sizes`() {
        var pages = LockedPages()
        var blocks = (1...200).map { pages.take($0 * 37 % 3000) }
        for block in blocks where block.address % 3 == 0 { pages.giveBack(block) }
        blocks.removeAll { $0.address % 3 == 0 }
        blocks += (1...200).map { pages.take($0 * 53 % 3000) }
        let sorted = blocks.sorted { $0.address < $1.address }
        for (one, next) in zip(sorted, sorted.dropFirst()) { #expect(one.address + UInt(one.size) <= next.address) }
    }

    @Test func `promise 11: lies in memory that is locked, and in no dump`() async {
        await #expect(processExitsWith: .success) {
            let secret = SecretText(mark)
            let flags = try #require(try vmFlags(of: mark))
            #expect(flags.contains("lo") == (LockedMemory.unlockedBytes == 0))
            #expect(flags.contains("dd"))
            #expect(secret.reveal() == mark)
        }
    }

    @Test func `where nothing can be locked, it is told and goes on`() async {
        await #expect(processExitsWith: .success) {
            // Root may lock whatever the limit is.
            if geteuid() == 0 { try #require(setuid(65534) == 0) }
            var none = rlimit(rlim_cur: 0, rlim_max: 0)
            try #require(unsafe setrlimit(__rlimit_resource_t(__RLIMIT_MEMLOCK.rawValue), &none) == 0)
            let secret = SecretText(mark)
            #expect(LockedMemory.unlockedBytes > 0)
            #expect(secret.reveal() == mark)
        }
    }

    @Test func `large ones go back to the kernel`() async {
        await #expect(processExitsWith: .success) {
            LockedMemory.prepare()
            let before = LockedMemory.unlockedBytes
            let text = String(repeating: mark, count: 1000)
            do {
                let secret = SecretText(text)
                #expect(secret.reveal() == text)
            }
            #expect(LockedMemory.unlockedBytes == before)
        }
    }
}

/// The flags (proc(5), smaps, `VmFlags`) of the mapping of this process's locked memory that holds a text.
private func vmFlags(of text: String) throws -> [Substring]? {
    var range: (begin: UInt, end: UInt)?
    // Foundation takes the first page of such a file for the whole, unless it is read by a handle.
    let smaps = try FileHandle(forReadingFrom: URL(filePath: "/proc/self/smaps")).readToEnd() ?? Data()
    for line in String(decoding: smaps, as: UTF8.self).split(separator: "\n") {
        let words = line.split(separator: " ")
        let bounds = words[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
        if bounds.count == 2 { range = (bounds[0], bounds[1]) }
        guard words[0] == "VmFlags:", words.contains("dd"), let found = range else { continue }
        // The kernel's own, which are in no dump either, cannot be read.
        guard let data = try? memory(at: found.begin, Int(found.end - found.begin)) else { continue }
        if data.range(of: Data(text.utf8)) != nil { return Array(words) }
    }
    return nil
}
