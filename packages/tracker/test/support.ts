import { createSigner, sign } from '@mimirjs/crypto'
import { type DatagramSocket, type DatagramTransport, wallClock } from '@mimirjs/transport'
import {
  type AnnounceRequest,
  decodeResponse,
  encodeAnnounceRequest,
  encodeGetAddrsRequest,
  type TrackerRecord,
  type TrackerResponse,
} from '@mimirjs/wire/tracker'
import { completeLimits, type TrackerLimits } from '../src/limits.js'
import { TrackerMachine } from '../src/machine.js'
import { POLICIES } from '../src/policy.js'
import { Table } from '../src/table.js'
import { verifyRecord } from '../src/verify.js'

/** Rates that no test reaches by accident: all of them send from one address. */
export const UNHURRIED: Partial<TrackerLimits> = {
  getAddrsPerSecond: 1e9,
  getAddrsBurst: 1e9,
  announcesPerSecond: 1e9,
  announcesBurst: 1e9,
  checksPerSecond: 1e9,
  usersPerSource: 1e9,
}

export function seedOf(number: number): Uint8Array {
  const seed = new Uint8Array(32).fill(number)
  new DataView(seed.buffer).setUint32(28, number)
  return seed
}

const keys = new Map<number, Uint8Array>()
export function publicKeyOf(user: number): Uint8Array {
  let key = keys.get(user)
  if (key === undefined) keys.set(user, (key = createSigner(seedOf(user)).publicKey))
  return key
}

export function overlayAddress(last: number): Uint8Array {
  const address = new Uint8Array(16)
  address[0] = 0x02
  new DataView(address.buffer).setUint32(12, last)
  return address
}

/** A sound announce of `user`, unless `change` spoils it. */
export function announce(user: number, change: Partial<AnnounceRequest> = {}): Uint8Array {
  const address = change.address ?? overlayAddress(user)
  return encodeAnnounceRequest({
    nonce: 0x01020304,
    publicKey: publicKeyOf(user),
    port: 5050,
    priority: 3,
    clientId: 77,
    address,
    signature: sign(address, seedOf(user)),
    ...change,
  })
}

export function getAddrs(user: number, nonce = 0xa1b2c3d4): Uint8Array {
  return encodeGetAddrsRequest({ nonce, publicKey: publicKeyOf(user) })
}

/** A machine over an empty table. */
export function machineWith(limits: Partial<TrackerLimits> = UNHURRIED, options: { allowAnySource?: boolean } = {}) {
  const complete = completeLimits(limits)
  const table = new Table(POLICIES.classic, complete)
  const machine = new TrackerMachine({
    generation: 'classic',
    limits: complete,
    table,
    allowAnySource: options.allowAnySource ?? false,
    verify: verifyRecord,
    nowMs: 0,
  })
  /** The answer to `bytes`, an announce counted as committed. */
  const ask = (bytes: Uint8Array, nowMs = 0, from = 'udp://[200::1]:5050'): TrackerResponse | undefined => {
    const reaction = machine.receive(bytes, { address: from }, nowMs)
    if (reaction === undefined) return undefined
    return decodeResponse(Uint8Array.from(reaction instanceof Uint8Array ? reaction : reaction.acknowledgement))
  }
  const records = (user: number, nowMs = 0): readonly TrackerRecord[] => {
    const answer = ask(getAddrs(user), nowMs)
    if (answer?.command !== 'getAddrs') throw new Error('expected an answer')
    return answer.records
  }
  return { machine, table, ask, records }
}

/** A bare client: sends datagrams, hands out answers. */
export interface Client {
  readonly socket: DatagramSocket
  send(bytes: Uint8Array): void
  /** The next answer that was not taken yet. */
  next(): Promise<Uint8Array>
  ask(bytes: Uint8Array): Promise<TrackerResponse>
  readonly received: Uint8Array[]
  close(): Promise<void>
}

export async function openClient(transport: DatagramTransport, bind: string, tracker: string): Promise<Client> {
  const socket = await transport.open(bind)
  const peer = socket.peer(tracker)
  const received: Uint8Array[] = []
  const waiting: ((bytes: Uint8Array) => void)[] = []
  let taken = 0
  socket.start({
    message: (bytes) => {
      received.push(bytes.slice())
      const next = waiting.shift()
      if (next !== undefined) next(received[taken++]!)
    },
    closed: () => undefined,
  })
  const next = (): Promise<Uint8Array> =>
    taken < received.length
      ? Promise.resolve(received[taken++]!)
      : new Promise((resolve) => {
          waiting.push(resolve)
        })
  const send = (bytes: Uint8Array): void => socket.send(bytes.slice(), peer)
  return {
    socket,
    send,
    next,
    ask: async (bytes) => {
      send(bytes)
      return decodeResponse(await next())
    },
    received,
    close: () => socket.close(),
  }
}

/** Resolves when `holds` does; the time limit of the test ends what never does. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) {
    await new Promise<void>((resolve) => {
      wallClock.schedule(resolve, 2)
    })
  }
}
