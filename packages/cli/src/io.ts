import type { Readable, Writable } from 'node:stream'
import type { TimeTexts } from './chat/model/state.js'

/** Everything outside that the command touches, besides files and sockets; `process` supplies all of it. */
export interface CliIo {
  readonly stdin: Readable
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  readonly env: Readonly<Record<string, string | undefined>>
  /** Folder that relative paths start from. */
  readonly cwd: string
  /**
   * Emits `SIGINT` and `SIGTERM` (stop in order, at the second one at once), `SIGUSR2` (a tracker prints its figures), and, for
   * a chat, `SIGHUP` (its terminal is gone) and `SIGCONT` (it runs on).
   */
  readonly signals: SignalSource
  /** How times of the day are said; default: as local time. */
  readonly times?: TimeTexts
}

export type OutputStream = Writable & { readonly isTTY?: boolean }

export interface SignalSource {
  on(signal: NodeJS.Signals, listener: () => void): unknown
  off(signal: NodeJS.Signals, listener: () => void): unknown
}
