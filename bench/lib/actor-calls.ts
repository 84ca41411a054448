import type { FloodOptions, FloodResult } from './stack.js'

export interface ConnectsOptions {
  readonly address: string
  /** Connections being made at the same time. */
  readonly lanes: number
  readonly durationMs: number
}

export interface ConnectsResult {
  /** Connections that were made, authenticated, used for one acknowledged message, and closed. */
  readonly connections: number
  readonly elapsedMs: number
}

export interface OpensOptions {
  readonly address: string
  readonly durationMs: number
}

export interface IdleOptions {
  readonly address: string
  readonly count: number
  readonly lanes: number
}

export interface MemoryResult {
  /** Resident set after a forced collection, bytes. */
  readonly residentBytes: number
  readonly heapBytes: number
  /** What hangs on the heap outside it: buffers. */
  readonly bufferBytes: number
}

/** What the parent may ask of a server or client process. */
export interface ActorCalls {
  serve(): Promise<string>
  open(address: string): Promise<void>
  flood(options: FloodOptions): Promise<FloodResult>
  connects(options: ConnectsOptions): Promise<ConnectsResult>
  /** One connection after the other, each used for one acknowledged message and ended. @returns ms that each took to open */
  opens(options: OpensOptions): Promise<readonly number[]>
  /** Open connections, have one message acknowledged on each, and keep them. */
  idle(options: IdleOptions): Promise<void>
  memory(): Promise<MemoryResult>
  /** CPU time of the process so far. */
  cpuMs(): Promise<number>
}

export interface CallMessage {
  readonly id: number
  readonly method: keyof ActorCalls
  readonly argument: unknown
}

export type AnswerMessage =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string }
