/** Every ceiling of a file server. Source of the quota: current protocol §15.3; the originals have none of the others. */
export interface FileServerLimits {
  /** Connections at one time; more are cut as they come. Default 256. */
  readonly connections: number
  /** Nonces given out and not used; the oldest goes first. Default 10 000. */
  readonly nonces: number
  /** Unfinished uploads of one connection. Default 16. */
  readonly uploadsPerConnection: number
  /** Bytes that one identity has to stay below, in files that it was the first to upload. Default 3 GiB. */
  readonly quotaBytes: number
  /** Bytes on disk of all files together, unfinished ones among them. Default 64 GiB. */
  readonly totalBytes: number
  /** Files. Default 100 000. */
  readonly files: number
}

/** Every span of a file server, in milliseconds. Source: current protocol §15.3. */
export interface FileServerSpans {
  /** A connection on which nothing moves for so long is ended. Default 300 000. */
  readonly idleMs: number
  /** From our orderly end to that of the client; then the stream is cut. Default 5 000. */
  readonly lingerMs: number
  /** From an upload to the end of the file, however often it was fetched. Default 15 days. */
  readonly retentionMs: number
  /** Age of a nonce after which a sweep takes it. Default 300 000. */
  readonly nonceMs: number
  /** From the last chunk of an unfinished upload to the sweep that drops it. Default 3 600 000. */
  readonly uploadMs: number
  /** From one sweep to the next. Default 300 000. */
  readonly sweepMs: number
}

export const DEFAULT_LIMITS: FileServerLimits = {
  connections: 256,
  nonces: 10_000,
  uploadsPerConnection: 16,
  quotaBytes: 3 * 1024 ** 3,
  totalBytes: 64 * 1024 ** 3,
  files: 100_000,
}

export const DEFAULT_SPANS: FileServerSpans = {
  idleMs: 300_000,
  lingerMs: 5_000,
  retentionMs: 15 * 24 * 3_600_000,
  nonceMs: 300_000,
  uploadMs: 3_600_000,
  sweepMs: 300_000,
}

/** @throws {RangeError} for a name that is none of `defaults`, or a value that is not a number of at least 1 */
export function complete<T extends object>(what: string, defaults: T, given: Partial<T> = {}): T {
  for (const [name, value] of Object.entries(given) as [string, unknown][]) {
    if (!(name in defaults)) throw new RangeError(`${what}.${name} is not known here`)
    if (typeof value === 'number' && value >= 1) continue
    throw new RangeError(`${what}.${name} must be a number of at least 1, got ${String(value)}`)
  }
  return { ...defaults, ...given }
}
