import type { MessengerError } from '../error.js'

/** How a file of a message moves. */
export interface FileEvent {
  /** Public key of the other person, 64 lower-case hex digits. */
  readonly peer: string
  /** Id of the message. */
  readonly id: string
  readonly outgoing: boolean
  /**
   * `progress`: bytes move, told at most every 100 ms. `waiting`: nothing moves for now, `error` says why, or others
   * come first; it goes on by itself. `paused`, `cancelled`: stopped by the user. `complete`: on our disk, or all of it sent or uploaded. `failed`:
   * given up.
   */
  readonly state: 'progress' | 'waiting' | 'paused' | 'cancelled' | 'complete' | 'failed'
  /** Less than before when it had to start over; `error` then says why. */
  readonly doneBytes: number
  readonly sizeBytes: number
  /** Where it is, once an incoming one is complete. */
  readonly path?: string
  readonly error?: MessengerError
  /** When it is tried again, in ms since 1970; absent when that depends on the other side. */
  readonly retryAtMs?: number
}

export interface DownloadOptions {
  /**
   * Where to put it: a file, or a folder that exists, under the sender's name for it made harmless. What is there already
   * is never replaced: a number is added to the name. Default: `downloads` in the messenger's folder.
   */
  to?: string
  /** Stop waiting, and pause ({@link Messenger.pauseDownload}) the download unless somebody else waits for it. */
  signal?: AbortSignal
  /** Told at most every 100 ms. */
  onProgress?(progress: DownloadProgress): void
}

export interface DownloadProgress {
  readonly doneBytes: number
  readonly sizeBytes: number
}

export interface DownloadedFile {
  /** Where it is on disk, an absolute path. */
  readonly path: string
  /** The sender's name for it, made harmless; the file itself may have a number added. */
  readonly name: string
  readonly sizeBytes: number
  readonly mimeType: string | undefined
}

/** Ceilings of transfers. */
export interface TransferLimits {
  /** Downloads from peers at the same time, one per peer. */
  peerDownloads: number
  /** Downloads from file servers at the same time. */
  serverDownloads: number
  /** Uploads to the file server at the same time. */
  uploads: number
  /** Files sent to peers that asked for them at the same time, one per connection. */
  serves: number
  /** Requests of one peer that wait for their turn; those above are ignored. */
  queuedRequests: number
  /** Bytes asked for at once of a peer that can continue a file. */
  rangeBytes: number
  /** Without {@link progressBytes} more of a file for so long, the peer is asked again. */
  silenceMs: number
  /** What counts as progress of a download, in bytes. */
  progressBytes: number
  /** How often a peer is asked for the same bytes on one connection. */
  asksPerConnection: number
  /** A peer that takes none of what it asked for, for so long, has its connection closed. */
  stallMs: number
  /** Pause after the disk refused something. */
  diskPauseMs: number
  /** Pause after a file server refused something. */
  refusedPauseMs: number
  /** How far a download got is written down at most this often. */
  countMs: number
  /** What is left free on the disk, in bytes. */
  reserveBytes: number
}

/** 60 s and three attempts: current protocol §9. */
export const DEFAULT_TRANSFER_LIMITS: TransferLimits = {
  peerDownloads: 16,
  serverDownloads: 4,
  uploads: 2,
  serves: 16,
  queuedRequests: 16,
  rangeBytes: 16 * 1_048_576,
  silenceMs: 60_000,
  progressBytes: 16_384,
  asksPerConnection: 3,
  stallMs: 120_000,
  diskPauseMs: 60_000,
  refusedPauseMs: 600_000,
  countMs: 2_000,
  reserveBytes: 16 * 1_048_576,
}
