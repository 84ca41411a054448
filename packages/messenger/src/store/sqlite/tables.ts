import type { Database, Statement, Value } from '@mimirjs/store'
import { fromHex, toHex } from '@mimirjs/wire'
import type { StoredMessage } from '../../store.js'
import { noSuchGroup } from '../check.js'
import { type Row, toMessage } from './rows.js'

const MAX_PEERS = 1_024

/** A row of `peer` as far as writing needs it. */
export interface PeerRow {
  readonly id: number
  readonly isGroup: boolean
}

/** The database of a messenger as those see it who know one subject of it each: statements, and the ids of peers. */
export class Tables {
  readonly #db: Database
  readonly #sql = new Map<string, Statement>()
  /** By key of peers written to lately; rows of peers are never removed. */
  readonly #peers = new Map<string, PeerRow>()

  constructor(db: Database) {
    this.#db = db
  }

  /** One step. `work` may run twice: it does nothing but run statements. */
  write<T>(work: () => T): Promise<T> {
    return this.#db.write(work)
  }

  /** A step of one statement. @returns how many rows it changed */
  change(sql: string, ...params: Value[]): Promise<number> {
    return this.write(() => this.run(sql, ...params))
  }

  /** @returns how many rows it changed */
  run(sql: string, ...params: Value[]): number {
    return this.statement(sql).run(...params).changes
  }

  get(sql: string, ...params: Value[]): Row | undefined {
    return this.statement(sql).get(...params)
  }

  all(sql: string, ...params: Value[]): Row[] {
    return this.statement(sql).all(...params)
  }

  messages(sql: string, ...params: Value[]): StoredMessage[] {
    return this.all(sql, ...params).map(toMessage)
  }

  /** Keys of the peers whose ids the query gives. @param condition - on the peer */
  peers(idQuery: string, condition = 'TRUE'): string[] {
    const rows = this.all(`SELECT key FROM peer WHERE id IN (${idQuery}) AND ${condition}`)
    return rows.map((row) => toHex(row['key'] as Uint8Array))
  }

  statement(sql: string): Statement {
    let statement = this.#sql.get(sql)
    if (!statement) this.#sql.set(sql, (statement = this.#db.prepare(sql, { bigints: true })))
    return statement
  }

  /** Row id of the peer, if there is anything about it. */
  knownPeerId(peer: string): number | undefined {
    return this.knownPeer(peer)?.id
  }

  /** The peer, if there is anything about it. */
  knownPeer(peer: string): PeerRow | undefined {
    const row = this.get('SELECT id, kind FROM peer WHERE key = ?', fromHex(peer))
    return row && { id: Number(row['id']), isGroup: row['kind'] === 'group' }
  }

  /** Row id of the peer, made on first use. Only inside a write. */
  peerId(peer: string): number {
    return this.peer(peer).id
  }

  /** The peer, made on first use. Only inside a write. */
  peer(peer: string): PeerRow {
    const known = this.knownPeer(peer)
    if (known) return known
    const row = this.get('INSERT INTO peer (key) VALUES (?) RETURNING id', fromHex(peer))!
    return { id: Number(row['id']), isGroup: false }
  }

  rememberedPeer(peer: string): PeerRow | undefined {
    return this.#peers.get(peer)
  }

  /** Only after the commit: what a write finds before may be rolled back. */
  rememberPeer(peer: string, row: PeerRow): void {
    if (this.#peers.size >= MAX_PEERS) this.#peers.clear()
    this.#peers.set(peer, row)
  }

  /** Row id of a group that is there. @throws {MessengerError} `store` */
  groupId(group: string): number {
    const row = this.get('SELECT peer FROM groupChat WHERE peer = (SELECT id FROM peer WHERE key = ?)', fromHex(group))
    if (!row) throw noSuchGroup(group)
    return Number(row['peer'])
  }

  async close(): Promise<void> {
    await this.#db.flush()
    this.#db.close()
  }
}
