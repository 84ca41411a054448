import { toHex } from '@mimirjs/wire'
import type { SharedFrame } from '@mimirjs/wire/rendezvous'
import {
  type Attempt,
  type Knock,
  type MachineHost,
  type PolicyAnswer,
  type RtcHost,
  type ServerStatus,
  signWith,
} from '../machine/index.js'
import { policyAnswer } from '../policy.js'
import type { NodeEngine } from './engine.js'
import { RendezvousLink } from './link.js'
import type { ChatMessage } from './types.js'

/** Who sets a clock changes it by more: two clocks are read one after the other, and do not count alike. In ms. */
const SETTING_MS = 1000

/** What the machine asks for and tells, from inside calls of it. */
export class NodeHost implements MachineHost {
  readonly #engine: NodeEngine
  readonly #sign: MachineHost['sign']
  /** How much the wall clock was ahead of the one of the machine when it was set last. */
  #aheadMs: number

  constructor(engine: NodeEngine) {
    this.#engine = engine
    this.#sign = signWith(engine.signer, () => engine.nowMs)
    this.#aheadMs = this.#measure()
  }

  get rtc(): RtcHost {
    return this.#engine.connections
  }

  wallMs(timeMs: number): number {
    const aheadMs = this.#measure()
    if (Math.abs(aheadMs - this.#aheadMs) > SETTING_MS) this.#aheadMs = aheadMs
    return Math.round(timeMs + this.#aheadMs)
  }

  sign(message: Uint8Array, done: (signature: Uint8Array | undefined, nowMs: number) => void): void {
    this.#sign(message, (signature, nowMs) => this.#engine.run(() => done(signature, nowMs)))
  }

  randomBytes(sizeBytes: number): Uint8Array {
    return this.#engine.settings.randomBytes(sizeBytes)
  }

  policy(publicKey: Uint8Array): PolicyAnswer {
    const { policy } = this.#engine.settings
    return policyAnswer(
      () => policy(publicKey),
      (error) => this.#engine.report(error),
    )
  }

  openSocket(socket: number, url: string): void {
    this.#engine.sockets.open(socket, url)
  }

  sendText(socket: number, text: string): void {
    this.#engine.sockets.send(socket, text)
  }

  closeSocket(socket: number, code: number): void {
    this.#engine.sockets.close(socket, code)
  }

  server(status: ServerStatus): void {
    this.#engine.emit('server', status)
  }

  clock(offsetMs: number | undefined): void {
    this.#engine.emit('clock', { offsetMs })
  }

  knock(knock: Knock): void {
    this.#engine.emit('knock', knock)
  }

  knockOver(publicKey: Uint8Array, isMissed: boolean): void {
    this.#engine.emit('knockOver', { publicKey })
    if (isMissed) this.#engine.emit('missed', { publicKey })
  }

  opened(attempt: Attempt): void {
    const engine = this.#engine
    const connection = engine.connections.get(attempt.connection)
    // The machine opens what it has a connection for.
    if (connection === undefined) return
    const link = new RendezvousLink(engine, attempt, connection)
    connection.link = link
    engine.links.set(attempt, link)
    engine.later(() => {
      link.opened()
      engine.emitter.emit('link', link)
      engine.waiters.opened(attempt, link)
    })
  }

  closed(attempt: Attempt): void {
    const engine = this.#engine
    const link = engine.links.get(attempt)
    engine.links.delete(attempt)
    engine.later(() => {
      engine.waiters.closed(attempt)
      link?.closed()
    })
  }

  channelText(connection: number, text: string): void {
    this.#engine.connections.sendText(connection, text)
  }

  data(attempt: Attempt, bytes: Uint8Array): void {
    const link = this.#engine.links.get(attempt)
    this.#engine.later(() => link?.received(bytes))
  }

  chat(attempt: Attempt, message: ChatMessage): void {
    this.#engine.links.get(attempt)?.emit('chat', message)
  }

  acked(attempt: Attempt, id: Uint8Array): void {
    this.#engine.links.get(attempt)?.acked(toHex(id))
  }

  shared(attempt: Attempt, shared: SharedFrame['shared']): void {
    this.#engine.links.get(attempt)?.emit('shared', shared)
  }

  window(attempt: Attempt, grantedBytes: number): void {
    this.#engine.links.get(attempt)?.granted(grantedBytes)
  }

  restarting(attempt: Attempt): void {
    this.#engine.links.get(attempt)?.emit('restarting', attempt.isRestarting)
  }

  stateChanged(): void {
    this.#engine.saver?.changed()
  }

  #measure(): number {
    const { clock, wall } = this.#engine.settings
    return wall.nowMs() - clock.nowMs()
  }
}
