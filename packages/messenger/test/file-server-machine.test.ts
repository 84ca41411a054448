import { fromHex, toHex } from '@mimirjs/wire'
import {
  authRequest,
  decodeFilesRequest,
  downloadRequest,
  downloadResponse,
  encodeFilesError,
  encodeFilesMessage,
  encodeFilesResponse,
  FilesCommand,
  type FilesRequest,
  FilesStatus,
  fileInfoResponse,
  getNonceResponse,
  uploadRequest,
} from '@mimirjs/wire/files'
import { describe, expect, test } from 'vitest'
import { type FileServerEvent, FileServerMachine } from '../src/file-server/machine.js'
import { DEFAULT_FILE_SERVER_TIMERS } from '../src/file-server/timers.js'
import { alice, bytesOf, NONCE } from './support/file-server.js'

const HASH = bytesOf(32, 5)

/** A machine, and the server played by hand. */
class Played {
  nowMs = 1_000
  readonly machine: FileServerMachine
  readonly nonces: string[] = []

  constructor(mayBeSigned: (nonce: Uint8Array) => boolean = () => true) {
    this.machine = new FileServerMachine(
      { publicKey: alice.publicKey, timers: DEFAULT_FILE_SERVER_TIMERS, mayBeSigned },
      this.nowMs,
    )
  }

  /** What it wrote since, as hex. */
  written(): string {
    return this.machine.takeOutgoing().map(toHex).join('')
  }

  requests(): FilesRequest[] {
    return this.machine.takeOutgoing().map(decodeFilesRequest)
  }

  /** What happened since. */
  events(): FileServerEvent[] {
    const events: FileServerEvent[] = []
    for (let event = this.machine.next(this.nowMs); event !== undefined; event = this.machine.next(this.nowMs)) {
      events.push(event)
    }
    return events
  }

  feed(...frames: readonly Uint8Array[]): FileServerEvent[] {
    for (const frame of frames) this.machine.receive(frame)
    return this.events()
  }

  loggedIn(): this {
    this.feed(nonceFor(2))
    this.machine.signed(alice.sign(NONCE), this.nowMs)
    this.feed(ok(3))
    this.machine.takeOutgoing()
    return this
  }

  upload(offset: number, chunk: Uint8Array = bytesOf(10)): number {
    const request = { fileHash: HASH, guid: -2n, offsetBytes: BigInt(offset), totalBytes: 100n, chunk }
    return this.machine.upload(request, this.nowMs)
  }

  download(offsetBytes = 0, sizeBytes?: number): number {
    return this.machine.download({ fileHash: HASH, offsetBytes, sizeBytes }, this.nowMs)
  }

  /** Milliseconds until something is due. */
  get dueMs(): number {
    return this.machine.nextDeadlineMs - this.nowMs
  }
}

function ok(requestId: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  return encodeFilesResponse({ status: FilesStatus.ok, requestId, payload })
}

function no(requestId: number, text: string): Uint8Array {
  return encodeFilesResponse({ status: FilesStatus.error, requestId, payload: encodeFilesError(text) })
}

function nonceFor(requestId: number, nonce: Uint8Array = NONCE): Uint8Array {
  return encodeFilesMessage(FilesStatus.ok, requestId, getNonceResponse, { nonce })
}

function part(requestId: number, offset: number | bigint, chunk: Uint8Array, total: number | bigint): Uint8Array {
  const message = { chunk, totalBytes: BigInt(total), offsetBytes: BigInt(offset) }
  return encodeFilesMessage(FilesStatus.ok, requestId, downloadResponse, message)
}

