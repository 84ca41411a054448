import { generateSeed, publicKeyFromSeed } from '@mimirjs/crypto'
import { toHex } from '@mimirjs/wire'
import { describe, expect, test } from 'vitest'
import { MediatorServer, Member } from '../support/groups.js'
import { Person } from '../support/people.js'

const LONG_MS = 60_000
const NOWHERE = `${toHex(publicKeyFromSeed(generateSeed()))}@tcp://127.0.0.1:9`

const STALE = /^mimir: tcp:\/\/127\.0\.0\.1:9 did not say who invites us, .* known before: /

/** Alice has made a group, and these are in it. */
async function hiking(...names: string[]): Promise<{ mediator: MediatorServer; alice: Member; others: Member[] }> {
  const mediator = await MediatorServer.start()
  const alice = await Member.create(mediator, 'Alice')
  await alice.groupJson('create', 'Hiking')
  const others = []
  for (const name of names) {
    const other = await Member.create(mediator, name)
    await alice.groupJson('invite', 'hiking', other.key)
    await other.groupJson('join', 'hiking')
    others.push(other)
  }
  return { mediator, alice, others }
}

function member(members: readonly Member[], at = 0): Member {
  const found = members[at]
  if (found === undefined) throw new Error(`there is no member ${at}`)
  return found
}

describe('a message that the group does not take', () => {
  test(
    'of somebody who may only read since, or is out: said at once, with the reason, and nothing promised',
    async () => {
      const { alice, others } = await hiking('Bob')
      const bob = member(others)
      for (const [args, says] of [
        [['role', 'hiking', bob.key, 'reader'], 'you may only read in Hiking'],
        [['ban', 'hiking', bob.key], 'you are not in Hiking any more'],
      ] as const) {
        await alice.groupJson(...args)
        const startedMs = performance.now()
        const { exitCode, errors, text } = await bob.group('send', 'hiking', 'hello?')
        expect(performance.now() - startedMs).toBeLessThan(15_000)
        expect([exitCode, text]).toEqual([3, expect.stringMatching(/^accepted -?\d+\n$/)])
        expect(errors).toEqual([
          expect.stringMatching(
            new RegExp(`^mimir: message -?\\d+ is accepted and waits: ${says}; it goes only if that changes$`),
          ),
        ])
        // As a reader nothing more is accepted; let in again, at once.
        if (args[0] === 'role') {
          expect(await bob.group('send', 'hiking', 'again?')).toMatchObject({ exitCode: 1, text: '' })
          await alice.groupJson('role', 'hiking', bob.key, 'member')
          expect(await bob.group('send', 'hiking', 'thanks')).toMatchObject({ exitCode: 0, errors: [] })
        }
      }
    },
    LONG_MS,
  )
})

describe('people of a group', () => {
  test(
    'are named by the start of their key or by what they are called there; contacts come first',
    async () => {
      const { mediator, alice, others } = await hiking('Mallory', 'Carol', 'Carol')
      const [mallory, carol, namesake] = [member(others), member(others, 1), member(others, 2)]
      const done = (key: string): object => ({ exitCode: 0, text: `${key} is moderator in Hiking\n`, errors: [] })
      const role = (who: string): Promise<object> => alice.group('role', 'hiking', who, 'moderator')
      expect(await role('mallory')).toEqual(done(mallory.key))
      expect(await role(carol.key.slice(0, 8))).toEqual(done(carol.key))
      expect(await role('carol')).toMatchObject({
        exitCode: 2,
        text: '',
        errors: [
          expect.stringMatching(/^mimir: 2 members are called 'carol': use more of the key \([0-9a-f, ]{34}\)$/),
        ],
      })
      for (const unknown of ['nobody', 'ffffffffffffffff'])
        expect(await role(unknown)).toMatchObject({
          exitCode: 2,
          errors: [
            expect.stringMatching(new RegExp(`^mimir: '${unknown}' names nobody: .* of a contact or of a member$`)),
          ],
        })
      await alice.person.run(['contacts', 'add', namesake.key, '--name', 'Mallory'])
      expect(await role('mallory')).toEqual(done(namesake.key))
      expect((await alice.group('ban', 'hiking', mallory.key.slice(0, 12))).text).toBe(
        `banned ${mallory.key}: Hiking\n`,
      )
      const dave = await Member.create(mediator, 'Dave')
      await alice.person.run(['contacts', 'add', dave.key, '--name', 'Dave'])
      expect((await alice.group('invite', 'hiking', dave.key.slice(0, 9))).text).toBe(`invited ${dave.key}: Hiking
`)
    },
    LONG_MS,
  )
})

