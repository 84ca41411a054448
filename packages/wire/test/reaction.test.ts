import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeReaction, encodeReaction } from '../src/peer/index.js'
import { codeOf } from './support/errors.js'
import { i64 } from './support/frames.js'
import { mutated } from './support/mutate.js'

const bytesOf = (text: string) => new TextEncoder().encode(text)

test('a reaction is decoded as it was encoded', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), i64, (emoji, replyTo) => {
      expect(decodeReaction(encodeReaction({ emoji, replyTo }))).toEqual({ emoji, replyTo })
    }),
    { seed: 1 },
  )
})

test('the form is that of the originals', () => {
  const bytes = encodeReaction({ emoji: '👍', replyTo: -1_308_683_000_760_531_126n })
  expect(new TextDecoder().decode(bytes)).toBe('{"emoji":"👍","replyTo":-1308683000760531126}')
})

test.each([
  ['{"emoji":""}', { emoji: '', replyTo: 0n }],
  ['{"replyTo":5,"x":[],"emoji":"\\u2764"}', { emoji: '❤', replyTo: 5n }],
])('%s', (text, reaction) => {
  expect(decodeReaction(bytesOf(text))).toEqual(reaction)
})

test.each([
  ['', 'json'],
  ['👍', 'json'],
  ['{}', 'json-field'],
  ['{"emoji":5}', 'json-field'],
  ['{"emoji":"a","emoji":"b"}', 'json-field'],
  ['{"emoji":"a","replyTo":"5"}', 'json-field'],
  ['{"emoji":"a","replyTo":9223372036854775808}', 'json-field'],
])('%s is refused: %s', (text, code) => {
  expect(codeOf(() => decodeReaction(bytesOf(text)))).toBe(code)
})

test('what does not fit is not encoded', () => {
  expect(codeOf(() => encodeReaction({ emoji: 'a', replyTo: 2n ** 63n }))).toBe('out-of-range')
})

test('any payload gives a reaction or a WireError', () => {
  const seeds = [encodeReaction({ emoji: '👍🏽', replyTo: -5n }), bytesOf('{ "emoji" : "a" , "replyTo" : 12 }')]
  fc.assert(
    fc.property(mutated(seeds), (payload) => {
      expect(codeOf(() => decodeReaction(payload))).toBeOneOf([undefined, 'json', 'json-field'])
    }),
    { seed: 2, numRuns: 2000 },
  )
})
