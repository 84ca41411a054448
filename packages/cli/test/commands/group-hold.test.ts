import { EventEmitter } from 'node:events'
import type { Group, Messenger } from '@mimirjs/messenger'
import { expect, test } from 'vitest'
import { Hold } from '../../src/commands/group/hold.js'
import type { Context } from '../../src/context.js'

/** As much of a messenger and a group as a {@link Hold} looks at. */
function parts(role: Group['role']) {
  const messenger = new EventEmitter()
  const group = {
    id: 'g',
    name: 'Hiking',
    role,
    state: 'joined',
    mediator: { publicKey: 'k' },
    refresh: async () => {},
  }
  const context = { stop: new AbortController().signal } as Context
  const hold = new Hold(messenger as unknown as Messenger, group as unknown as Group)
  return { messenger, group, context, hold }
}

test.each([
  ['member', 'its mediator takes nothing from you in Hiking'],
  ['reader', 'you may only read in Hiking'],
] as const)('a refusal that a %s hears of is the end, whatever our role is said to be', async (role, says) => {
  const { messenger, context, hold } = parts(role)
  messenger.emit('waiting', { id: '7', to: 'g' })
  await hold.suspected
  expect(await hold.confirmed(context)).toBe(true)
  expect(hold.error({ id: '7', to: 'g' }).message).toBe(
    `message 7 is accepted and waits: ${says}; it goes only if that changes`,
  )
})

test('what happens in other groups, and a role that allows it, are no reason; afterwards nothing is listened to', async () => {
  const { messenger, group, context, hold } = parts('member')
  let isSuspected = false
  void hold.suspected.then(() => {
    isSuspected = true
  })
  messenger.emit('waiting', { id: '7', to: 'other' })
  messenger.emit('group', { group: 'g', change: 'role', role: 'member' })
  group.role = 'reader'
  messenger.emit('group', { group: 'other', change: 'role', role: 'reader' })
  expect(await Promise.resolve(isSuspected)).toBe(false)
  messenger.emit('group', { group: 'g', change: 'role', role: 'reader' })
  await hold.suspected
  // It was taken back before the mediator was asked.
  group.role = 'member'
  expect(await hold.confirmed(context)).toBe(false)
  hold[Symbol.dispose]()
  expect([messenger.listenerCount('waiting'), messenger.listenerCount('group')]).toEqual([0, 0])
})
