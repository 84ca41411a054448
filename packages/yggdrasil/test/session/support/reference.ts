import {
  boxOpen,
  boxSeal,
  boxSharedKey,
  createSigner,
  generateX25519KeyPair,
  type X25519KeyPair,
} from '@mimirjs/crypto'
import { sessionIdentity } from '../../../src/session/identity.js'
import { type Announced, openInit, sealInit } from '../../../src/session/init.js'
import { decodeSessionTraffic, encodeSessionTraffic, SessionType } from '../../../src/wire/session.js'
import type { Person, Time } from './people.js'

// The session as the originals have it, yggdrasil protocol §8.5 line by line: no repairs, no limits, no bounds. Ours has
// to get along with it.

const MINUTE_MS = 60_000

interface State {
  current: Uint8Array
  next: Uint8Array
  remoteKeySeq: bigint
  seq: number
  recv: X25519KeyPair
  send: X25519KeyPair
  nxt: X25519KeyPair
  localKeySeq: bigint
  recvNonce: bigint
  sendNonce: bigint
  nextSendNonce: bigint
  nextRecvNonce: bigint
  rotatedMs: number
  usedMs: number
}

/** Only what a test says to a {@link Person}'s sessions. */
export type Reference = Omit<Person, 'sessions'> & { readonly sessions: ReferenceSessions }

export function referencePerson(seedByte: number, time: Time): Reference {
  const seed = new Uint8Array(32).fill(seedByte)
  const written: Reference['written'] = []
  const delivered: Reference['delivered'] = []
  const sessions = new ReferenceSessions(seed, time, {
    write: (dest, message) => written.push({ dest, message }),
    deliver: (source, payload) => delivered.push({ source: source.slice(), payload, nowMs: time.nowMs }),
  })
  return { publicKey: sessions.publicKey, sessions, written, delivered, answers: [] }
}

interface Output {
  write(dest: Uint8Array, message: Uint8Array): void
  deliver(source: Uint8Array, payload: Uint8Array): void
}

export class ReferenceSessions {
  readonly publicKey: Uint8Array
  readonly nextDeadlineMs: number = Number.POSITIVE_INFINITY
  readonly #identity
  readonly #time: Time
  readonly #output: Output
  #state: State | undefined
  #buffer: { a0: X25519KeyPair; a1: X25519KeyPair; payload: Uint8Array; usedMs: number } | undefined

  constructor(seed: Uint8Array, time: Time, output: Output) {
    const signer = createSigner(seed)
    this.publicKey = signer.publicKey
    this.#identity = sessionIdentity(seed, signer)
    this.#time = time
    this.#output = output
  }

  advance(): void {}

  send(dest: Uint8Array, payload: Uint8Array): void {
    const state = this.#live()
    if (state !== undefined) {
      this.#traffic(dest, state, payload)
      return
    }
    this.#buffer ??= { a0: generateX25519KeyPair(), a1: generateX25519KeyPair(), payload, usedMs: 0 }
    const { a0, a1 } = this.#buffer
    this.#buffer.payload = payload.slice()
    this.#buffer.usedMs = this.#time.nowMs
    this.#init(dest, a0, a1, 0n)
  }

  receive(source: Uint8Array, message: Uint8Array): void {
    const type = message[0]
    if (type === SessionType.traffic) this.#receiveTraffic(source, message)
    if (type !== SessionType.init && type !== SessionType.ack) return
    const announced = openInit(message, this.#identity, source)
    if (announced === undefined) return
    const old = this.#live()
    const state = old ?? this.#create(announced)
    if (announced.seq > state.seq) {
      state.current = announced.current
      state.next = announced.next
      state.seq = announced.seq
      state.remoteKeySeq = BigInt(announced.keySeq)
      shift(state)
      fix(state, 0n, state.sendNonce)
      state.usedMs = this.#time.nowMs
      if (type === SessionType.init || old === undefined) this.#ack(source, state)
    }
    const buffer = this.#buffer
    if (old === undefined && buffer !== undefined) {
      this.#buffer = undefined
      this.#traffic(source, state, buffer.payload)
    }
  }

  #live(): State | undefined {
    const { nowMs } = this.#time
    if (this.#state !== undefined && nowMs - this.#state.usedMs >= MINUTE_MS) this.#state = undefined
    if (this.#buffer !== undefined && nowMs - this.#buffer.usedMs >= MINUTE_MS) this.#buffer = undefined
    return this.#state
  }

  #create({ current, next, seq }: Announced): State {
    return (this.#state = {
      current,
      next,
      remoteKeySeq: 0n,
      seq: seq - 1,
      recv: generateX25519KeyPair(),
      send: this.#buffer?.a0 ?? generateX25519KeyPair(),
      nxt: this.#buffer?.a1 ?? generateX25519KeyPair(),
      localKeySeq: 0n,
      recvNonce: 0n,
      sendNonce: 0n,
      nextSendNonce: 0n,
      nextRecvNonce: 0n,
      rotatedMs: Number.NEGATIVE_INFINITY,
      usedMs: this.#time.nowMs,
    })
  }

