import { toHex } from '@mimirjs/wire'
import {
  CHAT_ID_BYTES,
  EnvelopeKind,
  MAX_CHAT_TEXT_LENGTH,
  MAX_CLAIMED_NAME_LENGTH,
  type SharedFrame,
  type SignalledCandidate,
} from '@mimirjs/wire/rendezvous'
import type { Counters, Verdict } from '../counters.js'
import { RendezvousError } from '../error.js'
import { OwnAttempt } from './attempt.js'
import { bindChannel } from './binding.js'
import { accept, block, call, declineKnock } from './calls.js'
import { addLocal } from './candidates.js'
import type { ChannelSession } from './channel-session.js'
import { closeAttempt } from './closing.js'
import { Core } from './core.js'
import { sendDescription } from './descriptions.js'
import { receiveMessage, send, takeWaiting } from './frames.js'
import { nameOf } from './keys.js'
import { knockOf } from './knocks.js'
import { beginRestart, giveUpRestart, watchConnection } from './restart.js'
import { endIfVoid, receiveSignal, tickAttempt } from './signalling.js'
import type {
  Attempt,
  CloseCode,
  ConnectionState,
  DeclineOptions,
  Knock,
  MachineHost,
  MachineOptions,
  RendezvousState,
  ServerStatus,
} from './types.js'

/**
 * Both sides of the protocol without sockets and without WebRTC: what servers and channels say, commands and the time go
 * in, and what is to be sent and told comes out at the host. No server is trusted; tables stay bounded whatever comes.
 * After each call, look at {@link nextDeadlineMs}. All times are of a clock that nobody sets, in ms; dates are the host's affair
 * (`wallMs`), so that a wall clock that is set makes nothing come late or early.
 */
export class RendezvousMachine {
  readonly #core: Core

  /** @throws {RendezvousError} `misuse` for limits that cannot be | `bad-state` */
  constructor(host: MachineHost, options: MachineOptions) {
    const core = new Core(host, options)
    this.#core = core
    core.servers.onEnvelope = (envelope, nowMs, mayVerify) => this.#receive(envelope, nowMs, mayVerify)
    core.servers.onReady = (server) => {
      for (const { letters } of core.attempts.all())
        for (const { frame } of letters) if (frame !== undefined) server.send(frame)
    }
  }

  /** What became of everything that came in. */
  get counters(): Readonly<Counters> {
    return this.#core.counters
  }

  /** When {@link tick} is due; it may turn out that it was early. Infinity when nothing waits. */
  get nextDeadlineMs(): number {
    return this.#core.wakeMs
  }

