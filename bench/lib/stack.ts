/** One flood of requests over an open channel. */
export interface FloodOptions {
  /** Requests kept in flight. */
  readonly depth: number
  readonly bodyBytes: number
  readonly durationMs: number
}

export interface FloodResult {
  /** Requests acknowledged inside the measured time. */
  readonly messages: number
  readonly elapsedMs: number
}

/** One open connection of a stack, seen from the client. */
export interface Channel {
  /** Keep `depth` requests in flight until the time is over. */
  flood(options: FloodOptions): Promise<FloodResult>
  /** One small request; resolves when it is acknowledged. */
  once(): Promise<void>
  /** Close with RST where the stack allows it, so that no port waits in TIME_WAIT. */
  reset(): void
  /** Resolves when nothing of it is left here; for stacks whose connections take long to end. */
  gone?(): Promise<void>
}

/**
 * One way of carrying requests and acknowledgements between two processes: ours, or one that others would use. Every
 * stack gets the same bodies and gives each body to its server as one contiguous view.
 */
export interface Stack {
  /** Start the server on a free port; the text returned is all that a client needs to reach it. */
  serve(): Promise<string>
  /**
   * Connect and finish whatever handshake the stack has.
   *
   * @param lane - connects with the same lane never overlap
   */
  connect(address: string, lane: number): Promise<Channel>
}
