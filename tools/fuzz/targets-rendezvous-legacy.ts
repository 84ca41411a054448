import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { importRsaPrivateKey, normaliseRsaPublicPem, type RsaPrivateKey } from '@mimirjs/crypto/rsa'
import { isWireError } from '@mimirjs/wire'
import {
  decodeLegacyChannelFrame,
  decodeLegacyFrame,
  decodeLegacyMessage,
  encodeLegacyFrame,
  encodeLegacyMessage,
  type LegacyFrame,
  type LegacyUnknown,
} from '@mimirjs/wire/rendezvous'
import { isRendezvousError } from '../../packages/rendezvous/src/error.js'
import { DEFAULT_LEGACY_LIMITS, type LegacyLimits, readPimAccount } from '../../packages/rendezvous/src/legacy/index.js'
import { LegacyMachine } from '../../packages/rendezvous/src/legacy/machine/machine.js'
import type { LegacyHost } from '../../packages/rendezvous/src/legacy/types.js'
import { createLegacyProfile } from '../../packages/rendezvous/src/server/legacy/index.js'
import { DEFAULT_SERVER_LIMITS } from '../../packages/rendezvous/src/server/limits.js'
import type { Random } from './random.js'
import { Broken, type FuzzTarget } from './target.js'

// Everything of pim that reads the texts of strangers: codecs, keys, accounts, the client's machine, the server's role.

function load<T>(file: string): readonly T[] {
  return JSON.parse(readFileSync(new URL(`../../vectors/${file}`, import.meta.url), 'utf8')) as readonly T[]
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** The value of `work`, or `undefined` where it refuses. Anything else that is thrown is a bug, and goes on. */
function attempt<T>(isRefusal: (error: unknown) => boolean, work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (isRefusal(error)) return undefined
    throw error
  }
}

const texts = ['frames', 'messages', 'channel'].flatMap((file) =>
  load<{ text: string }>(`rendezvous/legacy-${file}.json`).map(({ text }) => bytesOf(text)),
)
const keys = load<{ publicPem: string; privatePem: string }>('crypto/rendezvous-legacy-keys.json')
const people: readonly RsaPrivateKey[] = keys.map(({ privatePem }) => importRsaPrivateKey(privatePem))

/** What is decoded is encoded as something that is decoded alike, and the text that was signed stays that text. */
const text: FuzzTarget = {
  name: 'rendezvous.legacy.text',
  seeds: texts,
  feed(bytes) {
    const input = textOf(bytes)
    const frame = attempt(isWireError, () => decodeLegacyFrame(input))
    if (frame !== undefined && frame.type !== 'unknown') checkFrame(frame)
    const message = attempt(isWireError, () => decodeLegacyMessage(input))
    if (message !== undefined && !isDeepStrictEqual(decodeLegacyMessage(encodeLegacyMessage(message)), message))
      throw new Broken('written again it is another message')
    attempt(isWireError, () => decodeLegacyChannelFrame(input))
  },
}

function checkFrame(frame: LegacyFrame): void {
  // Numbers may have more digits when they are printed: then it does not fit any more.
  const again = attempt(isWireError, () => encodeLegacyFrame(frame))
  const back: LegacyFrame | LegacyUnknown | undefined = again === undefined ? frame : decodeLegacyFrame(again)
  if (!isDeepStrictEqual(back, frame)) throw new Broken('written again it is another frame')
}

/** A text is refused, or a key with one normal form. */
const pem: FuzzTarget = {
  name: 'rendezvous.legacy.pem',
  seeds: load<{ text: string }>('crypto/rendezvous-legacy-pems.json').map((vector) => bytesOf(vector.text)),
  feed(bytes) {
    const normal = normaliseRsaPublicPem(textOf(bytes))
    if (normal !== undefined && normaliseRsaPublicPem(normal) !== normal)
      throw new Broken('a normal form of a normal form')
  },
}

const account: FuzzTarget = {
  name: 'rendezvous.legacy.account',
  seeds: load<{ value: string }>('sequences/rendezvous-legacy-account.json').map(({ value }) => bytesOf(value)),
  feed(bytes) {
    attempt(isRendezvousError, () => readPimAccount(textOf(bytes)))
  },
}

