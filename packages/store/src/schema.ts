import type { DriverDatabase } from './driver.js'
import { StoreError } from './error.js'

export interface SchemaOptions {
  /** Number that tells this program's files from others', 1 to 2^31 - 1 (`PRAGMA application_id`). */
  readonly applicationId: number
  /**
   * SQL of each version of the schema, oldest first. Those that a file lacks are run, all in one transaction. A version
   * once published is never edited: append.
   */
  readonly migrations: readonly string[]
  /**
   * Take over databases of a predecessor that left no application_id: a file without one that has all of `tables`. It gets
   * our number, and all migrations, which must cope with what is there (`IF NOT EXISTS`).
   */
  readonly adopt?: { readonly tables: readonly string[] } | undefined
}

/**
 * Refuse a file that is not ours before anything is written to it.
 * @throws {StoreError} `foreign` | `newer`
 */
export function checkOwner(db: DriverDatabase, path: string, options: SchemaOptions): void {
  const { applicationId, migrations, adopt } = options
  const owner = readNumber(db, 'SELECT application_id AS n FROM pragma_application_id')
  if (owner === 0 && adopt !== undefined && hasTables(db, adopt.tables)) return
  const tables = readNumber(db, 'SELECT count(*) AS n FROM sqlite_schema')
  // Without a number and without tables, the file is new, or the program died before its first commit.
  if (owner !== applicationId && (owner !== 0 || tables > 0)) {
    const found = owner === 0 ? 'no application_id' : `application_id 0x${(owner >>> 0).toString(16)}`
    throw new StoreError(
      'foreign',
      `${path} is the database of another program (${found}, expected 0x${applicationId.toString(16)}): choose another`,
    )
  }
  const version = userVersion(db)
  if (version > migrations.length) {
    throw new StoreError(
      'newer',
      `${path} was written by a newer version of the program (schema ${version}, known up to ${migrations.length}): update`,
    )
  }
}

/** Bring the schema up to date, in one transaction: after a crash either all of it is there or nothing. */
export function migrate(db: DriverDatabase, { applicationId, migrations }: SchemaOptions): void {
  const owner = readNumber(db, 'SELECT application_id AS n FROM pragma_application_id')
  if (owner === applicationId && userVersion(db) === migrations.length) return
  db.exec('BEGIN IMMEDIATE')
  try {
    // Read again: another process may have been faster. What a predecessor counted its versions by is not ours.
    const ours = readNumber(db, 'SELECT application_id AS n FROM pragma_application_id') === applicationId
    const version = ours ? userVersion(db) : 0
    for (const sql of migrations.slice(version)) db.exec(sql)
    db.exec(`PRAGMA application_id = ${applicationId}`)
    db.exec(`PRAGMA user_version = ${Math.max(version, migrations.length)}`)
    db.exec('COMMIT')
  } catch (error) {
    try {
      db.exec('ROLLBACK')
    } catch {
      // A full disk, for one, has rolled back by itself.
    }
    throw error
  }
}

function hasTables(db: DriverDatabase, names: readonly string[]): boolean {
  const find = db.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE type = 'table' AND name = ?", false)
  return names.every((name) => Number(find.all([name])[0]!['n']) === 1)
}

function userVersion(db: DriverDatabase): number {
  return readNumber(db, 'SELECT user_version AS n FROM pragma_user_version')
}

function readNumber(db: DriverDatabase, sql: string): number {
  return Number(db.prepare(sql, false).all([])[0]!['n'])
}
