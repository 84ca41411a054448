import type { SeedSigner } from '@mimirjs/crypto'
import { equalBytes, fromHex, toHex } from '@mimirjs/wire'
import {
  bindSigningBytes,
  decodeB64u,
  decodeEnvelope,
  decodeLinkFrame,
  type EnvelopeBody,
  EnvelopeKind,
  encodeB64u,
  encodeChannelFrame,
} from '@mimirjs/wire/rendezvous'
import { isRendezvousError } from '../../packages/rendezvous/src/error.js'
import type { RendezvousLimits } from '../../packages/rendezvous/src/limits.js'
import type { OwnAttempt } from '../../packages/rendezvous/src/machine/attempt.js'
import type { ConnectionState } from '../../packages/rendezvous/src/machine/index.js'
import { envelopeOf } from '../../packages/rendezvous/test/machine/support/envelopes.js'
import { a, oneOfMany } from '../../packages/rendezvous/test/machine/support/identity.js'
import { Party } from '../../packages/rendezvous/test/machine/support/party.js'
import { sdpOf } from '../../packages/rendezvous/test/machine/support/sdp.js'
import { FakeServer } from '../../packages/rendezvous/test/machine/support/server.js'
import { START_MS, World } from '../../packages/rendezvous/test/machine/support/world.js'
import type { Random } from './random.js'
import { Broken, type FuzzTarget } from './target.js'

/** So low that a few envelopes reach them. */
const LIMITS: Partial<RendezvousLimits> = {
  attempts: 3,
  incomingAttempts: 2,
  links: 2,
  candidates: 6,
  senders: 3,
  contacts: 2,
  recipients: 2,
  prompts: 2,
  promptKeys: 2,
  blocked: 1,
  chatIds: 2,
  unackedChats: 2,
  badChannelFrames: 2,
  badServerFrames: 2,
  leftMs: 60_000,
  reconnectMs: 60_000,
}
/** Longer than any attempt, any silence, and any pause of a server. */
const FOR_EVER_MS = 300_000

const GUESTS: readonly SeedSigner[] = [0, 1, 2, 3].map(oneOfMany)
/** The last two are strangers: the user is asked. */
const CONTACTS: readonly SeedSigner[] = GUESTS.slice(0, 2)
const NEWCOMER: SeedSigner = oneOfMany(99)
const FP = 'ab'.repeat(32)
const NOBODYS: Uint8Array = new Uint8Array(32)
const STATES: readonly ConnectionState[] = ['connected', 'disconnected', 'failed']

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

  raw(sizeBytes: number): Uint8Array {
    const bytes = this.#bytes.slice(this.#at, this.#at + sizeBytes)
    this.#at += sizeBytes
    return bytes
  }
}

/** A machine, two servers that say anything, and people who sign what they like and know all that they could know. */
class Scene {
  readonly world: World = new World()
  readonly servers: readonly FakeServer[]
  readonly party: Party
  /** Envelopes of both directions. */
  readonly #seen: string[] = []
  /** Who may hear of us, in hex. */
  readonly #met: Set<string> = new Set(CONTACTS.map(({ publicKey }) => toHex(publicKey)))
  #sent = 0
  #ctr = 200
  #epoch = START_MS

  constructor(script: Script) {
    this.servers = [0, 1].map((at) => new FakeServer(this.world, `wss://s${at}.example.org`))
    this.party = new Party(this.world, a, {
      limits: LIMITS,
      isSignerSlow: script.below(3) === 0,
      canRestartIce: script.below(3) !== 0,
      policy: (publicKey) =>
        [...CONTACTS, NEWCOMER].some((guest) => equalBytes(guest.publicKey, publicKey)) ? 'accept' : 'ask',
    })
    this.party.rtc.isMute = true
    this.party.join(...this.servers)
    this.#settle()
  }

