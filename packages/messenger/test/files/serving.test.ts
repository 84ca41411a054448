import { symlinkSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DataSink, IncomingFileRequest } from '@mimirjs/peer'
import { createClock, createRandom } from '@mimirjs/transport/testing'
import { toHex } from '@mimirjs/wire'
import { FileResponseReader } from '@mimirjs/wire/content'
import type { DataHeader } from '@mimirjs/wire/peer'
import { describe, expect, test } from 'vitest'
import { FakeLink, type LinkOptions } from './support/fake-link.js'
import { attach, Person, type PersonOptions } from './support/people.js'
import { quiet, until } from './support/until.js'
import './support/cleanup.js'

const bytes = createRandom(10).bytes(400_000)

interface Got {
  readonly header: DataHeader
  readonly offset: number | undefined
  readonly file: Uint8Array
}

/** Ann has sent a file to Eve, who does what she likes with her end of the link. */
async function withEve(options: { ann?: PersonOptions; link?: LinkOptions; size?: number } = {}) {
  const ann = new Person(options.ann)
  const eve = new Person()
  const message = await ann.send(eve.key, { bytes: bytes.subarray(0, options.size ?? bytes.length), name: 'a.bin' })
  const link = new FakeLink(ann.key, eve.key, options.link)
  attach(ann, eve.key, link.a)
  const got: Got[] = []
  const inline: Uint8Array[] = []
  const failed: unknown[] = []
  link.b.handlers = {
    fileRequest: () => {},
    writable: () => {},
    closed: () => {},
    inline: ({ payload }) => inline.push(payload.slice()),
    file: (header): DataSink => {
      const reader = new FileResponseReader(header.dataBytes)
      const pieces: Uint8Array[] = []
      return {
        write: (piece) => void pieces.push(reader.push(piece).slice()),
        end: () => {
          got.push({ header, offset: reader.received?.metadata.offset, file: Buffer.concat(pieces) })
          link.b.acknowledge(header.guid)
        },
        failed: (error) => failed.push(error),
      }
    },
  }
  const { name, hash } = (await ann.store.file(eve.key, true, message.guid))!
  const request: IncomingFileRequest = { type: 'fileRequest', guid: message.guid, name, hash }
  const path = join(ann.folder, (await ann.store.file(eve.key, true, message.guid))!.path)
  return {
    ann,
    eve,
    link,
    got,
    inline,
    failed,
    request,
    path,
    ask: (asked: IncomingFileRequest) => link.b.requestFile(asked),
  }
}

const SILENCE: Record<string, (request: IncomingFileRequest) => IncomingFileRequest> = {
  'a name that was not announced': (request) => ({ ...request, name: 'x.bin' }),
  'a path': (request) => ({ ...request, name: `../out/${request.name}` }),
  'the database': (request) => ({ ...request, name: '../../messenger.sqlite' }),
  'an empty name': (request) => ({ ...request, name: '' }),
  'another hash': (request) => ({ ...request, hash: 'ab'.repeat(32) }),
  'another message': (request) => ({ ...request, guid: request.guid + 1n }),
  'a range from the end': (request) => ({ ...request, range: { offset: 400_000, maxBytes: 1 } }),
  'a range behind the end': (request) => ({ ...request, range: { offset: 2 ** 52, maxBytes: 1 } }),
  'a range of nothing': (request) => ({ ...request, range: { offset: 0, maxBytes: 0 } }),
}

