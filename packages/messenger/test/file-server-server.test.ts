import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { wallClock } from '@mimirjs/transport'
import { createClock, createRandom } from '@mimirjs/transport/testing'
import { fromHex, toHex } from '@mimirjs/wire'
import {
  authRequest,
  decodeFilesSidecar,
  downloadRequest,
  downloadResponse,
  encodeFilesInit,
  encodeFilesRequest,
  encodeFilesSidecar,
  FilesCommand,
  fileInfoRequest,
  fileInfoResponse,
  getNonceRequest,
  getNonceResponse,
  pingRequest,
  uploadRequest,
} from '@mimirjs/wire/files'
import { describe, expect, test } from 'vitest'
import {
  alice,
  bob,
  bytesOf,
  createNet,
  type Net,
  newFolder,
  type RawClient,
  said,
  sha256Of,
  signerOf,
  turns,
  until,
} from './support/file-server.js'

const NETS: readonly Net[] = ['memory', 'tcp']
const OK = new Uint8Array(0)
const START_MS = 1_774_000_000_000

interface Chunk {
  readonly hash: Uint8Array
  readonly offset?: number
  readonly total?: number | bigint
  readonly chunk?: Uint8Array
  readonly guid?: bigint
}

function upload(client: RawClient, { hash, offset = 0, total, chunk = OK, guid = 7n }: Chunk) {
  const totalBytes = BigInt(total ?? chunk.length)
  const request = { fileHash: hash, guid, offsetBytes: BigInt(offset), totalBytes, chunk }
  return client.ask(FilesCommand.upload, uploadRequest.encode(request))
}

/** Store a file of at most one chunk. */
function put(client: RawClient, bytes: Uint8Array) {
  return upload(client, { hash: sha256Of(bytes), chunk: bytes })
}

function download(client: RawClient, hash: Uint8Array, offset: number | bigint = 0, limitBytes?: number) {
  const request = { fileHash: hash, offsetBytes: BigInt(offset), ...(limitBytes === undefined ? {} : { limitBytes }) }
  return client.ask(FilesCommand.download, downloadRequest.encode(request))
}

function info(client: RawClient, hash: Uint8Array) {
  return client.ask(FilesCommand.fileInfo, fileInfoRequest.encode({ fileHash: hash }))
}

/** All files below a folder. */
function filesIn(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name)
}

