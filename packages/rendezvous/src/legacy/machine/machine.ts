import { isWireError } from '@mimirjs/wire'
import { decodeLegacyChannelFrame, type LegacyRelayFrame } from '@mimirjs/wire/rendezvous'
import { RendezvousError } from '../../error.js'
import { type LegacyCounters, type LegacyVerdict, newLegacyCounters } from '../counters.js'
import type { LegacyLimits } from '../limits.js'
import type { LegacyHost, LegacyOwnSignal, LegacyPerson, LegacyPrompt, LegacyServerStatus } from '../types.js'
import { Peer, type PeerOwner } from './peer.js'
import { KeyCache, personOf } from './people.js'
import { Prompts } from './prompts.js'
import { LegacyReceiver } from './receiver.js'
import { ServerLink, type ServerLinkOwner } from './server-link.js'

export interface LegacyMachineOptions {
  /** Our key in the normal form. */
  readonly ownPem: string
  readonly limits: LegacyLimits
  readonly host: LegacyHost
  /** 0 to 1, 1 excluded. */
  readonly random: () => number
}

/**
 * A client of pim, dialect 4, with the rules of `pim-legacy`: servers, signed signals, attempts. It is told what
 * happened and when, and tells its host what to do; it touches no socket, no clock and no private key.
 * rendezvous protocol Part A, A13
 */
export class LegacyMachine implements ServerLinkOwner, PeerOwner {
  readonly ownPem: string
  readonly limits: LegacyLimits
  readonly host: LegacyHost
  readonly counters: LegacyCounters = newLegacyCounters()
  readonly random: () => number
  readonly #receiver: LegacyReceiver
  readonly #prompts: Prompts
  readonly #servers = new Map<number, ServerLink>()
  readonly #peers = new Map<string, Peer>()
  readonly #connections = new Map<number, Peer>()
  #numbers = 0

  constructor({ ownPem, limits, host, random }: LegacyMachineOptions) {
    this.ownPem = ownPem
    this.limits = limits
    this.host = host
    this.random = random
    this.#receiver = new LegacyReceiver(ownPem, limits)
    this.#prompts = new Prompts(limits)
  }

