// What a test can ask of a process of ours that runs in a network namespace.
import type { Verdict } from '../../../src/counters.js'
import type { Fault } from './faults.js'

export interface NodeOptions {
  /** 'ipv4', 'ipv6', 'prefix6', or a group. */
  readonly group: string
  readonly port: number
  readonly interface: string
  /** 64 hex digits; default: a new identity. */
  readonly seed?: string
  readonly faults?: readonly Fault[]
  readonly mode?: 'hardened' | 'original'
  /** Of the pauses between attempts; default 1000, as theirs. */
  readonly unitMs?: number
  readonly joinDelayMs?: number
  /** To open a session. */
  readonly attempts?: number
}

/** Calls by name: what they take, what they give. Nodes, sessions and sockets are numbers. */
export interface ActorCalls {
  /** A node that answers every message as the original server does. */
  open(options: NodeOptions): { readonly node: number; readonly address: string; readonly publicKey: string }
  connect(at: { readonly node: number; readonly address: string }): { readonly session: number; readonly id: string }
  request(what: { readonly session: number; readonly text: string }): string
  look(at: { readonly node: number }): {
    readonly counters: Readonly<Record<Verdict, number>>
    /** Messages that were answered. */
    readonly received: readonly string[]
    readonly sessions: number
    readonly errors: readonly string[]
  }
  close(at: { readonly node: number }): void
  /** A bare socket on all addresses, joined to the group when there is one. */
  socket(options: {
    readonly family: 4 | 6
    readonly port: number
    readonly interface: string
    readonly group?: string
  }): number
  /** Datagrams in hex, one after another. */
  send(what: {
    readonly socket: number
    readonly datagrams: readonly string[]
    readonly address: string
    readonly port: number
  }): void
  /** What came since the last call, at least `count` datagrams of it unless time is over. */
  heard(options: { readonly socket: number; readonly count: number; readonly timeoutMs: number }): readonly string[]
  unplug(at: { readonly socket: number }): void
}

export const GREETING = 'Hello server, how are you?'
export const ANSWER = 'Hi this is Jack : )'
