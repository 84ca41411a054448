import { isMulticastError, type MulticastLimits } from '@mimirjs/multicast'
import { equalBytes } from '@mimirjs/wire'
import { decodeSessionInitiation, SESSION_INITIATION_BYTES } from '@mimirjs/wire/multicast'
import { isAcceptableGroup, isAcceptablePort } from '../../packages/multicast/src/address/index.js'
import type { MachineSession } from '../../packages/multicast/src/machine/index.js'
import { type Identity, server, someone } from '../../packages/multicast/test/machine/support/identity.js'
import {
  bytesOf,
  dataOf,
  declarationOf,
  idOf,
  initiationOf,
  keyOf,
  nonceOf,
  secretOf,
} from '../../packages/multicast/test/machine/support/packets.js'
import { Party, settle } from '../../packages/multicast/test/machine/support/party.js'
import type { Random } from './random.js'
import { Broken, type FuzzTarget } from './target.js'

/** So low that a few packets reach them. */
const LIMITS: Partial<MulticastLimits> = {
  peers: 3,
  sessions: 6,
  sessionsPerPeer: 3,
  halfOpenPerPeer: 2,
  finished: 4,
  messagesPerSession: 40,
  nonceBytes: 1000,
  storedAnswers: 2,
  candidates: 2,
  signaturesPerSourcePerSecond: 50,
  signaturesPerSourceBurst: 100,
  sources: 2,
  queuedRequests: 2,
}
/** Whoever waits so long has nobody left: longer than all attempts, requests, and silences. */
const FOR_EVER_MS = 2 * 86_400_000

const GUESTS: readonly Identity[] = [0, 1, 2, 3].map(someone)
const GROUPS: readonly Uint8Array[] = [
  ...GUESTS.map(({ place }) => place.group),
  new Uint8Array(16),
  Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 224, 0, 230, 1]),
]
const PORTS = [1024, 1025, 65_535, 80, 0]

/** One byte after the other; zeros when there are no more. */
class Script {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get isOver(): boolean {
    return this.#at >= this.#bytes.length
  }

  below(bound: number): number {
    return (this.#bytes[this.#at++] ?? 0) % bound
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items[this.below(Math.max(1, items.length))]
  }

  raw(sizeBytes: number): Uint8Array {
    const bytes = this.#bytes.slice(this.#at, this.#at + sizeBytes)
    this.#at += sizeBytes
    return bytes
  }
}

/** A machine, and people who know everything that a genuine one would know, and sign what they like. */
class Scene {
  readonly party: Party
  readonly isHardened: boolean
  readonly #seen: Uint8Array[] = []
  /** Of those, what the machine sent. */
  readonly #own: Uint8Array[] = []
  readonly #opened: MachineSession[] = []
  readonly #ended = new Set<MachineSession>()

  constructor(script: Script) {
    this.isHardened = script.below(4) !== 0
    this.party = new Party(server, {
      mode: this.isHardened ? 'hardened' : 'original',
      limits: LIMITS,
      reply: script.below(2) === 0 ? 'an answer' : undefined,
      isSignerSlow: script.below(4) === 0,
      policy: () => 'accept',
      claims: (payload) => payload[0] === 0x43,
    })
  }

