/** Which groups are judged acceptable. */
export interface GroupRules {
  /** Also the scopes 2, 4, 5 and 8 of IPv6 and 239.0.0.0/8, for private networks. Default: `false`. */
  readonly extraScopes?: boolean
}

/** Bytes of a group in the form that packets carry: IPv4 stands in its mapped form. */
export const GROUP_BYTES = 16

const GLOBAL_SCOPE = 0xe
const EXTRA_SCOPES: ReadonlySet<number> = new Set([2, 4, 5, 8])
/** What the originals write for every prefix, in place of its length. */
const ORIGINAL_PREFIX_LENGTH = 0x80
const MAX_PREFIX_LENGTH = 64
const LEAST_PORT = 1024

/**
 * Whether a node may listen on this group, and be answered there. Everything else, unicast above all, would let strangers
 * aim our packets at third parties. Source: multicast protocol §2.4.
 * @param group - 16 bytes, IPv4 as `::ffff:a.b.c.d`
 */
export function isAcceptableGroup(group: Uint8Array, { extraScopes = false }: GroupRules = {}): boolean {
  if (group.length !== GROUP_BYTES) return false
  if (isIpv4Group(group)) {
    return (group[12] === 224 && (group[14] as number) >= 224) || (extraScopes && group[12] === 239)
  }
  if (group[0] !== 0xff) return false
  const second = group[1] as number
  const scope = second & 0xf
  if (scope !== GLOBAL_SCOPE && !(extraScopes && EXTRA_SCOPES.has(scope))) return false
  if (second >> 4 === 1) return true
  if (second >> 4 !== 3 || group[2] !== 0) return false
  const prefixLength = group[3] as number
  return prefixLength <= MAX_PREFIX_LENGTH || prefixLength === ORIGINAL_PREFIX_LENGTH
}

/** Whether it is an unprivileged UDP port. Source: multicast protocol §2.4. */
export function isAcceptablePort(port: number): boolean {
  return Number.isInteger(port) && port >= LEAST_PORT && port <= 0xffff
}

/** Whether these 16 bytes are an IPv4 address in its mapped form; it need not be a group. */
export function isIpv4Group(group: Uint8Array): boolean {
  if (group[10] !== 0xff || group[11] !== 0xff || group.length !== GROUP_BYTES) return false
  for (let at = 0; at < 10; at++) if (group[at] !== 0) return false
  return true
}

/** The 16 bytes `::ffff:a.b.c.d` that packets carry for the 4 bytes of an IPv4 group. */
export function mapIpv4(ipv4: Uint8Array): Uint8Array {
  const group = new Uint8Array(GROUP_BYTES)
  group.set([0xff, 0xff], 10)
  group.set(ipv4, 12)
  return group
}
