import {
  type ByteStream,
  type Clock,
  type DatagramSocket,
  type DatagramTransport,
  type DialOptions,
  Emitter,
  type Listener,
  type ListenOptions,
  type Logger,
  type StreamTransport,
} from '@mimirjs/transport'
import { addressForKey, formatAddress, formatSubnet, subnetForKey } from '../address.js'
import { YggdrasilError } from '../error.js'
import { isKeyAt, parseKey } from '../key.js'
import { Links } from '../links/links.js'
import type { Link, LinkSink, PeerState } from '../links/types.js'
import { formatOverlayAddress } from '../stream/address.js'
import { OverlayDatagrams } from '../stream/datagrams.js'
import { OverlayStreams } from '../stream/streams.js'
import { NodeCore } from './core.js'
import type { Settings } from './options.js'
import { PeerWatch } from './peer-events.js'
import { Pulse } from './pulse.js'
import { Standby } from './standby.js'
import { keyToDial, parseTarget, parseUsableKey } from './targets.js'
import type {
  CloseOptions,
  KeyLike,
  PacketHandler,
  PathInfo,
  PeerInfo,
  PingResult,
  SessionInfo,
  TreeInfo,
  WaitOptions,
  YggdrasilEvents,
  YggdrasilNode,
  YggdrasilStats,
} from './types.js'
import { tellUnreached } from './unreached.js'
import { abortable, Waiters } from './waiting.js'

const WAIT_MS = 10_000
const CLOSE_MS = 2000

/** A node with its links: moves frames, time and events between {@link Links} and {@link NodeCore}, and decides nothing. */
export class OverlayNode implements YggdrasilNode {
  readonly publicKey: Uint8Array
  readonly address: string
  readonly subnet: string
  readonly streams: StreamTransport
  readonly datagramTransport: DatagramTransport
  readonly #clock: Clock
  readonly #logger: Logger | undefined
  readonly #core: NodeCore
  readonly #links: Links
  readonly #standby: Standby | undefined
  readonly #pulse: Pulse
  readonly #streams: OverlayStreams
  readonly #datagrams: OverlayDatagrams
  readonly #events: Emitter<YggdrasilEvents>
  readonly #watch: PeerWatch
  readonly #online: Waiters
  readonly #quiet: Waiters
  /** The time of the batch of frames being handled. */
  #batchMs: number | undefined
  #hasHandler = false
  #isFull = false
  #closing: Promise<void> | undefined

