import { fromHex } from '@mimirjs/wire'
import { expect, test } from 'vitest'
import { systemLine } from '../src/system-line.js'

const BOB = 'b0'.repeat(32)
const CAROL = 'ca'.repeat(32)
const who = (key: string): string => (key === BOB ? 'Bob' : 'cacacaca')

test('people by their names, each once', () => {
  const random = new Uint8Array(32)
  const added = { event: 'userAdded', target: fromHex(BOB), actor: fromHex(CAROL), random } as const
  expect(systemLine({ text: 'b0b0b0b0 joined, invited by cacacaca', system: added }, who)).toBe(
    'Bob joined, invited by cacacaca',
  )
  // What a group is called is somebody's text.
  const renamed = { event: 'chatInfoChanged', actor: fromHex(BOB), name: 'b0b0b0b0' } as const
  expect(systemLine({ text: "b0b0b0b0 changed the name to 'b0b0b0b0'", system: renamed }, who)).toBe(
    "Bob changed the name to 'b0b0b0b0'",
  )
  expect(systemLine({ text: 'b0b0b0b0 happened', system: undefined }, who)).toBe('b0b0b0b0 happened')
})
