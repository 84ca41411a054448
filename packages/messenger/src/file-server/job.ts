import type { FileServerConnection } from './connection.js'
import type { Scope } from './scope.js'

/** One transfer, tried on one connection after the other until it is done. */
export interface FileServerJob<T> {
  /** For messages: `upload`. */
  readonly doing: string
  /** Grows when an attempt gets further than all before it. */
  readonly progressBytes: number
  /** @throws {MessengerError} `unreachable` where another attempt may do better */
  attempt(connection: FileServerConnection, scope: Scope): Promise<T>
}
