internal import Glibc
internal import Synchronization

/// Memory for secrets: it stays out of the swap space as far as RLIMIT_MEMLOCK allows, and out of dumps.
/// There is one in a process, as there is one limit.
public enum LockedMemory {
    private static let pages = Mutex(LockedPages())

    /// Takes the first of it, so that what holds can be told before there is a secret.
    public static func prepare() { giveBack(take(1)) }

    /// How many bytes the kernel would not lock; secrets may lie in them.
    public static var unlockedBytes: Int { pages.withLock { $0.unlockedBytes } }

    static func take(_ count: Int) -> LockedPages.Block { pages.withLock { $0.take(count) } }

    static func giveBack(_ block: LockedPages.Block) { pages.withLock { $0.giveBack(block) } }
}

/// Locked pages, cut into blocks.
struct LockedPages {
    /// A part of memory, as numbers: who holds a block is its only user.
    struct Block: Sendable, Equatable {
        var address: UInt
        var size: Int

        var start: UnsafeMutableRawPointer {
            guard let start = unsafe UnsafeMutableRawPointer(bitPattern: address) else {
                preconditionFailure("a block that is nowhere")
            }
            return unsafe start
        }
    }

    /// What is asked of the kernel at once: the tokens of some dozens of accounts.
    private static let chunk = 16 * 1024
    /// Two secrets in a line of the processor's cache would be no saving worth the bookkeeping.
    private static let smallest = 64
    private static let largest = 2048

    /// Blocks that were given back, by their sizes: powers of two.
    private var unused: [Int: [UInt]] = [:]
    private var rest = Block(address: 0, size: 0)
    private(set) var unlockedBytes = 0
    private var unlocked: Set<UInt> = []

    /// A block of zeros with room for so many bytes.
    mutating func take(_ count: Int) -> Block {
        guard count <= Self.largest else { return map(count) }
        var size = Self.smallest
        while size < count { size *= 2 }
        if let address = unused[size]?.popLast() { return Block(address: address, size: size) }
        if rest.size < size { rest = map(Self.chunk) }
        defer { rest = Block(address: rest.address + UInt(size), size: rest.size - size) }
        return Block(address: rest.address, size: size)
    }

    mutating func giveBack(_ block: Block) {
        guard block.size <= Self.largest else { return unmap(block) }
        unsafe explicit_bzero(block.start, block.size)
        unused[block.size, default: []].append(block.address)
    }

    private mutating func map(_ count: Int) -> Block {
        let page = Int(getpagesize())
        let size = (count + page - 1) / page * page
        let place = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let place = unsafe place, unsafe place != MAP_FAILED else {
            preconditionFailure("there is no memory left")
        }
        let address = UInt(bitPattern: place)
        if unsafe mlock(place, size) != 0 {
            unlockedBytes += size
            unlocked.insert(address)
        }
        // Ignoring failures: dumps are forbidden anyway.
        _ = unsafe madvise(place, size, MADV_DONTDUMP)
        return Block(address: address, size: size)
    }

    /// The kernel gives nobody pages that are not empty.
    private mutating func unmap(_ block: Block) {
        if unlocked.remove(block.address) != nil { unlockedBytes -= block.size }
        unsafe munmap(block.start, block.size)
    }
}
