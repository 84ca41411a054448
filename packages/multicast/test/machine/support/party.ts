import { createRandom } from '@mimirjs/transport/testing'
import type { Verdict } from '../../../src/counters.js'
import type { MulticastError } from '../../../src/error.js'
import {
  type Answer,
  type MachineHost,
  type MachineOptions,
  type MachineSession,
  MulticastMachine,
  type PeerAddress,
  type Place,
} from '../../../src/machine/index.js'
import type { Identity } from './identity.js'
import { bytesOf, textOf } from './packets.js'

export const START_MS = 1_750_000_000_000
/** Where datagrams come from, unless a test says otherwise. */
export const HOST = '192.0.2.7'

export interface Sent {
  readonly bytes: Uint8Array
  readonly to: Place
}

export interface Message {
  readonly session: MachineSession
  readonly text: string
  readonly answer: Answer
}

export interface PartyOptions extends Partial<Omit<MachineOptions, 'publicKey' | 'place'>> {
  /** What every message is answered with at once. */
  readonly reply?: string | undefined
  /** In this order, instead of seeded ones; the first eight, which only salt tables, are not counted. */
  readonly random?: readonly Uint8Array[]
  readonly seed?: number
  /** Signatures wait for {@link Party.signAll}. */
  readonly isSignerSlow?: boolean
  readonly claims?: (payload: Uint8Array) => boolean
}

/** A machine with a host that writes everything down, and a clock that a test turns. */
export class Party implements MachineHost {
  readonly identity: Identity
  readonly machine: MulticastMachine
  readonly sent: Sent[] = []
  readonly told: MachineSession[] = []
  readonly messages: Message[] = []
  readonly over: { readonly session: MachineSession; readonly error: MulticastError | undefined }[] = []
  readonly asked: PeerAddress[] = []
  /** All random bytes that were given out, to see what becomes of them. */
  readonly given: Uint8Array[] = []
  readonly unsigned: { readonly message: Uint8Array; readonly done: (signature: Uint8Array | undefined) => void }[] = []
  /** What is done with everything that is sent. */
  onSend: ((bytes: Uint8Array, to: Place) => void) | undefined
  /** What is done with somebody unknown. */
  onPeer: ((peer: PeerAddress) => void) | undefined
  onSession: ((session: MachineSession) => void) | undefined
  nowMs: number = START_MS
  readonly #reply: string | undefined
  readonly #isSignerSlow: boolean
  readonly #claims: ((payload: Uint8Array) => boolean) | undefined
  readonly #script: Uint8Array[] | undefined
  readonly #random: (sizeBytes: number) => Uint8Array
  #isBuilt = false

  constructor(identity: Identity, options: PartyOptions = {}) {
    const { reply, random, seed = 1, isSignerSlow = false, claims, ...machine } = options
    this.identity = identity
    this.#reply = reply
    this.#isSignerSlow = isSignerSlow
    this.#claims = claims
    this.#script = random === undefined ? undefined : [...random]
    const source = createRandom(seed)
    this.#random = (sizeBytes) => source.bytes(sizeBytes)
    const { publicKey, place } = identity
    this.machine = new MulticastMachine(this, { publicKey, place, policy: () => 'accept', ...machine })
    this.#isBuilt = true
  }

  receive(bytes: Uint8Array, source: string = HOST): Verdict {
    return this.machine.receive(bytes, source, this.nowMs)
  }

  /** All that was sent since the last time. */
  take(): Sent[] {
    return this.sent.splice(0)
  }

  /** The same, without where to. */
  takeBytes(): Uint8Array[] {
    return this.take().map(({ bytes }) => bytes)
  }

  connect(peer: PeerAddress): MachineSession {
    return this.machine.connect(peer, this.nowMs)
  }

  /** A request whose end can be read. */
  request(session: MachineSession, text: string): { answer: string | MulticastError | undefined } {
    const result: { answer: string | MulticastError | undefined } = { answer: undefined }
    this.machine.request(session, bytesOf(text), this.nowMs, (answer) => {
      result.answer = answer instanceof Uint8Array ? textOf(answer) : answer
    })
    return result
  }

  /** Let time pass, waking the machine whenever it wants to be. */
  wait(forMs: number): void {
    const endMs = this.nowMs + forMs
    for (let deadlineMs = this.machine.deadlineMs; deadlineMs <= endMs; deadlineMs = this.machine.deadlineMs) {
      this.nowMs = Math.max(this.nowMs, deadlineMs)
      this.machine.advance(this.nowMs)
      if (this.machine.deadlineMs <= this.nowMs) throw new Error('the machine wants to be woken in the past')
    }
    this.nowMs = endMs
  }

  signAll(): void {
    for (const { message, done } of this.unsigned.splice(0)) done(this.identity.signer.sign(message))
  }

  send(bytes: Uint8Array, to: Place): void {
    this.sent.push({ bytes, to })
    this.onSend?.(bytes, to)
  }

  sign(message: Uint8Array, done: (signature: Uint8Array | undefined) => void): void {
    if (this.#isSignerSlow) this.unsigned.push({ message, done })
    else done(this.identity.signer.sign(message))
  }

  randomBytes(sizeBytes: number): Uint8Array {
    const bytes = this.#draw(sizeBytes)
    this.given.push(bytes)
    return bytes
  }

  peer(peer: PeerAddress): void {
    this.asked.push(peer)
    this.onPeer?.(peer)
  }

  session(session: MachineSession): void {
    this.told.push(session)
    this.onSession?.(session)
  }

  claims(_session: MachineSession, payload: Uint8Array): boolean {
    return this.#claims?.(payload) ?? false
  }

  message(session: MachineSession, payload: Uint8Array, answer: Answer): void {
    if (!this.told.includes(session) && session.role === 'responder') throw new Error('data of an unknown session')
    this.messages.push({ session, text: textOf(payload), answer })
    if (this.#reply !== undefined) answer.send(bytesOf(this.#reply))
  }

  closed(session: MachineSession, error?: MulticastError): void {
    this.over.push({ session, error })
  }

  #draw(sizeBytes: number): Uint8Array {
    if (this.#script === undefined || !this.#isBuilt) return this.#random(sizeBytes)
    const bytes = this.#script.shift()
    if (bytes?.length !== sizeBytes) throw new Error(`${sizeBytes} random bytes were not expected now`)
    return bytes.slice()
  }
}

/** Deliver what both have sent, until nobody has anything to say. */
export function settle(a: Party, b: Party): void {
  for (let round = 0; a.sent.length + b.sent.length > 0; round++) {
    if (round > 1000) throw new Error('they never stop')
    for (const { bytes } of a.take()) b.receive(bytes)
    for (const { bytes } of b.take()) a.receive(bytes)
  }
}
