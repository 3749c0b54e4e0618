/// A QR code: a square of modules, each dark or light.
public struct QRCode: Sendable, Equatable {
    /// How many modules a side has.
    public let width: Int
    /// Row by row; true is dark.
    private let modules: [Bool]

    /// So many light modules must surround it (ISO/IEC 18004, section 6.3.8).
    static let margin = 4

    init(width: Int, modules: [Bool]) {
        precondition(modules.count == width * width, "a QR code is a square")
        self.width = width
        self.modules = modules
    }

    /// How many modules a side has with its margins.
    public var fullWidth: Int { width + 2 * Self.margin }

    /// Whether a module is dark, counted with the margins; what lies outside is light.
    func isDark(_ column: Int, _ row: Int) -> Bool {
        let (column, row) = (column - Self.margin, row - Self.margin)
        guard (0..<width).contains(column), (0..<width).contains(row) else { return false }
        return modules[row * width + column]
    }

    /// For a terminal: two rows of modules a line, a column for each.
    /// - Parameter isColoured: whether it says itself what is dark and what is light, as it must where the terminal may
    ///   be either; else it is ink on paper.
    /// - Returns: the lines, each with its end.
    public func text(isColoured: Bool) -> String {
        // Of the 256 colours these two are the same everywhere: themes change only the first 16.
        let (begin, end) = isColoured ? ("\u{1B}[38;5;16;48;5;231m", "\u{1B}[0m") : ("", "")
        return stride(from: 0, to: fullWidth, by: 2).map { row in
            let cells = (0..<fullWidth).map { column in
                switch (isDark(column, row), isDark(column, row + 1)) {
                case (true, true): "█"
                case (true, false): "▀"
                case (false, true): "▄"
                case (false, false): " "
                }
            }
            return begin + cells.joined() + end + "\n"
        }.joined()
    }
}