describe.each(NETS)('over %s', (kind) => {
  test('a file goes in and comes out, byte for byte as written by hand', async () => {
    const net = createNet(kind)
    const server = await net.server()
    const client = await net.raw(server)
    const key = toHex(alice.publicKey)
    client.write(fromHex('01'), fromHex('00'), fromHex(`010102000000220120${key}`))
    const { requestId, payload } = await client.take()
    expect(requestId).toBe(0x0102)
    expect(toHex(payload)).toMatch(/^0320[0-9a-f]{64}$/)
    const nonce = payload.subarray(2)
    const signature = toHex(alice.sign(nonce))
    client.write(fromHex(`020103000000860120${key}0320${toHex(nonce)}0240${signature}`))
    expect(await client.take()).toEqual({ status: 0, requestId: 0x0103, payload: OK })

    const bytes = fromHex('00112233')
    const hash = toHex(sha256Of(bytes))
    const total = '42080000000000000004'
    client.write(
      fromHex(
        `100104000000464020${hash}1208fffffffffffffffe41080000000000000000${total}4304${toHex(bytes)}`.replace(
          '00000040',
          '00000046',
        ),
      ),
    )
    expect(await client.take()).toEqual({ status: 0, requestId: 0x0104, payload: OK })
    client.write(fromHex(`120105000000224020${hash}`))
    expect(toHex((await client.take()).payload)).toBe(`${total}1208fffffffffffffffe`)
    client.write(fromHex(`1101060000002c4020${hash}41080000000000000001`))
    const part = await client.take()
    expect([part.status, part.requestId]).toEqual([0, 0x0106])
    expect(toHex(part.payload)).toBe(`4303112233${total}41080000000000000001`)
  })

  test.each([
    ['another version', '0200'],
    ['another protocol', '0101'],
    ['something else', toHex(new TextEncoder().encode('GET / HTTP/1.1\r\n\r\n'))],
    ['more than 2 MiB', '010003000100200001'],
  ])('%s is dropped without a word', async (_name, hex) => {
    const net = createNet(kind)
    const server = await net.server()
    const client = await net.raw(server)
    client.write(fromHex(hex))
    await until(() => client.ended)
    client.stream.end()
    await until(() => client.closed && server.stats().connections === 0)
    expect(client.receivedBytes).toBe(0)
  })

  test('what came before the end of the stream, or before something too long, is answered', async () => {
    const net = createNet(kind)
    const server = await net.server()
    const client = await net.raw(server)
    const ping = encodeFilesRequest({ command: FilesCommand.ping, requestId: 5, payload: pingRequest.encode({}) })
    client.write(encodeFilesInit(), ping, ping, fromHex('03000100200001'))
    await until(() => client.ended)
    expect(client.frames.length).toBe(2)
    const other = await net.raw(server)
    other.write(encodeFilesInit(), ping)
    other.stream.end()
    await until(() => other.closed)
    expect(other.frames.length).toBe(1)
  })

  test('a stream that ends anywhere leaves nothing', async () => {
    const net = createNet(kind)
    const server = await net.server()
    const bytes = bytesOf(100)
    const request = {
      fileHash: sha256Of(bytes),
      guid: 7n,
      offsetBytes: 0n,
      totalBytes: 100n,
      chunk: bytes.subarray(0, 99),
    }
    const frame = encodeFilesRequest({
      command: FilesCommand.upload,
      requestId: 3,
      payload: uploadRequest.encode(request),
    })
    for (let cut = 0; cut <= frame.length; cut++) {
      const client = await (await net.raw(server)).login(alice)
      client.write(frame.subarray(0, cut))
      client.stream.end()
      await until(() => client.closed)
      expect(client.frames.map(said)).toEqual(cut === frame.length ? [OK] : [])
    }
    await until(() => server.stats().connections === 0)
    expect(filesIn(server.folder)).toEqual([])
    expect(server.stats()).toMatchObject({ files: 0, temporaryBytes: 0 })
  })
})

describe('logging in', () => {
  async function asker() {
    const net = createNet()
    const server = await net.server()
    const connect = async () => {
      const client = await net.raw(server)
      client.write(encodeFilesInit())
      return client
    }
    const nonceOf = async (client: RawClient, signer = alice) => {
      const answer = await client.ask(FilesCommand.getNonce, getNonceRequest.encode(signer))
      if (typeof answer === 'string') throw new Error(answer)
      return getNonceResponse.decode(answer).nonce
    }
    const auth = (client: RawClient, nonce: Uint8Array, signer = alice, publicKey = signer.publicKey) =>
      client.ask(FilesCommand.auth, authRequest.encode({ publicKey, nonce, signature: signer.sign(nonce) }))
    return { server, connect, nonceOf, auth }
  }

  test('nothing else is allowed before, whatever it says', async () => {
    const { connect } = await asker()
    const client = await connect()
    for (const command of [FilesCommand.upload, FilesCommand.download, FilesCommand.fileInfo]) {
      expect(await client.ask(command, fromHex('ffffffff'))).toBe('not authenticated')
    }
    expect(await client.ask(FilesCommand.ping, OK)).toEqual(OK)
    expect(await client.ask(0x7f, OK)).toBe('unknown cmd')
  })

  test('a nonce counts once, for its key, and until the next one', async () => {
    const { connect, nonceOf, auth, server } = await asker()
    const [first, second] = [await connect(), await connect()]
    expect(await auth(first, bytesOf(32))).toBe('unknown nonce')
    const taken = await nonceOf(first)
    const nonce = await nonceOf(second)
    expect(await auth(first, taken)).toBe('nonce mismatch')
    expect(await auth(first, nonce, bob)).toBe('unknown nonce')
    expect(await auth(first, nonce, bob, alice.publicKey)).toBe('invalid signature')
    expect(server.stats().nonces).toBe(1)
    expect(await auth(second, nonce)).toEqual(OK)
    expect(await auth(first, nonce)).toBe('unknown nonce')
    expect(await info(second, bytesOf(32))).toBe('file not found')
  })

  test('the errors come in the order of the original', async () => {
    const { connect, nonceOf } = await asker()
    const client = await connect()
    const key = `0120${toHex(alice.publicKey)}`
    const nonce = `0320${toHex(await nonceOf(client))}`
    for (const [payload, text] of [
      ['0120ff', 'bad tlv payload'],
      ['', 'missing or invalid pubkey'],
      ['0102abcd', 'missing or invalid pubkey'],
    ] as const) {
      expect(await client.ask(FilesCommand.getNonce, fromHex(payload))).toBe(text)
    }
    for (const [payload, text] of [
      [`${key}03`, 'bad tlv payload'],
      [nonce, 'missing or invalid pubkey'],
      [key, 'missing or invalid nonce'],
      [key + nonce, 'missing or invalid signature'],
      [`${key}${nonce}0240${'00'.repeat(64)}`, 'invalid signature'],
    ] as const) {
      expect(await client.ask(FilesCommand.auth, fromHex(payload))).toBe(text)
    }
    const noPoint = fromHex(`02${'00'.repeat(31)}`)
    const given = await client.ask(FilesCommand.getNonce, getNonceRequest.encode({ publicKey: noPoint }))
    const { nonce: other } = getNonceResponse.decode(given as Uint8Array)
    const signature = new Uint8Array(64)
    const request = authRequest.encode({ publicKey: noPoint, nonce: other, signature })
    expect(await client.ask(FilesCommand.auth, request)).toBe('invalid pubkey')
  })

  test('nonces of strangers are bounded, the oldest goes, and those of five minutes go too', async () => {
    const net = createNet()
    const clock = createClock(START_MS)
    const server = await net.server({ limits: { nonces: 5 }, clock })
    const client = await net.raw(server)
    client.write(encodeFilesInit())
    for (let key = 1; key <= 20; key++) {
      await client.ask(FilesCommand.getNonce, getNonceRequest.encode({ publicKey: bytesOf(32, key) }))
    }
    expect(server.stats().nonces).toBe(5)
    clock.advance(299_000)
    client.write(encodeFilesRequest({ command: FilesCommand.ping, requestId: 1, payload: OK }))
    await client.take()
    clock.advance(1_000)
    expect(server.stats().nonces).toBe(5)
    clock.advance(300_000)
    expect(server.stats().nonces).toBe(0)
  })
})

