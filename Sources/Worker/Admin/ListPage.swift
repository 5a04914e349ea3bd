/// As many rows of a list as were asked for, and whether there are more.
public struct ListPage<Row> {
    /// The rows.
    public let rows: [Row]
    /// Whether others follow.
    public let hasMore: Bool

    /// A page of what was found when one row more than `limit` was asked for, as ``probe(_:)`` says.
    public init(_ found: [Row], limit: Int) {
        rows = Array(found.prefix(limit))
        hasMore = found.count > limit
    }

    /// The one behind which the next page begins; nil on the last one.
    public var last: Row? { hasMore ? rows.last : nil }

    /// How many rows to ask for so that it shows whether there are more than `limit`.
    public static func probe(_ limit: Int) -> Int { limit < .max ? limit + 1 : limit }
}
