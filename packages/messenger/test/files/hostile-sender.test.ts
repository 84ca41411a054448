import { join } from 'node:path'
import type { OutgoingData } from '@mimirjs/peer'
import { createClock, createRandom } from '@mimirjs/transport/testing'
import { joinAttachment, MAX_ATTACHMENT_METADATA_BYTES, MessageType } from '@mimirjs/wire/peer'
import { describe, expect, test } from 'vitest'
import { answer, type FakeLink } from './support/fake-link.js'
import { filesIn } from './support/folders.js'
import { connect, sent } from './support/people.js'
import { until } from './support/until.js'
import './support/cleanup.js'

const bytes = createRandom(9).bytes(200_000)

interface Announced {
  readonly guid: bigint
  readonly name: string
  readonly hash: string
  readonly sizeBytes: number
}

/** Ann answers the first requests with what `lie` makes; the receiver is Ben. */
async function withLiar(extended: boolean, size = bytes.length) {
  const clock = createClock()
  const { ann, ben, message } = await sent({ bytes: bytes.subarray(0, size), name: 'a.bin' }, { receiver: { clock } })
  const link = connect(ann, ben, { extended })
  const { name, hash, sizeBytes } = (await ann.store.file(ben.key, true, message.guid))!
  const announced: Announced = { guid: message.guid, name, hash, sizeBytes }
  const answers: ((link: FakeLink) => void)[] = []
  link.a.handlers = { ...link.a.handlers!, fileRequest: () => answers.shift()?.(link) }
  return { ann, ben, link, announced, answers, clock, download: () => ben.transfers.download(ann.key, message.guid) }
}

const raw = (guid: bigint, dataBytes: number, pieces: Uint8Array[]): OutgoingData => {
  async function* source(): AsyncGenerator<Uint8Array> {
    yield* pieces
  }
  return { ...answer(guid, { name: '' }, new Uint8Array(0)), dataBytes, source: source() }
}

const lengthOf = (value: number): Uint8Array => {
  const head = new Uint8Array(4)
  new DataView(head.buffer).setInt32(0, value)
  return head
}

const LIES: Record<string, (announced: Announced) => OutgoingData> = {
  'another name': ({ guid, ...rest }) => answer(guid, { ...rest, name: '../../etc/passwd' }, bytes),
  'another hash': ({ guid, ...rest }) => answer(guid, { ...rest, hash: 'ab'.repeat(32) }, bytes),
  'no hash': ({ guid, hash: _, ...rest }) => answer(guid, rest, bytes),
  'another size': ({ guid, ...rest }) => answer(guid, { ...rest, sizeBytes: 5 }, bytes),
  'no size': ({ guid, sizeBytes: _, ...rest }) => answer(guid, rest, bytes),
  'metadata without end': ({ guid }) =>
    raw(guid, 200_000, [lengthOf(MAX_ATTACHMENT_METADATA_BYTES + 1), new Uint8Array(199_996)]),
  'metadata of negative length': ({ guid }) => raw(guid, 200_000, [lengthOf(-1), new Uint8Array(199_996)]),
  'metadata that passes the end': ({ guid }) => raw(guid, 10, [lengthOf(7), new Uint8Array(6)]),
  'metadata that is none': ({ guid }) => raw(guid, 2_000, [lengthOf(1_000), new Uint8Array(1_996)]),
  'three bytes': ({ guid }) => raw(guid, 3, [new Uint8Array(3)]),
  'nothing at all': ({ guid }) => raw(guid, 0, []),
}

describe.each([
  ['our kind', true],
  ['an original', false],
])('%s that answers with', (_, extended) => {
  test.each(Object.keys(LIES))('%s is not believed, three times, and not a byte gets to the disk', async (lie) => {
    const { ben, link, announced, answers, download } = await withLiar(extended)
    for (let time = 0; time < 3; time++) {
      answers.push(() => {
        void until(() => link.a.windowFor(1_000_000) === 1).then(() => link.a.sendData(LIES[lie]!(announced)))
        // It does not wait for an OK.
        link.b.acknowledge(announced.guid)
      })
    }
    const done = expect(download()).rejects.toMatchObject({ code: 'closed' })
    for (let time = 1; time <= 3; time++) {
      await until(() => link.a.sent.length === time)
      await until(() => link.b.refused.length === time)
      link.b.acknowledge(announced.guid)
    }
    expect((await ben.event(({ state }) => state === 'waiting')).error).toMatchObject({ code: 'unreachable' })
    expect(link.b.asked).toHaveLength(3)
    expect(filesIn(ben.folder)).toEqual([expect.stringMatching(/^files\/in\/[a-z2-7]{24}\.part$/)])
    expect(ben.events.every(({ doneBytes }) => doneBytes === 0)).toBe(true)
    expect(ben.errors).toEqual([])
    await ben.transfers.close()
    await done
  })

  test('more than was announced is refused at its header', async () => {
    const { ben, link, announced, answers, download } = await withLiar(extended)
    const { guid, ...rest } = announced
    answers.push(() => link.a.sendData(answer(guid, rest, new Uint8Array(bytes.length + 100_000))))
    const done = expect(download()).rejects.toMatchObject({ code: 'closed' })
    await until(() => link.b.asked.length >= 2)
    expect(link.b.acknowledged).toEqual([])
    await ben.transfers.close()
    await done
  })

  test('a few bytes more or less than it says itself is refused at the metadata', async () => {
    for (const byteLength of [bytes.length - 1, bytes.length + 1]) {
      const { ben, link, announced, answers, download, clock } = await withLiar(extended)
      const { guid, ...rest } = announced
      const file = new Uint8Array(byteLength)
      answers.push(() => link.a.sendData(answer(guid, rest, file)))
      const done = expect(download()).rejects.toMatchObject({ code: 'closed' })
      // It may be the answer to an earlier question, so it is taken to its end; nothing of it is kept.
      await until(() => link.b.acknowledged.length === 1)
      expect(ben.events).toEqual([])
      clock.advance(60_000)
      await until(() => link.b.asked.length === 2)
      await ben.transfers.close()
      await done
    }
  })
})

