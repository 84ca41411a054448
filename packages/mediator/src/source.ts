import { type ByteStream, parseAddress, parseIp } from '@mimirjs/transport'
import { toHex } from '@mimirjs/wire'

/**
 * What limits count a connection under: the key that its network proves, else its host. Of IPv6 the first half counts,
 * since whoever has one address there has 2^64; Yggdrasil's 200::/8, whose addresses are made of keys, count whole.
 */
export function sourceOf({ remotePublicKey, remoteAddress }: ByteStream): string {
  if (remotePublicKey !== undefined) return toHex(remotePublicKey)
  let host: string
  try {
    host = parseAddress(remoteAddress).host
  } catch {
    return remoteAddress
  }
  const ip = parseIp(host)
  if (ip?.length !== 16 || ip[0] === 0x02) return host
  return toHex(ip.subarray(0, 8))
}

/** How many connections each source has. */
export class Sources {
  readonly #counts = new Map<string, number>()

  /** @returns with this one */
  add(source: string): number {
    const count = (this.#counts.get(source) ?? 0) + 1
    this.#counts.set(source, count)
    return count
  }

  remove(source: string): void {
    const count = (this.#counts.get(source) ?? 1) - 1
    if (count > 0) this.#counts.set(source, count)
    else this.#counts.delete(source)
  }
}