describe('the login', () => {
  test('is byte for byte what the originals write', () => {
    const played = new Played()
    const key = toHex(alice.publicKey)
    expect(played.written()).toBe(`0100${'01'}0002${'00000022'}0120${key}`)
    expect(played.feed(nonceFor(2))).toEqual([{ type: 'sign', nonce: NONCE }])
    const signature = alice.sign(NONCE)
    played.machine.signed(signature, played.nowMs)
    expect(played.written()).toBe(`02000300000086${'0120'}${key}0320${toHex(NONCE)}0240${toHex(signature)}`)
    expect(played.machine.window).toBe(0)
    expect(played.feed(ok(3))).toEqual([{ type: 'ready' }])
    expect(played.machine.window).toBe(4)
  })

  test.each(['nonce mismatch', 'unknown nonce'])('begins again after "%s"', (text) => {
    const played = new Played()
    played.feed(nonceFor(2))
    played.machine.signed(alice.sign(NONCE), played.nowMs)
    played.machine.takeOutgoing()
    expect(played.feed(no(3, text))).toEqual([])
    expect(played.requests().map(({ command, requestId }) => [command, requestId])).toEqual([[1, 4]])
    const fresh = bytesOf(32, 3)
    expect(played.feed(nonceFor(4, fresh))).toEqual([{ type: 'sign', nonce: fresh }])
  })

  test('is over when the server refuses it', () => {
    const played = new Played()
    played.feed(nonceFor(2))
    played.machine.signed(alice.sign(NONCE), played.nowMs)
    const [closed] = played.feed(no(3, 'invalid\u001b[31m signature'))
    expect(closed).toMatchObject({ type: 'closed', error: { code: 'file-server' } })
    expect((closed as { error: Error }).error.message).toBe('the file server refused the login: invalid[31m signature')
  })

  test('signs nothing that may not be signed, and asks for another nonce, not for ever', () => {
    let asked = 0
    const played = new Played(() => {
      asked++
      return false
    })
    for (let id = 2; id < 34; id++) {
      expect(played.machine.isClosed).toBe(false)
      const events = played.feed(nonceFor(id))
      if (id < 33) expect(events).toEqual([])
      else expect(events).toMatchObject([{ type: 'closed', error: { code: 'unreachable' } }])
    }
    expect(asked).toBe(32)
  })

  test.each([31, 33, 16, 36, 64, 0])('a nonce of %i bytes is never signed', (sizeBytes) => {
    const payload = Uint8Array.of(3, sizeBytes, ...bytesOf(sizeBytes))
    expect(new Played().feed(ok(2, payload))).toMatchObject([{ type: 'closed', error: { code: 'file-server' } }])
  })

  test('a signature that is none is refused, and a late one ignored', () => {
    const played = new Played()
    played.feed(nonceFor(2))
    expect(() => played.machine.signed(new Uint8Array(63), played.nowMs)).toThrow(/signature/)
    played.loggedIn()
    played.machine.signed(alice.sign(NONCE), played.nowMs)
    expect(played.requests()).toEqual([])
  })
})

describe('requests', () => {
  test('carry what they should: never a limit, and nothing in the place of a file', () => {
    const played = new Played().loggedIn()
    played.upload(0, fromHex('abcd'))
    const [upload] = played.requests()
    expect(upload?.command).toBe(FilesCommand.upload)
    expect(uploadRequest.decode(upload!.payload)).toEqual({
      fileHash: HASH,
      guid: -2n,
      offsetBytes: 0n,
      totalBytes: 100n,
      chunk: fromHex('abcd'),
    })
    played.feed(ok(4))
    played.download(70)
    const [download] = played.requests()
    expect(download?.requestId).toBe(5)
    expect(downloadRequest.decode(download!.payload)).toEqual({
      fileHash: HASH,
      offsetBytes: 70n,
      guid: undefined,
      limitBytes: undefined,
    })
  })

  test('have ids from 2 to 65,535 and again from 2, never one that is in flight', () => {
    const played = new Played().loggedIn()
    const ids: number[] = []
    for (let count = 0; count < 65_540; count++) {
      const id = played.upload(0, new Uint8Array(0))
      ids.push(id)
      played.machine.takeOutgoing()
      played.feed(ok(id))
    }
    expect(ids.slice(0, 2)).toEqual([4, 5])
    expect(ids.slice(65_530, 65_535)).toEqual([65_534, 65_535, 2, 3, 4])
    expect(ids.some((id) => id < 2)).toBe(false)
  })

  test('at most four chunks are under way, and nothing beside a download', () => {
    const played = new Played().loggedIn()
    for (const window of [3, 2, 1, 0]) {
      played.upload(0)
      expect(played.machine.window).toBe(window)
    }
    expect(played.feed(ok(4), ok(5))).toEqual([
      { type: 'accepted', requestId: 4 },
      { type: 'accepted', requestId: 5 },
    ])
    expect(played.machine.window).toBe(2)
    played.feed(ok(6), no(7, 'quota exceeded'))
    played.download()
    expect(played.machine.window).toBe(0)
  })

  test('an error answers one request, and the connection goes on', () => {
    const played = new Played().loggedIn()
    played.upload(0)
    played.machine.info(HASH, played.nowMs)
    expect(
      played.feed(
        no(4, 'chunk too large'),
        encodeFilesMessage(FilesStatus.ok, 5, fileInfoResponse, { totalBytes: 9n, guid: -1n }),
      ),
    ).toEqual([
      { type: 'refused', requestId: 4, text: 'chunk too large' },
      { type: 'info', requestId: 5, sizeBytes: 9, guid: -1n },
    ])
    expect(played.machine.window).toBe(4)
  })
})

