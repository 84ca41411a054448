import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Messenger } from '../../src/index.js'
import { type CrashPoint, nameOf } from '../support/crash/points.js'
import { compileProgram, type Program } from '../support/crash/program.js'
import { GroupStage, linesOf } from './support/crash-stage.js'
import { until } from './support/scene.js'

// The crash points of groups, one by one: a real process is killed exactly there, and what both sides have is looked at after
// somebody has taken over the folder of the dead one.

let program: Program
const stages: GroupStage[] = []
beforeAll(async () => {
  program = await compileProgram(new URL('./support/crash-member.ts', import.meta.url))
})
afterAll(() => program.remove())
afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.close()))
})

const LIMITS = { timeout: 60_000 }

async function setStage(): Promise<GroupStage> {
  const stage = new GroupStage(program)
  stages.push(stage)
  await stage.open()
  return stage
}

const store = (method: Extract<CrashPoint, { at: 'store' }>['method'], when: 'before' | 'after', nth?: number) =>
  ({ at: 'store', method, when, ...(nth !== undefined && { nth }) }) as const
const named = <R extends { readonly point: CrashPoint }>(rows: readonly R[]) =>
  rows.map((row) => [nameOf(row.point), row] as const)

const eventsOf = async (messenger: Messenger, group: string): Promise<string[]> =>
  (await messenger.history(group, { limit: 1_000 })).flatMap(({ system }) => (system ? [system.event] : []))

describe('who is invited dies', LIMITS, () => {
  /** `begun`: the next life finishes by itself what the last one began. */
  const rows: readonly { readonly point: CrashPoint; readonly begun: boolean }[] = [
    { point: store('putInvite', 'before'), begun: false },
    { point: store('putInvite', 'after'), begun: false },
    { point: store('setSetting', 'before'), begun: false },
    { point: store('setSetting', 'after'), begun: true },
    { point: store('putGroup', 'before'), begun: true },
    { point: store('putGroup', 'after'), begun: true },
    { point: store('deleteInvite', 'before'), begun: true },
    { point: store('deleteInvite', 'after'), begun: true },
    { point: store('setSetting', 'before', 2), begun: true },
    { point: store('setSetting', 'after', 2), begun: true },
    { point: store('receiveGroup', 'before'), begun: true },
    { point: store('receiveGroup', 'after'), begun: true },
    { point: store('putMembers', 'before'), begun: true },
  ]
  test.each(named(rows))('%s', async (_, { point, begun }) => {
    const stage = await setStage()
    const group = await stage.other.createGroup({ name: 'Everybody' })
    await group.send('welcome')
    await stage.arm(point)
    await group.invite(stage.doomedKey)
    const isAboutInvite = point.at === 'store' && point.method === 'putInvite'
    if (!isAboutInvite) stage.join().catch(() => {})
    await stage.death()

    const revived = await stage.revive()
    if (!begun) {
      const invite = await until(async () => (await revived.groupInvites())[0])
      expect(await revived.groups()).toEqual([])
      await revived.joinGroup(invite)
    }
    const theirs = await until(async () => (await revived.groups())[0])
    await until(async () => (await linesOf(revived, group.id)).length === 2)
    await theirs.send('thanks')
    await stage.quiet()
    expect(theirs).toMatchObject({ id: group.id, state: 'joined', role: 'member' })
    expect(await linesOf(stage.other, group.id)).toEqual([
      'welcome: delivered',
      're: welcome: handled',
      'thanks: handled',
      're: thanks: delivered',
    ])
    expect((await linesOf(revived, group.id)).slice(0, 3)).toEqual([
      'welcome: handled',
      're: welcome: delivered',
      'thanks: delivered',
    ])
    expect(await eventsOf(stage.other, group.id)).toEqual(['userAdded'])
    expect(await revived.groupInvites()).toEqual([])
  })
})

describe('who sends dies', LIMITS, () => {
  /** What its disk says of the message then; `there`: the mediator has it. */
  const rows: readonly { readonly point: CrashPoint; readonly own: string; readonly there: boolean }[] = [
    { point: store('enqueue', 'before'), own: 'absent', there: false },
    { point: store('enqueue', 'after'), own: 'stored', there: false },
    { point: store('markSent', 'before'), own: 'stored', there: true },
    { point: store('markSent', 'after'), own: 'delivered', there: true },
  ]
  test.each(named(rows))('%s', async (_, { point, own, there }) => {
    const stage = await setStage()
    const group = await stage.group()
    await stage.tell({ do: 'send', group: group.id, text: 'one' })
    await until(async () => (await linesOf(stage.other, group.id)).includes('one: handled'))
    await stage.arm(point)
    stage.tell({ do: 'send', group: group.id, text: 'two' }).catch(() => {})
    await stage.death()
    const state = await stage.look(async (disk) => {
      const rows = await disk.history(group.id, { limit: 100 })
      return rows.find(({ payload }) => Buffer.from(payload).toString() === 'two')?.state ?? 'absent'
    })
    expect(state).toBe(own)
    if (there) await until(async () => (await linesOf(stage.other, group.id)).includes('two: handled'))

    const revived = await stage.revive()
    await revived.send(group.id, 'three')
    await stage.quiet()
    const said = ['one', ...(own === 'absent' ? [] : ['two']), 'three']
    const heard = (await linesOf(stage.other, group.id)).filter((line) => !line.startsWith('re: '))
    expect(heard).toEqual(said.map((text) => `${text}: handled`))
    const mine = (await linesOf(revived, group.id)).filter((line) => !line.startsWith('re: '))
    expect(mine).toEqual(said.map((text) => `${text}: delivered`))
  })
})

