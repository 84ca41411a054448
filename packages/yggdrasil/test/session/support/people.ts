import { createSigner, generateX25519KeyPair, type X25519KeyPair } from '@mimirjs/crypto'
import { DEFAULT_LIMITS, type SessionLimits } from '../../../src/limits.js'
import { sessionIdentity } from '../../../src/session/identity.js'
import { Sessions } from '../../../src/session/sessions.js'
import type { ReferenceSessions } from './reference.js'

/** One end of sessions under test: what it wrote to the network, and what was delivered to it. */
export interface Person {
  readonly publicKey: Uint8Array
  readonly sessions: Sessions
  readonly written: { readonly dest: Uint8Array; readonly message: Uint8Array }[]
  readonly delivered: { readonly source: Uint8Array; readonly payload: Uint8Array; readonly nowMs: number }[]
  readonly answers: Uint8Array[]
}

export interface PersonOptions {
  readonly limits?: Partial<SessionLimits>
  readonly generateKeyPair?: () => X25519KeyPair
  /** Unix time at 0 ms. */
  readonly epochSeconds?: number
  readonly onDeliver?: (person: Person, source: Uint8Array, payload: Uint8Array, nowMs: number) => void
}

/** The hand of the clock that all people of a test look at. */
export interface Time {
  nowMs: number
}

export function person(seedByte: number, time: Time, options: PersonOptions = {}): Person {
  const seed = new Uint8Array(32).fill(seedByte)
  const signer = createSigner(seed)
  const written: Person['written'] = []
  const delivered: Person['delivered'] = []
  const answers: Uint8Array[] = []
  const sessions = new Sessions({
    publicKey: signer.publicKey,
    identity: sessionIdentity(seed, signer),
    generateKeyPair: options.generateKeyPair ?? generateX25519KeyPair,
    wallSeconds: () => (options.epochSeconds ?? 1_750_000_000) + time.nowMs / 1000,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    output: {
      send(dest, message) {
        written.push({ dest: dest.slice(), message: message.slice() })
        return true
      },
      deliver: (source, payload, nowMs) => {
        delivered.push({ source: source.slice(), payload: payload.slice(), nowMs })
        options.onDeliver?.(self, source, payload, nowMs)
      },
      answered: (source) => answers.push(source.slice()),
    },
  })
  const self: Person = { publicKey: signer.publicKey, sessions, written, delivered, answers }
  return self
}

/** One end, whoever made it. */
export interface End {
  readonly publicKey: Uint8Array
  readonly sessions: Pick<Sessions, 'send' | 'receive' | 'advance' | 'nextDeadlineMs'> | ReferenceSessions
  readonly written: Person['written']
  readonly delivered: Person['delivered']
}

/** Carry what both have written until nobody writes any more. @param lose - decides what does not arrive */
export function exchange<Kind extends End>(
  a: Kind,
  b: Kind,
  time: Time,
  lose: (message: Uint8Array, from: Kind) => boolean = () => false,
): void {
  for (;;) {
    const fromA = a.written.shift()
    if (fromA !== undefined && !lose(fromA.message, a)) b.sessions.receive(a.publicKey, fromA.message, time.nowMs)
    const fromB = b.written.shift()
    if (fromB !== undefined && !lose(fromB.message, b)) a.sessions.receive(b.publicKey, fromB.message, time.nowMs)
    if (fromA === undefined && fromB === undefined) return
  }
}

/** Let time pass in steps, doing what is due, and carry what is written. */
export function pass(people: readonly [End, End], time: Time, ms: number, stepMs = 100): void {
  const untilMs = time.nowMs + ms
  while (time.nowMs < untilMs) {
    time.nowMs = Math.min(untilMs, time.nowMs + stepMs)
    for (const { sessions } of people) if (sessions.nextDeadlineMs <= time.nowMs) sessions.advance(time.nowMs)
    exchange(people[0], people[1], time)
  }
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export function texts(person: End): string[] {
  return person.delivered.map(({ payload }) => new TextDecoder().decode(payload))
}