describe('asked for', () => {
  test.each(Object.keys(SILENCE))('%s it stays silent', async (what) => {
    const { ann, link, got, request, ask } = await withEve()
    ask(SILENCE[what]!(request))
    await quiet()
    ask(request)
    await until(() => got.length === 1)
    expect(link.a.sent).toHaveLength(1)
    expect(link.a.sentInline).toEqual([])
    expect(ann.errors).toEqual([])
  })

  test('what was announced to somebody else it stays silent', async () => {
    const { ann, eve, request, ask, got } = await withEve()
    const secret = await ann.send('ab'.repeat(32), { bytes, name: 'secret.bin' })
    const { name, hash } = (await ann.store.file('ab'.repeat(32), true, secret.guid))!
    ask({ type: 'fileRequest', guid: secret.guid, name, hash })
    // Not even under the guid of a message that she has.
    ask({ type: 'fileRequest', guid: request.guid, name, hash })
    // What she sent herself is not offered either.
    await ann.receive(eve.key, { guid: 7n, messageType: 3, payload: secret.payload })
    ask({ type: 'fileRequest', guid: 7n, name, hash })
    await quiet()
    ask(request)
    await until(() => got.length === 1)
    expect(got[0]?.header.guid).toBe(request.guid)
  })

  test('a file that is on a file server, or not ready, it stays silent', async () => {
    const { ann, eve, request, ask, link } = await withEve()
    const row = (await ann.store.file(eve.key, true, request.guid))!
    for (const change of [{ server: '5e'.repeat(32) }, { state: 'preparing' as const }]) {
      await ann.store.putFile({ ...row, ...change })
      ask(request)
      await quiet()
      expect(link.a.sent).toEqual([])
    }
  })
})

describe('an answer', () => {
  test('is the whole file, under the guid of the request', async () => {
    const { ann, got, request, ask } = await withEve()
    ask({ ...request, hash: request.hash.toUpperCase() })
    await until(() => got.length === 1)
    expect(got[0]).toMatchObject({
      offset: undefined,
      header: { guid: request.guid, replyTo: 0n, editTimeMs: 0n, messageType: 4001 },
    })
    expect(Buffer.compare(got[0]!.file, bytes)).toBe(0)
    await until(() => ann.events.some(({ state }) => state === 'complete'))
    expect(ann.events.at(-1)).toMatchObject({ outgoing: true, state: 'complete', doneBytes: bytes.length })
  })

  test.each([
    [0, 1],
    [0, 400_000],
    [123_456, 200_000],
    [399_999, 1],
    [399_999, 16_777_216],
    [300_000, 2 ** 52],
  ])('is the range from %d of at most %d bytes', async (offset, maxBytes) => {
    const { got, request, ask } = await withEve()
    ask({ ...request, range: { offset, maxBytes } })
    await until(() => got.length === 1)
    expect(got[0]?.offset).toBe(offset)
    expect(Buffer.compare(got[0]!.file, bytes.subarray(offset, offset + Math.min(maxBytes, 400_000)))).toBe(0)
  })

  test('that is small is one message', async () => {
    const { got, inline, request, ask } = await withEve({ size: 60_000 })
    ask(request)
    await until(() => inline.length === 1)
    expect(inline[0]!.length).toBeLessThanOrEqual(65_536)
    expect(Buffer.compare(inline[0]!.subarray(-60_000), bytes.subarray(0, 60_000))).toBe(0)
    // A range never is.
    ask({ ...request, range: { offset: 0, maxBytes: 10 } })
    await until(() => got.length === 1)
  })
})

describe('a file that', () => {
  const CASES: Record<string, (path: string) => void> = {
    'is gone': unlinkSync,
    'has become shorter': (path) => truncateSync(path, 399_999),
    'has become longer': (path) => writeFileSync(path, 'x', { flag: 'a' }),
    'has become a link': (path) => {
      unlinkSync(path)
      writeFileSync(`${path}x`, bytes)
      symlinkSync(`${path}x`, path)
    },
  }
  test.each(Object.keys(CASES))('%s is not sent, and nobody is bothered', async (what) => {
    const { ann, link, request, ask, path } = await withEve()
    CASES[what]!(path)
    ask(request)
    await quiet(50)
    expect(link.a.sent).toEqual([])
    expect([...ann.errors, ...ann.events]).toEqual([])
  })

  test('ends while it is sent breaks the answer off', async () => {
    const { ann, link, request, ask, path, failed } = await withEve()
    link.a.pass(1)
    ask(request)
    await until(() => link.a.sent.length === 1)
    await quiet()
    truncateSync(path, 300_000)
    link.a.pass(1_000)
    await until(() => failed.length === 1)
    expect(ann.events.map(({ state }) => state)).not.toContain('complete')
    // The line is free for the next one.
    writeFileSync(path, bytes)
    ask({ ...request, range: { offset: 5, maxBytes: 5 } })
    await until(() => link.a.sent.length === 2)
  })
})

