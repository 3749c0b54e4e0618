internal import CSystemd
internal import Glibc

/// The memory of this process, as far as it can be given back.
public enum ProcessMemory {
    /// Gives the kernel what was freed: the allocator keeps it for later, even where a thousand clients have gone.
    public static func giveBackFreed() { malloc_trim(0) }

    /// Gives the kernel back the pages of the program's code and constants; those that are needed again come back from
    /// its page cache, by themselves. The kernel maps sixteen pages where one is touched, and a start touches a little
    /// of everything: most of what a waiting process seems to occupy is code that has run once, or never.
    ///
    /// Only segments that can never be written are given up: in them memory and file are the same.
    public static func giveBackProgram() {
        let place = UInt(getauxval(UInt(AT_PHDR)))
        guard let first = unsafe UnsafePointer<Elf64_Phdr>(bitPattern: place) else { return }
        let segments = unsafe UnsafeBufferPointer(start: first, count: Int(getauxval(UInt(AT_PHNUM))))
        // This table's own segment tells how far the program lies from where its file says.
        guard let table = unsafe segments.first(where: { $0.p_type == PT_PHDR }) else { return }
        let distance = place - UInt(table.p_vaddr)
        for segment in unsafe Array(segments) where segment.p_type == PT_LOAD && segment.p_flags & UInt32(PF_W) == 0 {
            let begin = (distance + UInt(segment.p_vaddr)) & ~(UInt(getpagesize()) - 1)
            let size = distance + UInt(segment.p_vaddr + segment.p_memsz) - begin
            // Ignoring failures: then it stays where it is.
            _ = unsafe madvise(UnsafeMutableRawPointer(bitPattern: begin), Int(size), MADV_DONTNEED)
        }
    }
}