describe('a download', () => {
  const [first, second] = [bytesOf(6, 1), bytesOf(4, 2)]

  test('is told part by part, one at a time, and ends at the total', () => {
    const played = new Played().loggedIn()
    const requestId = played.download(3)
    played.machine.receive(Uint8Array.from([...part(4, 3, first, 13), ...part(4, 9, second, 13)]))
    const next = () => played.machine.next(played.nowMs)
    expect(next()).toEqual({ type: 'data', requestId, bytes: first, sizeBytes: 13, last: false })
    expect(played.machine.bufferedBytes).toBe(part(4, 9, second, 13).length)
    expect(next()).toEqual({ type: 'data', requestId, bytes: second, sizeBytes: 13, last: true })
    expect(next()).toBeUndefined()
    expect(played.machine.window).toBe(4)
  })

  test('reads the same when every byte comes alone, and when it is cut anywhere nothing is told twice', () => {
    const frames = Uint8Array.from([...part(4, 0, first, 10), ...part(4, 6, second, 10)])
    for (let cut = 0; cut <= frames.length; cut++) {
      const played = new Played().loggedIn()
      played.download()
      const events = [...frames.subarray(0, cut)].flatMap((byte) => played.feed(Uint8Array.of(byte)))
      const whole = cut < part(4, 0, first, 10).length ? 0 : cut < frames.length ? 1 : 2
      expect(events.map(({ type }) => type)).toEqual(['data', 'data'].slice(0, whole))
      played.machine.endOfStream()
      expect(played.events()).toMatchObject([{ type: 'closed', error: { code: 'unreachable' } }])
    }
  })

  test.each([
    ['begins too early', [part(4, 0, first, 20)], 5],
    ['begins too late', [part(4, 6, first, 20)], 5],
    ['leaves a gap', [part(4, 5, first, 20), part(4, 12, second, 20)], 5],
    ['repeats', [part(4, 5, first, 20), part(4, 5, first, 20)], 5],
    ['changes the total', [part(4, 5, first, 20), part(4, 11, second, 21)], 5],
    ['goes beyond the total', [part(4, 5, first, 10)], 5],
    ['has an empty part', [part(4, 5, new Uint8Array(0), 20)], 5],
    ['has a part that is too long', [part(4, 0, new Uint8Array(262_145), 300_000)], 0],
    ['is larger than any file', [part(4, 0, first, 2n ** 53n)], 0],
    ['has an offset beyond all numbers', [part(4, 2n ** 64n - 1n, first, 20)], 5],
    ['goes on after its end', [part(4, 5, first, 11), part(4, 11, second, 11)], 5],
    ['has another id', [part(5, 5, first, 20)], 5],
    ['has no fields', [ok(4)], 5],
  ])('is over when it %s', (_name, frames, offset) => {
    const played = new Played().loggedIn()
    played.download(offset)
    const events = played.feed(...frames)
    expect(events.at(-1)).toMatchObject({ type: 'closed', error: { code: 'file-server' } })
    expect(events.filter(({ type }) => type === 'data').length).toBe(frames.length - 1)
    expect(played.feed(part(4, 5, first, 20))).toEqual([])
  })

  test('a server that says another size than known is not believed', () => {
    const played = new Played().loggedIn()
    played.download(0, 20)
    expect(played.feed(part(4, 0, first, 21))).toMatchObject([{ type: 'closed', error: { code: 'file-server' } }])
  })

  test('a read error in its midst ends it, and nothing else', () => {
    const played = new Played().loggedIn()
    played.download()
    expect(played.feed(part(4, 0, first, 20), no(4, 'read error: EIO'))).toMatchObject([
      { type: 'data' },
      { type: 'refused', requestId: 4, text: 'read error: EIO' },
    ])
    expect(played.machine.window).toBe(4)
  })
})

