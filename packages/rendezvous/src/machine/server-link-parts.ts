import type { Counters, Verdict } from '../counters.js'
import type { MachineLimits } from '../limits.js'
import type { Signatures } from './signatures.js'
import type { MachineHost, ServerStatus } from './types.js'

/** A server as others see it. */
export interface Server {
  readonly status: ServerStatus
  /** Give it a frame; nothing happens without a socket. */
  send(frame: string): void
}

/** What a server's link shares with the machine that it belongs to. */
export interface ServerLinkParts {
  readonly host: MachineHost
  readonly publicKey: Uint8Array
  readonly limits: MachineLimits
  readonly counters: Counters
  readonly signatures: Signatures
  /** A number for the next socket. */
  readonly nextSocket: () => number
  /** An envelope came. @returns what became of it */
  readonly receive: (envelope: Uint8Array, nowMs: number, mayVerify: () => boolean) => Verdict
  /** The status changed; `isReady` says that it has just become usable. */
  readonly changed: (server: Server, isReady: boolean) => void
  readonly wakeBy: (timeMs: number) => void
}
