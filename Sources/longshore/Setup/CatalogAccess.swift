import Catalog
import Foundation
import ImageModel
import LongshoreSettings
import PostgreSQLCatalog
import SQLiteCatalog
import Worker

/// How this installation reaches its catalog.
enum CatalogAccess {
    /// Opens the catalog that the settings name.
    static func open(_ settings: Settings) throws(CommandTrouble) -> ImageCatalog {
        try open(settings) { $0 }
    }

    /// Opens the catalog on the database that `decorate` makes of the one that the settings name.
    static func open(
        _ settings: Settings, _ decorate: (any CatalogDatabase) -> any CatalogDatabase
    ) throws(CommandTrouble) -> ImageCatalog {
        let policy = ProfilePolicy(
            try ProfileAccess.make(settings), retention: settings.retention.pendingDelete,
            retentionByProfile: settings.profiles.compactMapValues(\.pendingDelete))
        let catalog = ImageCatalog(
            database: decorate(try database(settings.catalog)), random: SystemRandom(),
            unknownGrace: settings.worker.unknownGrace, limits: CatalogLimits(settings.limits), policy: policy)
        guard let key = settings.catalog.secretKey else { return catalog }
        return catalog.sealing(with: SecretCipher(key.revealed))
    }

    private static func database(_ catalog: Settings.Catalog) throws(CommandTrouble) -> any CatalogDatabase {
        do throws(CatalogError) {
            // The settings let no other scheme in.
            guard catalog.url.scheme == "sqlite" else {
                return try PostgreSQLCatalogDatabase(url: catalog.url.revealed)
            }
            if let path = catalog.file, path.hasPrefix("/") { return try SQLiteCatalogDatabase(path: path) }
        } catch {
            throw CommandTrouble(error)
        }
        throw CommandTrouble(.usage, "catalog.url is \(catalog.url): the path must be absolute, sqlite:///path")
    }
}

extension CatalogLimits {
    init(_ limits: Settings.Limits) {
        self.init(
            ownerImages: limits.owner.images, ownerBytes: limits.owner.bytes?.bytes,
            ownerRunning: limits.owner.running, sourceHostRunning: limits.sourceHostRunning)
    }
}

extension ImageCatalog {
    /// The same jobs, each that is due but held back with the reason for it.
    func explain(_ jobs: [Job]) async throws(CommandTrouble) -> [Job] {
        do throws(CatalogError) {
            return try await explained(jobs)
        } catch {
            throw CommandTrouble(error)
        }
    }

    /// Asks the rows on behalf of a command.
    func ask<Result: Sendable>(
        _ body: @escaping @Sendable (any CatalogReader) throws -> Result
    ) async throws(CommandTrouble) -> Result {
        do throws(CatalogError) {
            return try await read(body)
        } catch {
            throw CommandTrouble(error)
        }
    }
}
