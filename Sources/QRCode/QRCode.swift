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
        stride(from: 0, to: fullWidth, by: 2).map { row in
            let cells = (0..<fullWidth).map { (upper: isDark($0, row), lower: isDark($0, row + 1)) }
            return (isColoured ? Self.coloured(cells) : Self.ink(cells)) + "\n"
        }.joined()
    }

    private static func ink(_ cells: [(upper: Bool, lower: Bool)]) -> String {
        cells.map { cell in
            switch cell {
            case (true, true): "█"
            case (true, false): "▀"
            case (false, true): "▄"
            case (false, false): " "
            }
        }.joined()
    }

    /// The lower half is ink and the upper half is paper, which fills its cell: letters of some fonts leave lines between
    /// one row and the next, over which cameras stumble.
    private static func coloured(_ cells: [(upper: Bool, lower: Bool)]) -> String {
        var line = ""
        var last: (upper: Bool, lower: Bool)?
        for cell in cells {
            if last.map({ $0 != cell }) ?? true {
                line += "\u{1B}[38;5;\(colour(cell.lower));48;5;\(colour(cell.upper))m"
            }
            line += "▄"
            last = cell
        }
        return line + "\u{1B}[0m"
    }

    /// Of the 256 colours these two are the same everywhere: themes change only the first 16.
    private static func colour(_ isDark: Bool) -> Int { isDark ? 16 : 231 }
}