  step(script: Script): void {
    const { party, world } = this
    const { machine } = party
    const guest = GUESTS[script.below(GUESTS.length)] ?? NEWCOMER
    const attempt = this.#attemptWith(guest, script)
    const connection = attempt?.connection ?? script.below(4)
    const { nowMs } = world
    switch (script.below(16)) {
      case 0:
        this.#deliver(this.#envelope(guest, attempt, script, { kind: EnvelopeKind.knock }, 3), script)
        break
      case 1:
      case 2:
        this.#forward(guest, attempt, script)
        break
      case 3:
        this.#deliver(this.#envelope(guest, attempt, script, this.#bodyOf(attempt, script), 12), script)
        break
      case 4:
        this.#deliver(this.#changed(script), script)
        break
      case 5:
        this.#server(script)?.say(party, new TextDecoder().decode(script.raw(script.below(40))))
        break
      case 6:
        this.#wait([1, 200, 5000, 31_000, 61_000, 125_000][script.below(6)] ?? 1)
        break
      case 7:
        this.#decide(guest, script)
        break
      case 8:
        machine.described(connection, script.below(6) === 0 ? 'v=0' : sdpOf(FP, this.#setup(attempt), 'x.1'), nowMs)
        break
      case 9: {
        const c = Array.from({ length: script.below(10) }, (_, at) => ({ candidate: `candidate:${at}` }))
        machine.localCandidates(connection, c, script.below(3) === 0, nowMs)
        break
      }
      case 10:
        machine.channelOpen(connection, [undefined, FP, 'cd'.repeat(32)][script.below(4) % 3], nowMs)
        break
      case 11:
        machine.channelText(connection, this.#frame(guest, attempt, script), nowMs)
        break
      case 12:
        machine.connectionState(connection, STATES[script.below(3)] ?? 'failed', nowMs)
        break
      case 13:
        if (script.below(3) === 0) machine.channelClosed(connection, nowMs)
        else machine.channelBinary(connection, NOBODYS, nowMs)
        break
      case 14:
        this.#network(script)
        break
      case 15:
        if (party.unsigned.length === 0 && attempt !== undefined) machine.close(attempt, nowMs)
        this.#signSome(script)
        break
    }
    this.#settle()
  }

  check(): void {
    const { party } = this
    const all = party.machine.attempts()
    const open = all.filter(({ state }) => state === 'open').length
    if (open > 2) throw new Broken(`${open} links`)
    if (all.length - open > 3) throw new Broken(`${all.length - open} attempts`)
    if (party.machine.knocks().length > 2) throw new Broken(`${party.machine.knocks().length} at the prompt`)
    if (party.machine.state().contacts.length > 2) throw new Broken('too many contacts are remembered')
    for (const { state, closeCode } of party.ended)
      if (state !== 'closed' || closeCode === undefined) throw new Broken(`an attempt ended and is ${state}`)
    for (const { text } of party.sent.slice(this.#sent)) {
      const frame = decodeLinkFrame(text)
      if (frame.type !== 'relay-msg') continue
      if (this.#seen.length < 200) this.#seen.push(frame.e)
      const { to } = decodeEnvelope(decodeB64u(frame.e))
      if (!this.#met.has(toHex(to))) throw new Broken('something was sent to somebody whom nobody let in')
    }
    this.#sent = party.sent.length
  }

  /** Everything passes. Somebody who comes afterwards finds a machine that works. */
  finish(): void {
    const { party, world } = this
    party.isSignerSlow = false
    for (let round = 0; party.unsigned.length > 0; round++) {
      if (round > 1000) throw new Broken('it signs without end')
      party.signAll()
    }
    for (const server of this.servers) server.isUp = true
    for (const guest of GUESTS) party.machine.unblock(guest.publicKey)
    this.#wait(FOR_EVER_MS)
    for (const { url } of this.servers) party.machine.retryServer(url, world.nowMs)
    this.#wait(61_000)
    this.check()
    const left = party.machine.attempts()
    if (left.length > 0) throw new Broken(`an attempt is ${left[0]?.state} for ever`)
    party.rtc.isMute = false
    const newcomer = new Party(world, NEWCOMER).join(...this.servers)
    world.settle()
    const attempt = newcomer.connect(party)
    world.settle()
    if (attempt.state !== 'open') throw new Broken(`a newcomer is not served any more: ${attempt.state}`)
  }

  #wait(forMs: number): void {
    this.world.wait(forMs)
  }

  #settle(): void {
    this.world.settle()
  }

  #server(script: Script): FakeServer | undefined {
    return this.servers[script.below(2)]
  }

  #deliver(envelope: string, script: Script): void {
    if (this.#seen.length < 200) this.#seen.push(envelope)
    const before = this.party.links.length
    this.#server(script)?.deliver(this.party, envelope)
    if (this.party.links.length > before) throw new Broken('an envelope opened a link')
  }

  #attemptWith({ publicKey }: SeedSigner, script: Script): OwnAttempt | undefined {
    const all = this.party.machine.attempts().filter(({ peer }) => equalBytes(peer, publicKey))
    return all[script.below(Math.max(1, all.length))] as OwnAttempt | undefined
  }

  /** @param rareness - one of so many has nothing to do with the attempt */
  #envelope(
    from: SeedSigner,
    attempt: OwnAttempt | undefined,
    script: Script,
    body: EnvelopeBody,
    rareness: number,
  ): string {
    const isFitting = script.below(rareness) !== 0 && body.kind !== EnvelopeKind.knock
    const sid = isFitting && attempt !== undefined ? attempt.sid : new Uint8Array(16).fill(script.below(4))
    const expMs = this.world.nowMs + ([60_000, 0, -61_000, 200_000][script.below(16)] ?? 60_000)
    this.#ctr += 1
    const isFresh = script.below(8) !== 0
    const ctr = isFresh ? this.#ctr : script.below(200)
    // A new instance of everybody, now and then.
    if (script.below(32) === 0) this.#epoch += 1
    return envelopeOf({ from, to: a, body, sid, epoch: this.#epoch, ctr, expMs })
  }

  /** What the other side, or WebRTC, does next when all goes well. */
  #forward(guest: SeedSigner, attempt: OwnAttempt | undefined, script: Script): void {
    const { machine } = this.party
    const { nowMs } = this.world
    const connection = attempt?.connection ?? 0
    const say = (choice: number): void => {
      this.#deliver(this.#envelope(guest, attempt, script, this.#bodyOf(attempt, script, choice), 64), script)
    }
    switch (attempt?.state) {
      case undefined:
        if (machine.knocks().some(({ publicKey }) => equalBytes(publicKey, guest.publicKey))) {
          this.#met.add(toHex(guest.publicKey))
          allowed(() => machine.accept(guest.publicKey, nowMs))
        } else this.#deliver(this.#envelope(guest, attempt, script, { kind: EnvelopeKind.knock }, 1), script)
        return
      case 'knocking':
        say(0)
        return
      case 'waiting':
        say(1)
        return
      case 'offering':
        if (attempt.localId === undefined) machine.described(connection, sdpOf(FP, 'actpass', 'x.1'), nowMs)
        else say(2)
        return
      case 'answering':
        if (attempt.localId === undefined) machine.described(connection, sdpOf(FP, 'active', 'x.1'), nowMs)
        else machine.channelOpen(connection, FP, nowMs)
        return
      case 'connecting':
        machine.channelOpen(connection, FP, nowMs)
        return
      case 'binding':
        machine.channelText(connection, encodeChannelFrame({ type: 'bind', sig: this.#bindOf(guest, attempt) }), nowMs)
        return
      case 'open':
        if (attempt.restart === undefined && attempt.role === 'answerer') say(1)
        else if (attempt.restart === undefined) machine.connectionState(connection, 'failed', nowMs)
        else if (attempt.localId === undefined)
          machine.described(connection, sdpOf(FP, this.#setup(attempt), 'x.2'), nowMs)
        else if (attempt.role === 'offerer' && !attempt.restart.isAnswered) say(2)
        else machine.connectionState(connection, 'connected', nowMs)
        return
      default:
    }
  }

  /** What the other side of this attempt could say now. */
  #bodyOf(attempt: OwnAttempt | undefined, script: Script, choice: number = script.below(6)): EnvelopeBody {
    const fp = script.below(16) === 15 ? 'cd'.repeat(32) : FP
    const { knockId = NOBODYS, welcomeId = NOBODYS, offerId = NOBODYS, answerId = NOBODYS } = attempt ?? {}
    const restartId = attempt?.restart?.offerId
    switch (choice) {
      case 0:
        return { kind: EnvelopeKind.welcome, re: knockId }
      case 1: {
        const re = attempt?.state === 'open' ? answerId : welcomeId
        return { kind: EnvelopeKind.offer, sdp: sdpOf(fp, 'actpass', 'y.1'), fp, re }
      }
      case 2:
        return { kind: EnvelopeKind.answer, sdp: sdpOf(fp, 'active', 'y.1'), fp, re: restartId ?? offerId }
      case 3: {
        const re = attempt?.role === 'offerer' ? answerId : offerId
        return { kind: EnvelopeKind.candidates, re, c: [{ candidate: 'x' }], end: script.below(2) === 0 }
      }
      case 4:
        return { kind: EnvelopeKind.decline, re: knockId }
      default:
        return { kind: EnvelopeKind.hangup }
    }
  }

  /** An envelope that was seen, again, or with something changed in it. */
  #changed(script: Script): string {
    const bytes = decodeB64u(this.#seen[script.below(Math.max(1, this.#seen.length))] ?? 'A'.repeat(227))
    for (let changes = script.below(3); changes > 0; changes--) {
      const at = (script.below(256) * 256 + script.below(256)) % bytes.length
      bytes[at] = script.below(256)
    }
    return encodeB64u(bytes)
  }

  #frame(guest: SeedSigner, attempt: OwnAttempt | undefined, script: Script): string {
    switch (script.below(8)) {
      case 0:
        return new TextDecoder().decode(script.raw(script.below(40)))
      case 1:
        return encodeChannelFrame({ type: 'chat', id: new Uint8Array(16).fill(script.below(4)), ts: 0, text: 'hello' })
      case 2:
        return encodeChannelFrame({ type: 'window', n: script.below(256) })
      case 3:
        return encodeChannelFrame({ type: 'ping', n: script.below(256) })
      case 4:
        return script.below(4) === 0 ? '{"type":"bye"}' : '{"type":"shared","shared":{}}'
      default:
        return encodeChannelFrame({ type: 'bind', sig: this.#bindOf(guest, attempt) })
    }
  }

  /** The bind of the other side of this attempt. */
  #bindOf(guest: SeedSigner, attempt: OwnAttempt | undefined): Uint8Array {
    const { offerId, answerId, ownFp, peerFp } = attempt ?? {}
    if (attempt === undefined || offerId === undefined || answerId === undefined) return new Uint8Array(64)
    if (ownFp === undefined || peerFp === undefined) return new Uint8Array(64)
    const isOfferer = attempt.role === 'offerer'
    return guest.sign(
      bindSigningBytes({
        role: isOfferer ? 2 : 1,
        signer: guest.publicKey,
        other: this.party.publicKey,
        sid: attempt.sid,
        offerId,
        answerId,
        offererFp: fromHex(isOfferer ? ownFp : peerFp),
        answererFp: fromHex(isOfferer ? peerFp : ownFp),
      }),
    )
  }

  #setup(attempt: OwnAttempt | undefined): 'actpass' | 'active' {
    return attempt?.role === 'answerer' ? 'active' : 'actpass'
  }

  #decide(guest: SeedSigner, script: Script): void {
    const { machine } = this.party
    const { nowMs } = this.world
    const { publicKey } = guest
    const name = toHex(publicKey)
    const choice = script.below(8)
    if (choice < 5 || choice === 6) this.#met.add(name)
    allowed(() => {
      if (choice < 3) machine.connect(publicKey, nowMs)
      else if (choice < 5) machine.accept(publicKey, nowMs)
      else if (choice === 5) machine.decline(publicKey, { block: script.below(4) === 0 }, nowMs)
      else if (choice === 6) machine.decline(publicKey, { tell: 'user' }, nowMs)
      else machine.unblock(publicKey)
    })
  }

  #network(script: Script): void {
    const { party, world } = this
    const server = this.#server(script)
    switch (script.below(4)) {
      case 0:
        server?.stop([1006, 4409, 4401, 4429][script.below(4)])
        break
      case 1:
        if (server !== undefined) server.isUp = true
        party.machine.refresh(world.nowMs)
        break
      case 2:
        if (server !== undefined) party.machine.retryServer(server.url, world.nowMs)
        break
      default:
        party.machine.refresh(world.nowMs)
    }
  }

  #signSome(script: Script): void {
    const { unsigned, signer } = this.party
    for (const { message, done } of unsigned.splice(0, 1 + script.below(3)))
      done(script.below(8) === 0 ? undefined : signer.sign(message), this.world.nowMs)
  }
}

/** What the package says in its own words is not an accident. */
function allowed(work: () => unknown): void {
  try {
    work()
  } catch (error) {
    if (!isRendezvousError(error)) throw error
  }
}

/** Scripts that reach far: somebody who is met, once as the caller and once as the called one, and everything mixed. */
function seeds(): Uint8Array[] {
  const forward = (name: number): number[] => [name, 0, 1, 1, 9, 1, 1, 1, 0]
  const met = (name: number): number[] => Array.from({ length: 6 }, () => forward(name)).flat()
  const called = (name: number): number[] => [name, 0, 7, 0, ...met(name)]
  return [
    [1, 1, ...met(0), ...forward(0), ...forward(0), ...met(1)],
    [1, 1, ...called(0), ...forward(0), ...forward(0), ...called(1)],
    [1, 1, ...met(2), ...called(3)],
    [0, 1, ...met(0), ...called(1)],
  ].map((bytes) => Uint8Array.from(bytes))
}

/** What servers, people and WebRTC may do in any order, and what an application may do meanwhile. */
const sequences: FuzzTarget = {
  name: 'rendezvous.machine',
  seeds: seeds(),
  feed(input, random: Random) {
    const script = new Script(Uint8Array.from([...input, ...random.bytes(60)]))
    const scene = new Scene(script)
    for (let steps = 0; !script.isOver && steps < 50; steps++) {
      scene.step(script)
      scene.check()
    }
    scene.finish()
  },
}

export const rendezvousMachineTargets: readonly FuzzTarget[] = [sequences]
