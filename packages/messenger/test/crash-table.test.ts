import type { Generation } from '@mimirjs/wire'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { HistoryEntry, Sent } from '../src/index.js'
import { labelOf } from './support/crash/person.js'
import { type CrashPoint, nameOf } from './support/crash/points.js'
import { compileProgram, type Program } from './support/crash/program.js'
import { Stage, until } from './support/crash/stage.js'

// The crash table of docs/architecture.md, row by row: a real process is killed exactly there, and both databases are
// looked at, before somebody takes over the folder of the dead one and after everything has come to rest.

let program: Program
const stages: Stage[] = []
beforeAll(async () => {
  program = await compileProgram(new URL('./support/crash-person.ts', import.meta.url))
})
afterAll(() => program.remove())
afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.close()))
})

type Policies = Readonly<Record<'doomed' | 'other', 'ask' | 'accept'>>

const ASK: Policies = { doomed: 'ask', other: 'ask' }
const BOTH = ['classic', 'current'] as const
const LIMITS = { timeout: 60_000 }

/** Two people who have talked before, so that a connection is there. */
async function setStage(generation: Generation, policies: Policies = ASK): Promise<{ stage: Stage; one: Sent }> {
  const stage = new Stage(program, generation)
  stages.push(stage)
  await stage.open(policies)
  const one = (await stage.call('send', stage.otherKey, 'one')) as Sent
  await stage.call('whenDelivered', one)
  await until(async () => {
    const history = (await stage.call('history', stage.otherKey)) as HistoryEntry[]
    return history.some(({ outgoing, state }) => !outgoing && state === 'handled')
  })
  return { stage, one }
}

/** The state of a text in a database; `absent` when it is not there. */
function stateOf(text: string, lines: readonly string[]): string {
  const line = lines.find((one) => one.startsWith(`${text}: `))
  return line === undefined ? 'absent' : line.slice(text.length + 2)
}

const textOf = (line: string): string => line.slice(0, line.lastIndexOf(': '))
const answers = (texts: readonly string[]): string[] => texts.map((text) => `${labelOf(`re: ${text}`)}: handled`)
const all = (texts: readonly string[], state: string): string[] => texts.map((text) => `${text}: ${state}`)
const named = <R extends { readonly point: CrashPoint }>(rows: readonly R[]) =>
  rows.map((row) => [nameOf(row.point), row] as const)

const store = (method: Extract<CrashPoint, { at: 'store' }>['method'], when: 'before' | 'after', nth?: number) =>
  ({ at: 'store', method, when, ...(nth !== undefined && { nth }) }) as const
const write = (frame: Extract<CrashPoint, { at: 'write' }>['frame'], when: 'before' | 'half' | 'after') =>
  ({ at: 'write', frame, when }) as const
const read = (frame: Extract<CrashPoint, { at: 'read' }>['frame']) => ({ at: 'read', frame }) as const

/** Where the message in question stands right after the crash: at the side that died, and at the other. */
interface Row {
  readonly point: CrashPoint
  readonly own: string
  readonly there: string
}

describe.each(BOTH)('%s: the sender of a message dies', LIMITS, (generation) => {
  const rows: readonly Row[] = [
    { point: store('enqueue', 'before'), own: 'absent', there: 'absent' },
    { point: store('enqueue', 'after'), own: 'stored', there: 'absent' },
    { point: write('text', 'before'), own: 'stored', there: 'absent' },
    { point: write('text', 'half'), own: 'stored', there: 'absent' },
    { point: write('text', 'after'), own: 'stored', there: 'handled' },
    { point: read('ok'), own: 'stored', there: 'handled' },
    { point: store('markDelivered', 'before'), own: 'stored', there: 'handled' },
    { point: store('markDelivered', 'after'), own: 'delivered', there: 'handled' },
  ]
  test.each(named(rows))('%s', (_, row) => dieSending(generation, row, 'two'))
})

describe('current: the sender of a large message dies', LIMITS, () => {
  const large = 'two'.padEnd(150_000, 'o')
  const rows: readonly Row[] = [
    { point: { at: 'data', direction: 'out', bytes: 70_000 }, own: 'stored', there: 'absent' },
    { point: { at: 'data', direction: 'out', bytes: 150_076 }, own: 'stored', there: 'handled' },
    { point: read('ok'), own: 'stored', there: 'handled' },
    { point: store('markDelivered', 'before'), own: 'stored', there: 'handled' },
  ]
  test.each(named(rows))('%s', (_, row) => dieSending('current', row, large))
})

