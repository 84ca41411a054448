import { isPoint, type Signer } from '@mimirjs/crypto'
import { type ByteStream, steadyClock, TransportError } from '@mimirjs/transport'
import { createClock } from '@mimirjs/transport/testing'
import {
  downloadRequest,
  downloadResponse,
  encodeFilesMessage,
  FilesCommand,
  FilesStatus,
  fileInfoResponse,
  uploadRequest,
} from '@mimirjs/wire/files'
import { describe, expect, test } from 'vitest'
import {
  alice,
  bob,
  bytesOf,
  countingClock,
  createNet,
  fileOf,
  type Net,
  type RawServer,
  sha256Of,
  sink,
  turns,
  until,
} from './support/file-server.js'

const NETS: readonly Net[] = ['memory', 'tcp']

function part(requestId: number, offset: number, chunk: Uint8Array, total: number): Uint8Array {
  const message = { chunk, totalBytes: BigInt(total), offsetBytes: BigInt(offset) }
  return encodeFilesMessage(FilesStatus.ok, requestId, downloadResponse, message)
}

function infoOf(requestId: number, sizeBytes: number): Uint8Array {
  const message = { totalBytes: BigInt(sizeBytes), guid: 7n }
  return encodeFilesMessage(FilesStatus.ok, requestId, fileInfoResponse, message)
}

/** How a promise ends: a MessengerError as its code. */
function ending(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'done',
    (error: Error & { code?: string }) => error.code ?? error.name,
  )
}

describe.each(NETS)('over %s', (kind) => {
  test.each([1, 65_535, 65_536, 65_537, 262_144, 1_000_003])('a file of %i bytes goes and comes back', async (size) => {
    const net = createNet(kind)
    const client = net.client(await net.server())
    const file = fileOf(bytesOf(size))
    expect(await client.info(file.hash)).toBeUndefined()
    const progress: number[] = []
    await client.upload(file, { onProgress: (doneBytes) => progress.push(doneBytes) })
    expect(progress.at(-1)).toBe(size)
    expect(progress).toEqual([...progress].sort((a, b) => a - b))
    expect(await client.info(file.hash)).toEqual({ sizeBytes: size, guid: 7n })
    const whole = sink()
    expect(await client.download(file.hash, { offset: 0, write: whole.write })).toEqual({ sizeBytes: size })
    expect(whole.hash).toEqual(file.hash)
    const rest = sink()
    const offset = Math.floor(size / 2)
    await client.download(file.hash, { offset, sizeBytes: size, write: rest.write })
    expect(sha256Of(file.bytes.subarray(0, offset), rest.bytes)).toEqual(file.hash)
  })

  test('several people, each with several transfers at once', async () => {
    const net = createNet(kind)
    const server = await net.server()
    const clients = [net.client(server), net.client(server, { signer: bob }), net.client(server)]
    const files = Array.from({ length: 12 }, (_, index) => fileOf(bytesOf(90_000 + index, index + 1)))
    await Promise.all(files.map((file, index) => clients[index % 3]!.upload(file)))
    const sinks = files.map(() => sink())
    await Promise.all(
      files.map(({ hash }, index) =>
        clients[(index + 1) % 3]!.download(hash, { offset: 0, write: sinks[index]!.write }),
      ),
    )
    expect(sinks.map(({ hash }) => hash)).toEqual(files.map(({ hash }) => hash))
    expect(server.stats().connections).toBe(3)
  })

  test('one file by two people at the same moment', async () => {
    const net = createNet(kind)
    const server = await net.server()
    const file = fileOf(bytesOf(700_000))
    await Promise.all([net.client(server).upload(file), net.client(server, { signer: bob }).upload(file)])
    expect(server.stats()).toMatchObject({ files: 1, storedBytes: 700_000, temporaryBytes: 0 })
    const whole = sink()
    await net.client(server).download(file.hash, { offset: 0, write: whole.write })
    expect(whole.hash).toEqual(file.hash)
  })

  test('a quota that is reached is told in the words of the server, and the connection goes on', async () => {
    const net = createNet(kind)
    const client = net.client(await net.server({ limits: { quotaBytes: 500_000 } }))
    await client.upload(fileOf(bytesOf(400_000, 1)))
    await expect(client.upload(fileOf(bytesOf(400_000, 2)))).rejects.toMatchObject({
      code: 'file-server',
      blame: 'remote',
      message: 'the file server refused the upload: quota exceeded',
    })
    await client.upload(fileOf(bytesOf(90_000, 3)))
  })

  test('a client or a server that ends leaves nothing of the connection', async () => {
    const net = createNet(kind)
    const server = await net.server()
    const clock = countingClock()
    const client = net.client(server, { clock })
    await client.upload(fileOf(bytesOf(10)))
    expect(server.stats().connections).toBe(1)
    await client.close()
    expect(clock.timers).toBe(0)
    await until(() => server.stats().connections === 0)
    expect(await ending(client.info(bytesOf(32)))).toBe('closed')
  })
})

