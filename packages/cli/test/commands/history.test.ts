import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Person } from '../support/people.js'

describe('mimir history', () => {
  test('both sides, oldest first, with what is not delivered yet', async () => {
    const [alice, bob] = [new Person(), new Person()]
    const listening = await bob.listen('--exec', 'echo pong', '--reply')
    await alice.run(['contacts', 'add', listening.publicKey, '--name', 'Bob'])
    await alice.run(['send', 'bob', 'ping', '--address', listening.address, '--answer'])
    await listening.stop()
    await alice.run(['send', 'bob', 'later', '--no-wait'])

    const { exitCode, out } = await alice.run(['history', 'bob'])
    expect(exitCode).toBe(0)
    const key = listening.publicKey.slice(0, 8)
    const lines = out.all.map((line) => line.replace(/^[\d: -]+ {2}/, ''))
    expect(lines[0]).toMatch(/^you \([0-9a-f]{8}\): ping$/)
    expect(lines[1]).toMatch(new RegExp(`^Bob \\(${key}\\): \\(in reply to -?\\d+\\) pong$`))
    expect(lines[2]).toMatch(/^you \([0-9a-f]{8}\): later \(not delivered yet\)$/)

    const { out: json } = await alice.run(['history', 'bob', '--limit', '2', '--json'])
    expect(json.json.map(({ outgoing, state, text }) => [outgoing, state, text])).toEqual([
      [false, 'unhandled', 'pong'],
      [true, 'stored', 'later'],
    ])
  })

  test('--save brings out files received without it', async () => {
    const [alice, bob] = [new Person(), new Person()]
    const listening = await bob.listen()
    writeFileSync(join(alice.cwd, 'a.txt'), 'content')
    await alice.run(['send', listening.publicKey, '--image', 'a.txt', '--address', listening.address])
    await listening.terminal.out.event('message')
    await listening.stop()
    const { out } = await bob.run(['history', await alice.publicKey(), '--save', 'out', '--json'])
    const file = out.json[0]?.['file'] as { path: string }
    expect(readFileSync(file.path, 'utf8')).toBe('content')
  })

  test('with nobody is empty; a bad count is a mistake', async () => {
    const [alice, bob] = [new Person(), new Person()]
    const key = await bob.publicKey()
    expect(await alice.run(['history', key])).toMatchObject({ exitCode: 0, out: { text: '' } })
    expect(await alice.run(['history', key, '--limit', '0'])).toMatchObject({ exitCode: 2, out: { text: '' } })
  })
})
