import type { SeedSigner } from '@mimirjs/crypto'
import { isPoint, verify } from '@mimirjs/crypto'
import { createRandom } from '@mimirjs/transport/testing'
import type { Generation } from '@mimirjs/wire'
import { type DataHeader, FrameReader, type PeerFrame } from '@mimirjs/wire/peer'
import { type Channel, IssuedChallenges, SpareChallenge } from '../../src/challenge.js'
import type { PeerError } from '../../src/error.js'
import { FrameWriter } from '../../src/frames/frame-writer.js'
import { GENERATIONS } from '../../src/generations.js'
import { DEFAULT_LIMITS, type PeerLimits } from '../../src/limits.js'
import { Session } from '../../src/session.js'
import type { SessionContext } from '../../src/session-context.js'
import type { SessionEvents } from '../../src/session-events.js'
import { type SessionTimers, sessionTimers } from '../../src/timers.js'
import type { ChallengePolicy, DataSink, IncomingFileRequest, Role } from '../../src/types.js'
import { alice, bob } from './keys.js'

/** What a session told its owner, in order; byte fields are copies. */
export type MachineEvent =
  | { type: 'ready'; publicKey: Uint8Array }
  | { type: 'message'; guid: bigint; payload: Uint8Array; messageType: number }
  | { type: 'acknowledged'; guid: bigint }
  | { type: 'unanswered'; guid: bigint }
  | { type: 'writable' }
  | { type: 'infoRequest'; sinceSeconds: bigint }
  | { type: 'info'; nickname: string }
  | { type: 'call'; frame: string }
  | { type: 'contactRequest'; message: string }
  | { type: 'contactResponse'; accepted: boolean }
  | { type: 'fileRequest'; request: IncomingFileRequest }
  | { type: 'streamWanted' }
  | { type: 'strayOk'; guid: bigint }
  | { type: 'dataSettled'; isDelivered: boolean }
  | { type: 'pong' }
  | { type: 'closed'; code: string | undefined }

export interface MachineOptions {
  role: Role
  self?: SeedSigner
  /** Whom an initiator wants. */
  wanted?: Uint8Array
  generation?: Generation
  limits?: Partial<PeerLimits>
  timers?: Partial<SessionTimers>
  challenges?: ChallengePolicy
  channel?: Channel
  /** Instead of a seeded sequence, the same for every machine. */
  random?: (byteLength: number) => Uint8Array
  /** Our challenge, instead of chance. */
  challenge?: Uint8Array
  issued?: IssuedChallenges
  /** Write OK for every message at once. */
  acknowledge?: boolean
  /** Answer `onSign` by hand. */
  signLater?: boolean
  mayProve?: (publicKey: Uint8Array) => PeerError | undefined
}

const NO_CHANNEL: Channel = { localAddress: new Uint8Array(0), remoteAddress: new Uint8Array(0) }

/** A session with everything around it made of memory: what it writes is kept, what it tells is recorded. */
export class Machine implements SessionEvents {
  readonly session: Session
  readonly events: MachineEvent[] = []
  /** Every write of the session, as handed to the stream. */
  readonly writes: Uint8Array[] = []
  readonly context: SessionContext
  toSign: Uint8Array | undefined
  token: Uint8Array | undefined
  /** Where files go. */
  sink: ((header: DataHeader) => DataSink | undefined) | undefined
  signatures = 0
  error: PeerError | undefined
  nowMs = 1_000
  /** Bytes after which the sink asks to stop, counted from the last {@link drain}. */
  highWaterMark: number = Number.POSITIVE_INFINITY
  #untaken = 0
  #queued = 0
  readonly #options: MachineOptions
  readonly #self: SeedSigner

  constructor(options: MachineOptions) {
    const { role, generation = 'classic', limits, timers, challenges = {}, channel = NO_CHANNEL, challenge } = options
    this.#options = options
    this.#self = options.self ?? (role === 'initiator' ? alice : bob)
    const profile = GENERATIONS[generation]
    const random = createRandom(7)
    this.context = {
      localPublicKey: this.#self.publicKey,
      clientId: 0x1a2b3c4d,
      generation,
      profile,
      limits: { ...DEFAULT_LIMITS, ...limits },
      frames: profile.frames,
      timers: sessionTimers(profile, timers),
      challenges,
      issued: options.issued ?? new IssuedChallenges(),
      spare: new SpareChallenge(),
      verify,
      isPoint,
      random: (byteLength) => {
        if (byteLength === 32 && challenge !== undefined) return challenge
        return options.random?.(byteLength) ?? random.bytes(byteLength)
      },
    }
    const writer = new FrameWriter(
      { write: (chunk) => this.#write([chunk]), writeAll: (chunks) => this.#write(chunks) },
      profile.coalesce,
    )
    this.session = new Session(this.context, this, writer, {
      role,
      channel,
      nowMs: this.nowMs,
      ...(role === 'initiator' && { remotePublicKey: options.wanted ?? bob.publicKey }),
    })
  }

  start(): this {
    this.session.start()
    return this
  }

  receive(...chunks: Uint8Array[]): this {
    for (const chunk of chunks) this.session.receive(chunk, this.nowMs)
    return this
  }

  /** Turn the clock, meeting every deadline on the way at its own time. */
  advance(ms: number): this {
    const untilMs = this.nowMs + ms
    for (
      let due = this.session.nextDeadlineMs;
      due !== undefined && due <= untilMs;
      due = this.session.nextDeadlineMs
    ) {
      this.nowMs = Math.max(this.nowMs, due)
      this.session.tick(this.nowMs)
    }
    this.nowMs = untilMs
    return this
  }

  /** The bytes written since the last call; waits for the end of the turn, where frames leave. */
  async output(): Promise<Uint8Array> {
    await turn()
    const writes = this.writes.slice(this.#untaken)
    this.#untaken = this.writes.length
    return concat(writes)
  }

  /** The frames written since the last call, by name. */
  async frames(): Promise<PeerFrame[]> {
    return readFrames(await this.output())
  }

  /** From now on the sink takes this many bytes. */
  throttle(highWaterMark: number): this {
    this.#queued = 0
    this.highWaterMark = highWaterMark
    return this
  }

  drain(): void {
    this.#queued = 0
    this.session.drained(this.nowMs)
  }

  of<T extends MachineEvent['type']>(type: T): Extract<MachineEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<MachineEvent, { type: T }> => event.type === type)
  }