describe('what is written', () => {
  test('a file that is there already is not sent', async () => {
    const net = createNet()
    const seen: number[] = []
    const server = await net.script(async (raw) => {
      await raw.admit()
      raw.onFrame = ({ command, requestId }) => {
        seen.push(command)
        raw.write(infoOf(requestId, 100_000))
      }
    })
    const file = fileOf(bytesOf(100_000))
    const progress: number[] = []
    const open = (): never => {
      throw new Error('opened')
    }
    await net.client(server).upload({ ...file, open }, { onProgress: (doneBytes) => progress.push(doneBytes) })
    expect([seen, progress]).toEqual([[FilesCommand.fileInfo], [100_000]])
  })

  test('a file of one chunk is sent at once', async () => {
    const net = createNet()
    const seen: number[] = []
    const server = await net.script(async (raw) => {
      await raw.admit()
      raw.onFrame = ({ command, requestId }) => {
        seen.push(command)
        raw.ok(requestId)
      }
    })
    await net.client(server).upload(fileOf(bytesOf(65_536), 100))
    expect(seen).toEqual([FilesCommand.upload])
  })

  test('at most four chunks wait for their answers, all of 65,536 bytes but the last, in order', async () => {
    const net = createNet()
    const waiting: number[] = []
    const chunks: { offset: number; length: number }[] = []
    const server = await net.script(async (raw) => {
      await raw.admit()
      raw.no((await raw.take()).requestId, 'file not found')
      raw.onFrame = ({ requestId, payload }) => {
        const { offsetBytes, chunk, totalBytes } = uploadRequest.decode(payload)
        expect(totalBytes).toBe(700_000n)
        chunks.push({ offset: Number(offsetBytes), length: chunk.length })
        waiting.push(requestId)
      }
      await until(() => waiting.length === 4)
      await turns(50)
      expect(waiting.length).toBe(4)
      while (chunks.length < 11 || waiting.length > 0) {
        raw.ok(waiting.shift()!)
        await until(() => waiting.length === 4 || chunks.length === 11)
      }
    })
    await net.client(server).upload(fileOf(bytesOf(700_000), 1_234))
    expect(chunks).toEqual(
      Array.from({ length: 11 }, (_, at) => ({ offset: at * 65_536, length: at < 10 ? 65_536 : 44_640 })),
    )
  })

  test('a signer far away may take its time, and one that fails is said to', async () => {
    const net = createNet()
    const server = await net.server()
    const slow: Signer = {
      publicKey: alice.publicKey,
      sign: async (message) => {
        await turns(20)
        return alice.sign(message)
      },
    }
    expect(await net.client(server, { signer: slow }).info(bytesOf(32))).toBeUndefined()
    const broken: Signer = {
      publicKey: alice.publicKey,
      sign: () => {
        throw new Error('no card in the reader')
      },
    }
    await expect(net.client(server, { signer: broken }).info(bytesOf(32))).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('no card in the reader'),
    })
    const short: Signer = { publicKey: alice.publicKey, sign: async () => new Uint8Array(3) }
    expect(await ending(net.client(server, { signer: short }).info(bytesOf(32)))).toBe('unreachable')
    const wrong: Signer = { publicKey: alice.publicKey, sign: (message) => bob.sign(message) }
    expect(await ending(net.client(server, { signer: wrong }).info(bytesOf(32)))).toBe('file-server')
  })

  test('nothing is signed but 32 bytes that are neither our key nor that of the server, nor refused by the caller', async () => {
    const net = createNet()
    const nodeKey = bytesOf(32, 50)
    const signed: Uint8Array[] = []
    const signer: Signer = {
      publicKey: alice.publicKey,
      sign: (message) => {
        signed.push(message)
        return alice.sign(message)
      },
    }
    const noPoint = [10, 11, 12, 13, 14, 15].map((seed) => bytesOf(32, seed)).find((bytes) => !isPoint(bytes))!
    const offered = [alice.publicKey, nodeKey, bob.publicKey, noPoint]
    const asked: number[] = []
    const server = await net.script(async (raw) => {
      for (const nonce of offered) {
        const { command, requestId } = await raw.take()
        asked.push(command)
        raw.nonce(requestId, nonce)
      }
      raw.ok((await raw.take()).requestId)
      raw.no((await raw.take()).requestId, 'file not found')
    })
    const client = net.client(server, {
      signer,
      refuseNonce: isPoint,
      dial: async () => withKey(await net.transports.dial(server.address), nodeKey),
    })
    expect(await client.info(bytesOf(32))).toBeUndefined()
    expect(signed).toEqual([noPoint])
    expect(asked).toEqual([1, 1, 1, 1])
  })

  test('a policy that throws signs nothing', async () => {
    const net = createNet()
    const client = net.client(await net.server(), {
      refuseNonce: () => {
        throw new Error('bug')
      },
    })
    expect(await ending(client.info(bytesOf(32)))).toBe('unreachable')
  })
})