describe('too large for one frame', () => {
  test('a whole file is refused, which is said; a range of it is sent', async () => {
    const { ann, eve, link, request, ask, path, got } = await withEve()
    const size = 600_000_000
    truncateSync(path, size)
    const row = (await ann.store.file(eve.key, true, request.guid))!
    await ann.store.putFile({ ...row, sizeBytes: size })
    ask(request)
    expect(await ann.event(({ state }) => state === 'failed')).toMatchObject({
      outgoing: true,
      error: { code: 'too-large', message: expect.stringContaining('600000000 bytes cannot be sent') },
    })
    for (let time = 0; time < 3; time++) {
      await quiet()
      ask(request)
    }
    ask({ ...request, range: { offset: 0, maxBytes: size } })
    await quiet()
    expect(link.a.sent).toEqual([])
    ask({ ...request, range: { offset: 599_999_000, maxBytes: size } })
    await until(() => got.length === 1)
    expect(got[0]?.file).toHaveLength(1_000)
    // Once for each connection, however often it asks.
    expect(ann.states().filter((state) => state === 'failed')).toHaveLength(1)
  })
})

describe('many requests', () => {
  test('of one connection are served one at a time; the same one twice is one', async () => {
    const { link, got, request, ask } = await withEve({ ann: { limits: { queuedRequests: 1_000 } } })
    for (let offset = 0; offset < 20; offset++) {
      for (let time = 0; time < 3; time++) ask({ ...request, range: { offset, maxBytes: 100_000 } })
    }
    await until(() => got.length === 20)
    await quiet()
    expect(link.a.sent).toHaveLength(20)
    expect(got.map(({ offset }) => offset)).toEqual(Array.from({ length: 20 }, (_, offset) => offset))
  })

  test('wait for the OK of the answer before', async () => {
    const { link, request, ask } = await withEve()
    const { file } = link.b.handlers!
    let ends = 0
    link.b.handlers!.file = (header) => {
      const sink = file(header)!
      return { ...sink, end: () => ends++ }
    }
    ask({ ...request, range: { offset: 0, maxBytes: 10 } })
    ask({ ...request, range: { offset: 1, maxBytes: 10 } })
    await until(() => ends === 1)
    await quiet()
    expect(link.a.sent).toHaveLength(1)
    link.b.acknowledge(request.guid)
    await until(() => link.a.sent.length === 2)
  })

  test('above the limit of the peer are ignored, on however many connections', async () => {
    const { ann, eve, link, request, ask } = await withEve({ ann: { limits: { queuedRequests: 5 } } })
    link.a.pass(0)
    ask({ ...request, range: { offset: 0, maxBytes: 10 } })
    await until(() => link.a.sent.length === 1)
    const second = new FakeLink(ann.key, eve.key)
    attach(ann, eve.key, second.a)
    const file = ({ guid }: DataHeader): DataSink => ({
      write: () => {},
      end: () => second.b.acknowledge(guid),
      failed: () => {},
    })
    second.b.handlers = { ...link.b.handlers!, file }
    second.a.pass(0)
    second.b.requestFile({ ...request, range: { offset: 0, maxBytes: 10 } })
    await until(() => second.a.sent.length === 1)
    for (let offset = 1; offset <= 50; offset++) {
      ask({ ...request, range: { offset, maxBytes: 10 } })
      second.b.requestFile({ ...request, range: { offset, maxBytes: 10 } })
    }
    await quiet()
    link.a.pass(1_000)
    second.a.pass(1_000)
    await until(() => link.a.sent.length + second.a.sent.length === 2 + 5)
    await quiet()
    expect(link.a.sent.length + second.a.sent.length).toBe(2 + 5)
  })

  test('of many peers are served so many at a time', async () => {
    const ann = new Person({ limits: { serves: 3 } })
    const links: FakeLink[] = []
    for (let count = 0; count < 8; count++) {
      const peer = toHex(createRandom(count).bytes(32))
      const { guid } = await ann.send(peer, { bytes, name: 'a' })
      const { name, hash } = (await ann.store.file(peer, true, guid))!
      const link = new FakeLink(ann.key, peer)
      attach(ann, peer, link.a)
      link.a.pass(0)
      link.b.handlers = {
        fileRequest: () => {},
        writable: () => {},
        closed: () => {},
        inline: () => {},
        file: () => ({ write: () => {}, end: () => link.b.acknowledge(guid), failed: () => {} }),
      }
      links.push(link)
      link.b.requestFile({ guid, name, hash })
    }
    const running = (): FakeLink[] => links.filter((link) => link.a.sent.length > 0)
    await until(() => running().length === 3)
    await quiet()
    expect(running()).toHaveLength(3)
    // One that ends makes room for another, in whichever way it ends.
    running()[0]!.a.pass(1_000)
    await until(() => running().length === 4)
    running()[1]!.close()
    await until(() => running().length === 5)
    for (const link of links) link.a.pass(1_000)
    await until(() => running().length === 8)
  })

  test('of a connection that ends are forgotten', async () => {
    const { ann, link, request, ask } = await withEve()
    link.a.pass(0)
    for (let offset = 0; offset < 5; offset++) ask({ ...request, range: { offset, maxBytes: 10 } })
    await until(() => link.a.sent.length === 1)
    link.close()
    await quiet()
    expect(link.a.sent).toHaveLength(1)
    await ann.transfers.close()
    expect(ann.errors).toEqual([])
  })
})