  get closedWith(): string | undefined {
    return this.error?.code
  }

  #write(chunks: readonly Uint8Array[]): boolean {
    for (const chunk of chunks) {
      this.writes.push(chunk)
      this.#queued += chunk.length
    }
    return this.#queued < this.highWaterMark
  }

  onProve(remotePublicKey: Uint8Array): PeerError | undefined {
    return this.#options.mayProve?.(remotePublicKey)
  }

  onSign(challenge: Uint8Array): void {
    this.toSign = challenge
    this.signatures++
    if (this.#options.signLater !== true) this.sign()
  }

  sign(): void {
    this.session.signed(this.#self.sign(this.toSign!), this.nowMs)
  }

  onToken(token: Uint8Array): void {
    this.token = token
  }

  onLarge(): boolean {
    return true
  }

  onFile(header: DataHeader): DataSink | undefined {
    return this.sink?.(header)
  }

  onReady(identity: { publicKey: Uint8Array }): void {
    this.events.push({ type: 'ready', publicKey: identity.publicKey })
  }

  onMessage({ guid, payload, messageType }: { guid: bigint; payload: Uint8Array; messageType: number }): void {
    this.events.push({ type: 'message', guid, payload: payload.slice(), messageType })
    if (this.#options.acknowledge === true) this.session.acknowledge(guid)
  }

  onAcknowledged(guid: bigint): void {
    this.events.push({ type: 'acknowledged', guid })
  }

  onUnanswered(guid: bigint): void {
    this.events.push({ type: 'unanswered', guid })
  }

  onWritable(): void {
    this.events.push({ type: 'writable' })
  }

  onInfoRequest(sinceSeconds: bigint): void {
    this.events.push({ type: 'infoRequest', sinceSeconds })
  }

  onInfo({ nickname }: { nickname: string }): void {
    this.events.push({ type: 'info', nickname })
  }

  onCall({ type }: { type: string }): void {
    this.events.push({ type: 'call', frame: type })
  }

  onContactRequest({ message: text }: { message: string }): void {
    this.events.push({ type: 'contactRequest', message: text })
  }

  onContactResponse(accepted: boolean): void {
    this.events.push({ type: 'contactResponse', accepted })
  }

  onFileRequest(request: IncomingFileRequest): void {
    this.events.push({ type: 'fileRequest', request })
  }

  onStreamWanted(): void {
    this.events.push({ type: 'streamWanted' })
  }

  onStrayOk(guid: bigint): void {
    this.events.push({ type: 'strayOk', guid })
  }

  onDataSettled(isDelivered: boolean): void {
    this.events.push({ type: 'dataSettled', isDelivered })
  }

  onPong(): void {
    if (this.#options.generation === 'current') this.events.push({ type: 'pong' })
  }

  onClosed(error: PeerError | undefined): void {
    this.error = error
    this.events.push({ type: 'closed', code: error?.code })
  }
}

/** The rest of this turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Carry bytes both ways until nobody has anything to say. */
export async function converse(a: Machine, b: Machine): Promise<void> {
  for (;;) {
    const [fromA, fromB] = [await a.output(), await b.output()]
    if (fromA.length === 0 && fromB.length === 0) return
    if (fromA.length > 0) b.receive(fromA)
    if (fromB.length > 0) a.receive(fromB)
  }
}

/** Both ends of a finished handshake. */
export async function readyPair(
  options: Partial<MachineOptions> = {},
  acceptorOptions: Partial<MachineOptions> = options,
): Promise<{ initiator: Machine; acceptor: Machine }> {
  const initiator = new Machine({ ...options, role: 'initiator' }).start()
  const acceptor = new Machine({ ...acceptorOptions, role: 'acceptor' }).start()
  await converse(initiator, acceptor)
  if (initiator.session.state !== 'ready' || acceptor.session.state !== 'ready') throw new Error('the handshake failed')
  return { initiator, acceptor }
}

export function readFrames(bytes: Uint8Array): PeerFrame[] {
  const reader = new FrameReader()
  reader.push(bytes)
  const frames: PeerFrame[] = []
  for (let frame = reader.next(); frame !== undefined; frame = reader.next()) frames.push(frame)
  reader.end()
  return frames
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

export function message(
  guid: bigint,
  text = 'hello',
): {
  guid: bigint
  replyTo: bigint
  sendTimeMs: bigint
  editTimeMs: bigint
  messageType: number
  payload: Uint8Array
} {
  const payload = new TextEncoder().encode(text)
  return { guid, replyTo: 0n, sendTimeMs: 1_700_000_000_000n, editTimeMs: 0n, messageType: 0, payload }
}
