import type { Clock } from '@mimirjs/transport'
import type { PeerConnectionLike, WebSocketLike } from '../../rtc/types.js'
import type { LegacyAccount } from '../account.js'
import type { LegacyLimits } from '../limits.js'
import { LegacyMachine } from '../machine/machine.js'
import type {
  LegacyCloseReason,
  LegacyHost,
  LegacyOwnSignal,
  LegacyPerson,
  LegacyPrompt,
  LegacyServerStatus,
} from '../types.js'
import { LegacyConnection } from './connection.js'

/** What is told to the node itself; the engine does the rest of what the machine wants. */
export type EngineEvents = Pick<
  LegacyHost,
  'serverChanged' | 'policy' | 'incoming' | 'missed' | 'opened' | 'closed' | 'chat' | 'shared'
>

export interface EngineParts {
  readonly account: LegacyAccount
  readonly clock: Clock
  readonly limits: LegacyLimits
  readonly random: () => number
  webSocket(url: string): WebSocketLike
  createPeerConnection(): Promise<PeerConnectionLike>
  /** Something threw that nobody waits for. */
  threw(error: unknown): void
}

/** Moves things between the machine, WebSockets, WebRTC and the account's key, and decides nothing. */
export class LegacyEngine implements LegacyHost {
  readonly machine: LegacyMachine
  readonly #parts: EngineParts
  readonly #events: EngineEvents
  readonly #sockets = new Map<number, WebSocketLike>()
  readonly #connections = new Map<number, LegacyConnection>()
  #timer: { readonly atMs: number; readonly cancel: () => void } | undefined
  #isClosed = false

  constructor(parts: EngineParts, events: EngineEvents) {
    this.#parts = parts
    this.#events = events
    const { account, limits, random } = parts
    this.machine = new LegacyMachine({ ownPem: account.publicKey.pem, limits, host: this, random })
  }

  get nowMs(): number {
    return this.#parts.clock.nowMs()
  }

  /** Tell the machine something, then wait for what it waits for. */
  tell<T>(work: (machine: LegacyMachine, nowMs: number) => T): T {
    try {
      return work(this.machine, this.nowMs)
    } finally {
      this.#wait()
    }
  }

  /** @returns whether the channel took it */
  send(connection: number, text: string): boolean {
    return this.#connections.get(connection)?.send(text) ?? false
  }

  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
    for (const server of [...this.#sockets.keys()]) this.closeServer(server)
    for (const connection of [...this.#connections.keys()]) this.closeConnection(connection)
  }

  openServer(server: number, url: string): void {
    let socket: WebSocketLike
    try {
      socket = this.#parts.webSocket(url)
    } catch (error) {
      this.#parts.threw(error)
      // Not at once: the machine is in the middle of something.
      void Promise.resolve().then(() => this.#alive((machine, nowMs) => machine.serverClosed(server, 1006, nowMs)))
      return
    }
    this.#sockets.set(server, socket)
    const told = (work: (machine: LegacyMachine, nowMs: number) => void) => {
      if (this.#sockets.get(server) === socket) this.#alive(work)
    }
    socket.onopen = () => told((machine, nowMs) => machine.serverOpened(server, nowMs))
    // What is binary is no frame, and is counted as one that is none.
    socket.onmessage = ({ data }) =>
      told((machine, nowMs) => machine.serverText(server, typeof data === 'string' ? data : '', nowMs))
    socket.onclose = ({ code }) =>
      told((machine, nowMs) => {
        this.#sockets.delete(server)
        machine.serverClosed(server, code, nowMs)
      })
    // What went wrong follows as the end.
    socket.onerror = () => {}
  }

  closeServer(server: number): void {
    const socket = this.#sockets.get(server)
    this.#sockets.delete(server)
    socket?.close()
  }

  sendText(server: number, text: string): void {
    this.#sockets.get(server)?.send(text)
  }

  decrypt(server: number, ciphertext: Uint8Array): void {
    void this.#withKey(
      () => this.#parts.account.decrypt(ciphertext),
      (plaintext, machine, nowMs) => machine.decrypted(server, plaintext, nowMs),
    )
  }

  sign(connection: number, message: Uint8Array): void {
    void this.#withKey(
      () => this.#parts.account.signSha1(message),
      (signature, machine, nowMs) => {
        if (signature === undefined) machine.connectionLost(connection, nowMs)
        else machine.signed(connection, signature, nowMs)
      },
    )
  }

  makeOffer(connection: number): void {
    this.#connect(connection).offer()
  }

  makeAnswer(connection: number, signal: LegacyOwnSignal): void {
    this.#connect(connection).answer(signal)
  }

  applyAnswer(connection: number, signal: LegacyOwnSignal): void {
    this.#connections.get(connection)?.applyAnswer(signal)
  }

  closeConnection(connection: number): void {
    this.#connections.get(connection)?.close()
    this.#connections.delete(connection)
  }

  serverChanged(status: LegacyServerStatus): void {
    this.#events.serverChanged(status)
  }

  policy(person: LegacyPerson): 'accept' | 'ask' | 'ignore' {
    return this.#events.policy(person)
  }

  incoming(prompt: LegacyPrompt): void {
    this.#events.incoming(prompt)
  }

  missed(person: LegacyPerson): void {
    this.#events.missed(person)
  }

  opened(connection: number, person: LegacyPerson): void {
    this.#events.opened(connection, person)
  }

  closed(connection: number, reason: LegacyCloseReason): void {
    this.#events.closed(connection, reason)
  }

  chat(connection: number, text: string): void {
    this.#events.chat(connection, text)
  }

  shared(connection: number, name: string | undefined): void {
    this.#events.shared(connection, name)
  }

  #connect(id: number): LegacyConnection {
    const { clock, limits } = this.#parts
    const connection = new LegacyConnection(
      () => this.#parts.createPeerConnection(),
      {
        described: (signal) => this.#alive((machine) => machine.described(id, signal)),
        ready: () => this.#alive((machine) => machine.connectionReady(id)),
        text: (text) => this.#alive((machine) => machine.channelText(id, text)),
        lost: () => this.#alive((machine, nowMs) => machine.connectionLost(id, nowMs)),
      },
      { clock, gatherMs: limits.gatherMs, disturbedMs: limits.disturbedMs },
    )
    this.#connections.set(id, connection)
    return connection
  }

  /** The machine is in the middle of something: it hears of the result afterwards, whether the key is near or far. */
  async #withKey<T>(
    use: () => T | Promise<T>,
    tell: (result: T | undefined, machine: LegacyMachine, nowMs: number) => void,
  ): Promise<void> {
    let result: T | undefined
    try {
      result = await use()
    } catch (error) {
      this.#parts.threw(error)
    }
    this.#alive((machine, nowMs) => tell(result, machine, nowMs))
  }

  #alive(work: (machine: LegacyMachine, nowMs: number) => void): void {
    if (!this.#isClosed) this.tell(work)
  }

  #wait(): void {
    const atMs = this.machine.nextDeadlineMs
    if (this.#timer?.atMs === atMs) return
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#isClosed || atMs === Number.POSITIVE_INFINITY) return
    const cancel = this.#parts.clock.schedule(
      () => {
        this.#timer = undefined
        this.#alive((machine, nowMs) => machine.tick(nowMs))
      },
      Math.max(0, atMs - this.nowMs),
    )
    this.#timer = { atMs, cancel }
  }
}
