/// What is wrong with a value that has the right shape, and is still none of ours: "must be …".
private struct Misfit: Error { let problem: String }

extension DecodingError {
    /// The problem follows the name of the member in a sentence.
    static func misfit(_ problem: String, at path: [any CodingKey]) -> DecodingError {
        .dataCorrupted(.init(codingPath: path, debugDescription: problem, underlyingError: Misfit(problem: problem)))
    }
}

extension AgentError {
    /// Params that cannot be decoded. The decoder's own words are for programmers.
    static func misfit(_ error: any Error) -> AgentError {
        let context: DecodingError.Context? =
            switch error as? DecodingError {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
                .dataCorrupted(let context):
                context
            default: nil
            }
        let path = (context?.codingPath ?? []).reduce(into: "") { path, key in
            if let index = key.intValue { return path += "[\(index)]" }
            path += (path.isEmpty ? "" : ".") + JSONCoding.wireName(of: key.stringValue)
        }
        let problem = (context?.underlyingError as? Misfit)?.problem ?? "cannot be read"
        guard !path.isEmpty else { return .invalidParams("params \(problem)") }
        return .invalidParams("\(path) \(problem)", field: path)
    }
}
