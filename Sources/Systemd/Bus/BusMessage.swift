/// What came over the bus (D-Bus specification, "Message Types"), with the arguments read.
public struct BusMessage: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        case signal(path: String, interface: String, member: String)
        /// The result of a call, by the call's number.
        case result(of: UInt64)
        /// A call has failed; the name is the error's.
        case failure(of: UInt64, name: String)
        /// What nobody has reason to send us: we offer no methods.
        case other
    }

    public var kind: Kind
    /// The unique name of who sent it, by the bus's own word: anybody may send a signal straight to us.
    public var sender: String
    public var arguments: [BusValue]

    public init(_ kind: Kind, from sender: String, _ arguments: [BusValue] = []) {
        self.kind = kind
        self.sender = sender
        self.arguments = arguments
    }
}

/// A method to be called.
public struct BusCall: Sendable, Equatable {
    /// An argument, or what stands in one.
    public indirect enum Argument: Sendable, Equatable {
        case string(String)
        case number(UInt32)
        case integer(Int32)
        case boolean(Bool)
        case path(String)
        case bytes([UInt8])
        case variant(Argument)
        case fields([Argument])
        case list([String])
        /// A dictionary of strings.
        case strings([String: String])
        /// A dictionary of variants.
        case variants([String: Argument])
    }

    public var destination: String
    public var path: String
    public var interface: String
    public var member: String
    public var arguments: [Argument]

    public init(_ destination: String, _ path: String, _ interface: String, _ member: String, _ arguments: [Argument]) {
        self.destination = destination
        self.path = path
        self.interface = interface
        self.member = member
        self.arguments = arguments
    }
}

/// A value of the bus, as far as anybody here wants to know: a variant is what it holds, a dictionary is an array of
/// pairs, and numbers are numbers.
public enum BusValue: Sendable, Equatable {
    /// Object paths and signatures too.
    case string(String)
    case boolean(Bool)
    case integer(Int64)
    case real(Double)
    case array([BusValue])
    /// A struct, or a dictionary's entry.
    case fields([BusValue])

    public var string: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    public var boolean: Bool? {
        guard case .boolean(let value) = self else { return nil }
        return value
    }

    /// What an array or a struct is made of.
    public var items: [BusValue] {
        switch self {
        case .array(let items), .fields(let items): items
        default: []
        }
    }

    /// The entries of a dictionary whose keys are strings.
    public var entries: [String: BusValue] {
        var entries: [String: BusValue] = [:]
        for entry in items {
            guard case .fields(let pair) = entry, pair.count == 2, let key = pair[0].string else { continue }
            entries[key] = pair[1]
        }
        return entries
    }
}