async function dieSending(generation: Generation, { point, own, there }: Row, text: string): Promise<void> {
  const two = labelOf(text)
  const { stage } = await setStage(generation)
  await stage.arm(point)
  const accepted: string[] = ['one']
  for (const one of [text, 'three']) {
    stage.call('send', stage.otherKey, one).then(
      () => accepted.push(labelOf(one)),
      () => {},
    )
  }
  await stage.death()

  const before = (await stage.doomedView()).sent
  expect(stateOf(two, before)).toBe(own)
  if (there !== 'absent') await until(async () => stateOf(two, (await stage.otherView()).received) === there)
  expect(stateOf(two, (await stage.otherView()).received)).toBe(there)
  expect(before.map(textOf)).toEqual(expect.arrayContaining(accepted))

  await stage.revive('ask')
  await stage.revived.send(stage.otherKey, 'four')
  await stage.quiet()
  const kept = [...before.map(textOf), 'four']
  const [doomed, other] = [await stage.doomedView(), await stage.otherView()]
  expect(other.received).toEqual(all(kept, 'handled'))
  expect(doomed.sent).toEqual(all(kept, 'delivered'))
  expect(doomed.received).toEqual(answers(kept))
}

/** What became of the message, and how often its handler began in both lives together. */
interface ReceiverRow extends Row {
  readonly runs: readonly number[]
}

describe.each(BOTH)('%s: the receiver of a message dies', LIMITS, (generation) => {
  const rows: readonly ReceiverRow[] = [
    { point: read('text'), own: 'absent', there: 'stored', runs: [1] },
    { point: store('receive', 'before'), own: 'absent', there: 'stored', runs: [1] },
    { point: store('receive', 'after'), own: 'unhandled', there: 'stored', runs: [1] },
    { point: write('ok', 'before'), own: 'unhandled', there: 'stored', runs: [1, 2] },
    { point: write('ok', 'half'), own: 'unhandled', there: 'stored', runs: [1, 2] },
    { point: write('ok', 'after'), own: 'unhandled', there: 'delivered', runs: [1, 2] },
    { point: store('nextUnhandled', 'after'), own: 'unhandled', there: 'either', runs: [1] },
    { point: { at: 'handler', when: 'started' }, own: 'unhandled', there: 'either', runs: [2] },
    { point: store('enqueue', 'before'), own: 'unhandled', there: 'either', runs: [2] },
    { point: store('enqueue', 'after'), own: 'unhandled', there: 'delivered', runs: [2] },
    { point: { at: 'handler', when: 'answered' }, own: 'unhandled', there: 'delivered', runs: [2] },
    { point: store('handled', 'before'), own: 'unhandled', there: 'delivered', runs: [2] },
    { point: store('handled', 'after'), own: 'handled', there: 'delivered', runs: [1] },
    { point: write('text', 'before'), own: 'handled', there: 'delivered', runs: [1] },
    { point: write('text', 'after'), own: 'handled', there: 'delivered', runs: [1] },
    { point: store('markDelivered', 'before'), own: 'handled', there: 'delivered', runs: [1] },
  ]
  test.each(named(rows))('%s', (_, row) => dieReceiving(generation, row, 'two'))
})

describe('current: the receiver of a large message dies', LIMITS, () => {
  const large = 'two'.padEnd(150_000, 'o')
  const rows: readonly ReceiverRow[] = [
    { point: { at: 'data', direction: 'in', bytes: 70_000 }, own: 'absent', there: 'stored', runs: [1] },
    { point: store('receive', 'before'), own: 'absent', there: 'stored', runs: [1] },
    { point: store('receive', 'after'), own: 'unhandled', there: 'stored', runs: [1] },
    { point: write('ok', 'before'), own: 'unhandled', there: 'stored', runs: [1, 2] },
  ]
  test.each(named(rows))('%s', (_, row) => dieReceiving('current', row, large))
})