/** So low that a few frames reach them. */
const LIMITS: LegacyLimits = {
  ...DEFAULT_LEGACY_LIMITS,
  people: 2,
  attempts: 3,
  seen: 4,
  prompts: 1,
  messagesBurst: 30,
}

/** A client that every byte of the script does something to, and that may hold no more than it may. */
class Scene {
  readonly #connections = new Set<number>()
  readonly #machine: LegacyMachine
  readonly #server: number
  readonly #random: Random
  #nowMs = 0

  constructor(random: Random) {
    this.#random = random
    const ignore = (): void => {}
    const host: LegacyHost = {
      openServer: ignore,
      closeServer: ignore,
      sendText: (_, sent) => {
        if (decodeLegacyFrame(sent).type === 'unknown') throw new Broken('an unknown frame was sent')
      },
      serverChanged: ignore,
      decrypt: ignore,
      sign: ignore,
      makeOffer: (connection) => void this.#connections.add(connection),
      makeAnswer: (connection) => void this.#connections.add(connection),
      applyAnswer: (connection) => this.#known(connection),
      closeConnection: (connection) => {
        this.#known(connection)
        this.#connections.delete(connection)
      },
      policy: () => random.pick(['accept', 'ask', 'ignore']),
      incoming: ignore,
      missed: ignore,
      opened: (connection) => this.#known(connection),
      closed: ignore,
      chat: ignore,
      shared: ignore,
    }
    const [own] = people as [RsaPrivateKey]
    this.#machine = new LegacyMachine({ ownPem: own.publicKey.pem, limits: LIMITS, host, random: () => 0.5 })
    this.#server = this.#machine.addServer('ws://x', 0)
  }