describe('uploading', () => {
  async function loggedIn(options: Parameters<ReturnType<typeof createNet>['server']>[0] = {}) {
    const net = createNet()
    const server = await net.server(options)
    const connect = async (signer = alice) => (await net.raw(server)).login(signer)
    return { net, server, connect, client: await connect() }
  }

  test('the errors come in the order of the original', async () => {
    const { client } = await loggedIn()
    const hash = `4020${'aa'.repeat(32)}`
    const guid = `1208${'00'.repeat(8)}`
    const offset = `4108${'00'.repeat(8)}`
    const total = `4208${'00'.repeat(7)}05`
    for (const [payload, text] of [
      ['4020', 'bad tlv payload'],
      ['', 'missing or invalid file hash'],
      ['4002aabb', 'missing or invalid file hash'],
      [hash, 'missing or invalid message guid'],
      [hash + guid, 'missing or invalid offset'],
      [hash + guid + offset, 'missing or invalid total size'],
      [hash + guid + offset + total, 'missing chunk data'],
    ] as const) {
      expect(await client.ask(FilesCommand.upload, fromHex(payload))).toBe(text)
    }
    const chunk = new Uint8Array(65_537)
    expect(await upload(client, { hash: bytesOf(32), offset: 9, chunk })).toBe('chunk too large')
    expect(await upload(client, { hash: bytesOf(32), offset: 9 })).toBe('no active upload for this file')
  })

  test('chunks make a file: exact offsets, verified, with a sidecar, found again after a restart', async () => {
    const clock = createClock(START_MS + 999)
    const { net, server, client } = await loggedIn({ clock })
    const bytes = bytesOf(150_000)
    const hash = sha256Of(bytes)
    const total = bytes.length
    const chunkAt = (offset: number) => bytes.subarray(offset, Math.min(total, offset + 65_536))
    expect(await upload(client, { hash, total, chunk: chunkAt(0) })).toEqual(OK)
    expect(await upload(client, { hash, total, offset: 7, chunk: chunkAt(7) })).toBe('expected offset 65536, got 7')
    expect(await upload(client, { hash, total: 1, offset: 65_536, chunk: chunkAt(65_536) })).toEqual(OK)
    expect(await info(client, hash)).toBe('file not found')
    expect(server.stats()).toMatchObject({ files: 0, temporaryBytes: 131_072 })
    expect(await upload(client, { hash, total, offset: 131_072, chunk: chunkAt(131_072) })).toEqual(OK)
    expect(server.stats()).toMatchObject({ files: 1, storedBytes: total, temporaryBytes: 0 })

    const name = toHex(hash)
    const path = join(server.folder, name.slice(0, 6), name)
    expect(sha256Of(readFileSync(path))).toEqual(hash)
    expect(decodeFilesSidecar(new Uint8Array(readFileSync(`${path}.meta`)))).toEqual({
      uploader: alice.publicKey,
      guid: 7n,
      uploadedAtSeconds: BigInt(START_MS / 1000),
      sizeBytes: BigInt(total),
    })
    expect(filesIn(server.folder).sort()).toEqual([name, `${name}.meta`])
    await server.close()
    const again = await net.server({ folder: server.folder, clock })
    const reader = await (await net.raw(again)).login(bob)
    expect(fileInfoResponse.decode((await info(reader, hash)) as Uint8Array)).toEqual({
      totalBytes: BigInt(total),
      guid: 7n,
    })
  })

  test('what is there already is OK at any offset, and nobody pays twice', async () => {
    const { client, connect, server } = await loggedIn()
    const bytes = bytesOf(1000)
    expect(await put(client, bytes)).toEqual(OK)
    const other = await connect(bob)
    expect(await upload(other, { hash: sha256Of(bytes), guid: 8n, offset: 77_777, chunk: bytesOf(9) })).toEqual(OK)
    expect(fileInfoResponse.decode((await info(other, sha256Of(bytes))) as Uint8Array).guid).toBe(7n)
    expect(server.stats()).toMatchObject({ files: 1, storedBytes: 1000 })
  })

  test('a wrong hash leaves nothing', async () => {
    const { client, server } = await loggedIn()
    const hash = bytesOf(32)
    const got = toHex(sha256Of(bytesOf(10)))
    expect(await upload(client, { hash, chunk: bytesOf(10) })).toBe(
      `hash mismatch: expected ${toHex(hash)}, got ${got}`,
    )
    expect(await upload(client, { hash, offset: 10, chunk: OK })).toBe('no active upload for this file')
    expect(filesIn(server.folder)).toEqual([])
  })

  test('offset 0 begins again, and more bytes than announced end it', async () => {
    const { client, server } = await loggedIn()
    const bytes = bytesOf(100)
    const hash = sha256Of(bytes)
    expect(await upload(client, { hash, total: 100, chunk: bytesOf(60, 9) })).toEqual(OK)
    expect(await upload(client, { hash, total: 100, chunk: bytes.subarray(0, 40) })).toEqual(OK)
    expect(server.stats().temporaryBytes).toBe(40)
    expect(await upload(client, { hash, offset: 40, chunk: bytesOf(61) })).toBe('more bytes than the total size')
    expect(server.stats().temporaryBytes).toBe(0)
    expect(filesIn(server.folder)).toEqual([])
    expect(await upload(client, { hash, total: 5, chunk: bytes })).toBe('more bytes than the total size')
    expect(await upload(client, { hash, chunk: bytes })).toEqual(OK)
  })

  test('the quota is that of an identity, and holds for files that come at the same time', async () => {
    const { client, connect } = await loggedIn({ limits: { quotaBytes: 1000 } })
    const files = [600, 399, 400, 1].map((sizeBytes, index) => bytesOf(sizeBytes, index + 1))
    const second = await connect()
    const hash = (index: number) => sha256Of(files[index]!)
    // Both fit when they begin.
    expect(await upload(client, { hash: hash(0), total: 600, chunk: files[0]!.subarray(0, 1) })).toEqual(OK)
    expect(await upload(second, { hash: hash(2), total: 400, chunk: files[2]!.subarray(0, 1) })).toEqual(OK)
    expect(await upload(client, { hash: hash(0), offset: 1, chunk: files[0]!.subarray(1) })).toEqual(OK)
    expect(await upload(second, { hash: hash(2), offset: 1, chunk: files[2]!.subarray(1) })).toBe('quota exceeded')
    expect(await put(client, files[1]!)).toEqual(OK)
    expect(await put(client, files[3]!)).toBe('quota exceeded')
    expect(await upload(client, { hash: bytesOf(32), total: 2n ** 64n - 1n })).toBe('quota exceeded')
    expect(await put(await connect(bob), files[3]!)).toEqual(OK)
  })

  test('the ceilings of the whole server hold', async () => {
    const { client, connect, server } = await loggedIn({
      limits: { totalBytes: 1000, files: 2, uploadsPerConnection: 3, connections: 3 },
    })
    for (let count = 1; count <= 3; count++) {
      expect(await upload(client, { hash: bytesOf(32, count), total: 900, chunk: bytesOf(300) })).toEqual(OK)
    }
    expect(await upload(client, { hash: bytesOf(32, 4), total: 900 })).toBe('too many uploads at a time')
    expect(await upload(client, { hash: bytesOf(32, 3), offset: 300, chunk: bytesOf(101) })).toBe('the server is full')
    expect(server.stats().temporaryBytes).toBe(600)
    expect(await put(client, bytesOf(1))).toEqual(OK)
    expect(await put(client, bytesOf(2))).toEqual(OK)
    expect(await put(client, bytesOf(3))).toBe('the server is full')
    await connect(bob)
    await connect(bob)
    await expect(connect(bob)).rejects.toThrow()
    expect(server.stats().connections).toBe(3)
  })

  test('two connections with the same file do not disturb each other, and the second is done with the first', async () => {
    const { client, connect, server } = await loggedIn()
    const bytes = bytesOf(100)
    const hash = sha256Of(bytes)
    const other = await connect(bob)
    expect(await upload(client, { hash, total: 100, chunk: bytes.subarray(0, 50) })).toEqual(OK)
    expect(await upload(other, { hash, total: 100, chunk: bytes.subarray(0, 60) })).toEqual(OK)
    expect(await upload(client, { hash, offset: 50, chunk: bytes.subarray(50) })).toEqual(OK)
    expect(await upload(other, { hash, offset: 60, chunk: bytes.subarray(60, 61) })).toEqual(OK)
    expect(server.stats()).toMatchObject({ files: 1, storedBytes: 100, temporaryBytes: 0 })
    expect(filesIn(server.folder).length).toBe(2)
    const name = toHex(hash)
    expect(new Uint8Array(readFileSync(join(server.folder, name.slice(0, 6), name)))).toEqual(bytes)
  })

  test('last chunks that come at the same moment store one file', async () => {
    const { client, connect, server } = await loggedIn()
    const bytes = bytesOf(60_000)
    const clients = [client, await connect(bob), await connect(signerOf(3))]
    expect(await Promise.all(clients.map((one) => put(one, bytes)))).toEqual([OK, OK, OK])
    expect(server.stats()).toMatchObject({ files: 1, storedBytes: 60_000, temporaryBytes: 0 })
    expect(filesIn(server.folder).length).toBe(2)
  })

  test('an unfinished upload goes with its connection, or after an hour without a chunk', async () => {
    const clock = createClock(START_MS)
    const { client, connect, server } = await loggedIn({ clock })
    const other = await connect(bob)
    await upload(other, { hash: bytesOf(32, 2), total: 100, chunk: bytesOf(20) })
    await upload(client, { hash: bytesOf(32, 1), total: 100, chunk: bytesOf(10) })
    other.stream.abort()
    await until(() => server.stats().connections === 1)
    expect(server.stats().temporaryBytes).toBe(10)
    expect(filesIn(server.folder).length).toBe(1)
    for (let minute = 0; minute < 64; minute += 4) {
      expect(await client.ask(FilesCommand.ping, OK)).toEqual(OK)
      expect(server.stats().temporaryBytes).toBe(10)
      clock.advance(4 * 60_000)
    }
    expect(await client.ask(FilesCommand.ping, OK)).toEqual(OK)
    clock.advance(60_000)
    await until(() => server.stats().temporaryBytes === 0)
    expect(await upload(client, { hash: bytesOf(32, 1), offset: 10 })).toBe('no active upload for this file')
    expect(filesIn(server.folder)).toEqual([])
  })

  test('a disk that refuses is told without our paths, and the connection goes on', async () => {
    const { client, server } = await loggedIn()
    const name = toHex(sha256Of(bytesOf(5)))
    writeFileSync(join(server.folder, name.slice(0, 6)), 'a file where a folder should be')
    const answer = await put(client, bytesOf(5))
    expect(answer).toMatch(/^(EEXIST|ENOTDIR|ENOENT)$/)
    expect(server.stats()).toMatchObject({ files: 0, temporaryBytes: 0 })
    expect(await put(client, bytesOf(6))).toEqual(OK)
  })
})

