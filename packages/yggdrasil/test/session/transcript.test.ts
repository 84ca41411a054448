import { readFileSync } from 'node:fs'
import { createSigner, type X25519KeyPair, x25519PublicKey } from '@mimirjs/crypto'
import { expect, test } from 'vitest'
import { fromHex, toHex } from '../../src/hex.js'
import { sessionIdentity } from '../../src/session/identity.js'
import { openInit, sealInit } from '../../src/session/init.js'
import { SessionType } from '../../src/wire/session.js'
import { person, type Time } from './support/people.js'

interface Message {
  readonly from: 'A' | 'C'
  readonly type: 'init' | 'ack' | 'traffic'
  readonly hex: string
  readonly payload?: string
  readonly seq?: string
  readonly keySeq?: string
}

interface Transcript {
  readonly name: string
  readonly timeSeconds: number
  readonly messages: readonly Message[]
}

const FILE = new URL('../../../../vectors/sequences/yggdrasil-sessions.json', import.meta.url)
const transcript = (JSON.parse(readFileSync(FILE, 'utf8')) as Transcript[]).find(({ name }) => name === 'first-contact')
if (transcript === undefined) throw new Error('first-contact is missing')
const { messages, timeSeconds } = transcript

const pair = (byte: number): X25519KeyPair => {
  const privateKey = new Uint8Array(32).fill(byte)
  return { privateKey, publicKey: x25519PublicKey(privateKey) }
}

/** Draws the private keys given, each of 32 equal bytes, and fails when there is no more. */
const drawing = (...drawn: number[]) => {
  return () => {
    const byte = drawn.shift()
    if (byte === undefined) throw new Error('one key more than the transcript has')
    return pair(byte)
  }
}

const message = (at: number): Uint8Array => fromHex(messages[at]?.hex ?? '') ?? new Uint8Array(0)
const payload = (at: number): Uint8Array => fromHex(messages[at]?.payload ?? '') ?? new Uint8Array(0)

test('two machines write the transcript byte for byte', () => {
  const time: Time = { nowMs: 0 }
  const a = person(1, time, { epochSeconds: timeSeconds, generateKeyPair: drawing(0x21, 0x22, 0x41, 0x23, 0x43, 0x24) })
  const c = person(3, time, { epochSeconds: timeSeconds, generateKeyPair: drawing(0x31, 0x32, 0x33, 0x42, 0x34) })
  const wrote = (who: typeof a) => toHex(who.written.shift()?.message ?? new Uint8Array(0))

  a.sessions.send(c.publicKey, payload(3), 0)
  expect(wrote(a)).toBe(messages[0]?.hex)
  c.sessions.receive(a.publicKey, message(0), 0)
  expect(wrote(c)).toBe(messages[1]?.hex)
  a.sessions.receive(c.publicKey, message(1), 0)
  // The reference numbers its Ack like the Init of the same second; ours has the next number (§8.6), and else the same.
  const ack = openInit(a.written[0]?.message ?? new Uint8Array(0), identity(3), a.publicKey)
  expect(ack).toMatchObject({ keySeq: 1, seq: timeSeconds + 1 })
  expect(ack?.current).toEqual(pair(0x22).publicKey)
  expect(ack?.next).toEqual(pair(0x23).publicKey)
  a.written.shift()
  expect(wrote(a)).toBe(messages[3]?.hex)

  c.sessions.receive(a.publicKey, message(2), 0)
  c.sessions.receive(a.publicKey, message(3), 0)
  expect(c.delivered.map((packet) => packet.payload)).toEqual([payload(3)])
  c.sessions.send(a.publicKey, payload(4), 0)
  expect(wrote(c)).toBe(messages[4]?.hex)
  a.sessions.receive(c.publicKey, message(4), 0)
  a.sessions.send(c.publicKey, payload(5), 0)
  expect(wrote(a)).toBe(messages[5]?.hex)
  c.sessions.receive(a.publicKey, message(5), 0)
  c.sessions.send(a.publicKey, payload(6), 0)
  expect(wrote(c)).toBe(messages[6]?.hex)
  a.sessions.receive(c.publicKey, message(6), 0)

  expect(a.delivered.map((packet) => packet.payload)).toEqual([payload(4), payload(6)])
  expect(c.delivered.map((packet) => packet.payload)).toEqual([payload(3), payload(5)])
  expect(a.sessions.sessions()).toMatchObject([{ localKeySeq: 2, remoteKeySeq: 2, rxBytes: 10, txBytes: 11 }])
  expect(c.sessions.sessions()).toMatchObject([{ localKeySeq: 2, remoteKeySeq: 1, rxBytes: 11, txBytes: 10 }])
  expect([...a.written, ...c.written]).toEqual([])
})

test("the reference's own Ack of the Ack is written too, when it is numbered so", () => {
  const seed = new Uint8Array(32).fill(1)
  const announced = { current: pair(0x22).publicKey, next: pair(0x23).publicKey, keySeq: 1, seq: timeSeconds }
  const signer = createSigner(seed)
  const ack = sealInit(SessionType.ack, announced, sessionIdentity(seed, signer), pair(0x43), key(3))
  expect(toHex(ack)).toBe(messages[2]?.hex)
})

test('what is changed anywhere in an Init is no Init', () => {
  const init = message(0)
  expect(openInit(init, identity(3), key(1))).toMatchObject({ keySeq: 0, seq: timeSeconds })
  expect(openInit(init, identity(3), key(2))).toBeUndefined()
  expect(openInit(init, identity(2), key(1))).toBeUndefined()
  for (let at = 1; at < init.length; at += 7) {
    const forged = init.slice()
    forged[at] = (forged[at] ?? 0) ^ 1
    expect(openInit(forged, identity(3), key(1)), `byte ${at}`).toBeUndefined()
  }
  expect(openInit(init.subarray(1), identity(3), key(1))).toBeUndefined()
  expect(openInit(new Uint8Array([...init, 0]), identity(3), key(1))).toBeUndefined()
})

function key(seedByte: number): Uint8Array {
  return createSigner(new Uint8Array(32).fill(seedByte)).publicKey
}

function identity(seedByte: number) {
  const seed = new Uint8Array(32).fill(seedByte)
  return sessionIdentity(seed, createSigner(seed))
}
