import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { MediatorServer, Member } from '../support/groups.js'
import { Person } from '../support/people.js'

const LONG_MS = 60_000

/** Alice has made a group, and Bob is in it. */
async function two(): Promise<{ mediator: MediatorServer; alice: Member; bob: Member; id: string }> {
  const mediator = await MediatorServer.start()
  const [alice, bob] = [await Member.create(mediator, 'Alice'), await Member.create(mediator, 'Bob')]
  const [made] = await alice.groupJson('create', 'Hiking')
  await alice.groupJson('invite', 'hiking', bob.key)
  await bob.groupJson('join', 'hiking')
  return { mediator, alice, bob, id: String(made?.['id']) }
}

/** Texts of a history, oldest first, with who said them. */
async function said(member: Member, group = 'hiking'): Promise<unknown[]> {
  const entries = await member.groupJson('history', group)
  return entries.filter(({ kind }) => kind === 'text').map(({ author, text }) => [author, text])
}

describe('mimir group', () => {
  test(
    'made, joined, talked in, by commands that each do their work and end',
    async () => {
      const mediator = await MediatorServer.start()
      const [alice, bob] = [await Member.create(mediator, 'Alice'), await Member.create(mediator, 'Bob')]
      const made = await alice.group('create', 'Hiking', '--description', 'on Saturdays')
      expect(made).toMatchObject({ exitCode: 0, errors: [] })
      const id = /^([0-9a-f]{64}) {2}Hiking\n$/.exec(made.text)?.[1] ?? ''
      expect(await alice.groupJson('list')).toEqual([
        {
          event: 'group',
          id,
          name: 'Hiking',
          description: 'on Saturdays',
          role: 'owner',
          state: 'joined',
          mediator: mediator.name,
          chatId: expect.stringMatching(/^-?\d+$/) as string,
          unread: 0,
        },
      ])
      // Bob waits for the invite before it is made.
      const joining = bob.begin('join', 'Hiking', '--json')
      const invited = await alice.group('invite', id.slice(0, 12), bob.key)
      expect(invited).toEqual({ exitCode: 0, text: `invited ${bob.key}: Hiking\n`, errors: [] })
      expect(await joining.ended).toBe(0)
      expect(joining.terminal.out.json).toMatchObject([{ event: 'group', id, role: 'member', state: 'joined' }])

      const sent = await bob.group('send', 'HIKING', 'eight', "o'clock?")
      expect(sent.text).toMatch(/^accepted (-?\d+)\ndelivered \1 to the mediator\n$/)
      const [question] = (await alice.groupJson('history', 'hiking')).filter(({ kind }) => kind === 'text')
      expect(question).toMatchObject({ peer: id, author: bob.key, text: "eight o'clock?", outgoing: false })
      await alice.groupJson('send', 'hiking', 'nine', '--reply-to', String(question?.['id']))
      await alice.groupJson('send', 'hiking', '--react', '👍', '--reply-to', String(question?.['id']))
      const history = await bob.group('history', 'hiking')
      const lines = history.text
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/^[\d: -]+ {2}/, ''))
      expect(lines).toEqual([
        `* you joined, invited by Alice (${alice.key.slice(0, 8)})`,
        `you (${bob.key.slice(0, 8)}): eight o'clock?`,
        `Alice (${alice.key.slice(0, 8)}): (in reply to ${question?.['id']}) nine`,
        `Alice (${alice.key.slice(0, 8)}): reacts to ${question?.['id']} with 👍`,
      ])
      const members = await alice.group('members', 'hiking')
      expect(members.text.trimEnd().split('\n')).toEqual(
        expect.arrayContaining([
          expect.stringMatching(new RegExp(`^${alice.key} {2}owner {6}Alice {2}online$`)),
          expect.stringMatching(new RegExp(`^${bob.key} {2}member {5}Bob {2}last seen [\\d:]+$`)),
        ]),
      )
    },
    LONG_MS,
  )

  test(
    'listen prints what is said in groups, hands it to commands, and their answer goes to the group',
    async () => {
      const { alice, bob, id } = await two()
      const answer = `sh -c 'jq -r .text | tr a-z A-Z; echo "$MIMIR_GROUP"'`
      const terminal = await bob.listen('--exec', answer, '--reply')
      await alice.groupJson('send', 'hiking', 'hello')
      expect(await terminal.out.event('message')).toMatchObject({
        from: alice.key,
        fromName: 'Alice',
        group: { id, name: 'Hiking' },
        kind: 'text',
        text: 'hello',
      })
      await terminal.out.event('delivered')
      expect(await said(alice)).toEqual([
        [alice.key, 'hello'],
        [bob.key, `HELLO\n${id}`],
      ])
      await alice.groupJson('update', 'hiking', '--name', 'Climbing')
      await terminal.out.event('group-changed', ({ group, change }) => group === id && change === 'info')
    },
    LONG_MS,
  )

  test(
    'listen tells of invites, and with --join takes those of contacts',
    async () => {
      const mediator = await MediatorServer.start()
      const [alice, bob] = [await Member.create(mediator, 'Alice'), await Member.create(mediator, 'Bob')]
      await bob.person.run(['contacts', 'add', alice.key, '--name', 'Alice'])
      const [made] = await alice.groupJson('create', 'Hiking')
      const terminal = await bob.listen('--join')
      await alice.groupJson('invite', 'hiking', bob.key)
      expect(await terminal.out.event('invite')).toMatchObject({
        group: made?.['id'],
        name: 'Hiking',
        from: alice.key,
        rotatesKey: false,
      })
      await terminal.out.event('group-changed', ({ change }) => change === 'joined')
      await alice.groupJson('send', 'hiking', 'welcome')
      expect(await terminal.out.event('message')).toMatchObject({ text: 'welcome' })
    },
    LONG_MS,
  )

  test(
    'a message of a text terminal has the group before its sender, and no name of a group passes for a sender',
    async () => {
      const mediator = await MediatorServer.start()
      const [alice, bob] = [await Member.create(mediator, 'Alice'), await Member.create(mediator, 'Bob')]
      await alice.groupJson('create', 'x] Bob (b0b0b0b0): hi')
      await alice.groupJson('invite', 'x] Bob (b0b0b0b0): hi', bob.key)
      await bob.groupJson('join', 'x] Bob (b0b0b0b0): hi')
      await alice.groupJson('send', 'x] Bob (b0b0b0b0): hi', 'hello')
      const started = bob.person.begin(['listen', '--listen', 'tcp://127.0.0.1:0', '--mediator', mediator.name])
      const line = await started.terminal.out.line((text) => text.includes('hello'))
      expect(line).toContain(`  [x) Bob (b0b0b0b0): hi] Alice (${alice.key.slice(0, 8)}): hello`)
      started.terminal.signals.emit('SIGTERM')
      expect(await started.ended).toBe(0)
    },
    LONG_MS,
  )

  test(
    '--no-wait is on disk, and the next command delivers it, with the mediator restarted in between',
    async () => {
      const { mediator, alice, bob } = await two()
      await alice.groupJson('send', 'hiking', 'before')
      await mediator.stop()
      expect(await alice.group('send', 'hiking', 'while it is away', '--no-wait')).toMatchObject({
        exitCode: 0,
        text: expect.stringMatching(/^accepted -?\d+\n$/) as string,
      })
      const late = await alice.group('send', 'hiking', 'and this', '--timeout', '300ms')
      expect(late).toMatchObject({ exitCode: 3, text: expect.stringMatching(/^accepted/) as string })
      expect(late.errors).toEqual([expect.stringMatching(/^mimir: message -?\d+ is accepted and stays in the outbox/)])
      const again = await mediator.again()
      expect(again.name).toBe(mediator.name)
      await alice.groupJson('send', 'hiking', 'at last')
      const all = ['before', 'while it is away', 'and this', 'at last'].map((text) => [alice.key, text])
      expect(await said(bob)).toEqual(all)
      expect((await bob.groupJson('members', 'hiking')).map(({ name, role }) => [name, role]).sort()).toEqual([
        ['Alice', 'owner'],
        ['Bob', 'member'],
      ])
    },
    LONG_MS,
  )

  test(
    'roles, bans and a new key decide who says and reads what',
    async () => {
      const { mediator, alice, bob } = await two()
      const carol = await Member.create(mediator, 'Carol')
      expect(await bob.group('invite', 'hiking', carol.key)).toMatchObject({
        exitCode: 1,
        text: '',
        errors: [expect.stringContaining('was not invited') as string],
      })
      expect((await alice.group('role', 'hiking', bob.key, 'moderator')).text).toBe(
        `${bob.key} is moderator in Hiking\n`,
      )
      expect(await bob.group('invite', 'hiking', carol.key)).toMatchObject({ exitCode: 0 })
      expect((await carol.groupJson('invites')).map(({ from, name }) => [from, name])).toEqual([[bob.key, 'Hiking']])
      await carol.groupJson('join', 'hiking')
      await alice.groupJson('role', 'hiking', carol.key, 'reader')
      await carol.groupJson('members', 'hiking')
      expect(await carol.group('send', 'hiking', 'may I?')).toMatchObject({ exitCode: 1, text: '' })

      expect((await bob.group('ban', 'hiking', carol.key)).text).toBe(`banned ${carol.key}: Hiking\n`)
      await carol.groupJson('history', 'hiking')
      expect(await carol.groupJson('list')).toMatchObject([{ state: 'banned' }])
      expect(await carol.group('send', 'hiking', 'hello?')).toMatchObject({ exitCode: 1 })

      expect(await alice.group('rotate-key', 'hiking')).toEqual({ exitCode: 0, text: 'rotated: Hiking\n', errors: [] })
      const [rotation] = await bob.groupJson('invites')
      expect(rotation).toMatchObject({ from: alice.key, rotatesKey: true })
      await bob.groupJson('join', 'hiking')
      await alice.groupJson('send', 'hiking', 'under the new key')
      expect(await said(bob)).toEqual([[alice.key, 'under the new key']])
    },
    LONG_MS,
  )

  test(
    'left, declined, deleted, forgotten',
    async () => {
      const { mediator, alice, bob } = await two()
      const carol = await Member.create(mediator, 'Carol')
      await alice.groupJson('invite', 'hiking', carol.key)
      expect(await carol.group('invites')).toMatchObject({
        text: expect.stringMatching(
          new RegExp(`^[\\d:]+ {2}invited to Hiking \\([0-9a-f]{16}\\) by ${alice.key}\n$`),
        ) as string,
      })
      expect((await carol.group('decline', 'hiking')).text).toBe('declined Hiking\n')
      expect(await carol.group('invites', '--wait', '1ms')).toEqual({ exitCode: 0, text: '', errors: [] })
      expect(await bob.group('forget', 'hiking')).toMatchObject({ exitCode: 1 })
      expect(await alice.group('leave', 'hiking')).toMatchObject({ exitCode: 1, text: '' })
      expect(await bob.group('leave', 'hiking')).toEqual({ exitCode: 0, text: 'left: Hiking\n', errors: [] })
      expect((await bob.group()).text).toMatch(/^[0-9a-f]{64} {2}left {7}Hiking\n$/)
      expect(await bob.group('forget', 'hiking')).toMatchObject({ exitCode: 0, text: 'forgotten: Hiking\n' })
      expect(await bob.groupJson('list')).toEqual([])
      expect(await alice.group('delete', 'hiking')).toEqual({ exitCode: 0, text: 'deleted: Hiking\n', errors: [] })
      expect(await alice.groupJson('list')).toMatchObject([{ state: 'deleted' }])
    },
    LONG_MS,
  )

  test(
    'files and pictures',
    async () => {
      const { alice, bob } = await two()
      writeFileSync(join(alice.person.cwd, 'route.gpx'), 'up and down')
      await alice.groupJson('send', 'hiking', 'the route', '--file', 'route.gpx')
      const entries = await bob.groupJson('history', 'hiking', '--save', 'in')
      const file = entries.find(({ kind }) => kind === 'file')?.['file'] as { path: string; name: string }
      expect(file).toMatchObject({ name: 'route.gpx', sizeBytes: 11 })
      expect(file.path).toMatch(new RegExp(`in/${alice.key.slice(0, 16)}_-?\\d+\\.gpx$`))
      writeFileSync(join(alice.person.cwd, 'big.png'), new Uint8Array(300_000))
      for (const args of [
        ['create', 'Other', '--avatar', 'big.png'],
        ['update', 'hiking', '--avatar', 'big.png'],
        ['create', 'a name that is far too long for any mediator'],
      ])
        expect(await alice.group(...args)).toMatchObject({
          exitCode: 2,
          errors: [expect.stringMatching(/mediators take/)],
        })
    },
    LONG_MS,
  )
})

