/// What a write is to outlast before it returns.
public enum Durability: Sendable {
    /// The end of the process: the kernel has it, and the disk a second later.
    case process
    /// The end of the machine: the disk has it.
    case machine
}
