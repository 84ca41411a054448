import { EventEmitter } from 'node:events'
import type { MediatorEvent, Messenger } from '@mimirjs/messenger'
import { expect, test } from 'vitest'
import { reportMediators } from '../../src/commands/listen-mediators.js'
import type { Context } from '../../src/context.js'
import { describeFailure } from '../../src/failure.js'

test('one line when a mediator is reached, lost, back or given up, however often it is tried in between', () => {
  const messenger = new EventEmitter()
  const said: string[] = []
  const events: unknown[] = []
  const output = { warn: (error: unknown) => said.push(describeFailure(error).message) }
  reportMediators({ output } as unknown as Context, messenger as unknown as Messenger, (event, text) => {
    events.push((event as { state: string }).state)
    if (text !== '') said.push(text)
  })
  const becomes = (state: object): void => {
    const event = { publicKey: 'k', address: 'tcp://there', state: state as MediatorEvent['state'] }
    messenger.emit('mediator', event satisfies MediatorEvent)
  }
  const waiting = { state: 'waiting', reason: new Error('gone'), retryAtMs: 0, failures: 1 }
  const connecting = { state: 'connecting', failures: 1 }
  for (const state of [connecting, waiting, connecting, { state: 'up' }, waiting, connecting, waiting, { state: 'up' }])
    becomes(state)
  for (const state of [{ state: 'stopped', reason: new Error('another key') }, { state: 'closed' }]) becomes(state)
  expect(events).toEqual(['up', 'lost', 'up', 'stopped'])
  expect(said).toEqual([
    'mediator tcp://there is reached',
    'mediator tcp://there is lost, we go on trying: gone',
    'mediator tcp://there is back',
    'mediator tcp://there is given up: another key',
  ])
})