describe('what cannot be done is said in one line', () => {
  test('without a mediator, with a wrong one, and with one that is not there', async () => {
    const person = new Person()
    const nowhere = `${'8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c'}@tcp://127.0.0.1:9`
    for (const [args, exitCode, says] of [
      [['group', 'create', 'Hiking'], 2, 'give --mediator <key@address>'],
      [['group', 'create', 'Hiking', '--mediator', 'tcp://127.0.0.1:1'], 2, '<64 hex digits>@<address>'],
      [['group', 'create', 'Hiking', '--mediator', `${'02'.padEnd(64, '0')}@tcp://127.0.0.1:1`], 2, 'no public key'],
      [['group', 'create', 'Hiking', '--mediator', nowhere.replace('tcp:', 'udp:')], 2, 'tcp://'],
      [['group', 'decline', 'Hiking'], 3, "no invite to 'Hiking' has come"],
      [['group', 'send', 'Hiking', 'hello'], 2, "no group is called 'Hiking'"],
      [['group', 'members', 'Hiking'], 2, "no group is called 'Hiking'"],
      [['group', 'update', 'Hiking'], 2, 'nothing to change'],
      [['group', 'role', 'Hiking', 'bob', 'king'], 2, 'admin, moderator, member, reader'],
      [['group', 'ban', 'Hiking', 'nobody'], 2, "no group is called 'Hiking'"],
      [['group', 'create', 'Hiking', '--avatar', 'none.png', '--mediator', nowhere], 5, 'it does not exist'],
    ] as const) {
      const { err, out, exitCode: ended } = await person.run(args)
      expect([args, ended, out.text]).toEqual([args, exitCode, ''])
      expect(err.all).toEqual([expect.stringContaining(says)])
    }
  })

  test(
    'the mediator is away: what we know is shown, and said to be old; what it has to do fails',
    async () => {
      const { mediator, alice, bob } = await two()
      await alice.groupJson('send', 'hiking', 'hello')
      await said(bob)
      await mediator.stop()
      const started = bob.begin('history', 'hiking', '--json')
      expect(await started.ended).toBe(0)
      expect(started.terminal.out.json.map(({ text }) => text)).toContain('hello')
      expect(started.terminal.err.json).toMatchObject([{ error: 'stale', exitCode: 3 }])
      const leaving = bob.begin('leave', 'hiking')
      await vi.waitFor(() => expect(leaving.terminal.signals.listenerCount('SIGINT')).toBeGreaterThan(0))
      leaving.terminal.signals.emit('SIGINT')
      expect(await leaving.ended).toBe(3)
      expect(leaving.terminal.out.text).toBe('')
      expect(leaving.terminal.err.all.at(-1)).toMatch(/^mimir: stopped before the mediator answered/)
      expect(await bob.groupJson('list')).toMatchObject([{ state: 'joined' }])
    },
    LONG_MS,
  )

  test(
    'two groups of one name are told apart by their ids',
    async () => {
      const mediator = await MediatorServer.start()
      const alice = await Member.create(mediator, 'Alice')
      const ids = []
      for (let at = 0; at < 2; at++) ids.push(String((await alice.groupJson('create', 'Hiking'))[0]?.['id']))
      expect(await alice.group('send', 'hiking', 'x')).toMatchObject({
        exitCode: 2,
        errors: ["mimir: 2 groups are called 'hiking': use the id"],
      })
      expect(await alice.group('send', String(ids[1]).slice(0, 16), 'x')).toMatchObject({ exitCode: 0 })
    },
    LONG_MS,
  )
})