/** A stream whose network proves the key of the other end. */
function withKey(stream: ByteStream, remotePublicKey: Uint8Array): ByteStream {
  return new Proxy(stream, {
    get(target, name) {
      if (name === 'remotePublicKey') return remotePublicKey
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

describe('a connection', () => {
  test('is made when it is needed, kept, and left in order after 60 s', async () => {
    const net = createNet()
    const clock = createClock(1_000)
    const server = await net.server()
    let dials = 0
    const client = net.client(server, {
      clock,
      dial: (signal) => {
        dials++
        return net.transports.dial(server.address, { signal })
      },
    })
    await turns(5)
    expect(dials).toBe(0)
    await client.upload(fileOf(bytesOf(10)))
    clock.advance(59_999)
    await client.info(bytesOf(32))
    clock.advance(59_999)
    expect(server.stats().connections).toBe(1)
    expect(dials).toBe(1)
    clock.advance(1)
    await until(() => server.stats().connections === 0)
    await turns(2)
    expect(clock.nextDueMs).toBeUndefined()
    await client.info(bytesOf(32))
    expect(dials).toBe(2)
  })

  test('that the server does not end in its turn is cut after 5 s', async () => {
    const net = createNet()
    const clock = createClock()
    let raw: RawServer | undefined
    const server = await net.script(async (served) => {
      raw = await served.admit()
      served.no((await served.take()).requestId, 'file not found')
    })
    await net.client(server, { clock }).info(bytesOf(32))
    clock.advance(60_000)
    await until(() => raw?.ended === true)
    expect(raw?.closed).toBe(false)
    clock.advance(5_000)
    await until(() => raw?.closed === true)
  })

  test('that somebody else took the nonce of is logged in all the same', async () => {
    const net = createNet()
    const server = await net.server()
    const clients = Array.from({ length: 6 }, () => net.client(server))
    expect(await Promise.all(clients.map((client) => client.info(bytesOf(32))))).toEqual(Array(6).fill(undefined))
  })
})

describe('calls', () => {
  test('have their turn in the order in which they came, and 64 at a time', async () => {
    const net = createNet()
    const client = net.client(await net.server())
    const file = fileOf(bytesOf(10))
    const order: string[] = []
    const calls = [
      client.upload(file).then(() => order.push('upload')),
      client.info(file.hash).then((info) => order.push(`info ${info?.sizeBytes}`)),
      client.download(file.hash, { offset: 0, write: () => {} }).then(() => order.push('download')),
    ]
    const more = Array.from({ length: 61 }, () => client.info(file.hash))
    await expect(client.info(file.hash)).rejects.toMatchObject({ code: 'unreachable' })
    await Promise.all([...calls, ...more])
    expect(order).toEqual(['upload', 'info 10', 'download'])
    expect(await client.info(file.hash)).toMatchObject({ sizeBytes: 10 })
  })

  test('with wrong arguments are refused before anything is dialled', async () => {
    const client = createNet().client({ address: 'memory://nowhere' })
    const file = fileOf(bytesOf(10))
    const write = () => {}
    for (const call of [
      client.upload({ ...file, hash: new Uint8Array(31) }),
      client.upload({ ...file, sizeBytes: 0 }),
      client.upload({ ...file, sizeBytes: 1.5 }),
      client.upload({ ...file, guid: 2n ** 63n }),
      client.download(file.hash, { offset: -1, write }),
      client.download(file.hash, { offset: 6, sizeBytes: 5, write }),
      client.download(new Uint8Array(0), { offset: 0, write }),
      client.info(new Uint8Array(33)),
    ]) {
      await expect(call).rejects.toThrow(RangeError)
    }
  })

  test('a source of another length, or one that fails, ends its upload and nothing else', async () => {
    const net = createNet()
    const server = await net.server()
    const client = net.client(server)
    const file = fileOf(bytesOf(200_000))
    await expect(client.upload({ ...file, sizeBytes: 200_001 })).rejects.toThrow(/expected 200001 bytes, got 200000/)
    await expect(client.upload({ ...file, sizeBytes: 199_999 })).rejects.toThrow(/expected 199999 bytes, got more/)
    await expect(client.upload({ ...file, sizeBytes: 65_536 })).rejects.toThrow(/got more|hash mismatch/)
    let returned = false
    const failing = async function* () {
      try {
        yield file.bytes.subarray(0, 100_000)
        throw new Error('the disk is gone')
      } finally {
        returned = true
      }
    }
    await expect(client.upload({ ...file, open: failing })).rejects.toThrow('the disk is gone')
    expect(returned).toBe(true)
    await client.upload(file)
    expect(server.stats()).toMatchObject({ connections: 1, files: 1, temporaryBytes: 0 })
  })

  test('a wrong hash is told by the server', async () => {
    const net = createNet()
    const client = net.client(await net.server())
    await expect(client.upload({ ...fileOf(bytesOf(100_000)), hash: bytesOf(32) })).rejects.toThrow(/hash mismatch/)
  })

  test('what onProgress or write throws is what the call rejects with', async () => {
    const net = createNet()
    const client = net.client(await net.server())
    const file = fileOf(bytesOf(600_000))
    const bug = (): never => {
      throw new Error('bug')
    }
    await expect(client.upload(file, { onProgress: bug })).rejects.toThrow('bug')
    await client.upload(file)
    await expect(client.download(file.hash, { offset: 0, write: bug })).rejects.toThrow('bug')
    await expect(client.download(file.hash, { offset: 0, write: async () => bug() })).rejects.toThrow('bug')
    const whole = sink()
    await client.download(file.hash, { offset: 0, write: whole.write })
    expect(whole.hash).toEqual(file.hash)
  })
})

describe('a server that goes away', () => {
  test('is tried five times with growing pauses; who waits is told at once', async () => {
    const clock = createClock()
    const dials: number[] = []
    const client = createNet().client(
      { address: '' },
      {
        clock,
        timers: { retryMs: 1_000, maxRetryMs: 5_000 },
        random: () => Uint8Array.of(255),
        dial: async () => {
          dials.push(clock.nowMs())
          throw new Error('no way there')
        },
      },
    )
    const calls = [client.info(bytesOf(32)), client.info(bytesOf(32))]
    const endings = calls.map(ending)
    for (let attempt = 1; attempt < 5; attempt++) {
      await until(() => clock.nextDueMs !== undefined && dials.length === attempt)
      await turns(3)
      clock.advance(clock.nextDueMs! - clock.nowMs())
    }
    expect(await Promise.all(endings)).toEqual(['unreachable', 'unreachable'])
    expect(dials).toEqual([0, 1_200, 3_600, 8_400, 14_400])
    await expect(calls[0]).rejects.toThrow(/given up after 5 attempts without progress.*no way there/)
    expect(clock.nextDueMs).toBeUndefined()
  })

  test('an address that cannot be right is not tried again', async () => {
    let dials = 0
    const client = createNet().client(
      { address: '' },
      {
        dial: async () => {
          dials++
          throw new TransportError('unknown-scheme', 'no transport for what://')
        },
      },
    )
    expect(await ending(client.info(bytesOf(32)))).toBe('unreachable')
    expect(dials).toBe(1)
  })

  test('a dial that never answers is given up after 15 s, and a stream that comes late is cut', async () => {
    const net = createNet()
    const clock = createClock()
    const server = await net.server()
    const signals: AbortSignal[] = []
    const pending: (() => void)[] = []
    const client = net.client(server, {
      clock,
      dial: async (signal) => {
        signals.push(signal)
        if (signals.length === 1) await new Promise<void>((resolve) => pending.push(resolve))
        return net.transports.dial(server.address)
      },
    })
    const asked = client.info(bytesOf(32))
    await until(() => signals.length === 1)
    clock.advance(15_000)
    await until(() => signals[0]!.aborted)
    await turns(3)
    clock.advance(2)
    expect(await asked).toBeUndefined()
    pending[0]!()
    await turns(10)
    expect(server.stats().connections).toBe(1)
  })

  test('silence at any point of a login or transfer cuts the connection in time', async () => {
    const nonce = (raw: RawServer) => raw.take().then(({ requestId }) => raw.nonce(requestId))
    const stages: readonly [number, (raw: RawServer) => Promise<unknown>][] = [
      [15_000, async () => {}],
      [15_000, nonce],
      [15_000, (raw) => raw.admit()],
      [60_000, (raw) => raw.admit().then(async () => raw.no((await raw.take()).requestId, 'file not found'))],
    ]
    for (const [timeoutMs, stage] of stages) {
      const net = createNet()
      const clock = createClock()
      const served: RawServer[] = []
      const server = await net.script(async (raw) => {
        served.push(raw)
        await stage(raw)
      })
      const client = net.client(server, { clock })
      const upload = ending(client.upload(fileOf(bytesOf(100_000))))
      for (let attempt = 1; attempt <= 5; attempt++) {
        await until(() => served.length === attempt)
        await turns(40)
        clock.advance(timeoutMs - 1)
        await turns(5)
        expect(served.at(-1)!.closed).toBe(false)
        clock.advance(1)
        await until(() => served.at(-1)!.closed)
        await turns(5)
        clock.advance(3)
      }
      expect(await upload).toBe('unreachable')
      await client.close()
      expect(clock.nextDueMs).toBeUndefined()
    }
  })

  test('a download goes on where it was; who gets further is not counted out', async () => {
    const net = createNet()
    const bytes = bytesOf(20)
    const asked: number[] = []
    const server = await net.script(async (raw) => {
      await raw.admit()
      const { requestId, payload } = await raw.take()
      const { offsetBytes, limitBytes } = downloadRequest.decode(payload)
      expect(limitBytes).toBeUndefined()
      const offset = Number(offsetBytes)
      asked.push(offset)
      raw.write(part(requestId, offset, bytes.subarray(offset, offset + 1), 20))
      raw.write(part(requestId, offset + 1, bytes.subarray(offset + 1, offset + 2), 20).subarray(0, 20))
      if (offset < 19) raw.stream.end()
    })
    const whole = sink()
    const slow = async (piece: Uint8Array): Promise<void> => {
      await turns(3)
      whole.write(piece)
    }
    expect(await net.client(server).download(sha256Of(bytes), { offset: 0, write: slow })).toEqual({ sizeBytes: 20 })
    expect(asked).toEqual(Array.from({ length: 20 }, (_, at) => at))
    expect(whole.bytes).toEqual(bytes)
  })

  test('an upload begins again at 0; getting as far as before is no progress', async () => {
    const net = createNet()
    const taken: number[] = []
    const reach = [1, 3, 3, 2, 3, 1, 3]
    const server = await net.script(async (raw) => {
      await raw.admit()
      raw.no((await raw.take()).requestId, 'file not found')
      const chunks = reach[taken.length] ?? 99
      taken.push(0)
      for (let count = 0; count < chunks; count++) {
        const { requestId, payload } = await raw.take()
        expect(Number(uploadRequest.decode(payload).offsetBytes)).toBe(count * 65_536)
        raw.ok(requestId)
        taken[taken.length - 1] = count + 1
      }
      await turns(5)
      raw.stream.abort()
    })
    const progress: number[] = []
    const upload = net.client(server).upload(fileOf(bytesOf(500_000)), { onProgress: (done) => progress.push(done) })
    await expect(upload).rejects.toMatchObject({ code: 'unreachable', message: expect.stringContaining('5 attempts') })
    expect(taken).toEqual(reach)
    expect(progress).toEqual([65_536, 131_072, 196_608])
  })

  test.each(['no active upload for this file', 'expected offset 5, got 65536'])(
    '"%s" begins the upload again on the same connection',
    async (text) => {
      const net = createNet()
      let connections = 0
      let tries = 0
      const server = await net.script(async (raw) => {
        connections++
        await raw.admit()
        raw.onFrame = ({ command, requestId, payload }) => {
          if (command === FilesCommand.fileInfo) raw.no(requestId, 'file not found')
          else if (uploadRequest.decode(payload).offsetBytes > 0n && tries++ < 2) raw.no(requestId, text)
          else raw.ok(requestId)
        }
      })
      await net.client(server).upload(fileOf(bytesOf(150_000)))
      expect(connections).toBe(1)
    },
  )

  test('the first refusal of several is the reason', async () => {
    const net = createNet()
    const server = await net.script(async (raw) => {
      await raw.admit()
      raw.onFrame = ({ command, requestId, payload }) => {
        if (command === FilesCommand.fileInfo) raw.no(requestId, 'file not found')
        else if (uploadRequest.decode(payload).offsetBytes > 0n) raw.no(requestId, 'no active upload for this file')
        else raw.no(requestId, 'quota exceeded')
      }
    })
    await expect(net.client(server).upload(fileOf(bytesOf(300_000)))).rejects.toThrow(/quota exceeded$/)
  })
})

describe('a hostile server', () => {
  const HOSTILE: readonly [string, (raw: RawServer, requestId: number) => void][] = [
    ['begins at another offset', (raw, id) => raw.write(part(id, 1, bytesOf(5), 10))],
    ['sends more than it said', (raw, id) => raw.write(part(id, 0, bytesOf(11), 10))],
    ['sends empty parts', (raw, id) => raw.write(part(id, 0, new Uint8Array(0), 10))],
    ['answers another request', (raw, id) => raw.ok(id + 1)],
    ['answers with nothing', (raw, id) => raw.ok(id)],
    ['sends garbage', (raw) => raw.write(bytesOf(5_000, 4))],
    ['promises 4 GiB', (raw, id) => raw.write(Uint8Array.of(0, id >> 8, id & 255, 255, 255, 255, 255))],
    ['says it has another size than is known', (raw, id) => raw.write(part(id, 0, bytesOf(5), 11))],
    [
      'refuses with control characters',
      (raw, id) => raw.no(id, `\u0007no\u001b]0;owned\u0007\u202e${'x'.repeat(60_000)}`),
    ],
    ['gives an error without a text', (raw, id) => raw.write(Uint8Array.of(1, id >> 8, id & 255, 0, 0, 0, 0))],
  ]

  test.each(HOSTILE)('that %s is told once, in one clean line, and not asked again', async (_name, act) => {
    const net = createNet()
    let connections = 0
    const server = await net.script(async (raw) => {
      connections++
      await raw.admit()
      act(raw, (await raw.take()).requestId)
    })
    const got = sink()
    const error = await net
      .client(server)
      .download(bytesOf(32), { offset: 0, sizeBytes: 10, write: got.write })
      .catch((cause: Error & { code?: string }) => cause)
    expect(error).toMatchObject({ code: 'file-server' })
    const { message } = error as Error
    expect(message).not.toMatch(/[\p{Cc}\u202e]/u)
    expect(message.length).toBeLessThan(300)
    expect(got.sizeBytes).toBe(0)
    expect(connections).toBe(1)
  })

  test('an endless file is taken no further than the caller wants', async () => {
    const net = createNet()
    const server = await net.script(async (raw) => {
      await raw.admit()
      const { requestId } = await raw.take()
      for (let offset = 0; !raw.closed; offset += 262_144) {
        raw.write(part(requestId, offset, new Uint8Array(262_144), Number.MAX_SAFE_INTEGER))
        await turns(3)
      }
    })
    const controller = new AbortController()
    let taken = 0
    const download = net.client(server).download(bytesOf(32), {
      offset: 0,
      signal: controller.signal,
      write: (bytes) => {
        taken += bytes.length
        if (taken > 1_000_000) controller.abort()
      },
    })
    await expect(download).rejects.toMatchObject({ code: 'aborted' })
    expect(taken).toBeLessThan(1_500_000)
  })

  test('one that takes chunks before they came gains nothing: it is left', async () => {
    const net = createNet()
    const server = await net.script(async (raw) => {
      await raw.admit()
      const { requestId } = await raw.take()
      raw.no(requestId, 'file not found')
      for (let ahead = 1; ahead < 30; ahead++) raw.ok(requestId + ahead)
    })
    expect(await ending(net.client(server).upload(fileOf(bytesOf(1_000_000))))).toBe('file-server')
  })

  test('a file of the same hash with another size is not taken for ours', async () => {
    const net = createNet()
    const server = await net.script(async (raw) => {
      await raw.admit()
      raw.write(infoOf((await raw.take()).requestId, 99_999))
    })
    expect(await ending(net.client(server).upload(fileOf(bytesOf(100_000))))).toBe('file-server')
  })

  test('a stream that ends anywhere in its answers is an interruption, never a result', async () => {
    const bytes = bytesOf(9)
    const frame = part(4, 0, bytes, 9)
    for (let cut = 0; cut < frame.length; cut++) {
      const net = createNet()
      let connections = 0
      const server = await net.script(async (raw) => {
        connections++
        await raw.admit()
        await raw.take()
        raw.write(connections === 1 ? frame.subarray(0, cut) : frame)
        raw.stream.end()
      })
      const whole = sink()
      await net.client(server).download(sha256Of(bytes), { offset: 0, write: whole.write })
      expect([whole.bytes, connections]).toEqual([bytes, 2])
    }
  })
})

describe('aborting and closing', () => {
  const cases = ['upload', 'download', 'info'] as const

  test.each(cases)('%s: at any point, the call ends at once and the client goes on', async (what) => {
    const net = createNet()
    const server = await net.server()
    const file = fileOf(bytesOf(500_000))
    const other = fileOf(bytesOf(70_000, 9))
    await net.client(server, { signer: bob }).upload(file)
    const fresh = () => fileOf(bytesOf(500_000, 100 + Math.floor(counter++)))
    let counter = 0
    let aborted = 0
    for (let at = 0; at < 60; at++) {
      const clock = countingClock()
      const client = net.client(server, { clock })
      const controller = new AbortController()
      const { signal } = controller
      const call = {
        upload: () => client.upload(fresh(), { signal }),
        download: () => client.download(file.hash, { offset: 0, write: () => turns(1), signal }),
        info: () => client.info(file.hash, { signal }),
      }[what]()
      const ended = ending(call)
      const behind = client.upload(other)
      await turns(at)
      controller.abort(new Error('enough'))
      const end = await ended
      if (end === 'aborted') aborted++
      else expect(end).toBe('done')
      await behind
      await client.close()
      expect(clock.timers).toBe(0)
    }
    expect(aborted).toBeGreaterThan(3)
    await until(() => server.stats().connections <= 1 && server.stats().temporaryBytes === 0)
  })

  test.each(cases)('%s: the client closed at any point leaves nothing', async (what) => {
    const net = createNet()
    const server = await net.server()
    const file = fileOf(bytesOf(500_000))
    await net.client(server, { signer: bob }).upload(file)
    for (let at = 0; at < 40; at++) {
      const clock = countingClock()
      const client = net.client(server, { clock })
      const calls = [
        {
          upload: () => client.upload(fileOf(bytesOf(500_000, 100 + at))),
          download: () => client.download(file.hash, { offset: 0, write: () => turns(1) }),
          info: () => client.info(file.hash),
        }[what](),
        client.info(file.hash),
      ].map(ending)
      await turns(at)
      await client.close()
      for (const end of await Promise.all(calls)) expect(['closed', 'done']).toContain(end)
      expect(clock.timers).toBe(0)
    }
    await until(() => server.stats().connections <= 1 && server.stats().temporaryBytes === 0)
  })

  test('a signal that fired before, while it waits, and in a pause', async () => {
    const net = createNet()
    const server = await net.server()
    const client = net.client(server)
    expect(await ending(client.info(bytesOf(32), { signal: AbortSignal.abort() }))).toBe('aborted')
    expect(server.stats().connections).toBe(0)

    const controller = new AbortController()
    const running = client.upload(fileOf(bytesOf(300_000)))
    const waiting = ending(client.info(bytesOf(32), { signal: controller.signal }))
    controller.abort()
    expect(await waiting).toBe('aborted')
    await running

    const clock = createClock()
    const lost = net.client({ address: 'memory://nowhere' }, { clock })
    const pausing = new AbortController()
    const asked = ending(lost.info(bytesOf(32), { signal: pausing.signal }))
    await until(() => clock.nextDueMs !== undefined && clock.nextDueMs < 100)
    pausing.abort()
    expect(await asked).toBe('aborted')
    expect(clock.nextDueMs).toBeUndefined()
  })

  test('a source or a sink that hangs holds nobody up', async () => {
    const net = createNet()
    const server = await net.server()
    const client = net.client(server)
    const file = fileOf(bytesOf(300_000))
    await client.upload(file)
    const forever = (): Promise<never> => new Promise(() => {})
    for (const start of [
      (signal: AbortSignal) => client.download(file.hash, { offset: 0, write: forever, signal }),
      (signal: AbortSignal) =>
        client.upload(
          { ...fileOf(bytesOf(300_000, 2)), open: () => ({ [Symbol.asyncIterator]: () => ({ next: forever }) }) },
          { signal },
        ),
    ]) {
      const controller = new AbortController()
      const ended = ending(start(controller.signal))
      await turns(100)
      controller.abort()
      expect(await ended).toBe('aborted')
      expect(await client.info(file.hash)).toMatchObject({ sizeBytes: 300_000 })
    }
    const last = ending(client.download(file.hash, { offset: 0, write: forever }))
    await turns(100)
    await client.close()
    expect(await last).toBe('closed')
  })

  test('while a write is under way, a break does not write the same bytes twice', async () => {
    const net = createNet()
    const bytes = bytesOf(20)
    const asked: number[] = []
    const server = await net.script(async (raw) => {
      await raw.admit()
      const { requestId, payload } = await raw.take()
      const offset = Number(downloadRequest.decode(payload).offsetBytes)
      asked.push(offset)
      raw.write(part(requestId, offset, bytes.subarray(offset, offset + 10), 20))
      await turns(5)
      raw.stream.abort()
    })
    const whole = sink()
    const write = async (piece: Uint8Array): Promise<void> => {
      await turns(60)
      whole.write(piece)
    }
    await net.client(server, { clock: steadyClock }).download(sha256Of(bytes), { offset: 0, write })
    expect(asked).toEqual([0, 10])
    expect(whole.bytes).toEqual(bytes)
  })
})
