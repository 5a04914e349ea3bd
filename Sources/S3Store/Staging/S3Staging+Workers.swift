import ImageModel
import ImageStore

extension S3Staging {
    /// Lends the staging to its writer, with the workers beside it.
    ///
    /// - Returns: nil when the kept bytes could not be taken over; then nothing was lent.
    func run<Value: Sendable>(_ body: (any StagedImage) async throws -> Value) async throws -> Value? {
        let result = await withTaskGroup(of: Void.self) { group -> Result<Value?, any Error> in
            for _ in 0..<workers { group.addTask { await self.work() } }
            let result: Result<Value?, any Error>
            do {
                result = .success(try await takeOver() ? try await body(self) : nil)
            } catch {
                result = .failure(error)
            }
            monitor.change { $0.close() }
            // What is on its way is of no use to anybody: a part that arrives nevertheless is replaced or aborted.
            store.client.giveUp(self.group)
            group.cancelAll()
            return result
        }
        return try result.get()
    }

    private func work() async {
        while case .work(let submitted, let upload) = await monitor.wait(for: { $0.take() }) {
            let result = await perform(submitted.work, upload)
            monitor.change { $0.finish(submitted, result) }
        }
    }

    private func perform(_ work: StagingWork, _ upload: S3Upload?) async -> Result<UploadedPart?, StoreError> {
        do throws(S3Failure) {
            switch work {
            case .begin:
                try await store.clearStaging(of: name, isResumed: kept != nil)
                let upload = try await store.client.beginUpload(
                    store.place.key(name.path), writer: writer, group: group)
                monitor.change { $0.note(upload) }
                return .success(nil)
            case .part(let number, let body, _):
                guard let upload else { return .success(nil) }
                return .success(try await store.client.upload(body, as: number, of: upload, group: group))
            case .copy(let number, let range, let source):
                guard let upload else { return .success(nil) }
                return .success(try await store.client.copy(range, of: source, as: number, of: upload, group: group))
            }
        } catch {
            return .failure(error.storeError(in: store.place, "write \(name.text)"))
        }
    }

    /// Makes parts of the bytes that are kept; false when the service cannot.
    private func takeOver() async throws(StoreError) -> Bool {
        guard let kept else { return true }
        let (serial, copied) = monitor.change { $0.submitCopies(of: kept.source, upTo: kept.bytes) }
        do {
            try await settle(serial)
        } catch  where !error.isTransient {
            return false
        }
        var offset = copied
        while let chunk = try await keptChunk(at: offset) {
            try await append(chunk)
            offset += Int64(chunk.count)
        }
        return true
    }
}