describe('who receives dies', LIMITS, () => {
  /** How often its handler began with the message in both lives together. */
  const rows: readonly { readonly point: CrashPoint; readonly runs: number }[] = [
    { point: store('receiveGroup', 'before'), runs: 1 },
    { point: store('nextUnhandled', 'after'), runs: 1 },
    { point: { at: 'handler', when: 'started' }, runs: 2 },
    { point: store('enqueue', 'before'), runs: 2 },
    { point: store('enqueue', 'after'), runs: 2 },
    { point: { at: 'handler', when: 'answered' }, runs: 2 },
    { point: store('handled', 'before'), runs: 2 },
    { point: store('handled', 'after'), runs: 1 },
    { point: store('markSent', 'before'), runs: 1 },
    { point: store('markSent', 'after'), runs: 1 },
  ]
  test.each(named(rows))('%s', async (_, { point, runs }) => {
    const stage = await setStage()
    const group = await stage.group()
    await group.send('one')
    await until(async () => (await linesOf(stage.other, group.id)).includes('re: one: handled'))
    await stage.arm(point)
    await group.send('two')
    await stage.death()

    await stage.revive()
    await group.send('three')
    await until(async () => (await linesOf(stage.other, group.id)).length >= 6)
    await stage.quiet()
    const lines = await linesOf(stage.other, group.id)
    for (const text of ['one', 'two', 'three']) {
      expect(lines.filter((line) => line.startsWith(`${text}: `))).toEqual([`${text}: delivered`])
      expect(lines.filter((line) => line.startsWith(`re: ${text}: `))).toEqual([`re: ${text}: handled`])
    }
    const theirs = await linesOf(stage.revived, group.id)
    expect(theirs.filter((line) => !line.startsWith('re: '))).toEqual([
      'one: handled',
      'two: handled',
      'three: handled',
    ])
    expect(theirs).toHaveLength(6)
    expect(stage.runs('two')).toBe(runs)
  })
})

describe('who makes a group dies', LIMITS, () => {
  test.each([
    ['before', 0],
    ['after', 1],
  ] as const)('%s the commit of putGroup', async (when, groups) => {
    const stage = await setStage()
    await stage.arm(store('putGroup', when))
    stage.tell({ do: 'create', name: 'Mine' }).catch(() => {})
    await stage.death()
    const revived = await stage.revive()
    const known = await revived.groups()
    expect(known.map(({ name, role }) => [name, role])).toEqual(Array.from({ length: groups }, () => ['Mine', 'owner']))
    for (const { id } of known) await revived.whenDelivered(await revived.send(id, 'hello'))
  })
})

describe('who leaves dies', LIMITS, () => {
  const rows: readonly { readonly point: CrashPoint; readonly state: 'joined' | 'left' }[] = [
    { point: store('setSetting', 'before'), state: 'joined' },
    { point: store('setSetting', 'after'), state: 'joined' },
    { point: store('changeGroup', 'before'), state: 'left' },
    { point: store('changeGroup', 'after'), state: 'left' },
    { point: store('setSetting', 'before', 2), state: 'left' },
    { point: store('setSetting', 'after', 2), state: 'left' },
  ]
  test.each(named(rows))('%s', async (_, { point, state }) => {
    const stage = await setStage()
    const { id } = await stage.group()
    await stage.arm(point)
    stage.tell({ do: 'leave', group: id }).catch(() => {})
    await stage.death()
    const revived = await stage.revive()
    const group = await revived.group(id)
    // Out of a group at once, or when the mediator has said so.
    await group.refresh()
    expect(group.state).toBe(state)
  })
})

describe('who changes the key dies', LIMITS, () => {
  /** `sent`: the other one has been sent the key. `done`: and it is the key of the group. */
  const rows: readonly { readonly point: CrashPoint; readonly sent?: true; readonly done?: true }[] = [
    { point: store('setSetting', 'after') },
    { point: store('changeGroup', 'after') },
    { point: store('setSetting', 'after', 2), sent: true },
    { point: store('changeGroup', 'before', 2), sent: true },
    { point: store('changeGroup', 'after', 2), sent: true, done: true },
  ]
  test.each(named(rows))('%s', async (_, { point, sent, done }) => {
    const stage = await setStage()
    const id = await stage.tell({ do: 'create', name: 'Theirs' })
    await stage.tell({ do: 'invite', group: id, person: stage.other.publicKey })
    const invited = () => until(async () => (await stage.other.groupInvites())[0])
    const group = await stage.other.joinGroup(await invited())
    await stage.arm(point)
    stage.tell({ do: 'rotate', group: id }).catch(() => {})
    await stage.death()

    // Whoever has been sent the key already goes on with it.
    if (sent) await stage.other.joinGroup(await invited())
    await group.send('under whatever key')
    const revived = await stage.revive()
    await until(async () => (await linesOf(revived, id)).includes('under whatever key: handled'))
    const theirs = await revived.group(id)
    await theirs.rotateKey()
    if (!sent || done) await stage.other.joinGroup(await invited())
    await theirs.send('under the new one')
    await until(async () => (await linesOf(stage.other, id)).includes('under the new one: handled'))
    // Who was sent the key in the first life is not sent it again.
    expect(await stage.other.groupInvites()).toEqual([])
    await group.send('likewise')
    await until(async () => (await linesOf(revived, id)).includes('likewise: handled'))
  })
})
