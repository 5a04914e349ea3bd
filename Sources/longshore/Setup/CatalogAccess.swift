import Catalog
import Foundation
import ImageModel
import LongshoreSettings
import PostgreSQLCatalog
import SQLiteCatalog
import Worker

/// How this installation reaches its catalog.
enum CatalogAccess {
    /// Opens the catalog that the settings name, which it makes and brings up to date where necessary.
    static func open(_ settings: Settings) throws(CommandTrouble) -> ImageCatalog {
        try open(settings) { $0 }
    }

    /// Opens the catalog on the database that `decorate` makes of the one that the settings name.
    static func open(
        _ settings: Settings, _ decorate: (any CatalogDatabase) -> any CatalogDatabase
    ) throws(CommandTrouble) -> ImageCatalog {
        let place = try place(of: settings.catalog)
        let database: any CatalogDatabase
        do throws(CatalogError) {
            database = try self.database(in: place)
        } catch {
            throw CommandTrouble(error)
        }
        return try catalog(settings, on: decorate(database))
    }

    /// What those find who may only look.
    enum Found {
        case catalog(ImageCatalog)
        /// A worker has yet to make it, or to bring it up to date.
        case notReady(CatalogError)
    }

    /// Opens the catalog that the settings name, as it is.
    static func look(at settings: Settings) throws(CommandTrouble) -> Found {
        let place = try place(of: settings.catalog)
        let database: any CatalogDatabase
        do throws(CatalogError) {
            database = try self.database(in: place, isExisting: true)
        } catch {
            guard error.code == .notReady else { throw CommandTrouble(error) }
            return .notReady(error)
        }
        return .catalog(try catalog(settings, on: database))
    }

    /// Opens the catalog that the settings name, for a command that reads what workers wrote. Where none is, somebody forgot
    /// to name the right one: an empty answer would hide that.
    static func openToRead(_ settings: Settings) throws(CommandTrouble) -> ImageCatalog {
        switch try look(at: settings) {
        case .catalog(let catalog): return catalog
        case .notReady(let error): throw CommandTrouble(error)
        }
    }

    /// Opens the catalog that the settings name, for a command that changes what workers made, and makes none itself.
    static func openMade(_ settings: Settings) throws(CommandTrouble) -> ImageCatalog {
        _ = try openToRead(settings)
        return try open(settings)
    }

    private static func catalog(
        _ settings: Settings, on database: any CatalogDatabase
    ) throws(CommandTrouble) -> ImageCatalog {
        let policy = ProfilePolicy(
            try ProfileAccess.make(settings), retention: settings.retention.pendingDelete,
            retentionByProfile: settings.profiles.compactMapValues(\.pendingDelete))
        let catalog = ImageCatalog(
            database: database, random: SystemRandom(), unknownGrace: settings.worker.unknownGrace,
            limits: CatalogLimits(settings.limits), policy: policy)
        guard let key = settings.catalog.secretKey else { return catalog }
        return catalog.sealing(with: SecretCipher(key.revealed))
    }

    private enum Place {
        case file(String)
        case server(String)
    }

    private static func place(of catalog: Settings.Catalog) throws(CommandTrouble) -> Place {
        // The settings let no other scheme in.
        guard catalog.url.scheme == "sqlite" else { return .server(catalog.url.revealed) }
        guard let path = catalog.file, path.hasPrefix("/") else {
            throw CommandTrouble(.usage, "catalog.url is \(catalog.url): the path must be absolute, sqlite:///path")
        }
        return .file(path)
    }

    private static func database(
        in place: Place, isExisting: Bool = false
    ) throws(CatalogError) -> any CatalogDatabase {
        switch place {
        case .file(let path):
            try isExisting ? SQLiteCatalogDatabase(existing: path) : SQLiteCatalogDatabase(path: path)
        case .server(let url):
            try isExisting ? PostgreSQLCatalogDatabase(existing: url) : PostgreSQLCatalogDatabase(url: url)
        }
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
