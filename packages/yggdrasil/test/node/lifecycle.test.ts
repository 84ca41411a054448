import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { createSigner } from '@mimirjs/crypto'
import type { Logger } from '@mimirjs/transport'
import { afterEach, describe, expect, test } from 'vitest'
import { formatKey } from '../../src/key.js'
import { Yggdrasil } from '../../src/node.js'
import { Nodes, until } from './support/nodes.js'

const nodes = new Nodes()
afterEach(() => nodes.close())

const seed = new Uint8Array(32).fill(5)

describe('start', () => {
  test.each([
    ['no scheme', { peers: ['example.org:1'] }, 'bad-uri'],
    ['an unknown scheme', { peers: ['gopher://example.org:1'] }, 'bad-uri'],
    ['no port', { listen: ['tcp://127.0.0.1'] }, 'bad-uri'],
    ['the same peer twice', { peers: ['tcp://127.0.0.1:1', 'tcp://127.0.0.1:1?priority=2'] }, 'duplicate'],
    ['a listener that only others can open', { listen: ['wss://127.0.0.1:0'] }, 'unsupported'],
    ['a short seed', { seed: new Uint8Array(31) }, 'bad-key'],
    ['a short allowed key', { allowedKeys: ['abcd'] }, 'bad-key'],
    ['a leaf that listens', { listen: ['tcp://127.0.0.1:0'], transit: false }, 'misuse'],
    ['a misspelt option', { peer: ['tcp://127.0.0.1:1'] } as object, 'misuse'],
    ['peers that are no array', { peers: 'tcp://127.0.0.1:1' } as object, 'misuse'],
    ['a peer that is no text', { peers: [undefined] } as object, 'misuse'],
    ['listeners that are no array', { listen: { 0: 'tcp://127.0.0.1:0' } } as object, 'misuse'],
    ['allowed keys that are no array', { allowedKeys: 'ab' } as object, 'misuse'],
    ['options that are none', 'tcp://127.0.0.1:1' as unknown as object, 'misuse'],
    ['a limit that is none', { limits: { sesions: 1 } as object }, 'misuse'],
    ['a limit of nothing', { limits: { sessions: 0 } }, 'misuse'],
    ['node information that is no object', { nodeInfo: ['x'] }, 'misuse'],
    ['too much node information', { nodeInfo: { x: 'x'.repeat(20_000) } }, 'too-large'],
  ])('is refused with %s', async (_, options, code) => {
    await expect(Yggdrasil.start(options)).rejects.toMatchObject({ name: 'YggdrasilError', code })
  })

  test('says what is expected instead of a misspelt or misshapen option', async () => {
    await expect(Yggdrasil.start({ peer: [] } as unknown as object)).rejects.toThrow(
      /expected only seed, peers, .*; got "peer"$/,
    )
    const noArray = { peers: 'tcp://127.0.0.1:1?password=secret' } as object
    await expect(Yggdrasil.start(noArray)).rejects.toThrow(/^peers: expected an array of URIs, .*; got a string$/)
    const twice = { peers: ['tcp://127.0.0.1:1', 'tcp://127.0.0.1:1?priority=2'] }
    for (const transit of [true, false]) {
      await expect(Yggdrasil.start({ ...twice, transit })).rejects.toThrow(/this peer is given twice/)
    }
  })

  test('is refused with a port that is taken, and leaves nothing open', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as { port: number }
    const free = createServer().listen(0, '127.0.0.1')
    await once(free, 'listening')
    const { port: freePort } = free.address() as { port: number }
    free.close()
    await once(free, 'close')
    const listen = [`tcp://127.0.0.1:${freePort}`, `tcp://127.0.0.1:${port}`]
    await expect(Yggdrasil.start({ listen })).rejects.toMatchObject({ code: 'address-in-use' })
    // The first listener is gone again.
    const again = createServer().listen(freePort, '127.0.0.1')
    await once(again, 'listening')
    again.close()
    taken.close()
  })

  test('without a seed takes a key that will not be the root', async () => {
    const [one, other] = [await nodes.start(), await nodes.start()]
    expect(one.publicKey[0]).not.toBe(0)
    expect(one.publicKey).not.toEqual(other.publicKey)
    expect(one.listenAddresses).toEqual([])
  })

  test('copies the seed: who gave it may wipe it', async () => {
    const mine = seed.slice()
    const server = await nodes.start({ listen: ['tcp://127.0.0.1:0'] })
    const node = await nodes.start({ seed: mine, peers: [...server.listenAddresses] })
    mine.fill(0)
    await server.ping(node.publicKey)
    expect((await nodes.start({ seed })).publicKey).toEqual(node.publicKey)
  })
})