describe('downloading', () => {
  async function withFile(bytes: Uint8Array) {
    const net = createNet()
    const server = await net.server()
    const client = await (await net.raw(server)).login(alice)
    const hash = sha256Of(bytes)
    for (let offset = 0; offset < bytes.length; offset += 65_536) {
      await upload(client, { hash, total: bytes.length, offset, chunk: bytes.subarray(offset, offset + 65_536) })
    }
    return { server, client, hash }
  }

  test('parts of 262,144 bytes, exactly to the end or the limit; other requests wait', async () => {
    const bytes = bytesOf(600_000)
    const { client, hash } = await withFile(bytes)
    const parts = async (count: number, first: Uint8Array | string) => {
      const payloads = [first as Uint8Array]
      while (payloads.length < count) payloads.push((await client.take()).payload)
      return payloads.map((payload) => downloadResponse.decode(payload))
    }
    const whole = await parts(3, await download(client, hash))
    expect(whole.map(({ offsetBytes, chunk }) => [Number(offsetBytes), chunk.length])).toEqual([
      [0, 262_144],
      [262_144, 262_144],
      [524_288, 75_712],
    ])
    expect(whole.every(({ totalBytes }) => totalBytes === 600_000n)).toBe(true)
    expect(sha256Of(...whole.map(({ chunk }) => chunk))).toEqual(hash)
    const [some] = await parts(1, await download(client, hash, 599_990, 4))
    expect(some?.chunk).toEqual(bytes.subarray(599_990, 599_994))
    const [rest] = await parts(1, await download(client, hash, 599_990, 0xffff_ffff))
    expect(rest?.chunk).toEqual(bytes.subarray(599_990))
    // A limit of another length is none, and one of 0 is answered with nothing at all: the next answer is another's.
    const odd = `4020${toHex(hash)}410800000000000927b730020001`
    expect(
      downloadResponse.decode((await client.ask(FilesCommand.download, fromHex(odd))) as Uint8Array).chunk.length,
    ).toBe(9)
    const none = downloadRequest.encode({ fileHash: hash, offsetBytes: 0n, limitBytes: 0 })
    client.write(encodeFilesRequest({ command: FilesCommand.download, requestId: 20, payload: none }))
    client.write(encodeFilesRequest({ command: FilesCommand.ping, requestId: 21, payload: OK }))
    expect((await client.take()).requestId).toBe(21)
  })

  test('the errors come in the order of the original', async () => {
    const { client, hash } = await withFile(bytesOf(10))
    expect(await client.ask(FilesCommand.download, fromHex('4020'))).toBe('bad tlv payload')
    expect(await client.ask(FilesCommand.download, fromHex(`4108${'00'.repeat(8)}`))).toBe(
      'missing or invalid file hash',
    )
    expect(await client.ask(FilesCommand.download, fromHex(`4020${'00'.repeat(32)}`))).toBe('missing or invalid offset')
    expect(await download(client, bytesOf(32), 10)).toBe('file not found')
    expect(await download(client, hash, 10)).toBe('offset beyond file end')
    expect(await download(client, hash, 2n ** 64n - 1n)).toBe('offset beyond file end')
    expect(await client.ask(FilesCommand.fileInfo, OK)).toBe('missing or invalid file hash')
    expect(await info(client, bytesOf(32))).toBe('file not found')
  })

  test('an empty file can be stored, and never be read', async () => {
    const { client } = await withFile(bytesOf(1))
    expect(await put(client, OK)).toEqual(OK)
    expect(await download(client, sha256Of(OK))).toBe('offset beyond file end')
  })

  test('a file that is gone or shorter on disk is an error with the same id', async () => {
    const bytes = bytesOf(300_000)
    const { client, server, hash } = await withFile(bytes)
    const name = toHex(hash)
    const path = join(server.folder, name.slice(0, 6), name)
    writeFileSync(path, bytes.subarray(0, 280_000))
    expect(await download(client, hash)).toBeInstanceOf(Uint8Array)
    expect(said(await client.take())).toBe('read error: the file is shorter than it was')
    renameSync(path, `${path}.gone`)
    expect(await download(client, hash)).toBe('file not found on disk')
    expect(await client.ask(FilesCommand.ping, OK)).toEqual(OK)
  })

  test('a client that does not read stops the server, and goes after 300 s without a byte', async () => {
    const clock = createClock(START_MS)
    const net = createNet()
    const server = await net.server({ clock })
    const client = await (await net.raw(server)).login(alice)
    const bytes = bytesOf(2_000_000)
    const hash = sha256Of(bytes)
    for (let offset = 0; offset < bytes.length; offset += 65_536) {
      await upload(client, { hash, total: bytes.length, offset, chunk: bytes.subarray(offset, offset + 65_536) })
    }
    const before = client.receivedBytes
    client.stream.pause()
    client.write(
      encodeFilesRequest({
        command: FilesCommand.download,
        requestId: 4,
        payload: downloadRequest.encode({ fileHash: hash, offsetBytes: 0n }),
      }),
    )
    await turns(200)
    clock.advance(299_999)
    expect(server.stats().connections).toBe(1)
    // What was on the way when it stopped is one part, not the file.
    client.stream.resume()
    await turns(2)
    client.stream.pause()
    expect(client.receivedBytes - before).toBeLessThan(600_000)
    await turns(200)
    clock.advance(300_000)
    await until(() => client.closed && server.stats().connections === 0)
  })
})

