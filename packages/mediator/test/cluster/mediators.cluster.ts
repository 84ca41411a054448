import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { call } from '../../src/operations.js'
import { type Child, startChild } from '../stores/process.js'
import type { OpenedStore } from '../stores/suite.js'
import { ask } from '../stores/suite-calls.js'
import { hexOf, keyOf } from './support/keys.js'
import type { MediatorTask } from './support/mediator.js'
import { Member } from './support/member.js'
import { execute, openSchema } from './support/schema.js'

const CHAT = 4_711n
const BLOB_BYTES = 300

let database: OpenedStore & { readonly schema: string }
const children: Child[] = []
const members: Member[] = []
let natsPrefix = 0
beforeEach(async () => {
  database = await openSchema()
})
afterEach(async () => {
  await Promise.all(members.splice(0).map(({ client }) => client.close({ timeoutMs: 0 })))
  await Promise.all(children.splice(0).map((child) => child.kill()))
  await database.done()
})

/** A chat that member 1 owns and the others are in. Proof of work is for other tests. */
async function makeChat(others: readonly number[]): Promise<void> {
  const settings = { name: 'cluster', description: '', avatar: undefined }
  const chat = { chatId: CHAT, owner: keyOf(1), createdAtSeconds: 1n, permissions: 0x90, ...settings }
  await database.store.run(() => call('createChat', chat), { chatId: CHAT })
  const row = { permissions: 0x10, banned: false, acceptedAtSeconds: 1n, changedAtSeconds: 0n }
  for (const number of others) await ask(database.store, 'putUser', CHAT, keyOf(number), row)
}

interface Running {
  readonly child: Child
  readonly address: string
}

async function startMediators(count: number, isDeaf = false): Promise<Running[]> {
  const prefix = `test-${process.pid}-${natsPrefix++}`
  const task: MediatorTask = {
    postgresUrl: inject('postgresUrl'),
    schema: database.schema,
    natsUrl: inject('natsUrl'),
    prefix,
    isDeaf,
  }
  const started = Array.from({ length: count }, () =>
    startChild('../cluster/support/mediator.ts', JSON.stringify(task)),
  )
  children.push(...started)
  return Promise.all(started.map(async (child) => ({ child, address: (await child.line()) ?? '' })))
}

/** @param addressNow - asked before every attempt to connect */
function join(number: number, addressNow: () => string): Member {
  const member = new Member(number, CHAT, addressNow)
  members.push(member)
  return member
}

