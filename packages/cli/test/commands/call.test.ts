import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSigner, generateSeed } from '@mimirjs/crypto'
import { type Call, createMemoryStore, Messenger } from '@mimirjs/messenger'
import { describe, expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../support/folder.js'
import { Mimir } from '../support/mimir.js'
import { Person } from '../support/people.js'
import { Terminal } from '../support/terminal.js'
import { tone, wav } from '../support/wav.js'

const PROCESS_MS = 60_000
const RATE = 8_000

/** Somebody of whom only the messenger is needed. */
async function somebody(): Promise<Messenger> {
  const messenger = await Messenger.open('unused', {
    store: createMemoryStore(),
    signer: createSigner(generateSeed()),
    generation: 'overlay',
  })
  onTestFinished(() => messenger.close())
  return messenger
}

/** A person whose home and files are in a folder of their own, with a sound of so many samples. */
function caller(sampleCount: number): Person {
  const person = new Person()
  writeFileSync(join(person.cwd, 'song.wav'), wav(tone(sampleCount), { sampleRate: RATE }))
  return person
}

/** `mimir call --answer`, ready for calls. */
async function answering(...args: string[]) {
  const person = caller(RATE / 4)
  const terminal = new Terminal({ cwd: person.cwd })
  const options = ['--receive', 'heard.wav', '--listen', 'tcp://127.0.0.1:0', '--home', 'home', '--json']
  const ended = terminal.run('call', '--answer', ...options, ...args)
  onTestFinished(async () => {
    terminal.signals.emit('SIGTERM')
    await ended
  })
  const ready = await terminal.out.event('ready')
  return { person, terminal, ended, address: String(ready['address']), publicKey: String(ready['publicKey']) }
}

describe('mimir call', () => {
  test(
    'two processes over TCP: what arrives is what was sent, in both directions',
    async () => {
      const folder = temporaryFolder()
      const [song, answer] = [tone(2 * RATE + 123, 1), tone(RATE, 5_000)]
      writeFileSync(join(folder, 'song.wav'), wav(song, { sampleRate: RATE }))
      writeFileSync(join(folder, 'answer.wav'), wav(answer, { sampleRate: RATE }))
      const run = (home: string, ...args: string[]): Mimir =>
        new Mimir(['call', ...args, '--home', join(folder, home), '--json'], { cwd: folder })
      const bob = run(
        'bob',
        '--answer',
        '--listen',
        'tcp://127.0.0.1:0',
        '--receive',
        'heard.wav',
        '--send',
        'answer.wav',
      )
      const { address, publicKey } = await bob.out.event('ready')
      const alice = run(
        'alice',
        String(publicKey),
        '--address',
        String(address),
        '--send',
        'song.wav',
        '--receive',
        'back.wav',
      )
      expect([await alice.ended, alice.err.text]).toEqual([0, ''])
      expect([await bob.ended, bob.err.text]).toEqual([0, ''])
      const figures = (mimir: Mimir): Record<string, unknown> =>
        mimir.out.json.find(({ event }) => event === 'call') ?? {}
      expect(alice.out.json.map(({ event }) => event)).toEqual(['ringing', 'talking', 'call'])
      expect(bob.out.json.map(({ event }) => event)).toEqual(['ready', 'talking', 'call'])
      const nothingLost = { droppedOut: 0, droppedIn: 0, lost: 0, duplicates: 0, reordered: 0, foreign: 0, surplus: 0 }
      expect(figures(alice)).toMatchObject({ ...nothingLost, direction: 'outgoing', reason: 'hung-up', received: 50 })
      // 101 packets, and the word that it was all.
      expect(figures(alice)).toMatchObject({ peer: publicKey, sent: 102, file: join(folder, 'back.wav') })
      expect(figures(bob)).toMatchObject({
        ...nothingLost,
        direction: 'incoming',
        reason: 'hung-up',
        received: 101,
        sent: 51,
      })
      expect(readFileSync(join(folder, 'heard.wav')).equals(wav(song, { sampleRate: RATE }))).toBe(true)
      expect(readFileSync(join(folder, 'back.wav')).equals(wav(answer, { sampleRate: RATE }))).toBe(true)
      expect(Number(figures(bob)['talkedMs'])).toBeGreaterThanOrEqual(1_500)
      expect(Number(figures(bob)['jitterMs'])).toBeLessThan(1_000)
    },
    PROCESS_MS,
  )

  test.each(['overlay', 'current'])('says in words what happened, generation %s', async (generation) => {
    const { publicKey, address, ended } = await answering('--generation', generation)
    const call = ['call', publicKey, '--send', 'song.wav', '--address', address, '--generation', generation]
    const { exitCode, out, err } = await caller(RATE / 4).run(call)
    expect([exitCode, await ended]).toEqual([0, 0])
    expect(err.text).toMatch(/^calling [0-9a-f]{8}\nringing\ntalking\n$/)
    expect(out.text).toMatch(
      /^talked [\d.]+ m?s with [0-9a-f]{8} \(hung-up\)\nsent 14 packets, dropped 0\nreceived 0 packets, lost 0, twice 0, out of order 0, jitter 0 ms\n$/,
    )
  })

  test('declined and hung up are told in one line, and leave no file', async () => {
    const ben = await somebody()
    const address = await ben.listen('tcp://127.0.0.1:0')
    const endings: ((call: Call) => void)[] = [(call) => call.decline(), (call) => call.hangUp()]
    ben.on('call', (call) => endings.shift()?.(call))
    const alice = caller(RATE)
    const call = ['call', ben.publicKey, '--send', 'song.wav', '--receive', 'back.wav', '--address', address]
    for (const why of ['it was declined', 'it was hung up']) {
      const { exitCode, err, out } = await alice.run([...call, '--quiet'])
      expect([exitCode, out.text]).toEqual([3, ''])
      expect(err.text).toBe(`mimir: ${ben.publicKey} did not take the call: ${why}\n`)
      expect(readdirSync(alice.cwd).sort()).toEqual(['home', 'song.wav'])
    }
  })

  test('nobody there, and nobody who answers in time', async () => {
    const ben = await somebody()
    const address = await ben.listen('tcp://127.0.0.1:0')
    ben.on('call', () => {})
    const alice = caller(RATE)
    const call = (to: string): string[] => [
      'call',
      ben.publicKey,
      '--send',
      'song.wav',
      '--address',
      to,
      '--timeout',
      '400ms',
    ]
    const unanswered = await alice.run([...call(address), '--json'])
    expect([unanswered.exitCode, unanswered.out.json]).toEqual([3, [{ event: 'ringing', peer: ben.publicKey }]])
    expect(unanswered.err.json).toMatchObject([
      { error: 'no-call', message: expect.stringMatching(/not within 400 ms/) as string },
    ])
    const unreachable = await alice.run(call('tcp://127.0.0.1:9'))
    expect(unreachable.exitCode).toBe(3)
    expect(unreachable.err.text).toMatch(/mimir: [0-9a-f]{64} could not be called: not within 400 ms\n$/)
    const waiting = await alice.run([
      ...['call', '--answer', '--receive', 'heard.wav', '--listen', 'tcp://127.0.0.1:0', '--timeout', '100ms'],
    ])
    expect([waiting.exitCode, existsSync(join(alice.cwd, 'heard.wav'))]).toEqual([3, false])
    expect(waiting.err.text).toMatch(/mimir: nobody called: not within 100 ms\n$/)
  })

  test('takes only what it understands, and only from whom it was told', async () => {
    const [ann, ben] = [await somebody(), await somebody()]
    const { terminal, publicKey, address } = await answering(ann.publicKey, '--send', 'song.wav')
    for (const messenger of [ann, ben]) messenger.addAddress(publicKey, address)
    const sound = { mimeType: 'audio/L16', sampleRate: RATE, channelCount: 1 }
    for (const [messenger, media] of [
      [ben, sound],
      [ann, { ...sound, mimeType: 'audio/aac' }],
      [ann, { ...sound, sampleRate: 16_000 }],
      [ann, { ...sound, channelCount: 1_000_000 }],
    ] as const)
      expect(await (await messenger.call(publicKey, media)).ended).toEqual({ reason: 'declined' })
    const call = await ann.call(publicKey, sound)
    expect(await call.answered).toBe(true)
    call.hangUp()
    expect(await terminal.out.event('call')).toMatchObject({ peer: ann.publicKey, reason: 'hung-up', received: 0 })
  })

  test('what does not belong there is counted and not recorded, nor what comes faster than sound', async () => {
    const ann = await somebody()
    const { person, terminal, ended, publicKey, address } = await answering()
    ann.addAddress(publicKey, address)
    const call = await ann.call(publicKey, { mimeType: 'audio/L16', sampleRate: 1_000, channelCount: 1 })
    await call.answered
    const packet = (sequence: number, soundBytes: number): Uint8Array => {
      const bytes = Buffer.alloc(8 + soundBytes)
      bytes.writeUInt32BE(sequence)
      return bytes
    }
    expect(call.send(Uint8Array.of(1, 2, 3))).toBe(true)
    for (const sequence of [0, 1, 1, 3]) call.send(packet(sequence, 10_000))
    for await (const _ of call.packets()) break
    call.hangUp()
    expect(await ended).toBe(0)
    expect(terminal.out.json.at(-1)).toMatchObject({
      ...{ event: 'call', foreign: 1, received: 3, duplicates: 1, lost: 1 },
      surplus: 2,
    })
    expect(readFileSync(join(person.cwd, 'heard.wav'))).toHaveLength(44 + 10_000)
  })

  test('Ctrl-C hangs up, and what was recorded is a whole file', async () => {
    const { person, terminal, ended, publicKey, address } = await answering()
    const alice = caller(60 * RATE).begin(['call', publicKey, '--send', 'song.wav', '--address', address, '--json'])
    await alice.terminal.out.event('talking')
    await terminal.out.event('talking')
    terminal.signals.emit('SIGINT')
    expect(await Promise.all([ended, alice.ended])).toEqual([0, 0])
    expect(alice.terminal.out.json.at(-1)).toMatchObject({ event: 'call', reason: 'hung-up' })
    const heard = readFileSync(join(person.cwd, 'heard.wav'))
    expect(heard.readUInt32LE(40)).toBe(heard.length - 44)
  })

  test('what the command line lacks is said before anything happens', async () => {
    const alice = caller(RATE)
    const key = (await somebody()).publicKey
    writeFileSync(join(alice.cwd, 'there.wav'), 'mine')
    writeFileSync(join(alice.cwd, 'song.mp3'), 'ID3 and so on')
    const to = [key, '--address', 'tcp://127.0.0.1:9']
    for (const [args, exitCode, why] of [
      [[], 2, 'whom to call?'],
      [[key, '--send', 'song.wav'], 2, 'neither --tracker nor --address'],
      [to, 2, 'calling needs --send'],
      [['--answer'], 2, '--answer needs --receive'],
      [['--answer', '--receive', 'x.wav', '--address', 'tcp://127.0.0.1:9'], 2, '--address is for calling'],
      [[...to, '--send', 'song.wav', '--listen', 'tcp://127.0.0.1:0'], 2, '--listen needs --answer'],
      [[...to, '--send', 'none.wav'], 5, 'it does not exist'],
      [[...to, '--send', 'song.mp3'], 5, 'not a WAV file of 16-bit PCM'],
      [[...to, '--send', 'song.wav', '--receive', 'there.wav'], 1, 'there.wav is there already'],
      [[...to, '--send', 'song.wav', '--generation', 'classic'], 2, 'generation classic has no calls'],
    ] as const) {
      const run = await alice.run(['call', ...args, '--quiet'])
      expect([run.exitCode, run.out.text]).toEqual([exitCode, ''])
      expect(run.err.text).toContain(why)
      expect(run.err.text).toMatch(/^mimir: [^\n]+\n$/)
    }
    expect(readFileSync(join(alice.cwd, 'there.wav'), 'utf8')).toBe('mine')
  })
})
