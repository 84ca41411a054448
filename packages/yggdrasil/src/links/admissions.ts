import { formatIp, parseIp, unmapIpv4 } from '@mimirjs/transport'
import type { Admission } from './types.js'

export interface AdmissionLimits {
  readonly pendingHandshakes: number
  readonly incomingLinks: number
  readonly incomingLinksPerAddress: number
  readonly handshakeMs: number
}

/** Leave for one incoming connection, from its first moment to its end. */
export interface Ticket extends Admission {
  /** When its handshake has to be done. */
  readonly deadlineMs: number
  /** The handshake is done: it is no longer pending. */
  settle(): void
}

/** Who may hold an incoming connection: so many in all, so many of one address, so many without a handshake. */
export class Admissions {
  readonly #limits: AdmissionLimits
  readonly #perGroup = new Map<string, number>()
  /** With what cuts them when they take too long; oldest first. */
  readonly #pending = new Map<Ticket, () => void>()
  #count = 0

  constructor(limits: AdmissionLimits) {
    this.#limits = limits
  }

  /** Connections held. */
  get count(): number {
    return this.#count
  }

  /** Those of them without a handshake. */
  get pending(): number {
    return this.#pending.size
  }

  /** @returns `undefined` when there are too many */
  admit(host: string | undefined, cut: () => void, nowMs: number): Ticket | undefined {
    const { pendingHandshakes, incomingLinks, incomingLinksPerAddress, handshakeMs } = this.#limits
    if (this.#count >= incomingLinks || this.#pending.size >= pendingHandshakes) return undefined
    const group = host === undefined ? undefined : addressGroup(host)
    if (group !== undefined) {
      const inGroup = this.#perGroup.get(group) ?? 0
      if (inGroup >= incomingLinksPerAddress) return undefined
      this.#perGroup.set(group, inGroup + 1)
    }
    this.#count++
    let isHeld = true
    const ticket: Ticket = {
      deadlineMs: nowMs + handshakeMs,
      settle: () => void this.#pending.delete(ticket),
      release: () => {
        if (!isHeld) return
        isHeld = false
        this.#pending.delete(ticket)
        this.#count--
        if (group !== undefined) this.#leave(group)
      },
    }
    this.#pending.set(ticket, cut)
    return ticket
  }

  /** Cut those whose time is over; with `Infinity` all that are pending. */
  tick(nowMs: number): void {
    for (const [ticket, cut] of [...this.#pending]) {
      if (nowMs < ticket.deadlineMs) return
      this.#pending.delete(ticket)
      cut()
    }
  }

  #leave(group: string): void {
    const left = (this.#perGroup.get(group) ?? 1) - 1
    if (left === 0) this.#perGroup.delete(group)
    else this.#perGroup.set(group, left)
  }
}

/**
 * What counts as one address: an IPv4 address, or the 64 bits of IPv6 that one subscriber has at least. `undefined` for
 * this machine: a reverse proxy in front of a `ws` listener has one address for all it brings.
 */
export function addressGroup(host: string): string | undefined {
  const text = unmapIpv4(host.replace(/%.*$/, ''))
  const bytes = parseIp(text)
  if (bytes === undefined) return text
  if (bytes.length === 4) return bytes[0] === 127 ? undefined : text
  if (bytes.every((byte, at) => byte === (at === 15 ? 1 : 0))) return undefined
  // All neighbours on a link share the prefix fe80::/64.
  const isLinkLocal = bytes[0] === 0xfe && (bytes[1]! & 0xc0) === 0x80
  return isLinkLocal ? text : formatIp(bytes.fill(0, 8))
}