async function until(check: () => boolean | Promise<boolean>, what: string, timeoutMs = 30_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; !(await check()); ) {
    if (Date.now() > end) throw new Error(`${what}: not within ${timeoutMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Number `n` of a member's messages. */
const guidOf = (number: number, n: number): bigint => BigInt(number) * 1_000_000n + BigInt(n)
const blobOf = (number: number, n: number): Uint8Array => new Uint8Array(BLOB_BYTES).fill(number * 16 + (n % 16))

/** What a member knows: what it received, and its own messages by the ids they were acknowledged with. */
function knownTo(member: Member): Map<bigint, bigint> {
  const known = new Map([...member.received].map(([id, { guid }]) => [guid, id]))
  for (const [guid, id] of member.acknowledged) known.set(guid, id)
  return known
}

describe('several mediators on one PostgreSQL and one NATS', () => {
  test('one is killed while members of both send: nothing is lost, nothing is there twice', {
    timeout: 90_000,
  }, async () => {
    const each = 100
    await makeChat([2, 3, 4])
    const [a, b] = (await startMediators(2)) as [Running, Running]
    let addressOfA = a.address
    const all = [1, 2, 3, 4].map((number) => join(number, () => (number <= 2 ? addressOfA : b.address)))
    await Promise.all(all.map(({ client }) => client.ready()))
    for (let n = 0; n < each; n++)
      for (const [index, member] of all.entries()) member.post(guidOf(index + 1, n), blobOf(index + 1, n))
    // In the middle: some are acknowledged, most are not.
    await new Promise<void>((resolve) => {
      all[0]!.onAcknowledged = (count) => {
        if (count !== 20) return
        addressOfA = b.address
        a.child.process.kill('SIGKILL')
        resolve()
      }
    })
    await until(() => all.every(({ isAllSent }) => isAllSent), 'all messages sent')
    await until(() => all.every((member) => knownTo(member).size >= each * 4), 'all messages received')

    const expected = all.flatMap((_, index) => Array.from({ length: each }, (_, n) => guidOf(index + 1, n))).sort()
    const [first, ...others] = all.map(knownTo)
    expect([...first!.keys()].sort()).toEqual(expected)
    for (const known of others) expect(known).toEqual(first)
    expect(new Set(first!.values()).size).toBe(expected.length)
    const rows = await execute(`SELECT guid, id, encode(blob, 'hex') AS blob FROM ${database.schema}.messages`)
    expect(rows).toHaveLength(expected.length)
    for (const { guid, id, blob } of rows) {
      const [number, n] = [Number(BigInt(String(guid)) / 1_000_000n), Number(BigInt(String(guid)) % 1_000_000n)]
      expect(first!.get(BigInt(String(guid)))).toBe(BigInt(String(id)))
      expect(blob).toBe(Buffer.from(blobOf(number, n)).toString('hex'))
    }
    for (const member of all) {
      for (const { guid, blob } of member.received.values()) {
        expect(blob).toEqual(blobOf(Number(guid / 1_000_000n), Number(guid % 1_000_000n)))
      }
    }
  })

  test('a bus that takes nothing loses nothing', { timeout: 60_000 }, async () => {
    await makeChat([2])
    const [a, b] = (await startMediators(2, true)) as [Running, Running]
    const [one, two] = [join(1, () => a.address), join(2, () => b.address)]
    await Promise.all([one.client.ready(), two.client.ready()])
    await until(() => one.members.length === 2 && two.members.length === 2, 'the lists of members')
    for (let n = 0; n < 30; n++) {
      one.post(guidOf(1, n), blobOf(1, n))
      two.post(guidOf(2, n), blobOf(2, n))
    }
    await until(() => knownTo(one).size === 60 && knownTo(two).size === 60, 'all messages on both sides')
    expect(knownTo(one)).toEqual(knownTo(two))
  })

  test('bans and presence reach both', { timeout: 90_000 }, async () => {
    await makeChat([2, 3])
    const [a, b] = (await startMediators(2)) as [Running, Running]
    const owner = join(1, () => a.address)
    await owner.client.ready()
    const [second, third] = [join(2, () => b.address), join(3, () => b.address)]
    await Promise.all([second.client.ready(), third.client.ready()])
    // Online events of the other process, and what it is asked for.
    await until(() => [2, 3].every((number) => owner.online.get(hexOf(number)) === true), 'the arrival of both')
    const online = async (): Promise<string[]> =>
      (await owner.client.getMembers(CHAT))
        .filter(({ online: isOnline }) => isOnline)
        .map(({ publicKey }) => Buffer.from(publicKey).toString('hex'))
    expect((await online()).sort()).toEqual([1, 2, 3].map(hexOf).sort())

    await owner.client.deleteUser(CHAT, keyOf(2))
    owner.post(guidOf(1, 1), blobOf(1, 1))
    await until(() => knownTo(third).has(guidOf(1, 1)), 'the message after the ban')
    await expect(second.client.subscribe(CHAT)).rejects.toMatchObject({ code: 'not-member' })
    owner.post(guidOf(1, 2), blobOf(1, 2))
    await until(() => knownTo(third).has(guidOf(1, 2)), 'the second message after the ban')
    expect([...second.received.values()].map(({ guid }) => guid)).not.toContain(guidOf(1, 1))
    expect([...second.received.values()].map(({ guid }) => guid)).not.toContain(guidOf(1, 2))

    // A process that dies tells nobody: after some silence those who were there are offline.
    await third.client.close({ timeoutMs: 0 })
    await until(() => owner.online.get(hexOf(3)) === false, 'the departure')
    const again = join(3, () => b.address)
    await again.client.ready()
    // An event within the second of an equal one is no news to a client; the list is.
    await until(async () => (await online()).includes(hexOf(3)), 'the return')
    owner.online.clear()
    await b.child.kill()
    await until(() => owner.online.get(hexOf(3)) === false, 'the end of the other process', 40_000)
    expect(await online()).toEqual([hexOf(1)])
  })
})
