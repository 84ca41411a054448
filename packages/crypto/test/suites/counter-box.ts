import { describe, expect, test } from 'vitest'
import { codeOf, EDGE_LENGTHS, hex, SeededBytes, type Suite, toHex } from '../helpers.js'

const NOTHING = new Uint8Array(0)
const LAST = 2n ** 64n - 1n

export function counterBoxSuite(crypto: Suite): void {
  describe('counter box', () => {
    const random = new SeededBytes(11)
    const key = random.bytes(32)
    const box = crypto.createCounterBox(key)

    const sealed = (counter: bigint, plaintext: Uint8Array): Uint8Array => {
      const out = new Uint8Array(plaintext.length + crypto.TAG_BYTES)
      box.sealInto(out, 0, counter, NOTHING, plaintext)
      return out
    }

    test.each(EDGE_LENGTHS)('is the box of %s bytes, wherever they are cut, and opens', (length) => {
      const plaintext = random.bytes(length)
      const counter = BigInt(length) << 30n
      const expected = crypto.boxSeal(key, nonceOf(counter), plaintext)
      const at = random.below(length + 1)
      const out = new Uint8Array(length + 30).fill(0xaa)
      const written = box.sealInto(out, 7, counter, plaintext.subarray(0, at), plaintext.subarray(at))
      expect(written).toBe(length + 16)
      expect(out.subarray(7, 7 + written)).toEqual(expected)
      expect([...out.subarray(0, 7), ...out.subarray(7 + written)]).toEqual(Array<number>(14).fill(0xaa))
      expect(box.open(counter, expected)).toEqual(plaintext)
      expect(crypto.boxOpen(key, nonceOf(counter), expected)).toEqual(plaintext)
    })

    test.each([0n, 1n, 255n, 256n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 63n, LAST])(
      'counts as far as %s',
      (counter) => {
        const plaintext = random.bytes(100)
        expect(sealed(counter, plaintext)).toEqual(crypto.boxSeal(key, nonceOf(counter), plaintext))
        expect(box.open(counter, sealed(counter, plaintext))).toEqual(plaintext)
        expect(box.open(counter ^ 1n, sealed(counter, plaintext))).toBeUndefined()
      },
    )

    test('two boxes take turns, and what they share is the key alone', () => {
      const otherKey = random.bytes(32)
      const [twin, other] = [crypto.createCounterBox(key), crypto.createCounterBox(otherKey)]
      for (let counter = 0n; counter < 20n; counter++) {
        const plaintext = random.bytes(random.below(400))
        const mine = sealed(counter, plaintext)
        expect(other.open(counter, mine)).toBeUndefined()
        expect(twin.open(counter, mine)).toEqual(plaintext)
      }
    })

    test('is not opened when any bit of tag or text is turned over', () => {
      const good = sealed(5n, random.bytes(40))
      for (let bit = 0; bit < 8 * good.length; bit++) {
        const forged = good.slice()
        forged[bit >> 3] = (forged[bit >> 3] as number) ^ (1 << (bit & 7))
        expect(box.open(5n, forged)).toBeUndefined()
      }
      expect(box.open(5n, good)).toHaveLength(40)
    })

    test('is not opened when it is cut or longer', () => {
      const good = sealed(6n, random.bytes(300))
      for (let length = 0; length < good.length; length++)
        expect(box.open(6n, good.subarray(0, length))).toBeUndefined()
      expect(box.open(6n, Uint8Array.of(...good, 0))).toBeUndefined()
      expect(box.open(6n, new Uint8Array(crypto.COUNTER_BOX_MAX_BYTES + crypto.TAG_BYTES + 1))).toBeUndefined()
    })

    test('takes what was opened last as the body, and as the next sealed thing', () => {
      const inner = random.bytes(50)
      const around = sealed(8n, sealed(7n, inner))
      expect(box.open(7n, box.open(8n, around) as Uint8Array)).toEqual(inner)
      const again = new Uint8Array(82)
      box.sealInto(again, 0, 9n, hex('00112233445566778899aabbccddeeff'), box.open(7n, sealed(7n, inner)) as Uint8Array)
      const plain = box.open(9n, again) as Uint8Array
      expect(toHex(plain)).toBe(`00112233445566778899aabbccddeeff${toHex(inner)}`)
    })

    test('does not write when there is no room', () => {
      const body = random.bytes(20)
      for (const [length, offset] of [
        [0, 0],
        [35, 0],
        [36, 1],
        [100, 65],
        [100, -1],
        [100, 0.5],
        [100, Number.NaN],
      ] as const) {
        const out = new Uint8Array(length)
        expect(codeOf(() => box.sealInto(out, offset, 1n, NOTHING, body))).toBe('argument')
        expect(out.every((byte) => byte === 0)).toBe(true)
      }
      expect(box.sealInto(new Uint8Array(36), 0, 1n, NOTHING, body)).toBe(36)
    })

    test('takes packets up to a limit', () => {
      const most = crypto.COUNTER_BOX_MAX_BYTES
      const plaintext = new Uint8Array(most).fill(3)
      const out = new Uint8Array(most + 17)
      expect(box.sealInto(out, 0, 1n, plaintext.subarray(0, 1), plaintext.subarray(1))).toBe(most + 16)
      expect(out.subarray(0, -1)).toEqual(crypto.boxSeal(key, nonceOf(1n), plaintext))
      expect(box.open(1n, out.subarray(0, -1))).toEqual(plaintext)
      expect(codeOf(() => box.sealInto(out, 0, 1n, plaintext, new Uint8Array(1)))).toBe('argument')
    })

    test('refuses counters that would wrap, and what is no bytes', () => {
      const out = new Uint8Array(100)
      for (const counter of [-1n, LAST + 1n, 2n ** 64n + 5n, 1 as unknown as bigint]) {
        expect(codeOf(() => box.sealInto(out, 0, counter, NOTHING, NOTHING))).toBe('argument')
        expect(codeOf(() => box.open(counter, out))).toBe('argument')
      }
      const text = 'text' as unknown as Uint8Array
      expect(codeOf(() => box.open(0n, text))).toBe('argument')
      expect(codeOf(() => box.sealInto(text, 0, 0n, NOTHING, NOTHING))).toBe('argument')
      expect(codeOf(() => box.sealInto(out, 0, 0n, text, NOTHING))).toBe('argument')
      expect(codeOf(() => box.sealInto(out, 0, 0n, NOTHING, text))).toBe('argument')
      expect(codeOf(() => crypto.createCounterBox(new Uint8Array(31)))).toBe('argument')
    })

    test('has a key of its own, until it is wiped', () => {
      const shared = key.slice()
      const own = crypto.createCounterBox(shared)
      shared.fill(0)
      const good = sealed(1n, hex('010203'))
      expect(own.open(1n, good)).toEqual(hex('010203'))
      own.wipe()
      own.wipe()
      expect(codeOf(() => own.open(1n, good))).toBe('finished')
      expect(codeOf(() => own.sealInto(new Uint8Array(50), 0, 1n, NOTHING, NOTHING))).toBe('finished')
      expect(box.open(1n, good)).toEqual(hex('010203'))
    })
  })
}

function nonceOf(counter: bigint): Uint8Array {
  return hex(counter.toString(16).padStart(48, '0'))
}