  step(code: number, argument: Uint8Array): void {
    const machine = this.#machine
    const connection = this.#random.pick([...this.#connections, 0])
    const other = people[1 + (code % 2)]?.publicKey.pem ?? ''
    switch (code % 16) {
      case 0:
        machine.serverOpened(this.#server, this.#nowMs)
        break
      case 1:
        machine.serverText(this.#server, '{"type":"prove-auth","encrypted":"x"}', this.#nowMs)
        break
      case 2:
        machine.decrypted(this.#server, bytesOf(`----PROOF----${'0'.repeat(32)}`), this.#nowMs)
        machine.serverText(this.#server, '{"type":"authenticated"}', this.#nowMs)
        break
      case 3:
        machine.serverText(this.#server, textOf(argument), this.#nowMs)
        break
      case 4:
      case 5:
        machine.serverText(this.#server, this.#signal(code, argument), this.#nowMs)
        break
      case 6:
        attempt(isRendezvousError, () => machine.connect(other, this.#nowMs))
        break
      case 7:
        machine.cancel(other)
        break
      case 8:
        machine.described(connection, { description: { type: 'offer', sdp: 'v=0' }, candidates: [] })
        break
      case 9:
        machine.signed(connection, argument.slice(0, 128), this.#nowMs)
        break
      case 10:
        machine.connectionReady(connection)
        break
      case 11:
        machine.connectionLost(connection, this.#nowMs)
        break
      case 12:
        machine.channelText(connection, textOf(argument))
        break
      case 13:
        machine.close(connection)
        break
      case 14:
        machine.serverClosed(this.#server, 1006, this.#nowMs)
        break
      case 15:
        this.wait(argument.length * 500)
    }
    this.#check()
  }

  wait(ms: number): void {
    this.#nowMs += ms
    this.#machine.tick(this.#nowMs)
  }

  /** Everything passes. */
  finish(): void {
    for (const { publicKey } of people) this.#machine.cancel(publicKey.pem)
    for (const connection of [...this.#connections]) this.#machine.close(connection)
    this.wait(10_000_000)
    const { peers, connections, prompts } = this.#machine.sizes
    if (peers + connections + prompts + this.#connections.size > 0) throw new Broken('something stays for ever')
  }

  /** As one of the others signs it. */
  #signal(code: number, argument: Uint8Array): string {
    const key = people[1 + (code % 2)] as RsaPrivateKey
    const [from, to] = [key.publicKey.pem, people[0]?.publicKey.pem]
    const type = (argument[0] ?? 0) % 2 === 0 ? 'offer' : 'answer'
    const hash = `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => 'AB').join(':')}`
    const setup = `a=setup:${type === 'offer' ? 'actpass' : 'active'}`
    const media = 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel'
    const sdp = ['v=0', `s=${argument.length}`, media, hash, setup, ''].join('\n')
    const message = JSON.stringify({
      type: 'signal',
      signal: { ice_candidates: [null], desc: { type, sdp } },
      from,
      to,
    })
    return encodeLegacyFrame({ type: 'relayed-msg', text: message, signature: key.signSha1(bytesOf(message)) })
  }

  #known(connection: number): void {
    if (!this.#connections.has(connection)) throw new Broken('something is done to a connection that is over')
  }

  #check(): void {
    const { peers, connections, prompts, seen } = this.#machine.sizes
    if (peers > LIMITS.people || prompts > LIMITS.prompts || seen > LIMITS.seen) throw new Broken('too much is held')
    if (connections !== this.#connections.size) throw new Broken('a connection is forgotten, and open')
    if (this.#machine.nextDeadlineMs < this.#nowMs - 1) this.wait(0)
    if (this.#machine.nextDeadlineMs < this.#nowMs) throw new Broken('it wants to be woken in the past')
  }
}

const machine: FuzzTarget = {
  name: 'rendezvous.legacy.machine',
  seeds: [
    [0, 0, 1, 0, 2, 0, 6, 0, 8, 0, 9, 3, 1, 1, 1, 4, 1, 1, 10, 0, 12, 0],
    [0, 0, 1, 0, 2, 0, 4, 2, 0, 0, 8, 0, 9, 1, 7, 10, 0, 11, 0, 4, 2, 0, 0, 15, 90],
    [14, 0, 15, 60, 0, 0, 1, 0, 2, 0, 6, 0, 7, 0, 22, 0, 5, 2, 0, 0, 4, 2, 0, 0, 15, 70],
  ].map((script) => Uint8Array.from(script)),
  feed(bytes, random) {
    const scene = new Scene(random)
    for (let at = 0; at < bytes.length; ) {
      const size = bytes[at + 1] ?? 0
      scene.step(bytes[at] ?? 0, bytes.subarray(at + 2, at + 2 + (size % 16)))
      at += 2 + (size % 16)
    }
    scene.finish()
  },
}

/** Whatever a client says, a server says only what it may, and ends it at most once. */
const server: FuzzTarget = {
  name: 'rendezvous.legacy.server',
  seeds: [
    ...texts,
    ...load<{ frames: readonly string[] }>('sequences/rendezvous-legacy-server.json').map(({ frames }) =>
      bytesOf(frames.join('\n')),
    ),
  ],
  feed(bytes, random) {
    const profile = createLegacyProfile({
      limits: DEFAULT_SERVER_LIMITS,
      randomBytes: (sizeBytes) => random.bytes(sizeBytes),
      relayed() {},
    })
    let isOpen = true
    let isIn = false
    const session = profile.open(
      {
        host: undefined,
        send: (sent) => {
          if (decodeLegacyFrame(sent).type !== 'prove-auth') throw new Broken('said what it may not say')
        },
        mayRelay: () => true,
        relay: () => {
          throw new Broken('was handed something without a login')
        },
        ping() {},
        close: () => {
          if (!isOpen) throw new Broken('ended twice')
          isOpen = false
        },
        challenged() {},
        authenticated: () => {
          isIn = true
        },
      },
      0,
    )
    for (const line of textOf(bytes).split('\n')) if (isOpen) session.received(line, 0)
    if (isIn) throw new Broken('a login without a key')
    session.closed()
  },
}

export const rendezvousLegacyTargets: readonly FuzzTarget[] = [text, pem, account, machine, server]
