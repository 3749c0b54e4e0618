/// What is to be done at a moment, the next first.
struct Alarms<Action> {
    typealias Moment = SuspendingClock.Instant

    /// One of them, by which it can be cancelled.
    struct Token: Hashable, Comparable {
        let moment: Moment
        fileprivate let number: Int

        static func < (one: Token, other: Token) -> Bool { (one.moment, one.number) < (other.moment, other.number) }
    }

    /// In the order of their tokens. Nearly all are as far away as the one before, so that they come to stand at the end.
    private var waiting: [(token: Token, action: Action)] = []
    private var lastNumber = 0

    var next: Moment? { waiting.first?.token.moment }

    mutating func add(at moment: Moment, _ action: Action) -> Token {
        lastNumber += 1
        let token = Token(moment: moment, number: lastNumber)
        waiting.insert((token, action), at: place(of: token))
        return token
    }

    mutating func cancel(_ token: Token) {
        let place = place(of: token)
        guard place < waiting.endIndex, waiting[place].token == token else { return }
        waiting.remove(at: place)
    }

    /// Takes those whose moment has come.
    mutating func take(at now: Moment) -> [Action] {
        let due = waiting.prefix { $0.token.moment <= now }.map(\.action)
        waiting.removeFirst(due.count)
        return due
    }

    /// Where a token stands, or would.
    private func place(of token: Token) -> Int {
        var (low, high) = (0, waiting.count)
        // Looked for from the end first, where most of them belong.
        if let last = waiting.last, last.token < token { return high }
        while low < high {
            let middle = (low + high) / 2
            if waiting[middle].token < token { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