  /** When {@link tick} next has work, in ms; `Infinity` while nothing is awaited. */
  get nextDeadlineMs(): number {
    const waiting = [...this.#servers.values(), ...this.#peers.values(), this.#prompts]
    return Math.min(Number.POSITIVE_INFINITY, ...waiting.map(({ nextDeadlineMs }) => nextDeadlineMs))
  }

  get servers(): readonly LegacyServerStatus[] {
    return [...this.#servers.values()].map(({ status }) => status)
  }

  get prompts(): readonly LegacyPrompt[] {
    return this.#prompts.all.map(({ person, expiresMs }) => ({ person, expiresMs }))
  }

  /** What is held, for the eyes of tests: nothing of it may grow without end. */
  get sizes(): Readonly<Record<'peers' | 'connections' | 'seen' | 'prompts', number>> {
    return {
      peers: this.#peers.size,
      connections: this.#connections.size,
      seen: this.#receiver.seenSize,
      prompts: this.#prompts.all.length,
    }
  }

  get hasReadyServer(): boolean {
    return [...this.#servers.values()].some(({ isReady }) => isReady)
  }

  get hasRoom(): boolean {
    const attempts = [...this.#peers.values()].reduce((sum, peer) => sum + peer.attempts, 0)
    return attempts < this.limits.attempts
  }

  /** @throws {RendezvousError} `limit` */
  addServer(url: string, nowMs: number): number {
    if (this.#servers.size >= this.limits.servers)
      throw new RendezvousError('limit', `expected at most ${this.limits.servers} servers; remove one first`)
    const id = ++this.#numbers
    this.#servers.set(id, new ServerLink(id, url, this, nowMs))
    this.tick(nowMs)
    return id
  }

  removeServer(id: number): void {
    this.#servers.get(id)?.remove()
    this.#servers.delete(id)
  }

  /** The network is back, or the user looks: try the servers that wait now. */
  refresh(nowMs: number): void {
    for (const server of this.#servers.values()) server.refresh(nowMs)
  }

  serverOpened(id: number, nowMs: number): void {
    this.#servers.get(id)?.opened(nowMs)
  }

  serverText(id: number, text: string, nowMs: number): void {
    this.#servers.get(id)?.received(text, nowMs)
  }

  serverClosed(id: number, code: number, nowMs: number): void {
    this.#servers.get(id)?.closed(code, nowMs)
  }

  decrypted(server: number, plaintext: Uint8Array | undefined, nowMs: number): void {
    this.#servers.get(server)?.decrypted(plaintext, nowMs)
  }

  /**
   * Connect to somebody, again and again until a link is open or {@link cancel} is called. Answers their offer where
   * the user is being asked about one.
   * @throws {RendezvousError} `bad-key` | `limit`
   */
  connect(pem: string, nowMs: number): LegacyPerson {
    const person = this.#personOf(pem)
    const prompt = this.#prompts.take(pem)
    const peer = this.#peerOf(person)
    if (peer === undefined) throw new RendezvousError('limit', `expected at most ${this.limits.people} people at once`)
    const isFresh = prompt !== undefined && nowMs - prompt.signalAtMs < this.limits.attemptMs
    if (isFresh && peer.link === undefined) peer.offered(prompt.signal, nowMs)
    peer.connect(nowMs)
    return person
  }

  /** The connection of the open link with somebody. */
  linkOf(pem: string): number | undefined {
    return this.#peers.get(pem)?.link
  }

  /** Stop trying. An open link stays. */
  cancel(pem: string): void {
    this.#peers.get(pem)?.cancel()
    this.#forget(pem)
  }

  /** The user does not want them: they are told nothing. */
  decline(pem: string): void {
    this.#prompts.take(pem)
  }

  /** End a link. */
  close(connection: number): void {
    const peer = this.#connections.get(connection)
    if (peer?.link === connection) peer.close()
    if (peer !== undefined) this.#forget(peer.person.pem)
  }

  described(connection: number, signal: LegacyOwnSignal): void {
    this.#connections.get(connection)?.described(connection, signal)
  }

  signed(connection: number, signature: Uint8Array, nowMs: number): void {
    this.#connections.get(connection)?.signed(connection, signature, nowMs)
  }

  /** Their channel is there, and ours is open. */
  connectionReady(connection: number): void {
    this.#connections.get(connection)?.ready(connection)
  }

  connectionLost(connection: number, nowMs: number): void {
    const peer = this.#connections.get(connection)
    peer?.lost(connection, nowMs)
    if (peer !== undefined) this.#forget(peer.person.pem)
  }

  /** A text on the data channel of an open link. Requests to relay are not listened to. rendezvous protocol A13 */
  channelText(connection: number, text: string): void {
    if (this.#connections.get(connection)?.link !== connection) return
    try {
      const frame = decodeLegacyChannelFrame(text)
      if (frame.type === 'chat') this.host.chat(connection, frame.text)
      else if (frame.type === 'shared') this.host.shared(connection, frame.name)
      else this.counters.frame++
    } catch (error) {
      if (!isWireError(error)) throw error
      this.counters.frame++
    }
  }

  tick(nowMs: number): void {
    for (const server of this.#servers.values()) server.tick(nowMs)
    for (const { person } of this.#prompts.takeExpired(nowMs)) this.host.missed(person)
    for (const [pem, peer] of [...this.#peers]) {
      peer.tick(nowMs)
      this.#forget(pem)
    }
  }

  serverReady(link: ServerLink, nowMs: number): void {
    for (const peer of this.#peers.values()) peer.serverReady((frame) => link.send(frame), nowMs)
  }

  relayed(frame: LegacyRelayFrame, nowMs: number): void {
    this.counters[this.#receive(frame, nowMs)]++
  }

  assign(peer: Peer): number {
    const connection = ++this.#numbers
    this.#connections.set(connection, peer)
    return connection
  }

  release(connection: number): void {
    this.#connections.delete(connection)
  }

  broadcast(frame: string): void {
    for (const server of this.#servers.values()) if (server.isReady) server.send(frame)
  }

  #receive(frame: LegacyRelayFrame, nowMs: number): LegacyVerdict {
    const received = this.#receiver.judge(frame, nowMs)
    if (typeof received === 'string') return received
    const { person, signal } = received
    const known = this.#peers.get(person.pem)
    // An answer that nobody waits for: the original would connect to whoever sends one. rendezvous protocol A9
    if (signal.description.type === 'answer') return known?.answered(signal, nowMs) ?? 'state'
    const policy = known?.isWanted === true ? 'accept' : this.host.policy(person)
    if (policy === 'ignore') return 'policy'
    if (policy === 'ask') return this.#ask(person, signal, nowMs)
    const peer = this.#peerOf(person)
    const verdict = peer?.offered(signal, nowMs) ?? 'limit'
    this.#forget(person.pem)
    return verdict
  }

  #ask(person: LegacyPerson, signal: LegacyOwnSignal, nowMs: number): LegacyVerdict {
    const prompt = this.#prompts.ask(person, signal, nowMs)
    if (prompt === undefined) return 'policy'
    if (prompt !== 'asked before') this.host.incoming({ person, expiresMs: prompt.expiresMs })
    return 'accepted'
  }

  #personOf(pem: string): LegacyPerson {
    const key = pem === this.ownPem ? undefined : new KeyCache(1).find(pem)
    if (key !== undefined) return personOf(key)
    throw new RendezvousError('bad-key', 'expected the public key of somebody else, as a PEM text in the normal form')
  }

  #peerOf(person: LegacyPerson): Peer | undefined {
    const known = this.#peers.get(person.pem)
    if (known !== undefined || this.#peers.size >= this.limits.people) return known
    const peer = new Peer(person, this)
    this.#peers.set(person.pem, peer)
    return peer
  }

  #forget(pem: string): void {
    if (this.#peers.get(pem)?.isIdle === true) this.#peers.delete(pem)
  }
}