test('who takes nothing of what it asked for has its connection closed', async () => {
  const clock = createClock()
  const { ann, link, request, ask } = await withEve({ ann: { clock } })
  link.a.pass(2)
  ask(request)
  await until(() => link.a.sent.length === 1)
  for (let second = 0; second < 130 && !link.a.closed; second++) {
    await until(() => clock.nextDueMs !== undefined || link.a.closed)
    clock.advance(1_000)
  }
  expect(link.a.closed).toBe(true)
  link.a.pass(1_000)
  await ann.transfers.close()
})

test('who never says OK is not sent a second answer, and does not hold the place of others for ever', async () => {
  const clock = createClock()
  const { ann, eve, link, request, ask } = await withEve({ ann: { clock, limits: { serves: 1 } } })
  const { file } = link.b.handlers!
  let ends = 0
  link.b.handlers!.file = (header) => ({ ...file(header)!, end: () => ends++ })
  ask({ ...request, range: { offset: 0, maxBytes: 10 } })
  ask({ ...request, range: { offset: 1, maxBytes: 10 } })
  // The second one waits for the OK.
  await until(() => ends === 1)
  await until(() => clock.nextDueMs !== undefined)
  // She waits on another connection for the only place.
  const patient = new FakeLink(ann.key, eve.key)
  attach(ann, eve.key, patient.a)
  patient.b.handlers = link.b.handlers
  patient.b.requestFile({ ...request, range: { offset: 2, maxBytes: 10 } })
  await until(() => {
    // Time passes for those who wait for it, not for the disk.
    if (clock.nextDueMs !== undefined) clock.advance(1_000)
    return patient.a.sent.length > 0
  })
  expect(clock.nowMs()).toBeGreaterThanOrEqual(120_000)
  expect(link.a.sent).toHaveLength(1)
  await ann.transfers.close()
})