  /** What has to survive. */
  state(): RendezvousState {
    return { epoch: this.#core.epoch, contacts: this.#core.replays.contacts() }
  }

  /**
   * Use this server. Does nothing when it is in use.
   * @throws {RendezvousError} `bad-server` | `limit`
   */
  addServer(url: string, nowMs: number): void {
    this.#core.servers.add(url, nowMs)
  }

  /** @returns whether it was in use. @throws {RendezvousError} `bad-server` */
  removeServer(url: string): boolean {
    return this.#core.servers.remove(url)
  }

  servers(): ServerStatus[] {
    return this.#core.servers.statuses
  }

  /**
   * The network is back, the computer woke up, or somebody looks at the page: dial the servers that wait, ask the others and
   * the peers whether they are there, and heal disturbed links, now.
   */
  refresh(nowMs: number): void {
    this.#core.servers.refresh(nowMs)
    for (const attempt of this.#core.attempts.all()) {
      if (attempt.restartDueMs < Number.POSITIVE_INFINITY) beginRestart(this.#core, attempt, nowMs)
      endIfVoid(this.#core, attempt, nowMs)
      // As if nothing had come for long.
      if (attempt.channel !== undefined) attempt.channel.heardMs = Number.NEGATIVE_INFINITY
    }
    this.#core.wakeBy(nowMs)
  }

  /** The user wants this server, although it was left or another instance took our place. */
  retryServer(url: string, nowMs: number): void {
    this.#core.servers.retry(url, nowMs)
  }

  /** @param protocol - the subprotocol that the server selected, or the empty text */
  socketOpened(socket: number, protocol: string, nowMs: number): void {
    this.#core.servers.bySocket(socket)?.opened(protocol, nowMs)
  }

  socketText(socket: number, text: string, nowMs: number): void {
    this.#core.servers.bySocket(socket)?.text(text, nowMs)
  }

  socketBinary(socket: number, nowMs: number): void {
    this.#core.servers.bySocket(socket)?.binary(nowMs)
  }

  /** Nothing can be dialled here at all, or not this. */
  socketUnsupported(socket: number, nowMs: number): void {
    this.#core.servers.bySocket(socket)?.unsupported(nowMs)
  }

  /** It closed, or could not be opened. @param code - of the close frame, if there was one */
  socketClosed(socket: number, code: number | undefined, nowMs: number): void {
    this.#core.servers.bySocket(socket)?.closed(code, nowMs)
  }

  /**
   * Meet somebody. Returns what there is with him already: a link, or an attempt; whoever is at the prompt is let in.
   * @throws {RendezvousError} `bad-key` | `limit` | `misuse` when the key is blocked
   */
  connect(publicKey: Uint8Array, nowMs: number): Attempt {
    return call(this.#core, publicKey, nowMs)
  }

  /** Let somebody in who knocks. @throws {RendezvousError} `misuse` when he does not, or no longer | `limit` */
  accept(publicKey: Uint8Array, nowMs: number): Attempt {
    return accept(this.#core, publicKey, nowMs)
  }

  /** Do not let him in. @returns whether he knocked. @throws {RendezvousError} `limit` when no more can be blocked */
  decline(publicKey: Uint8Array, options: DeclineOptions, nowMs: number): boolean {
    return declineKnock(this.#core, publicKey, options, nowMs)
  }

  /** Take nothing of this key; what there is with it ends. Not stored. @throws {RendezvousError} `limit` */
  block(publicKey: Uint8Array, nowMs: number): void {
    block(this.#core, publicKey, nowMs)
  }

  unblock(publicKey: Uint8Array): void {
    this.#core.blocked.delete(nameOf(publicKey))
  }

  /** Who waits for the user's word. */
  knocks(): Knock[] {
    return this.#core.attempts
      .all()
      .filter(({ state }) => state === 'prompting')
      .map((attempt) => knockOf(this.#core, attempt))
  }

  /** Attempts and open links, without those at the prompt. */
  attempts(): Attempt[] {
    return this.#core.attempts.all().filter(({ state }) => state !== 'prompting')
  }

  /** End it; the other side is told. @param detail - kept as `closeDetail` */
  close(attempt: Attempt, nowMs: number, detail?: string): void {
    if (attempt instanceof OwnAttempt) closeAttempt(this.#core, attempt, 'closed', nowMs, { isTold: true, detail })
  }

  /** End everything: the node ends. Hangups leave if the signer answers at once. */
  closeAll(nowMs: number): void {
    for (const attempt of this.#core.attempts.all()) {
      const isTold = attempt.state !== 'prompting'
      closeAttempt(this.#core, attempt, isTold ? 'closed' : 'refused', nowMs, { isTold })
    }
    this.#core.servers.end()
    this.#core.wakeMs = Number.POSITIVE_INFINITY
  }

  /** The description that `RtcHost.offer` or `answer` asked for, with the candidates gathered so far. */
  described(connection: number, sdp: string, nowMs: number): void {
    const attempt = this.#core.attempts.byConnection(connection)
    if (attempt !== undefined) sendDescription(this.#core, attempt, sdp, nowMs)
  }

  /**
   * A step of WebRTC failed; an open link that is connected goes on.
   * @param detail - what it said
   * @param code - `unsupported`: there is no WebRTC
   */
  describeFailed(
    connection: number,
    nowMs: number,
    detail?: string,
    code: Extract<CloseCode, 'failed' | 'unsupported'> = 'failed',
  ): void {
    const attempt = this.#core.attempts.byConnection(connection)
    if (attempt === undefined) return
    if (attempt.state === 'open') giveUpRestart(this.#core, attempt, nowMs)
    else closeAttempt(this.#core, attempt, code, nowMs, { isTold: true, detail })
  }

  /** Candidates that are not in the description. @param isEnd - there will be no more */
  localCandidates(connection: number, candidates: readonly SignalledCandidate[], isEnd: boolean, nowMs: number): void {
    const attempt = this.#core.attempts.byConnection(connection)
    if (attempt !== undefined) addLocal(this.#core, attempt, candidates, isEnd, nowMs)
  }

  /**
   * The channel is open; to be told before anything that came through it.
   * @param remoteFp - SHA-256 of the certificate at its other end, 64 hex digits, where the platform tells it
   */
  channelOpen(connection: number, remoteFp: string | undefined, nowMs: number): void {
    const attempt = this.#core.attempts.byConnection(connection)
    if (attempt?.state === 'connecting' || attempt?.state === 'answering')
      bindChannel(this.#core, attempt, remoteFp, nowMs)
  }

  /** A text frame came through the channel. */
  channelText(connection: number, text: string, nowMs: number): void {
    const attempt = this.#core.attempts.byConnection(connection)
    if (attempt !== undefined) receiveMessage(this.#core, attempt, text, nowMs)
  }

  /** Data came through the channel. @param bytes - kept as they are */
  channelBinary(connection: number, bytes: Uint8Array, nowMs: number): void {
    const attempt = this.#core.attempts.byConnection(connection)
    if (attempt !== undefined) receiveMessage(this.#core, attempt, bytes, nowMs)
  }

  /** Something came through a further channel. @returns whether the link is open, so that it may be taken */
  heard(connection: number, nowMs: number): boolean {
    const attempt = this.#core.attempts.byConnection(connection)
    if (attempt?.state !== 'open') return false
    attempt.channel?.hear(nowMs)
    return true
  }

  channelClosed(connection: number, nowMs: number): void {
    const attempt = this.#core.attempts.byConnection(connection)
    if (attempt === undefined) return
    const isOpen = attempt.state === 'open'
    if (isOpen && attempt.channel !== undefined) takeWaiting(this.#core, attempt, attempt.channel, nowMs)
    closeAttempt(this.#core, attempt, isOpen ? 'lost' : 'failed', nowMs, { isTold: !isOpen, detail: 'channel closed' })
  }

  connectionState(connection: number, state: ConnectionState, nowMs: number): void {
    const attempt = this.#core.attempts.byConnection(connection)
    if (attempt === undefined) return
    if (attempt.state === 'open') watchConnection(this.#core, attempt, state, nowMs)
    else if (state === 'failed') closeAttempt(this.#core, attempt, 'failed', nowMs, { isTold: true, detail: 'no path' })
  }

  /**
   * Send a message; the host is told when the other side has it.
   * @returns its id, 16 bytes
   * @throws {RendezvousError} `closed` | `too-large` | `limit` when too many wait for their acknowledgement
   */
  sendChat(attempt: Attempt, text: string, nowMs: number): Uint8Array {
    const { own, channel } = this.#requireOpen(attempt)
    if (text.length === 0 || text.length > MAX_CHAT_TEXT_LENGTH)
      throw new RendezvousError(
        'too-large',
        `text: expected 1 to ${MAX_CHAT_TEXT_LENGTH} characters, got ${text.length}`,
      )
    const { unackedChats } = this.#core.limits
    if (channel.unacked.size >= unackedChats)
      throw new RendezvousError(
        'limit',
        `expected at most ${unackedChats} messages without acknowledgement: wait for one`,
      )
    const id = this.#core.host.randomBytes(CHAT_ID_BYTES)
    channel.unacked.add(toHex(id))
    send(this.#core, own, { type: 'chat', id, ts: this.#core.host.wallMs(nowMs), text })
    return id
  }

  /** Show something of oneself. @throws {RendezvousError} `closed` | `too-large` */
  sendShared(attempt: Attempt, shared: SharedFrame['shared']): void {
    const { own } = this.#requireOpen(attempt)
    if ((shared.name ?? '').length > MAX_CLAIMED_NAME_LENGTH)
      throw new RendezvousError('too-large', `name: expected at most ${MAX_CLAIMED_NAME_LENGTH} characters`)
    send(this.#core, own, { type: 'shared', shared })
  }

  /** Let them send so many bytes of data since the bind, all in all. @throws {RendezvousError} `closed` */
  grant(attempt: Attempt, totalBytes: number): void {
    const { own } = this.#requireOpen(attempt)
    send(this.#core, own, { type: 'window', n: totalBytes })
  }

  /** Do what is due: repeat, ask, give up, dial again. */
  tick(nowMs: number): void {
    const core = this.#core
    core.wakeMs = Number.POSITIVE_INFINITY
    core.servers.tick(nowMs)
    for (const attempt of core.attempts.all()) core.wakeBy(tickAttempt(core, attempt, nowMs))
    core.wakeBy(core.servers.dueMs)
  }

  #receive(envelope: Uint8Array, nowMs: number, mayVerify: () => boolean): Verdict {
    const received = this.#core.receiver.receive(envelope, nowMs, mayVerify)
    if (typeof received === 'string') return received
    const verdict = receiveSignal(this.#core, received, nowMs)
    // For whom there is no room now there may be some when he says it again.
    if (verdict === 'limit' && received.body.kind === EnvelopeKind.knock)
      this.#core.replays.unmark(received.name, received.epoch, received.ctr)
    return verdict
  }

  /** @throws {RendezvousError} `closed` | `misuse` before it is open */
  #requireOpen(attempt: Attempt): { readonly own: OwnAttempt; readonly channel: ChannelSession } {
    if (!(attempt instanceof OwnAttempt)) throw new RendezvousError('misuse', 'attempt: expected one of this machine')
    if (attempt.state === 'closed') throw new RendezvousError('closed', 'the link is closed: connect again')
    if (attempt.state !== 'open' || attempt.channel === undefined)
      throw new RendezvousError('misuse', 'the link is not open yet: wait until it is')
    return { own: attempt, channel: attempt.channel }
  }
}
