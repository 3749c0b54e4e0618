/// What came of a question.
public enum PromptAnswer: Sendable, Equatable {
    /// With the password, where that was asked for.
    case agreed(Secret?)
    case denied
    case timedOut
    /// Nobody could be asked: a sentence without its full stop, which says what to do.
    case unavailable(String)
}

extension PromptAnswer: Codable {
    private enum Outcome: String, Codable { case agreed, denied, timedOut = "timed_out", unavailable }

    private enum Key: CodingKey { case outcome, password, detail }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self =
            switch try container.decode(Outcome.self, forKey: .outcome) {
            case .agreed: .agreed(try container.decodeIfPresent(Secret.self, forKey: .password))
            case .denied: .denied
            case .timedOut: .timedOut
            case .unavailable: .unavailable(try container.decode(String.self, forKey: .detail))
            }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .agreed(let password):
            try container.encode(Outcome.agreed, forKey: .outcome)
            try container.encodeIfPresent(password, forKey: .password)
        case .denied: try container.encode(Outcome.denied, forKey: .outcome)
        case .timedOut: try container.encode(Outcome.timedOut, forKey: .outcome)
        case .unavailable(let detail):
            try container.encode(Outcome.unavailable, forKey: .outcome)
            try container.encode(detail, forKey: .detail)
        }
    }

    /// A line of JSON that is longer is no answer.
    public static let maximumBytes = 32 * 1024
}