async function dieReceiving(generation: Generation, row: ReceiverRow, text: string): Promise<void> {
  const two = labelOf(text)
  const { stage } = await setStage(generation)
  await stage.arm(row.point)
  await stage.other.send(stage.doomedKey, text)
  await stage.other.send(stage.doomedKey, 'three')
  await stage.death()

  expect(stateOf(two, (await stage.doomedView()).received)).toBe(row.own)
  // An OK may be on its way; where either is right, it may have left with what came after it, or not.
  if (row.there === 'delivered') await until(async () => stateOf(two, (await stage.otherView()).sent) === row.there)
  if (row.there !== 'either') expect(stateOf(two, (await stage.otherView()).sent)).toBe(row.there)

  await stage.revive('ask')
  await stage.other.send(stage.doomedKey, 'four')
  await stage.quiet()
  const texts = [two, 'three', 'four']
  const [doomed, other] = [await stage.doomedView(), await stage.otherView()]
  expect(doomed.received).toEqual(['re: one: handled', ...all(texts, 'handled')])
  expect(other.sent).toEqual(['re: one: delivered', ...all(texts, 'delivered')])
  expect(other.received).toEqual(['one: handled', ...answers(texts)])
  expect(row.runs).toContain(stage.runs(two).began)
  // The one behind it may have been in its handler, too.
  expect([1, 2]).toContain(stage.runs('three').began)
  expect(stage.runs('four').began).toBe(1)
}

describe.each(BOTH)('%s: somebody who changes a text dies', LIMITS, (generation) => {
  const rows: readonly Row[] = [
    { point: store('edit', 'before'), own: 'one: delivered', there: 'one' },
    { point: store('edit', 'after'), own: 'one!: stored', there: 'one' },
    { point: write('edit', 'before'), own: 'one!: stored', there: 'one' },
    { point: write('edit', 'half'), own: 'one!: stored', there: 'one' },
    { point: write('edit', 'after'), own: 'one!: stored', there: 'one!' },
    { point: read('ok'), own: 'one!: stored', there: 'one!' },
    { point: store('markDelivered', 'before'), own: 'one!: stored', there: 'one!' },
    { point: store('markDelivered', 'after'), own: 'one!: delivered', there: 'one!' },
  ]
  test.each(named(rows))('%s', async (_, { point, own, there }) => {
    const { stage, one } = await setStage(generation)
    await stage.arm(point)
    stage.call('send', stage.otherKey, { edit: one.id, text: 'one!' }).catch(() => {})
    await stage.death()

    expect((await stage.doomedView()).sent).toEqual([own])
    await until(async () => (await stage.otherView()).received[0] === `${there}: handled`)

    await stage.revive('ask')
    await stage.revived.send(stage.otherKey, 'two')
    await stage.quiet()
    const text = textOf(own)
    const [doomed, other] = [await stage.doomedView(), await stage.otherView()]
    expect(doomed.sent).toEqual([`${text}: delivered`, 'two: delivered'])
    expect(other.received).toEqual([`${text}: handled`, 'two: handled'])
    expect(doomed.received).toEqual(answers(['one', 'two']))
  })
})

describe.each(BOTH)('%s: somebody whose copy of a text is changed dies', LIMITS, (generation) => {
  const rows: readonly Row[] = [
    { point: read('edit'), own: 're: one', there: 'stored' },
    { point: store('receive', 'before'), own: 're: one', there: 'stored' },
    { point: store('receive', 'after'), own: 'better', there: 'stored' },
    { point: write('ok', 'before'), own: 'better', there: 'stored' },
    { point: write('ok', 'after'), own: 'better', there: 'delivered' },
  ]
  test.each(named(rows))('%s', async (_, { point, own, there }) => {
    const { stage } = await setStage(generation)
    const [answer] = await stage.other.history(stage.doomedKey, { limit: 1 })
    await stage.arm(point)
    await stage.other.send(stage.doomedKey, { edit: answer?.id ?? '', text: 'better' })
    await stage.death()

    expect((await stage.doomedView()).received).toEqual([`${own}: handled`])
    if (there === 'delivered') await until(async () => (await stage.otherView()).sent[0] === 'better: delivered')
    expect((await stage.otherView()).sent).toEqual([`better: ${there}`])

    await stage.revive('ask')
    await stage.other.send(stage.doomedKey, 'two')
    await stage.quiet()
    expect((await stage.doomedView()).received).toEqual(['better: handled', 'two: handled'])
    expect((await stage.otherView()).sent).toEqual(['better: delivered', 'two: delivered'])
    expect(stage.runs('re: one').ended + stage.runs('better').ended).toBe(1)
  })
})

describe.each(BOTH)('%s: somebody who deletes a text dies', LIMITS, (generation) => {
  test.each([
    ['before', ['re: one: handled']],
    ['after', []],
  ] as const)('%s the commit of remove', async (when, kept) => {
    const { stage } = await setStage(generation)
    const history = (await stage.call('history', stage.otherKey)) as HistoryEntry[]
    const answer = history.find(({ outgoing }) => !outgoing)
    await stage.arm(store('remove', when))
    stage.call('deleteMessage', stage.otherKey, answer?.id, { outgoing: false }).catch(() => {})
    await stage.death()

    expect((await stage.doomedView()).received).toEqual(kept)
    await stage.revive('ask')
    await stage.other.send(stage.doomedKey, 'two')
    await stage.quiet()
    expect((await stage.doomedView()).received).toEqual([...kept, 'two: handled'])
  })
})

