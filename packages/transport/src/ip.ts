// IP literals as text and as bytes. Portable: node:net is not needed to read an address.

/**
 * Read an IPv4 or IPv6 literal.
 * @param text - `a.b.c.d` in plain decimal, or IPv6 without brackets and without zone
 * @returns 4 or 16 bytes in network order; `undefined` when `text` is neither
 */
export function parseIp(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text)
}

/**
 * Write an address in its canonical text form (RFC 5952: lower case, longest run of zeros as `::`).
 * @param bytes - 4 or 16 bytes in network order
 * @throws {RangeError} for any other length
 */
export function formatIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.length !== 16) throw new RangeError(`an IP address has 4 or 16 bytes, got ${bytes.length}`)
  if (isMapped(bytes)) return `::ffff:${bytes.subarray(12).join('.')}`
  const groups: number[] = []
  for (let at = 0; at < 16; at += 2) groups.push((bytes[at]! << 8) | bytes[at + 1]!)
  const [from, length] = longestZeroRun(groups)
  const text = groups.map((group) => group.toString(16))
  if (length < 2) return text.join(':')
  return `${text.slice(0, from).join(':')}::${text.slice(from + length).join(':')}`
}

/** The IPv4 address inside `::ffff:a.b.c.d`, as a dual-stack socket reports it; any other text unchanged. */
export function unmapIpv4(text: string): string {
  return text.startsWith('::ffff:') && text.includes('.') ? text.slice(7) : text
}

function isMapped(bytes: Uint8Array): boolean {
  for (let at = 0; at < 10; at++) if (bytes[at] !== 0) return false
  return bytes[10] === 0xff && bytes[11] === 0xff
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  const bytes = new Uint8Array(4)
  for (let index = 0; index < 4; index++) {
    const part = parts[index]!
    // A leading zero is refused: some systems read 010 as eight, others as ten.
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return undefined
    bytes[index] = Number(part)
  }
  return bytes
}

function parseIpv6(text: string): Uint8Array | undefined {
  if (text.length > 45) return undefined
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = readGroups(halves[0]!, halves.length === 1)
  const tail = halves.length === 2 ? readGroups(halves[1]!, true) : []
  if (head === undefined || tail === undefined) return undefined
  const missing = 16 - head.length - tail.length
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined
  return Uint8Array.from([...head, ...new Array<number>(missing).fill(0), ...tail])
}

/** The bytes of colon-separated groups; `last` allows an IPv4 literal at the end. */
function readGroups(text: string, last: boolean): number[] | undefined {
  if (text === '') return []
  const bytes: number[] = []
  const groups = text.split(':')
  for (const [index, group] of groups.entries()) {
    if (group.includes('.')) {
      const ipv4 = last && index === groups.length - 1 ? parseIpv4(group) : undefined
      if (ipv4 === undefined) return undefined
      bytes.push(...ipv4)
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined
      const value = Number.parseInt(group, 16)
      bytes.push(value >> 8, value & 0xff)
    }
  }
  return bytes
}

function longestZeroRun(groups: readonly number[]): [from: number, length: number] {
  let best: [number, number] = [0, 0]
  for (let from = 0; from < groups.length; from++) {
    let length = 0
    while (groups[from + length] === 0) length++
    if (length > best[1]) best = [from, length]
    from += length
  }
  return best
}
