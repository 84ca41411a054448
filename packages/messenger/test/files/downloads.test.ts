import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { sha256 } from '@mimirjs/crypto'
import { createClock, createRandom } from '@mimirjs/transport/testing'
import { toHex } from '@mimirjs/wire'
import { encodeAttachmentMetadata } from '@mimirjs/wire/content'
import { MessageType } from '@mimirjs/wire/peer'
import { describe, expect, test } from 'vitest'
import type { DownloadProgress } from '../../src/files/types.js'
import { breakableDisk } from './support/breakable-disk.js'
import { answer } from './support/fake-link.js'
import { filesIn, newFolder } from './support/folders.js'
import { connect, Person, sent } from './support/people.js'
import { quiet, until } from './support/until.js'
import './support/cleanup.js'

const bytes = createRandom(8).bytes(300_000)
const file = { bytes, name: 'photo.jpg', mimeType: 'image/jpeg' }

function same(path: string, expected: Uint8Array = bytes): boolean {
  return Buffer.compare(readFileSync(path), expected) === 0
}

describe('where a download goes', () => {
  test('to a folder that exists, under the name made harmless', async () => {
    const { ann, ben, message } = await sent({ bytes, name: '../..\\CON.txt ' })
    connect(ann, ben)
    const folder = newFolder()
    const { path, name } = await ben.transfers.download(ann.key, message.guid, { to: folder })
    expect(name).toBe('_CON.txt')
    expect(path).toBe(join(folder, '_CON.txt'))
    expect(same(path)).toBe(true)
    expect(filesIn(join(ben.folder, 'downloads'))).toEqual([])
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  test('to a file, which may be written relative to where the process is', async () => {
    const { ann, ben, message } = await sent(file)
    connect(ann, ben)
    const target = join(newFolder(), 'mine.jpg')
    const { path, name } = await ben.transfers.download(ann.key, message.guid, { to: relative('.', target) })
    expect({ path, name }).toEqual({ path: target, name: 'photo.jpg' })
    expect(same(path)).toBe(true)
  })

  test('never onto what is there', async () => {
    const { ann, ben, message } = await sent(file)
    connect(ann, ben)
    const folder = newFolder()
    writeFileSync(join(folder, 'mine.jpg'), 'precious')
    const { path } = await ben.transfers.download(ann.key, message.guid, { to: join(folder, 'mine.jpg') })
    expect(path).toBe(join(folder, 'mine (1).jpg'))
    expect(readFileSync(join(folder, 'mine.jpg'), 'utf8')).toBe('precious')
  })

  test('nowhere, if there is no such folder: that is said at once, and nothing is wanted', async () => {
    const { ann, ben, message } = await sent(file)
    const folder = newFolder()
    writeFileSync(join(folder, 'file'), '')
    const cases: [string, string][] = [
      [
        join(folder, 'no', 'a.jpg'),
        `cannot put a file into ${join(folder, 'no')}: there is no such folder; make it first`,
      ],
      [
        `${join(folder, 'no')}/`,
        `cannot put a file into ${join(folder, 'no')}: there is no such folder; make it first`,
      ],
      [
        join(folder, 'file', 'a'),
        `cannot put a file into ${join(folder, 'file')}: it is no folder; choose another place`,
      ],
    ]
    for (const [to, text] of cases) {
      await expect(ben.transfers.download(ann.key, message.guid, { to })).rejects.toMatchObject({
        code: 'file',
        message: text,
      })
    }
    expect(await ben.store.file(ann.key, false, message.guid)).toBeUndefined()
  })

  test('nowhere, if we may not write there', async () => {
    const disk = breakableDisk()
    disk.fail('checkWritable', 'EACCES')
    const { ann, ben, message } = await sent(file, { receiver: { disk } })
    const error = { code: 'file', message: expect.stringContaining('permission denied') }
    await expect(ben.transfers.download(ann.key, message.guid, { to: ben.folder })).rejects.toMatchObject(error)
  })

  test('elsewhere, if that is said before it has its place', async () => {
    const { ann, ben, message } = await sent(file)
    const first = ben.transfers.download(ann.key, message.guid)
    const target = join(newFolder(), 'there.jpg')
    const second = ben.transfers.download(ann.key, message.guid, { to: target })
    await ben.event(({ state }) => state === 'waiting')
    await until(async () => (await ben.store.file(ann.key, false, message.guid))?.path === target)
    connect(ann, ben)
    expect((await first).path).toBe(target)
    expect((await second).path).toBe(target)
  })
})

describe('who waits', () => {
  test('several share one download, one leaves, and the last one that leaves pauses it', async () => {
    const { ann, ben, message } = await sent(file)
    const controllers = [new AbortController(), new AbortController()]
    const waits = controllers.map(({ signal }) => ben.transfers.download(ann.key, message.guid, { signal }))
    const results = Promise.allSettled(waits)
    await ben.event(({ state }) => state === 'waiting')
    await quiet()
    controllers[0]!.abort()
    await expect(waits[0]).rejects.toMatchObject({ code: 'aborted' })
    expect(await ben.store.file(ann.key, false, message.guid)).toMatchObject({ state: 'wanted' })
    controllers[1]!.abort()
    await ben.event(({ state }) => state === 'paused')
    expect(await ben.store.file(ann.key, false, message.guid)).toMatchObject({ state: 'known' })
    expect((await results).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })

  test('one that comes while it is being paused starts it again', async () => {
    const { ann, ben, message } = await sent(file)
    const controller = new AbortController()
    const first = ben.transfers.download(ann.key, message.guid, { signal: controller.signal })
    const aborted = expect(first).rejects.toMatchObject({ code: 'aborted' })
    await ben.event(({ state }) => state === 'waiting')
    controller.abort()
    const second = ben.transfers.download(ann.key, message.guid)
    await aborted
    connect(ann, ben)
    expect(same((await second).path)).toBe(true)
  })

  test('a signal that has fired already changes nothing', async () => {
    const { ann, ben, message } = await sent(file)
    const signal = AbortSignal.abort('no')
    await expect(ben.transfers.download(ann.key, message.guid, { signal })).rejects.toMatchObject({ code: 'aborted' })
    expect(await ben.store.file(ann.key, false, message.guid)).toBeUndefined()
  })

  test('what is there already is there at once, as long as it is there', async () => {
    const { ann, ben, message } = await sent(file)
    const link = connect(ann, ben)
    const first = await ben.transfers.download(ann.key, message.guid)
    expect(await ben.transfers.download(ann.key, message.guid)).toEqual(first)
    expect(link.b.asked).toHaveLength(1)
    rmSync(first.path)
    expect(await ben.transfers.download(ann.key, message.guid)).toEqual(first)
    expect(link.b.asked).toHaveLength(2)
    expect(same(first.path)).toBe(true)
  })

  test('progress is told ten times a second, to listeners and to those who wait', async () => {
    const clock = createClock()
    const { ann, ben, message } = await sent(file, { receiver: { clock } })
    connect(ann, ben, { pieceBytes: 1_000 })
    const told: DownloadProgress[] = []
    const done = ben.transfers.download(ann.key, message.guid, {
      onProgress: (progress) => {
        told.push(progress)
        throw new Error('of the caller')
      },
    })
    await done
    // The clock stood still: the first piece was told, none after it.
    expect(told).toEqual([{ doneBytes: expect.any(Number), sizeBytes: bytes.length }])
    expect(ben.events.filter(({ state }) => state === 'progress')).toHaveLength(1)
    expect(ben.errors).toEqual([expect.objectContaining({ message: 'of the caller' })])
  })

  test('nobody waits longer than the messenger is open', async () => {
    const { ann, ben, message } = await sent(file)
    const closed = expect(ben.transfers.download(ann.key, message.guid)).rejects.toMatchObject({ code: 'closed' })
    await ben.event(({ state }) => state === 'waiting')
    await ben.transfers.close()
    await closed
    await expect(ben.transfers.download(ann.key, message.guid)).rejects.toMatchObject({ code: 'closed' })
    expect(await ben.store.file(ann.key, false, message.guid)).toMatchObject({ state: 'wanted' })
  })
})

describe('what cannot be downloaded', () => {
  test('a message that is not there, and one that announces nothing', async () => {
    const { ann, ben } = await sent(file)
    await ben.receive(ann.key, { guid: 5n, payload: new TextEncoder().encode('hello'), messageType: MessageType.text })
    await ben.receive(ann.key, { guid: 6n, payload: new TextEncoder().encode('{}'), messageType: MessageType.file })
    for (const guid of [4n, 5n, 6n]) {
      await expect(ben.transfers.download(ann.key, guid)).rejects.toMatchObject({ code: 'unknown-file' })
      await expect(ben.transfers.pause(ann.key, guid)).rejects.toMatchObject({ code: 'unknown-file' })
      await expect(ben.transfers.cancel(ann.key, guid)).rejects.toMatchObject({ code: 'unknown-file' })
    }
  })

  test('a file whose key is encrypted, and one on a server that nobody names', async () => {
    const { ann, ben } = await sent(file)
    const announced = { name: 'a', sizeBytes: 5, hash: 'ab'.repeat(32) }
    const payloads = [
      encodeAttachmentMetadata({ ...announced, key: new Uint8Array(60), server: new Uint8Array(32) }),
      encodeAttachmentMetadata({ ...announced, key: new Uint8Array(32) }),
      encodeAttachmentMetadata({ ...announced, sizeBytes: Number.MAX_SAFE_INTEGER, key: new Uint8Array(32) }),
    ]
    for (const [index, payload] of payloads.entries()) {
      const guid = BigInt(index + 10)
      await ben.receive(ann.key, { guid, payload, messageType: MessageType.file })
      await expect(ben.transfers.download(ann.key, guid)).rejects.toMatchObject({ code: 'unsupported' })
    }
  })
})

describe('cancelling', () => {
  test('throws away what has come', async () => {
    const { ann, ben, message } = await sent(file)
    connect(ann, ben, { cutAfterBytes: 200_000 })
    const done = ben.transfers.download(ann.key, message.guid, { to: ben.folder })
    const cancelled = expect(done).rejects.toMatchObject({ code: 'aborted', message: 'the download was cancelled' })
    await ben.event(({ state }) => state === 'waiting')
    expect(filesIn(join(ben.folder, 'files', 'in'))).toHaveLength(1)
    await ben.transfers.cancel(ann.key, message.guid)
    await cancelled
    expect(filesIn(join(ben.folder, 'files', 'in'))).toEqual([])
    const row = { state: 'known', doneBytes: 0, path: '', partPath: '' }
    expect(await ben.store.file(ann.key, false, message.guid)).toMatchObject(row)
    expect(ben.states().at(-1)).toBe('cancelled')
    connect(ann, ben)
    expect((await ben.transfers.download(ann.key, message.guid)).path).toBe(join(ben.folder, 'downloads', 'photo.jpg'))
  })

  test('works on what is paused, and leaves alone what is complete', async () => {
    const { ann, ben, message } = await sent(file)
    const link = connect(ann, ben, { cutAfterBytes: 200_000 })
    const done = ben.transfers.download(ann.key, message.guid)
    const paused = expect(done).rejects.toMatchObject({ code: 'aborted' })
    await until(() => link.b.closed)
    await ben.transfers.pause(ann.key, message.guid)
    await paused
    await ben.transfers.cancel(ann.key, message.guid)
    expect(filesIn(join(ben.folder, 'files', 'in'))).toEqual([])
    connect(ann, ben)
    const { path } = await ben.transfers.download(ann.key, message.guid)
    await ben.transfers.cancel(ann.key, message.guid)
    await ben.transfers.pause(ann.key, message.guid)
    expect(same(path)).toBe(true)
    expect(await ben.store.file(ann.key, false, message.guid)).toMatchObject({ state: 'complete' })
  })
})

describe('deleting the message', () => {
  test('ends its download and removes what has come', async () => {
    const { ann, ben, message } = await sent(file)
    connect(ann, ben, { cutAfterBytes: 200_000 })
    const gone = expect(ben.transfers.download(ann.key, message.guid)).rejects.toMatchObject({ code: 'aborted' })
    await ben.event(({ state }) => state === 'waiting')
    expect(await ben.transfers.remove(ann.key, message.guid, false)).toBe(true)
    await gone
    expect(filesIn(ben.folder)).toEqual([])
    expect(await ben.store.message(ann.key, message.guid, false)).toBeUndefined()
    expect(await ben.transfers.remove(ann.key, message.guid, false)).toBe(false)
  })

  test('leaves alone what was downloaded', async () => {
    const { ann, ben, message } = await sent(file)
    connect(ann, ben)
    const { path } = await ben.transfers.download(ann.key, message.guid)
    expect(await ben.transfers.remove(ann.key, message.guid, false)).toBe(true)
    expect(same(path)).toBe(true)
  })

  test('removes our copy of what we sent, and stops sending it', async () => {
    const { ann, ben, message } = await sent(file)
    const link = connect(ann, ben, { pieceBytes: 1_000 })
    void ben.transfers.download(ann.key, message.guid).catch(() => {})
    await until(() => ben.events.length > 0)
    expect(await ann.transfers.remove(ben.key, message.guid, true)).toBe(true)
    expect(filesIn(ann.folder)).toEqual([])
    await until(() => link.a.windowFor(1_000_000) === 1)
    await quiet()
    expect(ben.states()).not.toContain('complete')
  })
})

describe('a sender that stays silent', () => {
  test('is asked three times on each connection, a minute apart, then on the next', async () => {
    const clock = createClock()
    const { ann, ben, message } = await sent(file, { receiver: { clock } })
    const silent = connect(ann, ben)
    silent.a.handlers = { ...silent.a.handlers!, fileRequest: () => {} }
    const done = ben.transfers.download(ann.key, message.guid)
    for (let asked = 1; asked <= 3; asked++) {
      await until(() => silent.b.asked.length === asked)
      clock.advance(59_999)
      await quiet()
      expect(silent.b.asked).toHaveLength(asked)
      clock.advance(1)
    }
    expect(await ben.event(({ state }) => state === 'waiting')).toMatchObject({
      error: { code: 'unreachable', message: 'the sender does not answer: the file may be gone' },
    })
    clock.advance(3_600_000)
    await quiet()
    expect(silent.b.asked).toHaveLength(3)
    connect(ann, ben)
    expect(same((await done).path)).toBe(true)
  })

  test('does not hold up another file of the same sender', async () => {
    const clock = createClock()
    const { ann, ben, message } = await sent(file, { receiver: { clock } })
    const other = await ann.send(ben.key, { bytes: bytes.subarray(9), name: 'other.jpg' })
    await ben.receive(ann.key, other)
    rmSync(join(ann.folder, (await ann.store.file(ben.key, true, message.guid))!.path))
    const link = connect(ann, ben)
    void ben.transfers.download(ann.key, message.guid).catch(() => {})
    await until(() => link.b.asked.length === 1)
    const done = ben.transfers.download(ann.key, other.guid)
    for (let asked = 1; asked <= 3; asked++) {
      await until(() => link.b.asked.length === asked)
      clock.advance(60_000)
    }
    expect(same((await done).path, bytes.subarray(9))).toBe(true)
    expect(ann.errors).toEqual([])
  })

  test('that drips has to be faster than the limit', async () => {
    const clock = createClock()
    const { ann, ben, message } = await sent(file, { receiver: { clock } })
    const link = connect(ann, ben, { pieceBytes: 20_000 })
    void ben.transfers.download(ann.key, message.guid).catch(() => {})
    // What is said about the file comes first.
    link.a.pass(1)
    await until(() => link.a.sent.length === 1)
    const part = join(ben.folder, 'files', 'in')
    const size = (): number => filesIn(part).reduce((sum, name) => sum + statSync(join(part, name)).size, 0)
    // Every minute 20 000 bytes: that is progress, and nobody is asked again.
    for (let minute = 1; minute <= 5; minute++) {
      clock.advance(59_000)
      link.a.pass(minute === 1 ? 2 : 1)
      await until(() => size() >= minute * 20_000)
      clock.advance(1_000)
    }
    expect(link.b.asked).toHaveLength(1)
    expect(ben.states()).toEqual([])
    // Then nothing, on a stream that is open: after the question that brought something it is waited for three times more.
    for (let minute = 1; minute <= 4; minute++) {
      expect(ben.states()).toEqual([])
      await until(() => clock.nextDueMs !== undefined)
      clock.advance(60_000)
    }
    expect((await ben.event(({ state }) => state === 'waiting')).error?.code).toBe('unreachable')
    expect(link.b.asked).toHaveLength(1)
    link.a.pass(100)
  })
})

describe('what is damaged', () => {
  test('is fetched once more, and what is damaged twice has failed', async () => {
    const { ann, ben, message } = await sent(file)
    const ours = (await ann.store.file(ben.key, true, message.guid))!
    writeFileSync(join(ann.folder, ours.path), bytes.slice().reverse())
    const link = connect(ann, ben)
    await expect(ben.transfers.download(ann.key, message.guid)).rejects.toMatchObject({
      code: 'damaged',
      blame: 'remote',
    })
    expect(link.b.asked).toHaveLength(2)
    // Both answers are acknowledged: an OK stops nothing but the waiting of the sender.
    expect(link.b.acknowledged).toHaveLength(2)
    expect(filesIn(ben.folder)).toEqual([])
    expect(await ben.store.file(ann.key, false, message.guid)).toMatchObject({
      state: 'failed',
      doneBytes: 0,
      partPath: '',
    })
    expect(ben.states()).toEqual(['failed'])
    expect(ben.events.filter(({ error }) => error?.code === 'damaged').map(({ state }) => state)).toEqual([
      'progress',
      'failed',
    ])

    writeFileSync(join(ann.folder, ours.path), bytes)
    expect(same((await ben.transfers.download(ann.key, message.guid)).path)).toBe(true)
  })

  test('once is mended', async () => {
    const { ann, ben, message } = await sent(file)
    const link = connect(ann, ben, { extended: false })
    const { fileRequest } = link.a.handlers!
    const { name, hash } = (await ann.store.file(ben.key, true, message.guid))!
    let asked = 0
    link.a.handlers = {
      ...link.a.handlers!,
      fileRequest: (request) => {
        if (asked++ > 0) fileRequest(request)
        else link.a.sendData(answer(message.guid, { name, hash, sizeBytes: bytes.length }, bytes.slice().reverse()))
      },
    }
    expect(same((await ben.transfers.download(ann.key, message.guid)).path)).toBe(true)
    expect(asked).toBe(2)
  })
})

describe('the disk', () => {
  test('is asked for room before anybody is asked for the file', async () => {
    const clock = createClock()
    const disk = breakableDisk()
    disk.free = bytes.length + 999
    const { ann, ben, message } = await sent(file, { receiver: { disk, clock, limits: { reserveBytes: 1_000 } } })
    const link = connect(ann, ben)
    await expect(ben.transfers.download(ann.key, message.guid)).rejects.toMatchObject({
      code: 'file',
      message: expect.stringMatching(/the disk has 300999 of 301000 bytes; free some space$/),
    })
    expect(link.b.asked).toEqual([])
    expect(await ben.event(({ state }) => state === 'waiting')).toMatchObject({ error: { code: 'file' } })
    // The wish stays, and is fulfilled when there is room.
    expect(await ben.store.file(ann.key, false, message.guid)).toMatchObject({ state: 'wanted' })
    disk.free += 1
    clock.advance(80_000)
    await ben.event(({ state }) => state === 'complete')
  })

  test('that has room again is tried at once when somebody says so', async () => {
    const clock = createClock()
    const disk = breakableDisk()
    const { ann, ben, message } = await sent(file, { receiver: { disk, clock } })
    connect(ann, ben)
    for (const say of [
      () => ben.transfers.retryNow(),
      () => void ben.transfers.download(ann.key, message.guid).catch(() => {}),
    ]) {
      disk.free = 5
      const before = ben.states().length
      if (before === 0)
        await expect(ben.transfers.download(ann.key, message.guid)).rejects.toMatchObject({ code: 'file' })
      else say()
      await until(() => ben.states().length > before && clock.nextDueMs !== undefined)
    }
    disk.free = undefined
    ben.transfers.retryNow()
    await ben.event(({ state }) => state === 'complete')
    expect(clock.nowMs()).toBe(0)
  })

  test('that fills up meanwhile costs time, not the file, and the sender is not left waiting', async () => {
    const clock = createClock()
    const disk = breakableDisk()
    disk.roomBytes = 100_000
    const { ann, ben, message } = await sent(file, { receiver: { disk, clock } })
    const link = connect(ann, ben, { pieceBytes: 10_000 })
    const error = { code: 'file', message: expect.stringContaining('the disk is full; free some space') }
    await expect(ben.transfers.download(ann.key, message.guid)).rejects.toMatchObject(error)
    expect(ben.states()).toEqual(['waiting'])
    expect(ben.events.at(-1)?.retryAtMs).toBeGreaterThan(47_000)
    await until(() => link.a.windowFor(1_000_000) === 1)
    expect(disk.openFiles.size).toBe(0)
    disk.roomBytes = Number.POSITIVE_INFINITY
    const done = ben.transfers.download(ann.key, message.guid)
    clock.advance(80_000)
    expect(same((await done).path)).toBe(true)
  })

  test.each(['makeFolder', 'open', 'datasync', 'link'] as const)('whose %s fails keeps the wish', async (call) => {
    const clock = createClock()
    const disk = breakableDisk()
    const { ann, ben, message } = await sent(file, { receiver: { disk, clock } })
    connect(ann, ben)
    disk.fail(call, 'EROFS')
    await expect(ben.transfers.download(ann.key, message.guid)).rejects.toMatchObject({
      code: 'file',
      message: expect.stringContaining('the file system is read-only; choose another place'),
    })
    expect(disk.openFiles.size).toBe(0)
    expect(await ben.store.file(ann.key, false, message.guid)).toMatchObject({ state: 'wanted' })
    disk.fail(call, undefined)
    const done = ben.transfers.download(ann.key, message.guid)
    clock.advance(80_000)
    expect(same((await done).path)).toBe(true)
    expect(filesIn(join(ben.folder, 'files', 'in'))).toEqual([])
  })

  test.each([
    ['with links', undefined],
    ['without', 'EPERM'],
  ])('%s, a store that refuses is tried again, and the file is there once', async (_, code) => {
    const disk = breakableDisk()
    disk.fail('link', code)
    const { ann, ben, message } = await sent(file, { receiver: { disk } })
    connect(ann, ben)
    const change = ben.store.changeFile.bind(ben.store)
    let refusals = 0
    ben.store.changeFile = async (...args) => {
      if (args[3].state === 'complete' && refusals++ < 3) throw new Error('no')
      return change(...args)
    }
    const { path } = await ben.transfers.download(ann.key, message.guid)
    expect(path).toBe(join(ben.folder, 'downloads', 'photo.jpg'))
    expect(filesIn(join(ben.folder, 'downloads'))).toEqual(['photo.jpg'])
    expect(refusals).toBe(4)
    expect(ben.states()).toEqual(['waiting', 'waiting', 'waiting', 'complete'])
  })
})

describe('an announcement that its sender changed', () => {
  test('is another file: what has come of the first is thrown away', async () => {
    const { ann, ben, message } = await sent(file)
    connect(ann, ben, { cutAfterBytes: 200_000 })
    const first = expect(ben.transfers.download(ann.key, message.guid)).rejects.toMatchObject({ code: 'aborted' })
    await ben.event(({ state }) => state === 'waiting')
    const other = bytes.subarray(1)
    const payload = encodeAttachmentMetadata({ name: 'b.jpg', sizeBytes: other.length, hash: toHex(sha256(other)) })
    await ben.store.receive({
      peer: ann.key,
      guid: message.guid,
      payload,
      messageType: MessageType.file,
      replyTo: 0n,
      sendTimeMs: 1,
      editTimeMs: 2,
      receivedMs: 2,
    })
    void ben.transfers.download(ann.key, message.guid).catch(() => {})
    await first
    await until(async () => (await ben.store.file(ann.key, false, message.guid))?.name === 'b.jpg')
    expect(await ben.store.file(ann.key, false, message.guid)).toMatchObject({ doneBytes: 0, partPath: '' })
    await until(() => filesIn(join(ben.folder, 'files', 'in')).length === 0)
  })
})

describe('at the start', () => {
  test('what no row points to is removed, and nothing that is not ours', async () => {
    const ben = new Person()
    const name = (letter: string): string => letter.repeat(24)
    const row = {
      peer: 'aa'.repeat(32),
      name: 'n',
      hash: '',
      sizeBytes: 9,
      key: undefined,
      server: '',
      path: '',
      doneBytes: 1,
      partPath: '',
    }
    const put = (guid: bigint, change: object): Promise<void> =>
      ben.store.putFile({ ...row, guid, outgoing: false, state: 'known', ...change })
    for (const folder of ['files/in', 'files/out', 'files/in/folder'])
      mkdirSync(join(ben.folder, folder), { recursive: true })
    const write = (path: string): void => writeFileSync(join(ben.folder, path), 'x')
    // Pointed to.
    write(`files/in/${name('k')}.part`)
    await put(1n, { partPath: `files/in/${name('k')}.part` })
    write(`files/out/${name('o')}`)
    await put(2n, { outgoing: true, state: 'offered', path: `files/out/${name('o')}` })
    write(`files/out/${name('p')}`)
    await put(3n, { outgoing: true, state: 'preparing', path: `files/out/${name('p')}` })
    // Of rows that do not need it any more, or point elsewhere.
    write(`files/in/${name('c')}.part`)
    await put(4n, { state: 'complete', partPath: `files/in/${name('c')}.part` })
    write(`files/in/${name('e')}.part`)
    await put(5n, { partPath: `files/out/${name('e')}.part` })
    // Of nobody.
    for (const path of [`files/in/${name('a')}.part`, `files/in/${name('k')}.plain`, `files/out/${name('a')}`])
      write(path)
    // Of the user.
    for (const path of ['files/in/notes.part', 'files/out/README', 'files/in/folder/x']) write(path)
    await ben.transfers.start()
    expect(filesIn(join(ben.folder, 'files'))).toEqual(
      [
        `in/${name('k')}.part`,
        'in/folder/x',
        'in/notes.part',
        'out/README',
        `out/${name('o')}`,
        `out/${name('p')}`,
      ].sort(),
    )
    expect(ben.errors.every((error) => (error as { code?: string }).code !== 'store')).toBe(true)
  })

  test('nothing is made in a folder that is not needed', async () => {
    const folder = join(newFolder(), 'not there')
    const ben = new Person({ folder })
    await ben.transfers.start()
    expect(() => statSync(folder)).toThrow('ENOENT')
    expect(ben.errors).toEqual([])
  })
})

test('of many downloads only so many run, one per peer, in order', async () => {
  const ben = new Person({ limits: { peerDownloads: 2 } })
  const senders = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const ann = new Person()
      const messages = [await ann.send(ben.key, file), await ann.send(ben.key, { ...file, name: 'second.jpg' })]
      for (const message of messages) await ben.receive(ann.key, message)
      return { ann, messages, link: connect(ann, ben, { pieceBytes: 5_000 }) }
    }),
  )
  let most = 0
  const asked: string[] = []
  for (const { ann, link } of senders) {
    const { fileRequest } = link.a.handlers!
    link.a.handlers = {
      ...link.a.handlers!,
      fileRequest: (request) => {
        asked.push(`${ann.key} ${request.guid}`)
        const running = senders.filter((sender) => sender.link.b.asked.length > sender.link.b.acknowledged.length)
        most = Math.max(most, running.length)
        fileRequest(request)
      },
    }
  }
  const done = senders.flatMap(({ ann, messages }) => messages.map(({ guid }) => ben.transfers.download(ann.key, guid)))
  const files = await Promise.all(done)
  expect(files.every(({ path }) => same(path))).toBe(true)
  expect(new Set(files.map(({ path }) => path)).size).toBe(8)
  expect(most).toBe(2)
  for (const { ann, messages } of senders) {
    const order = asked.filter((entry) => entry.startsWith(ann.key))
    expect(order).toEqual(messages.map(({ guid }) => `${ann.key} ${guid}`))
  }
})
