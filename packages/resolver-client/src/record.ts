import { isSmallOrder, verify } from '@mimirjs/crypto'
import type { FoundRecord } from './forms.js'
import type { ResolverPolicy } from './policy.js'

/** Somewhere a user may be reached. A hint for dialing only: who answers there, the handshake must prove. */
export interface ResolvedAddress {
  /**
   * Address URL to dial. Classic: `tcp://[200:…]:5050`, or `tcp://192.0.2.1:5050` for an IPv4 address. Current:
   * `ygg://<64 hex of the node key>:42`.
   */
  readonly address: string
  /** 0 to 255; not signed. Addresses are handed out in the order in which they are to be dialed. */
  readonly priority: number
  /** Tells the devices of one user apart; not signed. */
  readonly clientId: number
  /** Until when the record counts, in ms on the resolver's clock (by default: ms since 1970). */
  readonly deadlineMs: number
  /** The user's key signed this IP address or node key (at some time: records can be replayed). Always true here. */
  readonly attested: true
}

export interface RecordsRead {
  /** In dial order, one per address. */
  readonly addresses: ResolvedAddress[]
  /** Whether at least one record carried a valid signature, or there were none at all. */
  readonly honest: boolean
}

/**
 * Keep the records of an answer that the user signed, that are live and that can be dialed (tracker protocol §3.2,
 * §11.6). A bad record spoils only itself.
 * @param publicKey - of the user that was asked for, from our own request
 * @param maxRecords - records looked at; each costs the check of a signature
 */
export function readRecords(
  records: readonly FoundRecord[],
  publicKey: Uint8Array,
  policy: ResolverPolicy,
  maxRecords: number,
  nowMs: number,
): RecordsRead {
  const byAddress = new Map<string, ResolvedAddress>()
  let signed = 0
  for (const record of isSmallOrder(publicKey) ? [] : records.slice(0, maxRecords)) {
    if (!verify(record.signature, record.address, publicKey)) continue
    signed++
    const address = policy.addresses.toUrl(record)
    const { priority, clientId, lifetimeMs } = record
    if (address === undefined || lifetimeMs === 0) continue
    const deadlineMs = Math.round(nowMs + Math.min(lifetimeMs, policy.maxLifetimeMs))
    const found: ResolvedAddress = Object.freeze({ address, priority, clientId, deadlineMs, attested: true })
    const other = byAddress.get(address)
    if (other === undefined || dialOrder(policy, found, other) < 0) byAddress.set(address, found)
  }
  const addresses = [...byAddress.values()].sort((a, b) => dialOrder(policy, a, b))
  return { addresses, honest: signed > 0 || records.length === 0 }
}

function dialOrder({ dialFirst }: ResolverPolicy, a: ResolvedAddress, b: ResolvedAddress): number {
  const byPriority = dialFirst === 'lowest' ? a.priority - b.priority : b.priority - a.priority
  return byPriority || b.deadlineMs - a.deadlineMs
}
