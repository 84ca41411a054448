// Databases as the Go and the Rust server make them, from the schema facts of mediator protocol §17. No original file was
// available: what a server of another version may have done differently is not known here.
import { type Database, openDatabase } from '@mimirjs/store'

export interface ForeignFlavour {
  readonly name: string
  /** Between the kind of table and the chat's id. */
  readonly separator: '-' | '_'
  readonly hasInvites: boolean
  readonly changedAtColumn: 'changed_at' | 'last_perm_change'
  readonly hasLastSeen: boolean
  readonly guidsAreUnique: boolean
  readonly hasBlobs: boolean
  /** Longest name that the table of settings takes, in characters. */
  readonly nameLimit: number | undefined
}

const GO: Omit<ForeignFlavour, 'name'> = {
  separator: '-',
  hasInvites: true,
  changedAtColumn: 'changed_at',
  hasLastSeen: false,
  guidsAreUnique: true,
  hasBlobs: false,
  nameLimit: 20,
}

export const FLAVOURS: readonly ForeignFlavour[] = [
  {
    ...GO,
    name: 'the first Go server: no invites, guids more than once, last_perm_change',
    hasInvites: false,
    guidsAreUnique: false,
    changedAtColumn: 'last_perm_change',
  },
  { ...GO, name: 'the last Go server before TLV', changedAtColumn: 'last_perm_change' },
  { ...GO, name: 'the newest Go server that is known', hasLastSeen: true, nameLimit: 25 },
  { ...GO, name: 'the Rust server', separator: '_', hasLastSeen: true, hasBlobs: true, nameLimit: undefined },
  {
    ...GO,
    name: 'a Go database that the Rust server has converted',
    separator: '_',
    hasLastSeen: true,
    hasBlobs: true,
    nameLimit: 20,
  },
  {
    ...GO,
    name: 'the oldest Go database that somebody else has renamed',
    separator: '_',
    guidsAreUnique: false,
    changedAtColumn: 'last_perm_change',
  },
]

/** Run `fill` on a new file that has the global tables of the flavour, and leave it as that server would. */
export function makeForeign(path: string, flavour: ForeignFlavour, fill: (database: Database) => void): void {
  const database = openDatabase(path, { applicationId: 1, migrations: [] })
  database.exec(`
    CREATE TABLE nonces (pubkey BLOB PRIMARY KEY, nonce BLOB NOT NULL, ts INTEGER NOT NULL);
    CREATE TABLE chats (id INTEGER PRIMARY KEY, owner_pubkey BLOB NOT NULL, created_at INTEGER NOT NULL);`)
  if (flavour.hasInvites) {
    database.exec(`CREATE TABLE invites (
      id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp INTEGER NOT NULL, from_pubkey BLOB NOT NULL,
      to_pubkey BLOB NOT NULL, chat_id INTEGER NOT NULL, encrypted_data BLOB NOT NULL,
      sent INTEGER NOT NULL DEFAULT 0, UNIQUE (to_pubkey, chat_id))`)
  }
  fill(database)
  database.exec('PRAGMA application_id = 0')
  database.close()
}

export function makeForeignChat(database: Database, flavour: ForeignFlavour, chatId: bigint): void {
  const { separator, nameLimit } = flavour
  const check = nameLimit === undefined ? '' : `CHECK (length(name) <= ${nameLimit})`
  const descriptionCheck = nameLimit === undefined ? '' : 'CHECK (length(description) <= 200)'
  database.exec(`
    CREATE TABLE "settings${separator}${chatId}" (
      name TEXT NOT NULL ${check}, description TEXT NOT NULL ${descriptionCheck}, avatar BLOB,
      perms_flags INTEGER NOT NULL, created_at INTEGER NOT NULL, extra TEXT);
    CREATE TABLE "users${separator}${chatId}" (
      pubkey BLOB PRIMARY KEY, text_rank TEXT, perms_flags INTEGER NOT NULL, accepted_at INTEGER NOT NULL,
      ${flavour.changedAtColumn} INTEGER NOT NULL, banned INTEGER NOT NULL DEFAULT 0, info BLOB
      ${flavour.hasLastSeen ? ', last_seen INTEGER NOT NULL DEFAULT 0' : ''});
    CREATE TABLE "messages${separator}${chatId}" (
      id INTEGER PRIMARY KEY AUTOINCREMENT, ts INTEGER NOT NULL,
      guid INTEGER NOT NULL ${flavour.guidsAreUnique ? 'UNIQUE' : ''}, author BLOB NOT NULL
      ${flavour.hasBlobs ? ", blob BLOB NOT NULL DEFAULT x''" : ''});`)
}