describe('close', () => {
  test('is announced to datagram sockets, which send nothing any more', async () => {
    const node = await nodes.start()
    const told: unknown[] = []
    const open = (port: number) => {
      const socket = node.datagrams(port)
      return { socket, start: () => socket.start({ message() {}, closed: (error) => void told.push(error?.code) }) }
    }
    const [first, late, given] = [open(69), open(70), open(71)]
    first.start()
    given.start()
    await given.socket.close()
    await node.close()
    expect(told).toEqual([undefined, 'aborted'])
    late.start()
    await until(() => told.length === 3)
    expect(told[2]).toBe('aborted')
    const somebody = createSigner(new Uint8Array(32).fill(200)).publicKey
    first.socket.send(new Uint8Array(1), first.socket.peer(`ygg://${formatKey(somebody)}:69`))
    expect(node.stats().openings).toBe(0)
    await first.socket.close()
    expect(told).toHaveLength(3)
  })

  test('is announced to streams, refuses what comes after, and can be called twice', async () => {
    const [a, , c] = await nodes.line()
    const ends: string[] = []
    await c.listen(42, {
      onStream: (stream) =>
        stream.start({
          data: (chunk) => void ends.push(`data ${chunk.length}`),
          end: () => {
            ends.push('end')
            stream.end()
          },
          drain() {},
          closed: (error) => void ends.push(`closed ${error?.code}`),
        }),
    })
    const stream = await a.openStream(c.publicKey, 42)
    const closed: unknown[] = []
    stream.start({ data() {}, end() {}, drain() {}, closed: (error) => void closed.push(error) })
    stream.write(new Uint8Array(1000))
    const [first, second] = [a.close(), a.close()]
    expect(first).toBe(second)
    await first
    await until(() => ends.includes('closed undefined'))
    expect(ends).toEqual(['data 1000', 'end', 'closed undefined'])
    expect(closed).toEqual([undefined])
    expect(() => a.send(c.publicKey, new Uint8Array(1))).toThrowError(expect.objectContaining({ code: 'closed' }))
    expect(() => a.addPeer('tcp://127.0.0.1:1')).toThrowError(expect.objectContaining({ code: 'closed' }))
    expect(() => a.datagrams(1)).toThrowError(expect.objectContaining({ name: 'TransportError' }))
    await expect(a.ping(c.publicKey)).rejects.toMatchObject({ code: 'closed' })
    await expect(a.lookup(c.publicKey)).rejects.toMatchObject({ code: 'closed' })
    await expect(a.online()).rejects.toMatchObject({ code: 'closed' })
    await expect(a.openStream(c.publicKey, 42)).rejects.toMatchObject({ name: 'TransportError' })
    await expect(a.streams.dial('ygg://[::]:1')).rejects.toMatchObject({ name: 'TransportError' })
  })

  test('ends what is waited for, and cuts streams at once when asked to', async () => {
    const [a, , c] = await nodes.line()
    await c.listen(42, { onStream: (stream) => stream.start({ data() {}, end() {}, drain() {}, closed() {} }) })
    const stream = await a.openStream(c.publicKey, 42)
    const closed: unknown[] = []
    stream.start({ data() {}, end() {}, drain() {}, closed: (error) => void closed.push(error?.code) })
    const stranger = seed.map((byte) => byte ^ 9)
    const waiting = [
      a.ping(stranger),
      a.lookup(stranger),
      (await nodes.start({ peers: ['tcp://127.0.0.1:1'] })).online(),
    ].map((promise) =>
      promise.then(
        () => 'done',
        (error: { code: string }) => error.code,
      ),
    )
    const startMs = performance.now()
    await Promise.all([a.close({ timeoutMs: 0 }), nodes.close()])
    expect(performance.now() - startMs).toBeLessThan(1500)
    expect(await Promise.all(waiting)).toEqual(['closed', 'closed', 'closed'])
    await until(() => closed.length === 1)
    expect(closed).toEqual(['aborted'])
  })

  test('leaves nothing that keeps the process alive', async () => {
    const program = fileURLToPath(new URL('./support/closing-program.ts', import.meta.url))
    const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
    const child = spawn(process.execPath, ['--conditions=mimir:source', '--import', tsx, program])
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)))
    const watchdog = setTimeout(() => child.kill('SIGKILL'), 15_000)
    const [code] = (await once(child, 'close')) as [number | null]
    clearTimeout(watchdog)
    expect({ code, output }).toEqual({ code: 0, output: 'closing\n' })
  })
})

describe('what is told', () => {
  test('a callback that throws is an event, and a line in the log', async () => {
    const lines: string[] = []
    const log = (_: object, message: string) => void lines.push(message)
    const logger: Logger = { debug: log, info: log, warn: log, error: log }
    const node = await nodes.start({ logger, peers: ['tcp://127.0.0.1:1'] })
    const errors: unknown[] = []
    node.on('error', ({ error }) => void errors.push(error))
    node.receive(() => {
      throw new Error('in a handler')
    })
    node.on('peerRetry', () => {
      throw new Error('in a listener')
    })
    node.send(node.publicKey, new Uint8Array(1))
    await until(() => errors.length === 2)
    expect(errors.map(String).sort()).toEqual(['Error: in a handler', 'Error: in a listener'])
    expect(lines.some((line) => /^dial tcp:\/\/127.0.0.1:1: .*tried again in [23] s$/.test(line))).toBe(true)
    expect(lines.filter((line) => line === 'a callback of the application threw').length).toBe(2)
  })
})