/** What both sides have noted after the crash, and whether they are contacts when all is over. */
interface ContactRow {
  readonly point: CrashPoint
  /** Kind of the other person and notes. */
  readonly own: string
  readonly there: string
  readonly end: 'strangers' | 'contacts'
}

const contactOf = ({ kind, notes }: { kind: string; notes: readonly string[] }): string => [kind, ...notes].join(' ')

describe('current: somebody who asks for contact dies', LIMITS, () => {
  const asked = 'contact request-out'
  const rows: readonly ContactRow[] = [
    { point: store('putContactNote', 'before'), own: 'contact', there: 'stranger', end: 'strangers' },
    { point: store('putContactNote', 'after'), own: asked, there: 'stranger', end: 'contacts' },
    { point: write('contactRequest', 'before'), own: asked, there: 'stranger', end: 'contacts' },
    { point: write('contactRequest', 'half'), own: asked, there: 'stranger', end: 'contacts' },
    { point: write('contactRequest', 'after'), own: asked, there: 'contact response-out', end: 'contacts' },
    { point: read('contactResponse'), own: asked, there: 'contact response-out', end: 'contacts' },
    { point: store('deleteContactNote', 'before'), own: asked, there: 'contact response-out', end: 'contacts' },
    { point: store('deleteContactNote', 'after'), own: 'contact', there: 'contact response-out', end: 'contacts' },
  ]
  test.each(named(rows))('%s', async (_, { point, own, there, end }) => {
    const { stage } = await setStage('current', { doomed: 'ask', other: 'accept' })
    await stage.arm(point)
    stage.call('requestContact', stage.otherKey, { message: 'please' }).catch(() => {})
    await stage.death()

    expect(contactOf(await stage.doomedView())).toBe(own)
    await until(async () => contactOf(await stage.otherView()) === there)

    await stage.revive('ask')
    await stage.revived.send(stage.otherKey, 'two')
    await stage.quiet()
    if (end === 'contacts') await until(async () => contactOf(await stage.doomedView()) === 'contact')
    expect(contactOf(await stage.doomedView())).toBe('contact')
    expect((await stage.otherView()).kind).toBe(end === 'contacts' ? 'contact' : 'stranger')
  })
})

describe('current: somebody who is asked for contact dies', LIMITS, () => {
  const asked = 'stranger request-in'
  const waiting = 'contact request-out'
  const rows: readonly ContactRow[] = [
    { point: read('contactRequest'), own: 'stranger', there: waiting, end: 'contacts' },
    { point: store('putContactNote', 'before'), own: 'stranger', there: waiting, end: 'contacts' },
    { point: store('putContactNote', 'after'), own: asked, there: waiting, end: 'contacts' },
    { point: store('putContact', 'after'), own: 'contact request-in', there: waiting, end: 'contacts' },
    { point: store('putContactNote', 'before', 2), own: 'contact request-in', there: waiting, end: 'contacts' },
    {
      point: store('putContactNote', 'after', 2),
      own: 'contact request-in response-out',
      there: waiting,
      end: 'contacts',
    },
    { point: store('deleteContactNote', 'after'), own: 'contact response-out', there: waiting, end: 'contacts' },
    { point: write('contactResponse', 'before'), own: 'contact response-out', there: waiting, end: 'contacts' },
    { point: write('contactResponse', 'after'), own: 'contact response-out', there: 'contact', end: 'contacts' },
  ]
  test.each(named(rows))('%s', async (_, { point, own, there }) => {
    const { stage } = await setStage('current', { doomed: 'accept', other: 'ask' })
    await stage.arm(point)
    await stage.other.requestContact(stage.doomedKey, { message: 'please' })
    await stage.death()

    expect(contactOf(await stage.doomedView())).toBe(own)
    await until(async () => contactOf(await stage.otherView()) === there)

    await stage.revive('accept')
    await until(async () => contactOf(await stage.otherView()) === 'contact')
    await until(async () => !(await stage.doomedView()).notes.includes('request-in'))
    expect((await stage.doomedView()).kind).toBe('contact')
  })
})
