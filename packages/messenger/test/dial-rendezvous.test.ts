// In which order somebody is dialled who is also looked for at rendezvous servers, and who waits for what.
import { generateSeed } from '@mimirjs/crypto'
import type { Peer } from '@mimirjs/peer'
import { describe, expect, test } from 'vitest'
import { type DialContext, type DialOptions, dialPeer } from '../src/dial.js'
import type { Meeting } from '../src/meetings.js'
import { type Decision, decision, settle } from './support/decision.js'

const KEY = generateSeed()

interface World {
  readonly known?: readonly string[]
  readonly hasTrackers?: boolean
}

/** The caller decides what becomes of each attempt. */
function setUp({ known = [], hasTrackers = false }: World = {}) {
  const abort = new AbortController()
  const linked = new AbortController()
  const meeting = decision()
  const dialled: string[] = []
  const attempts = new Map<string, Decision<void>>()
  const signals: (AbortSignal | undefined)[] = []
  const network = {
    connect: (_: Uint8Array, [address = '']: readonly string[], { signal }: { signal: AbortSignal }) => {
      dialled.push(address)
      const attempt = decision()
      attempts.set(address, attempt)
      signal.addEventListener('abort', () => attempt.reject(new Error(`given up: ${address}`)))
      return attempt.promise
    },
  }
  const context: DialContext = {
    network: network as unknown as Peer,
    resolve: async (_, { force }) => (force ? [] : [...known]),
    forget: () => {},
    lastResort: undefined,
    nearby: () => undefined,
    sources: { hasTrackers, hasLocalNetwork: false },
    meet: (_, signal): Meeting => {
      signals.push(signal)
      return { linked: linked.signal, done: meeting.promise }
    },
  }
  const fail = (address: string): void => attempts.get(address)?.reject(new Error(`nobody at ${address}`))
  const dial = (options?: DialOptions): Promise<void> => dialPeer(context, KEY, abort.signal, options)
  return { abort, linked, meeting, dialled, attempts, signals, fail, dial }
}

async function stateOf(dial: Promise<void>): Promise<string> {
  let state = 'waits'
  dial.then(
    () => (state = 'done'),
    (failure: Error) => (state = failure.message),
  )
  await settle()
  return state
}

const PATIENT = { isPatient: true }
const HASTY = { isPatient: false }

describe.each([PATIENT, HASTY])('with %j', (options) => {
  test('somebody who answers at an address is not waited for anywhere else', async () => {
    const { dial, attempts } = setUp({ known: ['tcp://far'] })
    const dialling = dial(options)
    await settle()
    attempts.get('tcp://far')?.resolve()
    expect(await stateOf(dialling)).toBe('done')
  })

  test('an address that leads nowhere for a long time holds up nobody who is met', async () => {
    const { dial, linked, meeting, dialled } = setUp({ known: ['tcp://slow'] })
    const dialling = dial(options)
    await settle()
    expect(dialled).toEqual(['tcp://slow'])
    linked.abort()
    expect(await stateOf(dialling)).toBe('waits')
    meeting.resolve()
    expect(await stateOf(dialling)).toBe('done')
  })

  test('who is met after all, and then cannot be connected, is not reached', async () => {
    const { dial, linked, meeting } = setUp({ known: ['tcp://slow'] })
    const dialling = dial(options)
    await settle()
    linked.abort()
    meeting.reject(new Error('the channel closed'))
    expect(await stateOf(dialling)).toBe('the channel closed')
  })

  test('of whom no address is known: the answer at the servers is waited for', async () => {
    const { dial, meeting, dialled } = setUp()
    const dialling = dial(options)
    expect(await stateOf(dialling)).toBe('waits')
    expect(dialled).toEqual([])
    meeting.reject(new Error('nobody answered'))
    expect(await stateOf(dialling)).toBe('no address of this peer is known; nobody answered')
    await expect(dialling).rejects.toMatchObject({ code: 'unreachable' })
  })

  test('a caller who gives up is answered at once', async () => {
    const { dial, abort } = setUp()
    const dialling = dial(options)
    await settle()
    abort.abort(new Error('enough'))
    expect(await stateOf(dialling)).toBe('enough')
  })

  test('a no from the servers does not end the attempt at an address', async () => {
    const { dial, meeting, attempts } = setUp({ known: ['tcp://far'] })
    const dialling = dial(options)
    await settle()
    meeting.reject(new Error('declined'))
    expect(await stateOf(dialling)).toBe('waits')
    attempts.get('tcp://far')?.resolve()
    expect(await stateOf(dialling)).toBe('done')
  })
})

describe('when no address leads there, but one may later', () => {
  test('the patient wait for an answer at the servers, and take back the knock when they give up', async () => {
    const { dial, fail, meeting, signals, abort } = setUp({ known: ['tcp://far'] })
    const dialling = dial(PATIENT)
    await settle()
    fail('tcp://far')
    expect(await stateOf(dialling)).toBe('waits')
    meeting.resolve()
    expect(await stateOf(dialling)).toBe('done')
    expect(signals).toEqual([abort.signal])
  })

  test.each<[string, World]>([
    ['an address', { known: ['tcp://far'] }],
    ['trackers', { hasTrackers: true }],
  ])('the others try %s again soon, and leave the search behind', async (_, world) => {
    const { dial, fail, signals } = setUp(world)
    const dialling = dial(HASTY)
    await settle()
    fail('tcp://far')
    expect(await stateOf(dialling)).toMatch(/nobody at tcp:\/\/far|no tracker knows/)
    await expect(dialling).rejects.toMatchObject({ code: 'unreachable' })
    expect(signals).toEqual([undefined])
  })
})
