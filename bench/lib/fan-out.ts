/** Rooms with subscribers, the senders that write to them, and what a message looks like on the wire. */
export interface Topology {
  readonly rooms: number
  readonly subscribersPerRoom: number
}

/** Every server of the fan-out rows: ours, and what does the same without looking, storing or checking. */
export type FanOutServer = 'mimir-mediator' | 'net-coalesced' | 'net'

/** Bytes of a message, of which the first eight are the time it was written. */
export const BLOB_BYTES = 200
/** Connections that write, none of them subscribed; and what each keeps unanswered. */
export const SENDERS = 4
export const WINDOW = 64
export const PAGE_MESSAGES = 500
/** Messages in the first room that pages are taken from. */
export const HISTORY_MESSAGES = 2_000

/** What a client needs to know of a server. */
export interface FanOutPlace extends Topology {
  readonly server: FanOutServer
  readonly port: number
}

/** The key of member number `index`: the same in every process. */
export function memberSeed(index: number): Uint8Array {
  const seed = new Uint8Array(32).fill(0x42)
  new DataView(seed.buffer).setUint32(0, index)
  return seed
}

/** Ids of chats begin with 1. */
export function chatIdOf(room: number): bigint {
  return BigInt(room + 1)
}

export type FanOutCall =
  | { readonly do: 'serve'; readonly topology: Topology }
  | { readonly do: 'open'; readonly place: FanOutPlace }
  | { readonly do: 'flood'; readonly durationMs: number }
  | { readonly do: 'pace'; readonly perSecond: number; readonly durationMs: number }
  | { readonly do: 'pages'; readonly durationMs: number }
  | { readonly do: 'cpu' }

export interface FanOutAnswer {
  readonly place?: FanOutPlace
  /** Messages that reached every subscriber of their room, per second. */
  readonly perSecond?: number
  readonly p50Ms?: number
  readonly p99Ms?: number
  /** CPU time of the process so far. */
  readonly cpuMs?: number
  /** Messages written since the start. */
  readonly messages?: number
  readonly error?: string
}
