import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Person, startTracker } from '../support/people.js'

describe('mimir send', () => {
  test('delivers to an address, and to a key alone through a tracker', async () => {
    const tracker = await startTracker()
    const [alice, bob] = [new Person(), new Person()]
    const { terminal, address, publicKey } = await bob.listen('--tracker', tracker)
    await terminal.out.event('announced')
    const direct = await alice.run(['send', publicKey, 'one', '--address', address])
    expect(direct.exitCode).toBe(0)
    expect(direct.out.text).toMatch(/^accepted (-?\d+)\ndelivered \1 in [\d.]+ m?s\n$/)
    const found = await alice.run(['send', publicKey, '-', '--tracker', tracker, '--json'], { stdin: 'two\nlines\n' })
    expect(found.exitCode).toBe(0)
    const [accepted, delivered] = found.out.json
    expect(accepted).toEqual({ event: 'accepted', id: expect.any(String) as string, to: publicKey })
    expect(delivered).toEqual({ ...accepted, event: 'delivered', tookMs: expect.any(Number) as number })
    expect(await terminal.out.event('message', ({ text }) => text === 'two\nlines')).toMatchObject({
      id: accepted?.['id'],
      kind: 'text',
      file: null,
    })
  })

  test.each(['overlay', 'current'])('%s: a file, an image, a reply, an edit, a reaction', async (generation) => {
    const [alice, bob] = [new Person(), new Person()]
    const { terminal, address, publicKey } = await bob.listen('--save', 'in', '--generation', generation)
    writeFileSync(join(alice.cwd, 'cat.png'), 'meow')
    const send = (...args: string[]) =>
      alice.run(['send', publicKey, '--address', address, '--generation', generation, ...args])
    const sent = await send('a', 'cat', '--image', 'cat.png', '--json')
    expect(sent).toMatchObject({ exitCode: 0 })
    const id = String(sent.out.json[0]?.['id'])
    const image = await terminal.out.event('message')
    expect(image).toMatchObject({
      id,
      kind: 'image',
      text: 'a cat',
      file: { name: 'cat.png', mimeType: 'image/png', sizeBytes: 4, damaged: false },
    })
    expect(readFileSync((image['file'] as { path: string }).path, 'utf8')).toBe('meow')
    expect(await send('--file', 'cat.png', '--reply-to', id, '--quiet')).toMatchObject({
      exitCode: 0,
      out: { text: '' },
    })
    expect(await terminal.out.event('message', ({ kind }) => kind === 'file')).toMatchObject({ replyTo: id, text: '' })
    expect(await send('--react', '😀', '--reply-to', id)).toMatchObject({ exitCode: 0 })
    expect(await terminal.out.event('message', ({ kind }) => kind === 'reaction')).toMatchObject({ text: '😀' })
    const text = String((await send('helo', '--json')).out.json[0]?.['id'])
    expect(await send('hello', '--edit', text)).toMatchObject({ exitCode: 0 })
    const edited = await alice.run(['history', publicKey, '--json', '--limit', '1'])
    expect(edited.out.json[0]).toMatchObject({ id: text, text: 'hello' })
  })

  test('what a generation does not have is refused with its name', async () => {
    const alice = new Person()
    writeFileSync(join(alice.cwd, 'a.txt'), 'x')
    const refused = await alice.run(['send', await new Person().publicKey(), '--file', 'a.txt'])
    expect(refused).toMatchObject({ exitCode: 1, out: { text: '' } })
    expect(refused.err.text).toBe('mimir: generation classic has no files: it takes generation overlay or current\n')
  })

  test('not delivered in time is accepted all the same, and delivered by the next command', async () => {
    const [alice, bob] = [new Person(), new Person()]
    const publicKey = await bob.publicKey()
    const late = await alice.run(['send', publicKey, 'first', '--address', 'tcp://127.0.0.1:9', '--timeout', '200ms'])
    expect(late.exitCode).toBe(3)
    expect(late.out.text).toMatch(/^accepted -?\d+\n$/)
    expect(late.err.text).toMatch(/^mimir: message -?\d+ is accepted .* not within 200 ms.*\n$/)
    expect(await alice.run(['send', publicKey, 'second', '--no-wait'])).toMatchObject({ exitCode: 0 })
    expect(await alice.run(['send', publicKey, 'third'])).toMatchObject({ exitCode: 3 })
    const { terminal, address } = await bob.listen()
    expect(await alice.run(['send', publicKey, 'fourth', '--address', address])).toMatchObject({ exitCode: 0 })
    await terminal.out.event('message', ({ text }) => text === 'fourth')
    const texts = terminal.out.json.filter(({ event }) => event === 'message').map(({ text }) => text)
    expect(texts).toEqual(['first', 'second', 'third', 'fourth'])
  })

  test('Ctrl-C while it waits leaves the message in the outbox', async () => {
    const [alice, bob] = [new Person(), new Person()]
    const publicKey = await bob.publicKey()
    const { terminal, ended } = alice.begin(['send', publicKey, 'x', '--address', 'tcp://127.0.0.1:9'])
    await terminal.out.line((line) => line.startsWith('accepted'))
    terminal.signals.emit('SIGINT')
    expect(await ended).toBe(3)
    expect(terminal.err.text).toContain('stopped before')
    expect((await alice.run(['history', publicKey])).out.text).toMatch(/: x \(not delivered yet\)\n$/)
  })

  test('to a contact by name', async () => {
    const [alice, bob] = [new Person(), new Person()]
    const { terminal, address, publicKey } = await bob.listen()
    await alice.run(['contacts', 'add', publicKey, '--name', 'Bob'])
    expect(await alice.run(['send', 'bob', 'hi', '--address', address])).toMatchObject({ exitCode: 0 })
    await terminal.out.event('message', ({ text }) => text === 'hi')
  })

  test('--answer prints the answer, and the next listen still gets it', async () => {
    const [alice, bot] = [new Person(), new Person()]
    const { address, publicKey } = await bot.listen('--exec', 'echo pong', '--reply')
    const asked = await alice.run(['send', publicKey, 'ping', '--address', address, '--answer', '--quiet'])
    expect(asked).toMatchObject({ exitCode: 0, out: { text: 'pong\n' }, err: { text: '' } })
    const { terminal } = await alice.listen()
    expect(await terminal.out.event('message')).toMatchObject({ text: 'pong' })
  })

  test('--answer from somebody who does not answer', async () => {
    const [alice, bob] = [new Person(), new Person()]
    const { address, publicKey } = await bob.listen()
    const asked = await alice.run(['send', publicKey, 'x', '--address', address, '--answer', '--timeout', '500ms'])
    expect(asked.exitCode).toBe(3)
    expect(asked.err.text).toMatch(/is delivered, but was not answered: not within 500 ms\n$/)
  })

  test('to somebody blocked: nothing is accepted', async () => {
    const [alice, bob] = [new Person(), new Person()]
    const key = await bob.publicKey()
    await alice.run(['contacts', 'block', key])
    const refused = await alice.run(['send', key, 'x', '--json'])
    expect(refused).toMatchObject({ exitCode: 2, out: { text: '' } })
    expect(refused.err.json).toEqual([expect.objectContaining({ error: 'blocked', exitCode: 2 })])
  })

  test.each([
    ['a bad key', ['abc123abc123abc123abc123', 'x'], 2, 'names nobody'],
    ['nobody of that name', ['Eve', 'x'], 2, 'names nobody'],
    ['nothing to send', ['KEY'], 2, 'nothing to send'],
    ['a bad address', ['KEY', 'x', '--address', 'http://x'], 2, 'tcp://'],
    ['an address to listen on', ['KEY', 'x', '--address', 'tcp://127.0.0.1:0'], 2, 'a port above 0'],
    ['oneself', ['SELF', 'x'], 2, 'our own key'],
    ['a bad time', ['KEY', 'x', '--timeout', 'soon'], 2, 'Expected a time'],
    ['a bad message id', ['KEY', 'x', '--reply-to', '0'], 2, 'message id'],
    ['a missing file', ['KEY', '--file', 'nothing-here'], 5, 'does not exist'],
    ['a file and an image', ['KEY', '--file', 'a', '--image', 'b'], 2, 'cannot be used with'],
    ['waiting and not waiting', ['KEY', 'x', '--answer', '--no-wait'], 2, 'choose one'],
    ['a text that looks like a flag', ['KEY', '--hello'], 2, "unknown option '--hello'"],
    ['no receiver', [], 2, 'missing required argument'],
  ])('%s: nothing is accepted', async (_, args, exitCode, why) => {
    const [alice, bob] = [new Person(), new Person()]
    const [self, key] = [await alice.publicKey(), await bob.publicKey()]
    const refused = await alice.run(['send', ...args.map((arg) => ({ KEY: key, SELF: self })[arg] ?? arg)])
    expect(refused.exitCode).toBe(exitCode)
    expect(refused.out.text).toBe('')
    expect(refused.err.all).toHaveLength(1)
    expect(refused.err.text).toContain(why)
    expect(await alice.run(['history', key])).toMatchObject({ exitCode: 0, out: { text: '' } })
  })
})
