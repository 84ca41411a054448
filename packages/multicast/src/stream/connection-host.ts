import type { StreamConnection } from './connection.js'
import type { StreamLimits } from './limits.js'
import type { StreamMemory } from './memory.js'
import type { LastWords } from './types.js'

/** What a stream needs of the machine it is in. */
export interface ConnectionHost {
  readonly limits: StreamLimits
  readonly memory: StreamMemory
  /** Most bytes of a stream in one segment. */
  readonly segmentBytes: number
  /** @returns `false` when there is no session with that peer now */
  send(connection: StreamConnection, payload: Uint8Array): boolean
  /** The opener has shown that it is there. @returns whether somebody takes the stream */
  accept(connection: StreamConnection): boolean
  /** It is over; what it leaves behind answers what comes late. */
  ended(connection: StreamConnection, words: LastWords): void
  /** The other side says nothing: a new session may help. */
  renew(connection: StreamConnection): void
  /** Its user has done something: {@link StreamConnection.advance} is to be called soon. */
  touch(connection: StreamConnection): void
  /** Run a callback of the user; what it throws goes elsewhere. */
  guard(callback: () => void): void
}
