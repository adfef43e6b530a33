/// One step of the schema. The step at index n of a list makes version n + 1 out of version n.
///
/// A step never changes once it was released: there are databases that were made by it.
struct Migration: Sendable {
    /// The statements, run in one transaction together with the new version.
    let sql: String

    /// What every database has before the first step, whatever its version. It must hold for all releases to come: by the
    /// version that it keeps here, a release tells a later one's database from a damaged one (see `Database.version`).
    static let base = "CREATE TABLE note(name TEXT PRIMARY KEY NOT NULL, bytes BLOB NOT NULL) STRICT, WITHOUT ROWID"

    /// The steps of this release.
    static let all = [
        Migration(
            sql: """
                CREATE TABLE response(
                    resource TEXT NOT NULL, owner BLOB NOT NULL, fields BLOB NOT NULL, digest BLOB NOT NULL,
                    expires INTEGER NOT NULL, stored INTEGER NOT NULL, PRIMARY KEY(resource, owner)
                ) STRICT, WITHOUT ROWID;
                CREATE INDEX response_digest ON response(digest);
                CREATE TABLE body(digest BLOB UNIQUE NOT NULL, bytes BLOB NOT NULL) STRICT;
                """)
    ]
}
