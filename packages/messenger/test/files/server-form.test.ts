import { readFileSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { createSigner, generateSeed } from '@mimirjs/crypto'
import { steadyClock, Transports } from '@mimirjs/transport'
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { createClock, createRandom, faultyStreams } from '@mimirjs/transport/testing'
import { toHex } from '@mimirjs/wire'
import { decodeAttachmentMetadata } from '@mimirjs/wire/content'
import { describe, expect, test } from 'vitest'
import { MessengerError } from '../../src/error.js'
import { FileServerClient } from '../../src/file-server/client.js'
import type { ServerClient } from '../../src/files/servers.js'
import { createNet, later } from '../support/file-server.js'
import { breakableDisk } from './support/breakable-disk.js'
import { filesIn } from './support/folders.js'
import { Person, type PersonOptions } from './support/people.js'
import { quiet, until } from './support/until.js'
import './support/cleanup.js'

const SERVER = '5e'.repeat(32)
const OTHER = '6f'.repeat(32)
const bytes = createRandom(11).bytes(2_500_000)
const file = { bytes, name: 'film.mp4', mimeType: 'video/mp4' }

function same(path: string): boolean {
  return Buffer.compare(readFileSync(path), bytes) === 0
}

/** A client that another one is behind, until it says otherwise. */
function through(client: () => ServerClient, change: Partial<ServerClient> = {}): ServerClient {
  return {
    upload: (...args) => client().upload(...args),
    download: (...args) => client().download(...args),
    close: () => client().close(),
    ...change,
  }
}

async function setUp(kind: 'memory' | 'tcp' = 'memory') {
  const net = createNet(kind)
  const server = await net.server()
  const connectFileServer = (): FileServerClient => net.client(server, { signer: createSigner(generateSeed()) })
  const person = (options: PersonOptions = {}): Person =>
    new Person({ fileServer: SERVER, connectFileServer, ...options })
  return { net, server, person, connectFileServer }
}

/** The message, as it arrives when it can be sent. */
async function deliver(ann: Person, ben: Person, guid: bigint): Promise<void> {
  const message = (await ann.store.message(ben.key, guid, true))!
  expect(message.state).toBe('stored')
  await ben.receive(ann.key, message)
}

describe.each(['memory', 'tcp'] as const)('over %s', (kind) => {
  test('a file goes by way of the server, encrypted, and arrives as it was sent', async () => {
    const { person, server } = await setUp(kind)
    const [ann, ben] = [person(), person({ fileServer: OTHER })]
    const { guid, state } = await ann.send(ben.key, file, 'look')
    expect(state).toBe('preparing')
    expect(await ann.store.pending(ben.key, 9)).toEqual([])
    await ann.event((event) => event.state === 'complete')
    expect(ann.kicks).toEqual([ben.key])
    expect(await ann.store.file(ben.key, true, guid)).toMatchObject({ state: 'offered', server: SERVER })
    await deliver(ann, ben, guid)
    const announced = decodeAttachmentMetadata((await ben.store.message(ann.key, guid, false))!.payload)
    expect(announced).toMatchObject({ text: 'look', originalName: 'film.mp4', sizeBytes: bytes.length })
    expect(toHex(announced.server!)).toBe(SERVER)
    expect(filesIn(server.folder).some((name) => name.endsWith(announced.hash))).toBe(true)

    const { path } = await ben.transfers.download(ann.key, guid)
    expect(same(path)).toBe(true)
    expect(path).toBe(join(ben.folder, 'downloads', 'film.mp4'))
    expect(filesIn(join(ben.folder, 'files'))).toEqual([])
    expect(await ben.store.file(ann.key, false, guid)).toMatchObject({ state: 'complete', doneBytes: bytes.length })
    expect(ben.events.at(-1)).toMatchObject({ state: 'complete', doneBytes: bytes.length, sizeBytes: bytes.length })
    expect(ben.events.every(({ doneBytes }) => doneBytes <= bytes.length)).toBe(true)
    // Nobody had to be asked.
    expect(ben.kicks).toEqual([])
    expect([...ann.errors, ...ben.errors]).toEqual([])
  })
})

test('a link to the server that breaks at any byte only costs time', async () => {
  const network = createMemoryNetwork().streams
  const server = await createNet().server({ transports: new Transports([network]), address: 'memory://files' })
  const bad = new Transports([faultyStreams(network, { cutAfterBytes: 1_500_000, splitBytes: 20_000 }, { seed: 12 })])
  const connectFileServer = (): FileServerClient =>
    later(
      new FileServerClient({
        dial: (signal) => bad.dial(server.address, { signal }),
        signer: createSigner(generateSeed()),
        clock: steadyClock,
        timers: { retryMs: 1, maxRetryMs: 2 },
      }),
    )
  const small = bytes.subarray(0, 1_200_000)
  const [ann, ben] = [0, 1].map(() => new Person({ fileServer: SERVER, connectFileServer }))
  const { guid } = await ann!.send(ben!.key, { ...file, bytes: small })
  await ann!.event(({ state }) => state === 'complete')
  await deliver(ann!, ben!, guid)
  const { path } = await ben!.transfers.download(ann!.key, guid)
  expect(Buffer.compare(readFileSync(path), small)).toBe(0)
})

describe('an upload', () => {
  test('that is refused keeps the message, says so, and is tried again later', async () => {
    const clock = createClock()
    const { person, net } = await setUp()
    const small = await net.server({ limits: { quotaBytes: 1_000 } })
    const roomy = await net.server()
    let target = small
    const connectFileServer = (): ServerClient =>
      through(() => net.client(target), {
        upload: (...args) => net.client(target).upload(...args),
        close: async () => {},
      })
    const ann = person({ clock, connectFileServer })
    const ben = person()
    const { guid } = await ann.send(ben.key, file)
    const waiting = await ann.event(({ state }) => state === 'waiting')
    expect(waiting).toMatchObject({
      outgoing: true,
      id: String(guid),
      error: { code: 'file-server', message: expect.stringContaining('quota exceeded') },
    })
    expect(waiting.retryAtMs).toBeGreaterThanOrEqual(480_000)
    expect(waiting.retryAtMs).toBeLessThanOrEqual(720_000)
    expect(await ann.store.message(ben.key, guid, true)).toMatchObject({ state: 'preparing' })
    await until(() => clock.nextDueMs !== undefined)
    target = roomy
    ann.transfers.retryNow()
    await ann.event(({ state }) => state === 'complete')
    await deliver(ann, ben, guid)
  })

  test('to a server that cannot be reached is tried again soon, with growing pauses, for ever', async () => {
    const clock = createClock()
    const pauses: number[] = []
    const down = new MessengerError('unreachable', 'down')
    let tries = 0
    const connectFileServer = (): ServerClient => ({
      upload: () => (tries++ < 12 ? Promise.reject(down) : Promise.resolve()),
      download: () => Promise.reject(down),
      close: async () => {},
    })
    const ann = new Person({ clock, fileServer: SERVER, connectFileServer })
    await ann.send('ab'.repeat(32), file)
    for (let failure = 1; failure <= 12; failure++) {
      await until(() => ann.states().length === failure)
      const { retryAtMs = 0 } = ann.events.at(-1)!
      pauses.push(retryAtMs - clock.nowMs())
      await until(() => clock.nextDueMs !== undefined)
      clock.advance(retryAtMs - clock.nowMs())
    }
    await ann.event(({ state }) => state === 'complete')
    expect(pauses[0]).toBeGreaterThanOrEqual(4)
    expect(pauses[0]).toBeLessThanOrEqual(6)
    // The people of these tests wait for 20 ms at most.
    expect(pauses.at(-1)).toBeGreaterThanOrEqual(16)
    expect(pauses.at(-1)).toBeLessThanOrEqual(24)
  })

  test('goes on after the end of the process, with the same bytes; what had succeeded is not sent again', async () => {
    const { person, server } = await setUp()
    const ben = person()
    // The first process uploads and dies before the message knows.
    let goOn: (() => void) | undefined
    const first = person({
      faults: (point) => {
        if (point !== 'uploaded') return undefined
        return new Promise((resolve) => {
          goOn = resolve
        })
      },
    })
    const { guid } = await first.send(ben.key, file)
    const stored = (): string[] => filesIn(server.folder).filter((name) => !name.endsWith('.meta'))
    await until(() => goOn !== undefined)
    const before = statSync(join(server.folder, stored()[0]!)).mtimeMs
    const second = person({ key: first.key, store: first.store, folder: first.folder })
    await second.transfers.start()
    await second.event(({ state }) => state === 'complete')
    expect(stored()).toHaveLength(1)
    expect(statSync(join(server.folder, stored()[0]!)).mtimeMs).toBe(before)
    await deliver(second, ben, guid)
    expect(same((await ben.transfers.download(first.key, guid)).path)).toBe(true)
    goOn?.()
  })

  test('goes to the server that is used now, and the message names that one', async () => {
    const asked: string[] = []
    const connectFileServer = (server: string): ServerClient => ({
      upload: (_, options) => {
        asked.push(server)
        if (server !== OTHER) return new Promise((_, reject) => options?.signal?.addEventListener('abort', reject))
        return Promise.resolve()
      },
      download: () => Promise.reject(new Error('not here')),
      close: async () => {},
    })
    const first = new Person({ fileServer: SERVER, connectFileServer })
    const { guid } = await first.send('ab'.repeat(32), file)
    await until(() => asked.length === 1)
    await first.transfers.close()
    const second = new Person({
      key: first.key,
      store: first.store,
      folder: first.folder,
      fileServer: OTHER,
      connectFileServer,
    })
    await second.transfers.start()
    await second.event(({ state }) => state === 'complete')
    expect(asked).toEqual([SERVER, OTHER])
    const { payload } = (await second.store.message('ab'.repeat(32), guid, true))!
    expect(toHex(decodeAttachmentMetadata(payload).server!)).toBe(OTHER)
    expect(await second.store.file('ab'.repeat(32), true, guid)).toMatchObject({ server: OTHER, state: 'offered' })
  })

  test('of a message that is deleted meanwhile is stopped, and its file removed', async () => {
    let started = false
    let aborted = false
    const connectFileServer = (): ServerClient => ({
      upload: (_, options) =>
        new Promise((_resolve, reject) => {
          started = true
          options?.signal?.addEventListener('abort', () => {
            aborted = true
            reject(new MessengerError('aborted', 'by the signal'))
          })
        }),
      download: () => Promise.reject(new Error('not here')),
      close: async () => {},
    })
    const ann = new Person({ fileServer: SERVER, connectFileServer })
    const { guid } = await ann.send('ab'.repeat(32), file)
    await until(() => started)
    expect(await ann.transfers.remove('ab'.repeat(32), guid, true)).toBe(true)
    expect(aborted).toBe(true)
    expect(filesIn(ann.folder)).toEqual([])
    expect(ann.events).toEqual([])
  })

  test('whose file is gone waits until it is back', async () => {
    const clock = createClock()
    const { person } = await setUp()
    const disk = breakableDisk()
    const ann = person({ clock, disk })
    // Made, read for its hash, and then gone.
    let opened = 0
    disk.fail('open', 'ENOENT', () => opened++ > 1)
    const { guid } = await ann.send('ab'.repeat(32), file)
    expect(await ann.event(({ state }) => state === 'waiting')).toMatchObject({
      error: { code: 'file', message: expect.stringContaining('it does not exist') },
    })
    expect(await ann.store.message('ab'.repeat(32), guid, true)).toMatchObject({ state: 'preparing' })
    disk.fail('open', undefined)
    clock.advance(80_000)
    await ann.event(({ state }) => state === 'complete')
  })

  test('only so many at the same time', async () => {
    let running = 0
    let most = 0
    const finish: (() => void)[] = []
    const connectFileServer = (): ServerClient => ({
      upload: () => {
        most = Math.max(most, ++running)
        return new Promise((resolve) => {
          finish.push(() => {
            running--
            resolve()
          })
        })
      },
      download: () => Promise.reject(new Error('not here')),
      close: async () => {},
    })
    const ann = new Person({ fileServer: SERVER, connectFileServer, limits: { uploads: 2 } })
    for (let count = 0; count < 5; count++) await ann.send('ab'.repeat(32), { bytes: new Uint8Array(9), name: 'a' })
    for (let count = 0; count < 5; count++) {
      await until(() => finish.length > count)
      await quiet(5)
      expect(running).toBeLessThanOrEqual(2)
      finish[count]!()
    }
    await until(() => ann.states().length === 5)
    expect(most).toBe(2)
  })
})

describe('a download', () => {
  /** A file that is on the server, and a receiver whose client is changed. */
  async function onServer(change: (client: FileServerClient) => Partial<ServerClient>, options: PersonOptions = {}) {
    const { person, connectFileServer, server } = await setUp()
    const ann = person()
    const ben = person({
      ...options,
      connectFileServer: () => {
        const client = connectFileServer()
        return through(() => client, change(client))
      },
    })
    const { guid } = await ann.send(ben.key, file)
    await ann.event(({ state }) => state === 'complete')
    await deliver(ann, ben, guid)
    return { ann, ben, guid, server, person, download: () => ben.transfers.download(ann.key, guid) }
  }

  test('goes on with the next byte of the encrypted form, after a break and after the end of the process', async () => {
    const offsets: number[] = []
    const { ann, ben, guid, person, download } = await onServer(
      (client) => ({
        download: (hash, options) => {
          offsets.push(options.offset)
          let left = offsets.length > 2 ? 0 : 900_000
          return client.download(hash, {
            ...options,
            write: async (piece) => {
              if (left <= 0) {
                // The third time it hangs.
                if (offsets.length > 2) await new Promise(() => {})
                throw new MessengerError('unreachable', 'cut by the test')
              }
              left -= piece.length
              await options.write(piece)
            },
          })
        },
      }),
      { limits: { countMs: 0 } },
    )
    const closed = expect(download()).rejects.toMatchObject({ code: 'closed' })
    await until(() => offsets.length === 3)
    expect(offsets[0]).toBe(0)
    expect(offsets[1]).toBeGreaterThanOrEqual(900_000)
    expect(offsets[2]).toBeGreaterThanOrEqual(1_800_000)
    expect(await ben.store.file(ann.key, false, guid)).toMatchObject({ doneBytes: offsets[2] })
    await ben.transfers.close()
    await closed
    const again = person({ key: ben.key, store: ben.store, folder: ben.folder })
    await again.transfers.start()
    const { path = '' } = await again.event(({ state }) => state === 'complete')
    expect(same(path)).toBe(true)
    expect(again.events.every(({ doneBytes }) => doneBytes > 1_800_000)).toBe(true)
  })

  test('of what is not there yet, or not any more, says so and is tried again much later', async () => {
    const clock = createClock()
    let isThere = false
    const { ben, download } = await onServer(
      (client) => ({
        download: (...args) =>
          isThere ? client.download(...args) : Promise.reject(new MessengerError('file-server', 'file not found')),
      }),
      { clock },
    )
    const done = download()
    const { error, retryAtMs } = await ben.event(({ state }) => state === 'waiting')
    expect(error).toMatchObject({ code: 'file-server', message: 'file not found' })
    expect(retryAtMs).toBeGreaterThanOrEqual(480_000)
    isThere = true
    clock.advance(720_000)
    expect(same((await done).path)).toBe(true)
  })

  test('of what is damaged is fetched once more from the start, then it has failed', async () => {
    const offsets: number[] = []
    const { ben, guid, ann, download } = await onServer((client) => ({
      download: (hash, options) => {
        offsets.push(options.offset)
        return client.download(hash, {
          ...options,
          write: (piece) => {
            piece[100] = (piece[100] ?? 0) ^ 1
            return options.write(piece)
          },
        })
      },
    }))
    await expect(download()).rejects.toMatchObject({ code: 'damaged' })
    expect(offsets).toEqual([0, 0])
    expect(filesIn(ben.folder)).toEqual([])
    expect(await ben.store.file(ann.key, false, guid)).toMatchObject({ state: 'failed' })
  })

  test('that was damaged once is mended', async () => {
    let times = 0
    const { download } = await onServer((client) => ({
      download: (hash, options) => {
        const isBad = times++ === 0
        return client.download(hash, {
          ...options,
          write: (piece) => {
            if (isBad) piece.fill(0)
            return options.write(piece)
          },
        })
      },
    }))
    expect(same((await download()).path)).toBe(true)
    expect(times).toBe(2)
  })

  test('of a file of another size is refused before its first byte', async () => {
    const clock = createClock()
    const { ben, ann, guid, server, download } = await onServer(() => ({}), { clock })
    const [stored] = filesIn(server.folder).filter((name) => /[0-9a-f]{64}$/.test(name))
    truncateSync(join(server.folder, stored!), 1_000)
    const closed = expect(download()).rejects.toMatchObject({ code: 'closed' })
    expect((await ben.event(({ state }) => state === 'waiting')).error).toMatchObject({ code: 'file-server' })
    expect(await ben.store.file(ann.key, false, guid)).toMatchObject({ state: 'wanted', doneBytes: 0 })
    await ben.transfers.close()
    await closed
  })

  test('that waits for a server that is gone is told, and goes on when there is one', async () => {
    const clock = createClock()
    let isDown = true
    const { ben, download } = await onServer(
      (client) => ({
        download: (...args) =>
          isDown ? Promise.reject(new MessengerError('unreachable', 'down')) : client.download(...args),
      }),
      { clock },
    )
    const done = download()
    expect((await ben.event(({ state }) => state === 'waiting')).error).toMatchObject({ code: 'unreachable' })
    isDown = false
    await until(() => clock.nextDueMs !== undefined)
    ben.transfers.retryNow()
    expect(same((await done).path)).toBe(true)
  })

  test('needs room for both forms, and a full disk while it is decrypted costs only time', async () => {
    const clock = createClock()
    const disk = breakableDisk()
    const { ben, download } = await onServer(() => ({}), { clock, disk })
    disk.free = bytes.length * 2
    await expect(download()).rejects.toMatchObject({
      code: 'file',
      message: expect.stringContaining('free some space'),
    })
    disk.free = undefined
    disk.roomBytes = bytes.length + 1_000_000
    clock.advance(80_000)
    await until(() => ben.states().length === 2)
    expect(ben.events.at(-1)?.error?.message).toContain('the disk is full')
    disk.roomBytes = Number.POSITIVE_INFINITY
    const done = download()
    clock.advance(80_000)
    expect(same((await done).path)).toBe(true)
    expect(filesIn(join(ben.folder, 'files'))).toEqual([])
    expect(disk.openFiles.size).toBe(0)
  })

  test('is paused and goes on', async () => {
    const offsets: number[] = []
    let hang = true
    const { ben, ann, guid, download } = await onServer((client) => ({
      download: (hash, options) => {
        offsets.push(options.offset)
        return client.download(hash, {
          ...options,
          write: async (piece) => {
            await options.write(piece)
            if (hang) {
              await new Promise<void>((resolve) => options.signal?.addEventListener('abort', () => resolve()))
            }
          },
        })
      },
    }))
    const aborted = expect(download()).rejects.toMatchObject({ code: 'aborted' })
    await until(() => offsets.length === 1)
    await until(() => ben.events.length > 0)
    await ben.transfers.pause(ann.key, guid)
    await aborted
    const row = (await ben.store.file(ann.key, false, guid))!
    expect(row).toMatchObject({ state: 'known' })
    expect(row.doneBytes).toBeGreaterThan(0)
    hang = false
    expect(same((await download()).path)).toBe(true)
    expect(offsets).toEqual([0, row.doneBytes])
  })
})