  constructor(settings: Settings) {
    const { seed, signer, clock, logger, random, limits, transit, nodeInfo, wallMs, drivers, allowedKeys } = settings
    this.#clock = clock
    this.#logger = logger
    this.publicKey = signer.publicKey.slice()
    this.address = formatAddress(addressForKey(this.publicKey))
    this.subnet = formatSubnet(subnetForKey(this.publicKey))
    this.#events = new Emitter((error) => this.#report(error))
    this.#watch = new PeerWatch((name, event) => this.#emit(name, event), logger)
    this.#core = new NodeCore(
      {
        seed,
        signer,
        wallMs,
        random,
        limits,
        transit,
        nodeInfo,
        effects: {
          proven: (link) => this.#links.prove(link),
          treeChanged: (tree) => this.#emit('tree', tree),
          threw: (error) => this.#report(error),
          wake: () => this.#pulse.wake(),
        },
      },
      clock.nowMs(),
    )
    this.#pulse = new Pulse(
      this.#core,
      clock,
      () => this.#check(),
      (error) => this.#failed(error),
    )
    this.#online = new Waiters(clock, () => this.#core.isOnTree)
    this.#quiet = new Waiters(clock, () => this.#core.stack.open === 0)
    const host = { stack: this.#core.stack, nowMs: () => clock.nowMs(), wake: () => this.#pulse.wake() }
    this.#streams = new OverlayStreams(host)
    this.#datagrams = new OverlayDatagrams(host)
    this.streams = {
      scheme: this.#streams.scheme,
      dial: (address, options) => this.#told(`dial ${address}`, this.#streams.dial(address, options)),
      listen: (address, options) => this.#streams.listen(address, options),
    }
    this.datagramTransport = this.#datagrams
    this.#links = new Links({
      signer,
      drivers,
      sink: this.#sink(),
      clock,
      random,
      limits,
      logger,
      allowedKeys,
      onPeer: (state) => this.#peerChanged(state),
      onListener: (_, error) => this.#emit('error', { error }),
    })
    const schemes = drivers.flatMap((driver) => driver.schemes)
    this.#standby = transit ? undefined : new Standby({ links: this.#links, clock, random, schemes })
    this.#pulse.settle()
  }

  /** Listen and dial. Rejects with what the first listener says that cannot be opened; then nothing is left open. */
  async open({ listen, peers }: Pick<Settings, 'listen' | 'peers'>): Promise<void> {
    try {
      for (const uri of listen) await this.#links.listen(uri)
      for (const uri of peers) this.addPeer(uri)
    } catch (error) {
      await this.close({ timeoutMs: 0 })
      throw error
    }
  }

  get listenAddresses(): readonly string[] {
    return this.#links.listening
  }

  send(key: KeyLike, packet: Uint8Array): boolean {
    this.#requireOpen()
    const dest = typeof key === 'string' ? parseKey(key) : key
    const isFree = this.#core.send(dest, packet, this.#batchMs ?? this.#clock.nowMs())
    if (!isFree) this.#isFull = true
    // Inside of a batch its end does it.
    if (this.#batchMs === undefined) this.#pulse.settle()
    return isFree
  }

  receive(handler: PacketHandler): () => void {
    this.#requireOpen()
    if (this.#hasHandler) throw new YggdrasilError('misuse', 'receive: raw packets have a handler already')
    this.#hasHandler = true
    this.#core.handleRaw(handler)
    let isOn = true
    return () => {
      if (!isOn) return
      isOn = false
      this.#hasHandler = false
      this.#core.handleRaw(undefined)
    }
  }

  async openStream(key: KeyLike, port: number, options?: DialOptions): Promise<ByteStream> {
    const dest = keyToDial(key)
    return this.#told(`dial ${formatOverlayAddress(dest, port)}`, this.#streams.openStream(dest, port, options))
  }

  async listen(port: number, options: ListenOptions): Promise<Listener> {
    return this.#streams.listenPort(port, options)
  }

  datagrams(port: number): DatagramSocket {
    return this.#datagrams.openPort(port)
  }

  addPeer(uri: string): void {
    this.#requireOpen()
    if (this.#standby === undefined) this.#links.addPeer(uri)
    else this.#standby.add(uri)
  }

  removePeer(uri: string): boolean {
    return this.#standby === undefined ? this.#links.removePeer(uri) : this.#standby.remove(uri)
  }

  retryNow(uri?: string): void {
    if (this.#standby === undefined) this.#links.retryNow(uri)
    else this.#standby.retryNow(uri)
  }

  peers(): PeerInfo[] {
    const known = new Map(this.#core.peers().map((peer) => [peer.linkId, peer]))
    const linked = this.#links.peers().map(({ linkId, ...state }) => {
      const peer = linkId === undefined ? undefined : known.get(linkId)
      if (peer === undefined) return state
      const { port, latencyMs, cost, coordinates, onTree } = peer
      return { ...state, port, cost, coordinates, onTree, ...(latencyMs === undefined ? {} : { latencyMs }) }
    })
    return [...linked, ...(this.#standby?.peers() ?? [])]
  }

  tree(): TreeInfo {
    return this.#core.tree()
  }

  sessions(): SessionInfo[] {
    return this.#core.sessions()
  }

  paths(): PathInfo[] {
    return this.#core.paths()
  }

  stats(): YggdrasilStats {
    return this.#core.stats()
  }

  async online({ timeoutMs = WAIT_MS, signal }: WaitOptions = {}): Promise<void> {
    this.#requireOpen()
    const what = 'online: a peer is reached, but it gave no place in the tree in time'
    return this.#told(
      'online',
      abortable(signal, (settle) => this.#online.wait(timeoutMs, what, settle)),
    )
  }

  async lookup(target: KeyLike, { timeoutMs = WAIT_MS, signal }: WaitOptions = {}): Promise<Uint8Array> {
    this.#requireOpen()
    const wanted = parseTarget(target)
    const result = abortable<Uint8Array>(signal, (settle) => {
      const giveUp = this.#core.requests.lookup(wanted, this.#clock.nowMs(), timeoutMs, settle)
      this.#pulse.wake()
      return giveUp
    })
    return this.#told('look-up', result)
  }

  async ping(key: KeyLike, { timeoutMs = WAIT_MS, signal }: WaitOptions = {}): Promise<PingResult> {
    this.#requireOpen()
    const dest = parseUsableKey(key)
    if (isKeyAt(dest, 0, this.publicKey)) throw new YggdrasilError('self', 'ping: this is the key of this node itself')
    const result = abortable<PingResult>(signal, (settle) => {
      const giveUp = this.#core.requests.ping(dest, this.#clock.nowMs(), timeoutMs, settle)
      this.#pulse.wake()
      return giveUp
    })
    return this.#told('ping', result)
  }

  on<Name extends keyof YggdrasilEvents>(name: Name, listener: (event: YggdrasilEvents[Name]) => void): () => void {
    return this.#events.on(name, listener)
  }

  off<Name extends keyof YggdrasilEvents>(name: Name, listener: (event: YggdrasilEvents[Name]) => void): void {
    this.#events.off(name, listener)
  }

  close({ timeoutMs = CLOSE_MS }: CloseOptions = {}): Promise<void> {
    return (this.#closing ??= this.#close(timeoutMs))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(timeoutMs: number): Promise<void> {
    const { stack } = this.#core
    this.#standby?.close()
    if (timeoutMs > 0 && stack.open > 0) {
      stack.endAll(this.#clock.nowMs())
      this.#pulse.wake()
      // What has not ended in time is cut.
      await abortable<void>(undefined, (settle) => this.#quiet.wait(timeoutMs, 'close', settle)).catch(() => {})
    }
    stack.close(this.#clock.nowMs())
    // Whoever had a stream is told so.
    stack.advance(this.#clock.nowMs())
    this.#pulse.stop()
    const error = closedError()
    this.#online.close(error)
    this.#core.close(error)
    await this.#links.close()
  }

  #sink(): LinkSink {
    return {
      up: (link) => {
        this.#core.addLink(link, this.#clock.nowMs())
        this.#check()
      },
      frame: (link, type, body) => {
        this.#batchMs ??= this.#clock.nowMs()
        this.#core.receive(link, type, body, this.#batchMs)
      },
      batchEnd: () => {
        this.#batchMs = undefined
        this.#check()
      },
      drained: (link) => this.#drained(link),
      down: (link) => {
        this.#batchMs = undefined
        this.#core.removeLink(link, this.#clock.nowMs())
        this.#check()
      },
    }
  }

  #drained(link: Link): void {
    this.#core.drained(link, this.#clock.nowMs())
    this.#check()
    if (!this.#isFull) return
    this.#isFull = false
    this.#emit('drain', {})
  }

  /** Something was said to the machine. */
  #check(): void {
    this.#pulse.settle()
    this.#online.check()
    this.#quiet.check()
  }

  #peerChanged(state: PeerState): void {
    const retryAtMs = this.#standby === undefined ? state.retryAtMs : this.#standby.changed(state)
    this.#watch.changed(state, retryAtMs, this.#clock.nowMs())
  }

  /** Later: who listens may call anything, and we may be deep inside of it. */
  #emit<Name extends keyof YggdrasilEvents>(name: Name, event: YggdrasilEvents[Name]): void {
    queueMicrotask(() => this.#events.emit(name, event))
  }

  #report(error: unknown): void {
    this.#logger?.error({ err: error }, 'a callback of the application threw')
    this.#emit('error', { error })
  }

  /** A mistake of ours. */
  #failed(error: unknown): void {
    this.#logger?.error({ err: error }, 'something that was due failed; the node goes on')
    this.#emit('error', { error })
  }

  /** Why it came to nothing, if that is for want of peers. */
  #told<Result>(doing: string, result: Promise<Result>): Promise<Result> {
    return tellUnreached(doing, () => this.peers(), result)
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) throw closedError()
  }
}

function closedError(): YggdrasilError {
  return new YggdrasilError('closed', 'the node is closed')
}
