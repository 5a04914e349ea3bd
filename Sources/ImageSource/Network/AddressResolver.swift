import ImageModel

/// Tells which addresses a name has, at this moment.
protocol AddressResolver: Sendable {
    /// All addresses of `host`, at least one, in the order in which they should be tried.
    ///
    /// - Throws: ``SourceError`` when there are none; `CancellationError` as soon as the task is cancelled.
    func addresses(of host: String) async throws -> [IPAddress]
}
