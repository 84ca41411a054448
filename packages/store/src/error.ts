export type StoreErrorCode =
  | 'foreign' // the file is not SQLite, or belongs to another program
  | 'newer' // a newer version of the program wrote it
  | 'corrupt' // SQLite finds it damaged
  | 'in-use' // another process has it open
  | 'full' // no space left
  | 'read-only' // the file or its file system cannot be written
  | 'denied' // the file cannot be opened there: no permission, no such folder
  | 'exists' // a backup would overwrite something
  | 'driver' // no SQLite driver could be loaded
  | 'closed' // the database is closed
  | 'constraint' // the statement breaks a rule of the schema
  | 'out-of-range' // a number that may have been rounded: read with bigints
  | 'misuse' // called from where it cannot be called
  | 'io' // any other failure

export type Blame = 'local'

/** Every failure of this package. Recognise it by `name` or {@link isStoreError}, not by `instanceof`. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly code: StoreErrorCode
  /** A database is ours alone: whatever fails, fails here. */
  readonly blame: Blame = 'local'

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export function isStoreError(value: unknown): value is StoreError {
  return value instanceof Error && value.name === 'StoreError'
}