  #receiveTraffic(source: Uint8Array, message: Uint8Array): void {
    const state = this.#live()
    if (state === undefined) {
      this.#init(source, generateX25519KeyPair(), generateX25519KeyPair(), 0n)
      return
    }
    const { localKeySeq: r, remoteKeySeq: l, nonce, sealed } = decodeSessionTraffic(message)
    const isNormal = r === state.remoteKeySeq && l + 1n === state.localKeySeq
    const isRatchet = r === state.remoteKeySeq + 1n && l === state.localKeySeq
    const isEarly = r === state.remoteKeySeq + 1n && l + 1n === state.localKeySeq
    if (!isNormal && !isRatchet && !isEarly) {
      this.#init(source, state.send, state.nxt, state.localKeySeq)
      return
    }
    const counter = isNormal ? 'recvNonce' : isRatchet ? 'nextSendNonce' : 'nextRecvNonce'
    if (nonce <= state[counter]) return
    const theirs = isNormal ? state.current : state.next
    const plain = open(sealed, nonce, isRatchet ? state.send : state.recv, theirs)
    if (plain === undefined) {
      this.#init(source, state.send, state.nxt, state.localKeySeq)
      return
    }
    state[counter] = nonce
    const { nowMs } = this.#time
    state.usedMs = nowMs
    if (!isNormal && nowMs - state.rotatedMs > MINUTE_MS) {
      state.current = state.next
      state.next = plain.slice(0, 32)
      state.remoteKeySeq++
      shift(state)
      fix(state, nonce, 0n)
      state.rotatedMs = nowMs
    }
    this.#output.deliver(source, plain.slice(32))
  }

  #traffic(dest: Uint8Array, state: State, payload: Uint8Array): void {
    state.sendNonce++
    state.usedMs = this.#time.nowMs
    const { localKeySeq, remoteKeySeq, sendNonce, send, current, nxt } = state
    const plain = Uint8Array.of(...nxt.publicKey, ...payload)
    const sealed = boxSeal(boxSharedKey(send.privateKey, current), nonceOf(sendNonce), plain)
    this.#output.write(dest, encodeSessionTraffic({ localKeySeq, remoteKeySeq, nonce: sendNonce, sealed }))
  }

  #init(dest: Uint8Array, current: X25519KeyPair, next: X25519KeyPair, keySeq: bigint): void {
    this.#announce(SessionType.init, dest, current, next, keySeq)
  }

  #ack(dest: Uint8Array, { send, nxt, localKeySeq }: State): void {
    this.#announce(SessionType.ack, dest, send, nxt, localKeySeq)
  }

  #announce(type: 1 | 2, dest: Uint8Array, current: X25519KeyPair, next: X25519KeyPair, keySeq: bigint): void {
    const seq = Math.floor(1_750_000_000 + this.#time.nowMs / 1000)
    const announced = { current: current.publicKey, next: next.publicKey, keySeq: Number(keySeq), seq }
    this.#output.write(dest, sealInit(type, announced, this.#identity, generateX25519KeyPair(), dest))
  }
}

function shift(state: State): void {
  state.recv = state.send
  state.send = state.nxt
  state.nxt = generateX25519KeyPair()
  state.localKeySeq++
}

function fix(state: State, recvNonce: bigint, sendNonce: bigint): void {
  state.recvNonce = recvNonce
  state.sendNonce = sendNonce
  state.nextSendNonce = 0n
  state.nextRecvNonce = 0n
}

function open(sealed: Uint8Array, nonce: bigint, ours: X25519KeyPair, theirs: Uint8Array): Uint8Array | undefined {
  try {
    return boxOpen(boxSharedKey(ours.privateKey, theirs), nonceOf(nonce), sealed)
  } catch {
    return undefined
  }
}

function nonceOf(counter: bigint): Uint8Array {
  const nonce = new Uint8Array(24)
  new DataView(nonce.buffer).setBigUint64(16, counter)
  return nonce
}
