import ImageModel
import Testing

@testable import ImageSource

@Suite("The system's resolver", .timeLimit(.minutes(10)))
struct SystemResolverTests {
    @Test("It tells every address of a name, once")
    func localhost() async throws {
        let addresses = try await SystemResolver().addresses(of: "localhost")
        #expect(addresses.contains { AddressReach($0) == .loopback })
        #expect(Set(addresses).count == addresses.count)
    }

    @Test("Who is cancelled asks nobody")
    func cancelled() async throws {
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await SystemResolver().addresses(of: "localhost")
        }
        await #expect(throws: CancellationError.self) { _ = try await task.value }
    }
}