describe('what nobody asked for', () => {
  test('is refused, in both forms, whatever its guid', async () => {
    const { ben, link, announced } = await withLiar(true)
    const { guid, ...rest } = announced
    const { file, inline } = link.b.handlers!
    const header = {
      guid,
      replyTo: 0n,
      sendTimeMs: 0n,
      editTimeMs: 0n,
      messageType: MessageType.fileResponse,
      dataBytes: 9,
    }
    expect(file(header)).toBeUndefined()
    expect(file({ ...header, guid: 0n })).toBeUndefined()
    const payload = joinAttachment({ metadata: rest, file: bytes }, 'current')
    inline({ type: 'text', ...header, payload })
    expect(link.b.acknowledged).toEqual([])
    expect(link.b.refused).toEqual([guid])
    expect(filesIn(ben.folder)).toEqual([])
  })

  test('is refused for another message of the same sender, and for the same message of another', async () => {
    const { ann, ben, link, announced, download, answers } = await withLiar(true)
    answers.push(() => {})
    const done = expect(download()).rejects.toMatchObject({ code: 'closed' })
    await until(() => link.b.asked.length === 1)
    const { connection } = link.b
    const header = { replyTo: 0n, sendTimeMs: 0n, editTimeMs: 0n, messageType: MessageType.fileResponse, dataBytes: 9 }
    expect(ben.transfers.sink(ann.key, connection, { ...header, guid: announced.guid + 1n })).toBeUndefined()
    expect(
      ben.transfers.sink('cd'.repeat(32), connect(ann, ben).b.connection, { ...header, guid: announced.guid }),
    ).toBeUndefined()
    await ben.transfers.close()
    expect(ben.transfers.sink(ann.key, connection, { ...header, guid: announced.guid })).toBeUndefined()
    await done
  })

  test('of another message type is refused', async () => {
    const { ben, link, announced, download, answers } = await withLiar(false)
    answers.push(() => {})
    const done = expect(download()).rejects.toMatchObject({ code: 'closed' })
    await until(() => link.b.asked.length === 1)
    const header = { guid: announced.guid, replyTo: 0n, sendTimeMs: 0n, editTimeMs: 0n, messageType: 3, dataBytes: 9 }
    expect(link.b.handlers!.file(header)).toBeUndefined()
    await ben.transfers.close()
    await done
  })
})

test('a part of the file that was not asked for is passed over, and the right one behind it is taken', async () => {
  const { link, announced, answers, download } = await withLiar(true)
  const { guid, ...rest } = announced
  answers.push(() => {
    link.a.sendData(answer(guid, { ...rest, offset: 7 }, bytes.subarray(7)))
    void until(() => link.a.windowFor(1_000_000) === 1).then(() =>
      link.a.sendData(answer(guid, { ...rest, offset: 0 }, bytes)),
    )
  })
  await download()
  expect(link.b.asked).toHaveLength(1)
  expect(link.b.acknowledged.length).toBeGreaterThanOrEqual(1)
})

test('an original that breaks off again and again does not make us fetch for ever', async () => {
  const { ben, link, announced, answers, download } = await withLiar(false)
  const { guid, ...rest } = announced
  let asked = 0
  for (let time = 0; time < 10; time++) {
    answers.push(() => {
      asked++
      const data = answer(guid, rest, bytes)
      async function* source(): AsyncGenerator<Uint8Array> {
        for await (const piece of data.source) yield piece.length === bytes.length ? piece.subarray(0, 100_000) : piece
      }
      link.a.sendData({ ...data, source: source() })
    })
  }
  const done = expect(download()).rejects.toMatchObject({ code: 'closed' })
  await ben.event(({ state }) => state === 'waiting')
  // The first got further than nothing; three more did not get further than the first.
  expect(asked).toBe(4)
  await ben.transfers.close()
  await done
  expect(filesIn(join(ben.folder, 'downloads'))).toEqual([])
})

test('an inline answer that is too long, too short, or about something else is not taken', async () => {
  const { ben, link, announced, answers, download, clock } = await withLiar(false, 1_000)
  const { guid, ...rest } = announced
  const file = bytes.subarray(0, 1_000)
  const frame = { guid, replyTo: 0n, sendTimeMs: 0n, editTimeMs: 0n, messageType: MessageType.fileResponse }
  const say = (payload: Uint8Array): void => link.a.send({ ...frame, payload })
  answers.push(
    () => say(joinAttachment({ metadata: { ...rest, name: 'x' }, file }, 'current')),
    () => say(joinAttachment({ metadata: rest, file: bytes.subarray(0, 5_000) }, 'current')),
    () => say(joinAttachment({ metadata: rest, file }, 'current')),
  )
  const done = download()
  await until(() => link.b.asked.length === 2)
  await until(() => link.b.acknowledged.length === 2)
  expect(ben.events).toEqual([])
  clock.advance(60_000)
  await done
  expect(link.b.asked).toHaveLength(3)
})