describe('a hostile client', () => {
  test('that asks and asks but reads nothing is held back', async () => {
    const net = createNet()
    const server = await net.server()
    const client = await (await net.raw(server)).login(alice)
    client.stream.pause()
    const ping = encodeFilesRequest({ command: FilesCommand.ping, requestId: 1, payload: OK })
    const pings = Uint8Array.from({ length: 9_362 * ping.length }, (_, at) => ping[at % ping.length]!)
    let writtenBytes = 0
    for (let round = 0; round < 24; round++) {
      if (client.stream.write(pings.slice())) writtenBytes += pings.length
      await turns(3)
    }
    // 64 KiB of answers on the way, 256 KiB that the server holds, 64 KiB on the way to it; and it is still there.
    expect(writtenBytes).toBeLessThan(1_000_000)
    client.stream.resume()
    await until(() => client.frames.length === (24 * pings.length) / ping.length)
    expect(await client.ask(FilesCommand.ping, OK)).toEqual(OK)
  })

  test('that sends garbage, cut anywhere, gets errors or the end, and nobody else notices', async () => {
    const net = createNet()
    const server = await net.server()
    const witness = await (await net.raw(server)).login(alice)
    const random = createRandom(20_260_105)
    for (let round = 0; round < 200; round++) {
      const client = await net.raw(server)
      client.write(random.chance(0.7) ? encodeFilesInit() : random.bytes(2))
      for (let piece = random.integer(6); piece > 0; piece--) client.write(random.bytes(random.integer(40)))
      client.stream.end()
      await until(() => client.closed)
      expect(client.frames.every(({ status }) => status === 1)).toBe(true)
    }
    expect(await put(witness, bytesOf(10))).toEqual(OK)
    await until(() => server.stats().connections === 1)
  })
})

