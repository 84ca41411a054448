import { sha256 } from '@mimirjs/crypto'
import { toHex } from '@mimirjs/wire'
import type { SignalledCandidate } from '@mimirjs/wire/rendezvous'
import type { RtcHost } from '../../../src/machine/index.js'
import type { Party } from './party.js'
import { fpOf, sdpOf, ufragOf } from './sdp.js'
import type { Connection, World } from './world.js'

/** WebRTC as far as the machine sees it: two ends connect when each has the description of the other. */
export class FakeRtc implements RtcHost {
  readonly #party: Party
  readonly #world: World
  readonly connections: Map<number, Connection> = new Map()
  /** What was passed on, by connection. */
  readonly candidates: {
    readonly connection: number
    readonly c: readonly SignalledCandidate[]
    readonly isEnd: boolean
  }[] = []
  readonly closed: number[] = []
  /** Whether it connects at all. */
  isBlocked = false
  /** Whether it describes itself when asked. */
  isMute = false
  /** What its certificate is said to be to the other side, where a platform tells. */
  toldFp: ((fp: string) => string | undefined) | undefined
  #ufrags = 0

  constructor(party: Party, world: World) {
    this.#party = party
    this.#world = world
  }

  offer(number: number, isRestart: boolean): void {
    const connection = isRestart ? this.#find(number) : this.#create(number)
    this.#rename(connection)
    this.#describe(connection, 'actpass')
  }

  answer(number: number, sdp: string, isRestart: boolean): void {
    const connection = isRestart ? this.#find(number) : this.#create(number)
    this.#rename(connection)
    this.#apply(connection, sdp)
    this.#describe(connection, 'active')
  }

  setAnswer(number: number, sdp: string): void {
    const connection = this.#find(number)
    this.#apply(connection, sdp)
    this.#world.later(() => this.#meet(connection))
  }

  addCandidates(connection: number, c: readonly SignalledCandidate[], isEnd: boolean): void {
    if (this.#find(connection).remoteUfrag === undefined) throw new Error('candidates before the description')
    this.candidates.push({ connection, c, isEnd })
  }

  close(number: number): void {
    const connection = this.#find(number)
    connection.isClosed = true
    this.closed.push(number)
    const other = this.otherOf(connection)
    this.#world.later(() => {
      if (other !== undefined) other.party.machine.channelClosed(other.number, this.#world.nowMs)
    })
  }

  /** A frame for the channel. */
  text(number: number, text: string): void {
    const other = this.otherOf(this.#find(number))
    this.#world.later(() => {
      if (other !== undefined && !other.isClosed) other.party.machine.channelText(other.number, text, this.#world.nowMs)
    })
  }

  otherOf(connection: Connection): Connection | undefined {
    if (!connection.isOpen) return undefined
    return this.#world.connections.get(connection.remoteUfrag ?? '')
  }

  #meet(connection: Connection): void {
    const other = this.#world.connections.get(connection.remoteUfrag ?? '')
    const fits =
      other !== undefined &&
      other.remoteUfrag === connection.ufrag &&
      // The certificates have to be those of the descriptions: this is what DTLS does.
      connection.remoteFp === other.fp &&
      other.remoteFp === connection.fp
    if (!fits || this.isBlocked || connection.isClosed || other.isClosed) return
    for (const end of [connection, other]) {
      const { machine } = end.party
      const { nowMs } = this.#world
      if (end.isOpen) machine.connectionState(end.number, 'connected', nowMs)
    }
    if (connection.isOpen) return
    connection.isOpen = true
    other.isOpen = true
    this.#open(connection, other)
    this.#open(other, connection)
  }

  #open(end: Connection, other: Connection): void {
    const { toldFp } = other.party.rtc
    end.party.machine.channelOpen(end.number, toldFp === undefined ? other.fp : toldFp(other.fp), this.#world.nowMs)
  }

  #create(number: number): Connection {
    if (this.connections.has(number)) throw new Error('a number was used twice')
    const fp = toHex(sha256(new TextEncoder().encode(`${this.#party.label} ${number}`)))
    const connection = { party: this.#party, number, fp, ufrag: '', isOpen: false, isClosed: false }
    const whole: Connection = { ...connection, remoteUfrag: undefined, remoteFp: undefined }
    this.connections.set(number, whole)
    return whole
  }

  #rename(connection: Connection): void {
    this.#ufrags += 1
    connection.ufrag = `${this.#party.label}.${this.#ufrags}`
    connection.remoteUfrag = undefined
    this.#world.connections.set(connection.ufrag, connection)
  }

  #apply(connection: Connection, sdp: string): void {
    connection.remoteUfrag = ufragOf(sdp)
    connection.remoteFp = fpOf(sdp)
  }

  #describe({ number, fp, ufrag }: Connection, setup: 'actpass' | 'active'): void {
    if (this.isMute) return
    this.#world.later(() => this.#party.machine.described(number, sdpOf(fp, setup, ufrag), this.#world.nowMs))
  }

  #find(number: number): Connection {
    const connection = this.connections.get(number)
    if (connection === undefined || connection.isClosed)
      throw new Error(`connection ${number}: there is none, or no more`)
    return connection
  }
}