describe('a server that breaks the protocol', () => {
  test.each([
    ['answers what was not asked', [ok(4)]],
    ['answers an older request', [ok(3)]],
    ['has another status', [Uint8Array.of(2, 0, 4, 0, 0, 0, 0)]],
    ['promises more than 2 MiB', [Uint8Array.of(0, 0, 4, 0, 0x20, 0, 1)]],
    ['talks something else', [new TextEncoder().encode('HTTP/1.1 400 Bad Request\r\n\r\n')]],
  ])('is left when it %s', (_name, frames) => {
    const events = new Played().loggedIn().feed(...frames)
    expect(events).toMatchObject([{ type: 'closed', error: { code: 'file-server', blame: 'remote' } }])
  })

  test('is left when it answers requests in another order, or one twice', () => {
    for (const ids of [[5], [4, 4]]) {
      const played = new Played().loggedIn()
      played.upload(0)
      played.upload(10)
      expect(played.feed(...ids.map((id) => ok(id))).at(-1)).toMatchObject({ type: 'closed' })
    }
  })

  test('nothing is written, held or due after that', () => {
    const played = new Played().loggedIn()
    played.upload(0)
    played.feed(ok(9))
    expect(played.written()).toBe('')
    expect(played.machine.nextDeadlineMs).toBe(Number.POSITIVE_INFINITY)
    expect(played.machine.window).toBe(0)
    played.machine.receive(new Uint8Array(1000))
    expect(played.machine.bufferedBytes).toBe(0)
    played.machine.close()
    expect(played.events()).toEqual([])
  })
})

describe('deadlines', () => {
  const closed = [{ type: 'closed', error: { code: 'unreachable' } }]

  test('15 s for the nonce, the signer and the login, each for itself', () => {
    const steps: readonly ((played: Played) => void)[] = [
      (played) => played.feed(nonceFor(2)),
      (played) => played.machine.signed(alice.sign(NONCE), played.nowMs),
    ]
    for (let count = 0; count <= steps.length; count++) {
      const played = new Played()
      for (const step of steps.slice(0, count)) {
        played.nowMs += 14_999
        played.machine.tick(played.nowMs)
        step(played)
      }
      played.events()
      const startMs = played.nowMs
      expect(played.machine.nextDeadlineMs).toBe(startMs + 15_000)
      played.machine.tick(startMs + 14_999)
      expect(played.events()).toEqual([])
      played.machine.tick(startMs + 15_000)
      expect(played.events()).toMatchObject(closed)
    }
  })

  test('60 s for each chunk, counted from the answer before it', () => {
    const played = new Played().loggedIn()
    played.upload(0)
    played.upload(10)
    expect(played.dueMs).toBe(60_000)
    played.nowMs += 59_999
    played.machine.tick(played.nowMs)
    played.feed(ok(4))
    expect(played.dueMs).toBe(60_000)
    played.nowMs += 60_000
    played.machine.tick(played.nowMs)
    expect(played.events()).toMatchObject(closed)
  })

  test('60 s for each part of a download, but none while we ourselves hold it back', () => {
    const played = new Played().loggedIn()
    played.download()
    expect(played.dueMs).toBe(60_000)
    played.nowMs += 50_000
    played.feed(part(4, 0, bytesOf(6), 20))
    expect(played.dueMs).toBe(60_000)
    played.machine.hold()
    expect(played.dueMs).toBe(Number.POSITIVE_INFINITY)
    played.nowMs += 3_600_000
    played.machine.tick(played.nowMs)
    expect(played.events()).toEqual([])
    played.machine.release(played.nowMs)
    expect(played.dueMs).toBe(60_000)
    played.nowMs += 60_000
    played.machine.tick(played.nowMs)
    expect(played.events()).toMatchObject(closed)
  })

  test('15 s for a question', () => {
    const played = new Played().loggedIn()
    played.machine.info(HASH, played.nowMs)
    expect(played.dueMs).toBe(15_000)
  })

  test('60 s without a transfer end the connection in order; a slow source does not', () => {
    const played = new Played().loggedIn()
    played.machine.use(true, played.nowMs)
    expect(played.dueMs).toBe(Number.POSITIVE_INFINITY)
    played.nowMs += 1_000_000
    played.machine.use(false, played.nowMs)
    expect(played.dueMs).toBe(60_000)
    played.nowMs += 60_000
    played.machine.tick(played.nowMs)
    expect(played.events()).toEqual([{ type: 'closed', error: undefined }])
  })
})

test('the requests of a login and an upload are those that the codecs read', () => {
  const played = new Played()
  played.machine.takeOutgoing()
  played.feed(nonceFor(2))
  played.machine.signed(alice.sign(NONCE), played.nowMs)
  const [auth] = played.requests()
  expect(authRequest.decode(auth!.payload).nonce).toEqual(NONCE)
})
