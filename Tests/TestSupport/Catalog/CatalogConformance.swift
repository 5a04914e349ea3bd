public import Catalog

/// What every ``CatalogDatabase`` must do, as named cases that throw where one does not.
///
/// Run each case on a database of its own; a case may open the same database several times.
public struct CatalogConformance: Sendable, CustomStringConvertible {
    /// Opens the database under test; every call of one factory opens the same one.
    public typealias Factory = @Sendable () throws -> any CatalogDatabase

    /// What the case is about.
    public let name: String
    private let body: @Sendable (Factory) async throws -> Void

    init(_ name: String, _ body: @escaping @Sendable (Factory) async throws -> Void) {
        self.name = name
        self.body = body
    }

    /// The name.
    public var description: String { name }

    /// Runs the case on a fresh database.
    ///
    /// - Throws: ``Violation`` where the database does not do what it must, or what the database threw.
    public func run(against factory: Factory) async throws {
        try await body(factory)
    }

    /// All cases.
    public static let cases =
        roundTrips + jobQuestions + imageQuestions + outboxCases + outboxPages + transactions + retention + space
        + fairness

    /// What a database did instead.
    public struct Violation: Error, CustomStringConvertible {
        /// The place of the expectation and what stood there.
        public let description: String
    }
}

/// Throws unless both are equal.
func expectEqual<Value: Equatable>(
    _ left: Value?, _ right: Value?, file: String = #fileID, line: Int = #line
) throws {
    guard left != right else { return }
    throw CatalogConformance.Violation(
        description: "\(file):\(line): \(String(describing: left))\nis not\n\(String(describing: right))")
}

/// Throws unless the condition holds.
func expect(_ condition: Bool, _ sentence: String, file: String = #fileID, line: Int = #line) throws {
    guard !condition else { return }
    throw CatalogConformance.Violation(description: "\(file):\(line): expected that \(sentence)")
}
