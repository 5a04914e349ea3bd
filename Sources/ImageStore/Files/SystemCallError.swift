import Glibc
package import ImageModel

/// A call to the kernel that failed.
package struct SystemCallError: Error {
    /// What was tried, to follow "cannot": "open", "rename".
    package let attempt: String
    /// What it was tried on.
    package let path: String
    /// The value of `errno`.
    package let number: Int32

    /// The system's text for the number.
    package var reason: String {
        var buffer = [CChar](repeating: 0, count: 128)
        guard strerror_r(number, &buffer, buffer.count) == 0 else { return "error \(number)" }
        let text = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return "\(String(decoding: text, as: UTF8.self)) (errno \(number))"
    }

    /// Whether the file system has no room: `ENOSPC`, or `EDQUOT` for the account that writes.
    var isOutOfSpace: Bool { number == ENOSPC || number == EDQUOT }
}

/// Makes a system call until no signal interrupts it, and throws what `errno` says when it answers -1.
@discardableResult
package func systemCall<Value: SignedInteger>(
    _ attempt: String, _ path: String, _ call: () -> Value
) throws(SystemCallError) -> Value {
    while true {
        let value = call()
        if value != -1 { return value }
        guard errno == EINTR else { throw SystemCallError(attempt: attempt, path: path, number: errno) }
    }
}

extension StoreError {
    /// The one place where `errno` becomes a code of the contract.
    ///
    /// Nearly everything an operator can repair without a new job is transient; only a file beyond what the file
    /// system or the process may write at all (`EFBIG`) can never fit.
    init(_ error: SystemCallError, in store: StoreName) {
        let sentence = "store \(store): cannot \(error.attempt) \(error.path): \(error.reason)"
        switch error.number {
        case ENOSPC, EDQUOT: self.init(.capacityExceeded, sentence, isTransient: true)
        case EFBIG: self.init(.capacityExceeded, sentence, isTransient: false)
        default: self.init(.storeUnavailable, sentence, isTransient: true)
        }
    }
}

/// Runs blocking calls of a store and turns whatever they throw into a ``StoreError``.
package func storeErrors<Value>(in store: StoreName, _ body: () throws -> Value) throws(StoreError) -> Value {
    do {
        return try body()
    } catch let error as SystemCallError {
        throw StoreError(error, in: store)
    } catch let error as StoreError {
        throw error
    } catch {
        throw StoreError(.internal, "store \(store): \(error)", isTransient: false)
    }
}
