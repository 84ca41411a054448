import { sign } from '@mimirjs/crypto'
import type { DatagramTransport } from '@mimirjs/transport'
import { fromHex, toHex } from '@mimirjs/wire'
import {
  decodeTrackerResponse,
  encodeTrackerRequest,
  type NodeAnnounceRequest,
  type NodeRecord,
  type TrackerCommandName,
  type TrackerForm,
  type TrackerResponses,
} from '@mimirjs/wire/tracker'
import { Overlay, type OverlayNode } from '../../resolver-client/test/overlay.js'
import { DEFAULT_HARDENING, type TrackerHardening } from '../src/hardening.js'
import { completeLimits, type TrackerLimits } from '../src/limits.js'
import { TrackerMachine } from '../src/machine.js'
import { POLICIES } from '../src/policy.js'
import { Table } from '../src/table.js'
import { verifyRecord } from '../src/verify.js'
import { publicKeyOf, seedOf, UNHURRIED } from './support.js'

export { Overlay, type OverlayNode }

/** Keys of nodes: those of users above a thousand. */
export function nodeKeyOf(node: number): Uint8Array {
  return publicKeyOf(1000 + node)
}

export function nodeUrl(node: number, port = 69): string {
  return `ygg://${toHex(nodeKeyOf(node))}:${port}`
}

/** A sound announce of `user` at `node`, unless `change` spoils it. */
export function announceNode(
  user: number,
  node: number,
  change: Partial<NodeAnnounceRequest> = {},
  form: TrackerForm = 'v2',
): Uint8Array {
  const address = change.address ?? nodeKeyOf(node)
  return encodeTrackerRequest(form, 'announce', {
    nonce: 0x11020304,
    publicKey: publicKeyOf(user),
    priority: 1,
    clientId: 77,
    address,
    signature: sign(address, seedOf(user)),
    ...change,
  }).slice()
}

export function getNodes(user: number, form: TrackerForm = 'v2', nonce = 0xa1b2c3d4): Uint8Array {
  return encodeTrackerRequest(form, 'getAddrs', { nonce, publicKey: publicKeyOf(user) }).slice()
}

/** A machine of the current generation over an empty table. */
export function currentMachine(limits: Partial<TrackerLimits> = UNHURRIED, hardening: Partial<TrackerHardening> = {}) {
  const complete = completeLimits(limits)
  const table = new Table(POLICIES.current, complete, { ...DEFAULT_HARDENING, ...hardening })
  const machine = new TrackerMachine({
    generation: 'current',
    limits: complete,
    table,
    allowAnySource: false,
    verify: verifyRecord,
    nowMs: 0,
  })
  /** The bytes that answer `bytes` of `node`, an announce counted as committed. */
  const ask = (bytes: Uint8Array, node: number, nowMs = 0): Uint8Array | undefined => {
    const address = nodeUrl(node)
    const reaction = machine.receive(bytes, { address, host: toHex(nodeKeyOf(node)) }, nowMs)
    if (reaction === undefined || reaction instanceof Uint8Array) return reaction
    return reaction.acknowledgement
  }
  const answer = <K extends TrackerCommandName>(
    command: K,
    bytes: Uint8Array,
    node: number,
    nowMs = 0,
    form: TrackerForm = 'v2',
  ): TrackerResponses[K] | undefined => {
    const answered = ask(bytes, node, nowMs)
    return answered && decodeTrackerResponse(form, command, answered)
  }
  /** Seconds granted to `user` for an announce of `node`, sent by `sender`. */
  const announce = (
    user: number,
    node: number,
    { nowMs = 0, sender = node, ...change }: Partial<NodeAnnounceRequest> & { nowMs?: number; sender?: number } = {},
  ): bigint | undefined => answer('announce', announceNode(user, node, change), sender, nowMs)?.ttlSeconds
  const records = (user: number, nowMs = 0): readonly NodeRecord[] => {
    const found = answer('getAddrs', getNodes(user), 900, nowMs)
    if (found === undefined) throw new Error('expected an answer')
    return found.records
  }
  /** Client ids and nodes of the records of `user`, in stored order. */
  const held = (user: number, nowMs = 0): [clientId: number, node: number][] =>
    records(user, nowMs).map(({ clientId, address }) => [clientId, nodeNumber(address)])
  return { machine, table, ask, answer, announce, records, held }
}

/** Which of the first fifty nodes this is. */
export function nodeNumber(address: Uint8Array): number {
  const text = toHex(address)
  for (let node = 0; node < 50; node++) if (toHex(nodeKeyOf(node)) === text) return node
  return -1
}

export function bytesOf(hex: string): Uint8Array {
  return fromHex(hex)
}

/** Everything that a test needs of a node. */
export function nodeOf(overlay: Overlay, node: number): OverlayNode {
  return overlay.node(nodeKeyOf(node))
}

export type { DatagramTransport }