  step(script: Script): void {
    const { party } = this
    const guest = GUESTS[script.below(GUESTS.length)] ?? server
    const id = script.below(3) === 0 ? (script.pick(this.#opened)?.id ?? idOf(1)) : idOf(script.below(5))
    const session = script.pick([...this.#opened, ...party.told])
    switch (script.below(14)) {
      case 0:
        this.#receive(declarationOf(guest))
        break
      case 1: {
        const [group, port] = [script.pick(GROUPS) ?? guest.place.group, script.pick(PORTS) ?? 0]
        this.#receive(declarationOf(guest, { group, port }))
        break
      }
      case 2:
      case 3: {
        const dst = script.below(8) === 0 ? guest.publicKey : server.publicKey
        const sessionKey = script.below(8) === 0 ? { sessionKey: new Uint8Array(32) } : {}
        this.#receive(initiationOf(guest, { id, dst, secret: secretOf(1 + script.below(3)), ...sessionKey }))
        break
      }
      case 4:
      case 5:
        this.#receiveData(script, id)
        break
      case 6:
        this.#receive(this.#changed(script))
        break
      case 7:
        this.#receive(script.raw(script.below(64)))
        break
      case 8:
        party.wait([1, 100, 1000, 5000, 70_000, 700_000][script.below(6)] ?? 1)
        break
      case 9:
        allowed(() => this.#opened.push(party.connect(guest.address)))
        break
      case 10:
        if (session !== undefined) allowed(() => party.request(session, 'a request'))
        break
      case 11:
        if (session !== undefined) allowed(() => party.machine.send(session, bytesOf('a message'), party.nowMs))
        break
      case 12:
        if (script.below(4) !== 0) this.#signSome(script)
        else if (session !== undefined) party.machine.close(session, party.nowMs)
        break
      case 13:
        if (script.below(2) === 0) party.machine.forget(guest.publicKey)
        else allowed(() => party.machine.learn(guest.address))
        break
    }
  }

  check(): void {
    const { party, isHardened } = this
    const { sessionCount, peerCount, nonceBytes } = party.machine
    if (sessionCount > (LIMITS.sessions ?? 0)) throw new Broken(`${sessionCount} sessions`)
    if (peerCount > (LIMITS.peers ?? 0)) throw new Broken(`${peerCount} peers`)
    if (nonceBytes < 0 || nonceBytes > (LIMITS.nonceBytes ?? 0)) throw new Broken(`${nonceBytes} bytes of nonces`)
    for (const { bytes, to } of party.take()) {
      if (isHardened && !(isAcceptableGroup(to.group) && isAcceptablePort(to.port)))
        throw new Broken(`something was sent to port ${to.port} of ${to.group}`)
      if (this.#own.length < 200) this.#own.push(bytes)
      if (this.#seen.length < 200) this.#seen.push(bytes)
    }
    for (const { session } of party.over.splice(0)) {
      if (this.#ended.has(session)) throw new Broken('a session ended twice')
      if (session.state !== 'closed') throw new Broken(`a session ended and is ${session.state}`)
      if (!party.told.includes(session) && !this.#opened.includes(session) && session.role === 'responder')
        throw new Broken('the end of a session that nobody knows')
      this.#ended.add(session)
    }
  }

  /** Everything passes. Somebody who comes afterwards finds a machine that works. */
  finish(): void {
    const { party } = this
    while (party.unsigned.length > 0) party.signAll()
    this.check()
    if (!this.isHardened) return
    party.wait(FOR_EVER_MS)
    this.check()
    const { sessionCount, nonceBytes, deadlineMs } = party.machine
    if (sessionCount + nonceBytes !== 0) throw new Broken('something stays for ever')
    if (deadlineMs !== Number.POSITIVE_INFINITY) throw new Broken('nobody is there, and it wants to be woken')
    for (const guest of GUESTS) party.machine.forget(guest.publicKey)
    const late = new Party(someone(9), { seed: 9 })
    late.nowMs = party.nowMs
    const session = late.connect(server.address)
    for (let round = 0; round < 2; round++) {
      for (const { bytes } of late.take()) party.receive(bytes)
      party.signAll()
      settle(late, party)
    }
    late.machine.send(session, bytesOf('still there?'), late.nowMs)
    party.messages.length = 0
    settle(late, party)
    if (party.messages.length !== 1) throw new Broken('a newcomer is not served any more')
  }

  #receive(bytes: Uint8Array): void {
    const { party } = this
    if (this.#seen.length < 200) this.#seen.push(bytes)
    const [before, copy] = [party.sent.length, bytes.slice()]
    const verdict = party.receive(bytes)
    if (verdict.startsWith('drop:') && party.sent.length > before)
      throw new Broken(`${verdict}, and something was sent`)
    if (bytes.some((byte, at) => byte !== copy[at])) throw new Broken('a datagram was changed by being read')
  }

  /** Under the key that a guest computes from a response of the machine, or from none. */
  #receiveData(script: Script, id: Uint8Array): void {
    const secret = secretOf(1 + script.below(3))
    const response = this.#own.filter((bytes) => isOwnInitiation(bytes, id)).at(-1 - script.below(2))
    const payload = bytesOf(script.below(4) === 0 ? 'C for the host' : 'something')
    const nonce = nonceOf(script.below(30))
    this.#receive(dataOf(response === undefined ? secret : keyOf(secret, response), id, nonce, payload))
  }

  /** A datagram that was seen, again, or with something changed in it. */
  #changed(script: Script): Uint8Array {
    const bytes = (script.pick(this.#seen) ?? new Uint8Array(1)).slice()
    for (let changes = script.below(3); changes > 0; changes--) {
      const at = script.below(256) % Math.max(1, bytes.length)
      if (at < bytes.length) bytes[at] = script.below(256)
    }
    return script.below(8) === 0 ? bytes.slice(0, script.below(256)) : bytes
  }

  #signSome(script: Script): void {
    const { unsigned, identity } = this.party
    if (unsigned.length === 0) return
    for (const { message, done } of unsigned.splice(script.below(unsigned.length), 1 + script.below(3)))
      done(script.below(8) === 0 ? undefined : identity.signer.sign(message))
  }
}

/** What the package says in its own words is not an accident. */
function allowed(work: () => unknown): void {
  try {
    work()
  } catch (error) {
    if (!isMulticastError(error)) throw error
  }
}

/** Whether this is an initiation that the machine made, with this id. */
function isOwnInitiation(bytes: Uint8Array, id: Uint8Array): boolean {
  if (bytes.length !== SESSION_INITIATION_BYTES || bytes[0] !== 1) return false
  const { src, sessionId } = decodeSessionInitiation(bytes)
  return equalBytes(src, server.publicKey) && equalBytes(sessionId, id)
}

/** Scripts that reach far: guests that come, are answered, and talk; openings of ours; everything mixed. */
function seeds(): Uint8Array[] {
  const [guest, talk, ours, again] = [
    (name: number) => [name, 1, 1, 0, 0, name, 1, 1, 0, 2, 1, 1, 0],
    (name: number) => [name, 1, 1, 0, 4, 0, 0, 1, name, name, 1, 1, 0, 4, 0, 0, 1, name + 4],
    (name: number) => [name, 1, 1, 0, 9, name, 0, 0, 0, 2, 1, 1, 0, name, 0, 0, 0, 10, 0, 1, 1, 0, 8, 2],
    (seen: number) => [0, 1, 1, 0, 6, seen, 0, 1],
  ]
  const wait = [0, 1, 1, 0, 8, 2]
  const everythingAgain = Array.from({ length: 8 }, (_, seen) => again(seen)).flat()
  return [
    [1, 0, 1, ...guest(0), ...talk(0), ...everythingAgain, ...guest(1), ...talk(1), 0, 1, 1, 0, 8, 3],
    [1, 0, 1, ...guest(0), ...wait, ...everythingAgain, ...talk(0), ...everythingAgain],
    [1, 0, 1, ...ours(0), ...ours(1), ...everythingAgain, 0, 1, 1, 0, 8, 4, ...guest(2), ...talk(2)],
    [1, 1, 0, ...guest(0), 0, 1, 1, 0, 12, 1, 0, 0, ...talk(0), ...ours(2)],
    [0, 0, 1, ...guest(0), ...talk(0), ...everythingAgain, ...guest(1), ...talk(1)],
  ].map((bytes) => Uint8Array.from(bytes))
}

/** What anybody may send, in any order, and what an application may do meanwhile. */
const sequences: FuzzTarget = {
  name: 'multicast.machine',
  seeds: seeds(),
  feed(input, random: Random) {
    const script = new Script(Uint8Array.from([...input, ...random.bytes(40)]))
    const scene = new Scene(script)
    for (let steps = 0; !script.isOver && steps < 60; steps++) {
      scene.step(script)
      scene.check()
    }
    scene.finish()
  },
}

export const multicastMachineTargets: readonly FuzzTarget[] = [sequences]