describe('a server in time', () => {
  test('ends a connection after 300 s without a byte, and not before', async () => {
    const clock = createClock(START_MS)
    const net = createNet()
    const server = await net.server({ clock })
    const client = await (await net.raw(server)).login(alice)
    clock.advance(299_999)
    expect(await client.ask(FilesCommand.ping, OK)).toEqual(OK)
    clock.advance(299_999)
    expect(server.stats().connections).toBe(1)
    clock.advance(1)
    await until(() => client.closed && server.stats().connections === 0)
  })

  test('cuts a client that goes on after the end', async () => {
    const clock = createClock(START_MS)
    const net = createNet()
    const server = await net.server({ clock })
    const client = await net.raw(server)
    client.write(fromHex('0300'))
    await until(() => client.ended)
    client.write(new Uint8Array(100_000))
    await turns(20)
    expect(server.stats().connections).toBe(1)
    clock.advance(5_000)
    await until(() => client.closed && server.stats().connections === 0)
  })

  test('files go after 15 days, however often they are fetched, and free the quota', async () => {
    const clock = createClock(START_MS)
    const net = createNet()
    const server = await net.server({ clock, limits: { quotaBytes: 15 } })
    const bytes = bytesOf(10)
    await put(await (await net.raw(server)).login(alice), bytes)
    const day = 24 * 3_600_000
    clock.advance(15 * day)
    const client = await (await net.raw(server)).login(alice)
    expect(await download(client, sha256Of(bytes))).toBeInstanceOf(Uint8Array)
    expect(await put(client, bytesOf(10, 2))).toBe('quota exceeded')
    clock.advance(299_000)
    await client.ask(FilesCommand.ping, OK)
    clock.advance(1_000)
    await until(() => server.stats().files === 0)
    await until(() => filesIn(server.folder).length === 0)
    expect(await put(client, bytesOf(10, 2))).toEqual(OK)
  })

  test('a start removes what expired, what a crash left, and nothing that is not ours', async () => {
    const folder = newFolder()
    const [old, orphan, bare, short, whole] = [1, 2, 3, 4, 5].map((seed) => bytesOf(20, seed)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ]
    const place = (bytes: Uint8Array, ageDays: number, parts: { data?: Uint8Array; meta?: Uint8Array }) => {
      const name = toHex(sha256Of(bytes))
      mkdirSync(join(folder, name.slice(0, 6)), { recursive: true })
      const path = join(folder, name.slice(0, 6), name)
      const uploadedAtSeconds = BigInt(START_MS / 1000 - ageDays * 86_400)
      const meta = encodeFilesSidecar({ uploader: alice.publicKey, guid: 1n, uploadedAtSeconds, sizeBytes: 20n })
      if (parts.data !== undefined) writeFileSync(path, parts.data)
      writeFileSync(`${path}.meta`, parts.meta ?? meta)
      return path
    }
    place(old, 16, { data: old })
    place(orphan, 1, {})
    place(bare, 1, { data: bare, meta: new Uint8Array(55) })
    place(short, 1, { data: short.subarray(1) })
    const kept = place(whole, 14, { data: whole })
    mkdirSync(join(folder, 'tmp'))
    writeFileSync(join(folder, 'tmp', 'unfinished'), 'x')
    writeFileSync(join(folder, 'notes.txt'), 'mine')
    const net = createNet()
    const server = await net.server({ folder, clock: createClock(START_MS) })
    expect(server.stats()).toMatchObject({ files: 1, storedBytes: 20 })
    expect(filesIn(folder).length).toBe(3)
    expect(existsSync(kept) && existsSync(`${kept}.meta`) && existsSync(join(folder, 'notes.txt'))).toBe(true)
  })

  test('closing cuts what runs, drops what is unfinished, and can be called twice', async () => {
    const net = createNet('tcp')
    const server = await net.server({ clock: wallClock })
    const client = await (await net.raw(server)).login(alice)
    await upload(client, { hash: bytesOf(32), total: 100, chunk: bytesOf(10) })
    const last = upload(client, { hash: bytesOf(32), offset: 10, chunk: bytesOf(10) }).catch(() => 'cut')
    await Promise.all([server.close(), server.close()])
    expect(server.stats()).toMatchObject({ connections: 0, temporaryBytes: 0 })
    expect(filesIn(server.folder)).toEqual([])
    await last
    await until(() => client.closed)
    await expect(net.raw(server)).rejects.toThrow()
  })

  test('a folder or an address that cannot be used is told', async () => {
    const net = createNet()
    const folder = newFolder()
    writeFileSync(join(folder, 'file'), '')
    await expect(net.server({ folder: join(folder, 'file') })).rejects.toMatchObject({ code: 'store' })
    const server = await net.server()
    await expect(net.server({ address: server.address })).rejects.toMatchObject({ code: 'listen' })
    await expect(net.server({ limits: { connections: 0 } })).rejects.toThrow(RangeError)
    await expect(net.server({ limits: { what: 1 } as object })).rejects.toThrow(/what/)
  })
})
