import { decodeQR } from 'qr/decode.js'
import { describe, expect, test } from 'vitest'
import { terminalQr } from '../src/qr.js'

const link = `mimir://mm/u/${'8a88e3dd'.repeat(8)}/Alice+Bob`

/** A scanner's view: each half block as one light or dark field of 4 by 4 points. */
function photograph(drawn: string): { width: number; height: number; data: Uint8Array } {
  const rows = drawn.split('\n').flatMap((line) => {
    const upper = [...line].map((block) => block === '█' || block === '▀')
    const lower = [...line].map((block) => block === '█' || block === '▄')
    return [upper, lower]
  })
  const scale = 4
  const width = rows[0]!.length * scale
  const data = new Uint8Array(width * rows.length * scale * 4)
  for (let y = 0; y < rows.length * scale; y++)
    for (let x = 0; x < width; x++) {
      const light = rows[Math.floor(y / scale)]![Math.floor(x / scale)] === true
      data.set(light ? [255, 255, 255, 255] : [0, 0, 0, 255], (y * width + x) * 4)
    }
  return { width, height: rows.length * scale, data }
}

describe('a QR code on a terminal', () => {
  test.each([link, 'mimir://mm/u/short', 'x'.repeat(500)])('can be scanned: %s', (text) => {
    expect(decodeQR(photograph(terminalQr(text, { colours: false })))).toBe(text)
  })

  test('with colours the same blocks, white on black, each line reset', () => {
    const plain = terminalQr(link, { colours: false }).split('\n')
    const coloured = terminalQr(link, { colours: true }).split('\n')
    expect(coloured).toEqual(plain.map((line) => `\u001b[97;40m${line}\u001b[0m`))
  })

  test('fits a terminal of 80 columns', () => {
    for (const line of terminalQr(link, { colours: false }).split('\n')) expect(line.length).toBeLessThanOrEqual(60)
  })
})
