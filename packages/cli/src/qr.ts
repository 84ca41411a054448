import { encodeQR } from 'qr'

/**
 * A QR code for a terminal: two rows of it per line, by half blocks. With colours it is black on white whatever the
 * theme; without, its light parts are drawn, which is right on a dark background and what scanners expect there.
 */
export function terminalQr(text: string, options: { colours: boolean }): string {
  const rows = encodeQR(text, 'raw', { ecc: 'medium', border: QUIET_ZONE })
  const lines: string[] = []
  for (let y = 0; y < rows.length; y += 2) {
    const upper = rows[y] ?? []
    const lower = rows[y + 1]
    const line = upper.map((dark, x) => BLOCKS[(dark ? 0 : 2) + (lower === undefined || lower[x] === true ? 0 : 1)])
    lines.push(options.colours ? `\u001b[97;40m${line.join('')}\u001b[0m` : line.join(''))
  }
  return lines.join('\n')
}

/** Light modules around the code. The standard asks for 4; 2 are enough on screens and keep the code small. */
const QUIET_ZONE = 2
/** By lit halves: none, lower, upper, both. */
const BLOCKS = [' ', '▄', '▀', '█'] as const