describe('what others changed meanwhile', () => {
  test(
    'a new name is found, a new role counts, and an update shows the name that it gave',
    async () => {
      const { alice, others } = await hiking('Bob')
      const bob = member(others)
      expect((await alice.group('update', 'hiking', '--name', 'Climbing')).text).toBe('changed: Climbing\n')
      await alice.groupJson('role', 'climbing', bob.key, 'admin')
      expect((await bob.group('update', 'climbing', '--description', 'on ropes')).text).toBe('changed: Climbing\n')
      expect(await bob.group('send', 'sailing', 'x')).toMatchObject({
        exitCode: 2,
        errors: ["mimir: no group is called 'sailing': see mimir group list"],
      })
    },
    LONG_MS,
  )

  test(
    'history points to the key that waits, and so does listen',
    async () => {
      const { alice, others } = await hiking('Bob')
      const bob = member(others)
      await alice.groupJson('rotate-key', 'hiking')
      await alice.groupJson('send', 'hiking', 'under the new key')
      const history = await bob.group('history', 'hiking')
      expect(history.text).toContain('(cannot be read')
      expect(history.errors).toEqual([
        expect.stringMatching(
          /^some of it cannot be read, and a new key waits: .*invites.*mimir group join [0-9a-f]{16} /,
        ),
      ])
      const terminal = await bob.listen()
      expect(await terminal.out.event('invite')).toMatchObject({ from: alice.key, rotatesKey: true })
      terminal.signals.emit('SIGTERM')
    },
    LONG_MS,
  )
})

describe('mediators that are not there', () => {
  test(
    'listen says when one is lost, and when it is back',
    async () => {
      const { mediator, others } = await hiking('Bob')
      const terminal = await member(others).listen()
      const state = (wanted: string) => terminal.out.event('mediator', ({ state }) => state === wanted)
      expect(await state('up')).toMatchObject({ address: mediator.address })
      await mediator.stop()
      expect(await state('lost')).toMatchObject({ address: mediator.address, reason: expect.any(String) as string })
      await mediator.again()
      const ups = (): number => terminal.out.json.filter(({ state: now }) => now === 'up').length
      await terminal.out.line(() => ups() === 2)
      expect(terminal.out.json.filter(({ event }) => event === 'mediator').map(({ state: now }) => now)).toEqual([
        'up',
        'lost',
        'up',
      ])
    },
    LONG_MS,
  )

  test(
    'listen warns once of one that is not reached after the start',
    async () => {
      const { terminal } = await new Person().listen('--mediator', NOWHERE)
      const line = await terminal.err.line((text) => text.includes('no-mediator'))
      expect(JSON.parse(line)).toMatchObject({
        error: 'no-mediator',
        message: expect.stringMatching(/^mediator tcp:\/\/127\.0\.0\.1:9 is not reached, we go on trying: /) as string,
      })
      expect(terminal.err.all).toHaveLength(1)
    },
    LONG_MS,
  )

  test('invites: without any, and with one that is not reached', async () => {
    const person = new Person()
    for (const command of [['invites'], ['join', 'Hiking']])
      expect(await person.run(['group', ...command])).toMatchObject({
        exitCode: 2,
        err: { all: ['mimir: no mediator is known: give --mediator <key@address>, or set MIMIR_MEDIATORS'] },
      })
    const { exitCode, err } = await person.run(['group', 'invites', '--mediator', NOWHERE, '--wait', '1s'])
    expect([exitCode, err.all]).toEqual([0, [expect.stringMatching(STALE)]])
    const joining = await person.run(['group', 'join', 'Hiking', '--mediator', NOWHERE, '--wait', '1s'])
    expect([joining.exitCode, joining.err.all]).toEqual([
      3,
      [expect.stringMatching(STALE), "mimir: no invite to 'Hiking' has come: see mimir group invites"],
    ])
  })
})

test('a name that nobody could see or type, and a command that there is none of', async () => {
  const person = new Person()
  for (const [args, says] of [
    [['group', 'create', ' ', '--mediator', NOWHERE], 'Expected a name that is not blank'],
    [['group', 'create', 'a\u001b[2Jb', '--mediator', NOWHERE], 'without control characters'],
    [['group', 'update', 'hiking', '--name', 'a\nb'], 'without control characters'],
    [['group', 'frob'], "unknown command 'frob'"],
    [['contacts', 'frob'], "unknown command 'frob'"],
    [['group', 'list', 'frob'], 'too many arguments'],
    [['group', '--nonsense'], "unknown option '--nonsense'"],
  ] as const) {
    const { exitCode, err, out } = await person.run(args)
    expect([args, exitCode, out.text]).toEqual([args, 2, ''])
    expect(err.all).toEqual([expect.stringContaining(says)])
  }
})
