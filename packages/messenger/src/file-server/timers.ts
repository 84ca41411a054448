/** Every span of a client of a file server, in milliseconds. Source of the defaults: current protocol §15.4. */
export interface FileServerTimers {
  /** From a dial to an open stream. Default 15 000. */
  readonly dialMs: number
  /** To the answer to GET_NONCE, AUTH or FILE_INFO, and to the signature of our own signer. Default 15 000. */
  readonly requestMs: number
  /** To the answer to one chunk of an upload, and to the next frame of a download. Default 60 000. */
  readonly chunkMs: number
  /** From the end of the last transfer to the end of the connection. Default 60 000. */
  readonly idleMs: number
  /** From our orderly end to that of the server; then the stream is cut. Default 5 000. */
  readonly lingerMs: number
  /** From a break to the next attempt, doubling with every attempt that got no further, ± 20 %. Default 1 000. */
  readonly retryMs: number
  /** Longest of these pauses. Default 30 000. */
  readonly maxRetryMs: number
}

export const DEFAULT_FILE_SERVER_TIMERS: FileServerTimers = {
  dialMs: 15_000,
  requestMs: 15_000,
  chunkMs: 60_000,
  idleMs: 60_000,
  lingerMs: 5_000,
  retryMs: 1_000,
  maxRetryMs: 30_000,
}
