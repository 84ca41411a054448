import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeMemberInfo, encodeMemberInfo, MAX_MEMBER_AVATAR_BYTES, type MemberInfo } from '../src/content/index.js'
import { fromHex } from '../src/index.js'
import { codeOf } from './support/errors.js'
import { mutated } from './support/mutate.js'

const text = fc.string({ unit: 'grapheme', maxLength: 60 })
const memberInfo: fc.Arbitrary<MemberInfo> = fc.record(
  { nickname: text, info: text, avatar: fc.uint8Array({ minLength: 1, maxLength: 100 }) },
  { requiredKeys: ['nickname', 'info'] },
)

test('a member info is decoded as it was encoded', () => {
  fc.assert(
    fc.property(memberInfo, (value) => {
      expect(decodeMemberInfo(encodeMemberInfo(value))).toEqual(value)
    }),
    { seed: 1 },
  )
})

test('cut off anywhere it is truncated, bytes behind it are ignored', () => {
  const value = { nickname: 'Алиса', info: 'hi', avatar: fromHex('89504e47') }
  const bytes = encodeMemberInfo(value)
  for (let end = 0; end < bytes.length; end++) {
    expect(codeOf(() => decodeMemberInfo(bytes.subarray(0, end)))).toBe('truncated')
  }
  expect(decodeMemberInfo(Uint8Array.from([...bytes, 1, 2]))).toEqual(value)
})

test('an empty avatar is none, bad UTF-8 is replaced', () => {
  expect(decodeMemberInfo(encodeMemberInfo({ nickname: '', info: '', avatar: new Uint8Array(0) }))).toEqual({
    nickname: '',
    info: '',
  })
  expect(decodeMemberInfo(fromHex('0002 41ff 0000 00000000'.replaceAll(' ', ''))).nickname).toBe('A\ufffd')
})

describe('limits', () => {
  test('an avatar above the ceiling, at its length', () => {
    for (const length of [MAX_MEMBER_AVATAR_BYTES + 1, 0x8000_0000, 0xffff_ffff]) {
      const hex = `00000000${length.toString(16).padStart(8, '0')}`
      expect(codeOf(() => decodeMemberInfo(fromHex(hex)))).toBe('length')
    }
  })

  test.each<[string, Partial<MemberInfo>]>([
    ['nickname', { nickname: 'n'.repeat(65_536) }],
    ['info', { info: 'i'.repeat(65_536) }],
    ['avatar', { avatar: new Uint8Array(MAX_MEMBER_AVATAR_BYTES + 1) }],
  ])('the encoder refuses a %s too long', (_, change) => {
    expect(codeOf(() => encodeMemberInfo({ nickname: '', info: '', ...change }))).toBe('length')
  })

  test('the longest is taken', () => {
    const value = { nickname: 'n'.repeat(65_535), info: '', avatar: new Uint8Array(MAX_MEMBER_AVATAR_BYTES) }
    expect(decodeMemberInfo(encodeMemberInfo(value)).avatar).toHaveLength(MAX_MEMBER_AVATAR_BYTES)
  })
})

test('any bytes give a member info or a WireError', () => {
  fc.assert(
    fc.property(mutated([encodeMemberInfo({ nickname: 'nick', info: 'info', avatar: fromHex('0102') })]), (bytes) => {
      expect(codeOf(() => decodeMemberInfo(bytes))).toBeOneOf([undefined, 'truncated', 'length'])
    }),
    { seed: 2, numRuns: 1000 },
  )
})
