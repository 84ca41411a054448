import type { SeedSigner } from '@mimirjs/crypto'
import { createRandom } from '@mimirjs/transport/testing'
import { toHex } from '@mimirjs/wire'
import type { SharedFrame } from '@mimirjs/wire/rendezvous'
import {
  type Attempt,
  type Knock,
  type MachineHost,
  type MachineOptions,
  type PolicyAnswer,
  RendezvousMachine,
  type ServerStatus,
} from '../../../src/machine/index.js'
import { FakeRtc } from './rtc.js'
import type { FakeServer } from './server.js'
import type { World } from './world.js'

export interface PartyOptions extends Partial<Omit<MachineOptions, 'publicKey'>> {
  readonly policy?: (publicKey: Uint8Array) => PolicyAnswer
  /** In this order, before the seeded ones. */
  readonly random?: readonly Uint8Array[]
  /** Signatures wait for {@link Party.signAll}. */
  readonly isSignerSlow?: boolean
  readonly wallOffsetMs?: number
  readonly label?: string
}

/** A machine with a host that writes everything down. */
export class Party implements MachineHost {
  readonly world: World
  readonly signer: SeedSigner
  readonly label: string
  readonly machine: RendezvousMachine
  readonly rtc: FakeRtc
  /** By URL. */
  readonly servers: Map<string, FakeServer> = new Map()
  readonly #sockets = new Map<number, FakeServer>()
  readonly dialled: string[] = []
  readonly closedSockets: { readonly socket: number; readonly code: number }[] = []
  /** All text frames that were given to servers. */
  readonly sent: { readonly socket: number; readonly text: string }[] = []
  /** All text frames that were given to channels. */
  readonly channelTexts: string[] = []
  readonly statuses: ServerStatus[] = []
  readonly clocks: (number | undefined)[] = []
  readonly knocked: Knock[] = []
  readonly over: { readonly publicKey: Uint8Array; readonly isMissed: boolean }[] = []
  readonly links: Attempt[] = []
  readonly ended: Attempt[] = []
  readonly received: number[] = []
  readonly chats: string[] = []
  readonly acks: string[] = []
  readonly profiles: SharedFrame['shared'][] = []
  readonly windows: number[] = []
  restarts = 0
  stateChanges = 0
  readonly unsigned: {
    readonly message: Uint8Array
    readonly done: (signature: Uint8Array | undefined, nowMs: number) => void
  }[] = []
  isSignerSlow: boolean
  isSignerBroken = false
  /** How much its wall clock is ahead of the world's, which is right. */
  wallOffsetMs: number
  readonly #policy: (publicKey: Uint8Array) => PolicyAnswer
  readonly #random: (sizeBytes: number) => Uint8Array
  readonly #script: Uint8Array[]

  constructor(world: World, signer: SeedSigner, options: PartyOptions = {}) {
    const { policy = () => 'accept', random = [], isSignerSlow = false, wallOffsetMs = 0, label, ...machine } = options
    this.world = world
    this.signer = signer
    this.label = label ?? toHex(signer.publicKey.subarray(0, 4))
    this.#policy = policy
    this.#script = [...random]
    this.isSignerSlow = isSignerSlow
    this.wallOffsetMs = wallOffsetMs
    const source = createRandom((signer.publicKey[0] ?? 0) + 256 * world.nowMs)
    this.#random = (sizeBytes) => source.bytes(sizeBytes)
    this.rtc = new FakeRtc(this, world)
    this.machine = new RendezvousMachine(this, { publicKey: signer.publicKey, nowMs: world.nowMs, ...machine })
    world.parties.push(this)
  }

  /** Use these servers. */
  join(...servers: readonly FakeServer[]): this {
    for (const server of servers) {
      this.servers.set(server.url, server)
      this.machine.addServer(server.url, this.world.nowMs)
    }
    return this
  }

  /** It ends without a word, as a process that is killed does. */
  vanish(): void {
    for (const [socket, server] of this.#sockets) server.gone(this, socket)
    this.#sockets.clear()
    this.world.parties.splice(this.world.parties.indexOf(this), 1)
  }

  connect(other: { readonly publicKey: Uint8Array }): Attempt {
    return this.machine.connect(other.publicKey, this.world.nowMs)
  }

  get publicKey(): Uint8Array {
    return this.signer.publicKey
  }

  get link(): Attempt | undefined {
    return this.machine.attempts().find(({ state }) => state === 'open')
  }

  signAll(): void {
    for (const { message, done } of this.unsigned.splice(0)) done(this.signer.sign(message), this.world.nowMs)
  }

  wallMs(timeMs: number): number {
    return timeMs + this.wallOffsetMs
  }

  sign(message: Uint8Array, done: (signature: Uint8Array | undefined, nowMs: number) => void): void {
    if (this.isSignerSlow) this.unsigned.push({ message, done })
    else done(this.isSignerBroken ? undefined : this.signer.sign(message), this.world.nowMs)
  }

  randomBytes(sizeBytes: number): Uint8Array {
    const next = this.#script[0]
    if (next?.length !== sizeBytes) return this.#random(sizeBytes)
    this.#script.shift()
    return next
  }

  policy(publicKey: Uint8Array): PolicyAnswer {
    return this.#policy(publicKey)
  }

  openSocket(socket: number, url: string): void {
    this.dialled.push(url)
    const server = this.servers.get(url)
    if (server === undefined) return
    this.#sockets.set(socket, server)
    this.world.later(() => server.dialled(this, socket))
  }

  sendText(socket: number, text: string): void {
    this.sent.push({ socket, text })
    const server = this.#sockets.get(socket)
    this.world.later(() => server?.receive(this, socket, text))
  }

  closeSocket(socket: number, code: number): void {
    this.closedSockets.push({ socket, code })
    this.#sockets.get(socket)?.gone(this, socket)
    this.#sockets.delete(socket)
  }

  server(status: ServerStatus): void {
    this.statuses.push(status)
  }

  clock(offsetMs: number | undefined): void {
    this.clocks.push(offsetMs)
  }

  knock(knock: Knock): void {
    this.knocked.push(knock)
  }

  knockOver(publicKey: Uint8Array, isMissed: boolean): void {
    this.over.push({ publicKey, isMissed })
  }

  opened(attempt: Attempt): void {
    this.links.push(attempt)
  }

  closed(attempt: Attempt): void {
    if (this.ended.includes(attempt)) throw new Error('an attempt ended twice')
    this.ended.push(attempt)
  }

  channelText(connection: number, text: string): void {
    this.channelTexts.push(text)
    this.rtc.text(connection, text)
  }

  data(_attempt: Attempt, bytes: Uint8Array): void {
    this.received.push(bytes.length)
  }

  chat(_attempt: Attempt, { text }: { readonly text: string }): void {
    this.chats.push(text)
  }

  acked(_attempt: Attempt, id: Uint8Array): void {
    this.acks.push(toHex(id))
  }

  shared(_attempt: Attempt, shared: SharedFrame['shared']): void {
    this.profiles.push(shared)
  }

  window(_attempt: Attempt, grantedBytes: number): void {
    this.windows.push(grantedBytes)
  }

  restarting(): void {
    this.restarts += 1
  }

  stateChanged(): void {
    this.stateChanges += 1
  }
}
