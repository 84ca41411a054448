// Files between two people, one of whom is up to something: asks for what was never meant for her, announces what is not,
// answers with something else, or names a file server of her own.
import { mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createFileEncryptor, isPoint, randomBytes, sha256, verify } from '@mimirjs/crypto'
import { fromHex, toHex } from '@mimirjs/wire'
import { authRequest, downloadResponse } from '@mimirjs/wire/files'
import { decodeDataFrame, type PeerFrame, splitAttachment } from '@mimirjs/wire/peer'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { MessengerOptions } from '../src/index.js'
import { createOverlay, dataOf, type Hand, json, type Line, text } from './support/by-hand.js'
import { listenTo } from './support/current.js'
import { RawServer } from './support/file-server.js'
import { newFolder } from './support/world.js'

const bytes = randomBytes(200_000)
/** What a friend of Ben's wants signed by whoever says to be Ben: as random as any, and no node key. */
const CHALLENGE: Uint8Array = drawChallenge()

function drawChallenge(): Uint8Array {
  const challenge = randomBytes(32)
  return isPoint(challenge) ? drawChallenge() : challenge
}

async function people(options: MessengerOptions = {}) {
  const overlay = createOverlay()
  const folder = newFolder()
  const ben = await overlay.person({ folder, ...options })
  return { ...overlay, ben, folder, errors: listenTo(ben.messenger, 'error'), files: listenTo(ben.messenger, 'file') }
}

describe('who asks for a file', () => {
  /** Ben has sent Ann a file, and Eve another one; both can write to him. */
  async function sent() {
    const all = await people()
    const [ann, eve] = [all.hand(), all.hand()]
    const lines: Line[] = []
    const announced: { guid: bigint; name: string; hash: string }[] = []
    for (const [at, person] of [ann, eve].entries()) {
      const line = await person.dial(all.ben)
      await all.ben.messenger.send(person.key, { file: { bytes: at === 0 ? bytes : randomBytes(100), name: 'a.bin' } })
      const { guid, payload } = await line.heard('text')
      line.say({ type: 'ok', id: guid })
      const { name, hash } = JSON.parse(new TextDecoder().decode(payload)) as { name: string; hash: string }
      lines.push(line)
      announced.push({ guid, name, hash })
      await person.answer()
    }
    const [annsLine, evesLine] = lines as [Line, Line]
    const [annsFile, evesFile] = announced as [(typeof announced)[0], (typeof announced)[0]]
    return { ...all, ann, eve, annsLine, evesLine, annsFile, evesFile }
  }

  const wants = (file: { guid: bigint; name: string; hash: string }, change: object = {}): PeerFrame => ({
    type: 'fileRequest',
    ...file,
    ...change,
  })

  test('has what was announced to her, and nothing else: everything else is met with silence', async () => {
    const { ann, eve, evesLine, annsFile, evesFile, annsLine } = await sent()
    const files = [
      // What was announced to somebody else.
      annsFile,
      { ...annsFile, guid: evesFile.guid },
      { ...evesFile, hash: annsFile.hash },
      { ...evesFile, name: annsFile.name },
      { ...evesFile, guid: evesFile.guid + 1n },
      // What is on the disk.
      ...['../identity.key', 'identity.key', '../../identity.key', '/etc/passwd', '', '.', `./${evesFile.name}`].map(
        (name) => ({ ...evesFile, name }),
      ),
      { ...evesFile, name: `${evesFile.name}\0` },
      { ...evesFile, name: evesFile.name.toUpperCase() },
    ]
    for (const file of files) evesLine.say(wants(file))
    await evesLine.echo()
    expect(evesLine.of('text')).toHaveLength(1)
    expect(eve.data).toEqual([])
    evesLine.say(wants(evesFile))
    await vi.waitFor(() => expect(evesLine.of('text')).toHaveLength(2))
    expect(splitAttachment(evesLine.of('text')[1]!.payload).file).toHaveLength(100)
    annsLine.say(wants(annsFile))
    await ann.until(() => ann.data.length === 1)
    await ann.data[0]!.until(() => ann.data[0]!.bytes.length > 1 + 44 + bytes.length)
    const frame = decodeDataFrame(ann.data[0]!.bytes.slice(1))
    expect(Buffer.compare(splitAttachment(frame.data).file, bytes)).toBe(0)
  })

  test('of ranges has none that is outside of the file', async () => {
    const { ann, annsLine, annsFile } = await sent()
    for (const [offset, maxBytes] of [
      [200_000, 10],
      [200_001, Number.MAX_SAFE_INTEGER],
      [Number.MAX_SAFE_INTEGER, 1],
      [0, 0],
    ] as const) {
      annsLine.say({ type: 'fileRange', ...annsFile, offset, maxBytes })
    }
    await annsLine.echo()
    expect(ann.data).toEqual([])
    annsLine.say({ type: 'fileRange', ...annsFile, offset: 199_990, maxBytes: Number.MAX_SAFE_INTEGER })
    await ann.until(() => ann.data.length === 1)
    await vi.waitFor(() => {
      const { file } = splitAttachment(decodeDataFrame(ann.data[0]!.bytes.slice(1)).data)
      expect(Buffer.compare(file, bytes.subarray(199_990))).toBe(0)
    })
  })

  test('without end is served one at a time, and costs no more', async () => {
    const { ben, ann, annsLine, annsFile } = await sent()
    const asked = vi.spyOn(ben.parts.store, 'announcedFile')
    for (let round = 0; round < 20; round++) {
      // Each another one, so that none is a repetition.
      annsLine.say(
        ...Array.from({ length: 100 }, (_, at) => wants(annsFile, { name: `${round}-${at}`, hash: annsFile.hash })),
        { type: 'fileRange', ...annsFile, offset: round, maxBytes: 100_000 },
      )
    }
    await annsLine.echo()
    expect(asked.mock.calls.length).toBeLessThan(400)
    expect(ann.data.length).toBeLessThanOrEqual(1)
    annsLine.cut()
  })

  test('after the message was deleted, or she was blocked, has nothing', async () => {
    const { ben, ann, annsLine, annsFile } = await sent()
    await ben.messenger.deleteMessage(ann.key, String(annsFile.guid), { outgoing: true })
    annsLine.say(wants(annsFile))
    await annsLine.echo()
    expect(ann.data).toEqual([])
    const again = await ben.messenger.send(ann.key, { file: { bytes, name: 'b.bin' } })
    const message = await annsLine.heard('text')
    expect(String(message.guid)).toBe(again.id)
    const { name, hash } = JSON.parse(new TextDecoder().decode(message.payload)) as { name: string; hash: string }
    await ben.messenger.block(ann.key)
    const line = await ann.dial(ben)
    line.say(wants({ guid: message.guid, name, hash }))
    await line.echo()
    expect(ann.data).toEqual([])
  })
})

/** What announces a file of these bytes. */
function announcing(guid: bigint, file: Uint8Array, change: object = {}): PeerFrame {
  const metadata = {
    name: `${guid}.bin`,
    size: file.length,
    hash: toHex(sha256(file)),
    originalName: 'a.bin',
    ...change,
  }
  return text(guid, json(metadata), { messageType: 3 })
}

/** Length, metadata and bytes, as an original answers. */
function responseOf(request: { name: string; hash: string }, size: number, file: Uint8Array): Uint8Array {
  const metadata = json({ hash: request.hash, name: request.name, size })
  const payload = new Uint8Array(4 + metadata.length + file.length)
  new DataView(payload.buffer).setUint32(0, metadata.length)
  payload.set(metadata, 4)
  payload.set(file, 4 + metadata.length)
  return payload
}

/** Eve is connected and announces a file. */
async function announced(file: Uint8Array, change: object = {}, options: MessengerOptions = {}) {
  const all = await people(options)
  const eve = all.hand()
  const line = await eve.dial(all.ben)
  line.say(announcing(5n, file, change))
  await line.heard('ok')
  const download = (to?: string) =>
    all.ben.messenger.download({ id: '5', peer: eve.key }, to === undefined ? {} : { to })
  return { ...all, eve, line, download }
}

/** Answer the next request with a response of these bytes. */
async function answer(line: Line, file: Uint8Array, size = file.length): Promise<void> {
  const { guid, name, hash } = await line.heard('fileRequest')
  await line.openData(dataOf(guid, responseOf({ name, hash }, size, file), { messageType: 4001 }))
}

describe('where a file gets to', () => {
  const names: [string, string][] = [
    ['../../../../tmp/evil', 'evil'],
    ['/etc/cron.d/evil', 'evil'],
    ['..\\..\\evil.exe', 'evil.exe'],
    ['identity.key', 'identity.key'],
    ['.bashrc', 'bashrc'],
    ['', 'unnamed'],
    ['CON', '_CON'],
    ['gpj.\u202Eexe', 'gpj.exe'],
  ]
  test.each(names)('%j is put into the folder of downloads and nowhere else', async (originalName, name) => {
    const { line, folder, download } = await announced(bytes, { originalName })
    const secrets = join(folder, 'identity.key')
    writeFileSync(secrets, 'secret')
    const done = download()
    await answer(line, bytes)
    expect(await done).toMatchObject({ path: join(folder, 'downloads', name), name })
    expect(readdirSync(join(folder, 'downloads'))).toEqual([name])
    expect(readFileSync(secrets, 'utf8')).toBe('secret')
  })

  test('what is there is not replaced: a file, a link to a file, a link to nowhere, a folder', async () => {
    const { line, folder, download } = await announced(bytes)
    const downloads = join(folder, 'downloads')
    const secret = join(folder, 'secret')
    mkdirSync(join(downloads, 'a (3).bin'), { recursive: true })
    writeFileSync(secret, 'secret')
    writeFileSync(join(downloads, 'a.bin'), 'mine')
    symlinkSync(secret, join(downloads, 'a (1).bin'))
    symlinkSync(join(folder, 'nowhere'), join(downloads, 'a (2).bin'))
    const done = download()
    await answer(line, bytes)
    expect((await done).path).toBe(join(downloads, 'a (4).bin'))
    expect(readFileSync(secret, 'utf8')).toBe('secret')
    expect(readFileSync(join(downloads, 'a.bin'), 'utf8')).toBe('mine')
    expect(readlinkSync(join(downloads, 'a (2).bin'))).toBe(join(folder, 'nowhere'))
    expect(readdirSync(folder)).not.toContain('nowhere')
  })

  test('a link in the place that the user named is not followed', async () => {
    const { line, folder, download } = await announced(bytes)
    const secret = join(folder, 'secret')
    writeFileSync(secret, 'secret')
    symlinkSync(secret, join(folder, 'mine.bin'))
    const done = download(join(folder, 'mine.bin'))
    await answer(line, bytes)
    expect((await done).path).toBe(join(folder, 'mine (1).bin'))
    expect(readFileSync(secret, 'utf8')).toBe('secret')
  })

  test('the wire name of a file means nothing here', async () => {
    const { line, folder, download } = await announced(bytes, { name: '../../identity.key', originalName: undefined })
    const done = download()
    const request = await line.heard('fileRequest')
    expect(request.name).toBe('../../identity.key')
    const response = responseOf(request, bytes.length, bytes)
    await line.openData(dataOf(5n, response, { messageType: 4001 }))
    expect((await done).path).toBe(join(folder, 'downloads', 'identity.key'))
  })
})

describe('what is not what was announced', () => {
  test('other bytes of the same length: fetched once more, then given up, and nobody is shown them', async () => {
    const { line, folder, files, download } = await announced(bytes)
    const done = expect(download()).rejects.toMatchObject({ code: 'damaged', blame: 'remote' })
    await answer(line, randomBytes(bytes.length))
    await answer(line, randomBytes(bytes.length))
    await done
    expect(files.at(-1)).toMatchObject({ state: 'failed' })
    expect(readdirSync(join(folder, 'files', 'in'))).toEqual([])
  })

  test.each([1, 1_000_000])('%i bytes more than announced are refused before they are read', async (more) => {
    const { ben, eve, line, folder, download } = await announced(bytes)
    const done = download()
    const request = await line.heard('fileRequest')
    const response = responseOf(request, bytes.length, new Uint8Array(bytes.length + more))
    const data = await line.openData(dataOf(5n, response, { messageType: 4001 }))
    await line.echo()
    expect(line.acknowledged.filter((guid) => guid === 5n).length).toBeLessThanOrEqual(more < 1_000 ? 2 : 1)
    expect(readdirSync(folder)).not.toContain('downloads')
    data.stream.abort()
    // Asked again, and answered rightly.
    line.cut()
    const again = await eve.dial(ben)
    await answer(again, bytes)
    expect(Buffer.compare(readFileSync((await done).path), bytes)).toBe(0)
  })

  test('a file of a petabyte is not even asked for', async () => {
    const { ben, eve, line, files, folder, download } = await announced(bytes, { size: 2 ** 50 })
    const done = expect(download()).rejects.toMatchObject({ code: 'aborted' })
    await vi.waitFor(() => expect(files).toMatchObject([{ state: 'waiting', error: { code: 'too-large' } }]))
    await line.echo()
    expect(line.of('fileRequest')).toEqual([])
    expect(readdirSync(folder)).toEqual([])
    await ben.messenger.cancelDownload({ id: '5', peer: eve.key })
    await done
  })

  test('an answer of somebody else is none', async () => {
    const { ben, line, hand, download } = await announced(bytes)
    const done = download()
    const request = await line.heard('fileRequest')
    const mallory = await hand().dial(ben)
    const forged = responseOf(request, bytes.length, randomBytes(bytes.length))
    await mallory.openData(dataOf(5n, forged, { messageType: 4001 }), dataOf(6n, new Uint8Array(1)))
    await mallory.heard('ok')
    expect(mallory.acknowledged).toEqual([6n])
    await line.openData(dataOf(5n, responseOf(request, bytes.length, bytes), { messageType: 4001 }))
    expect(Buffer.compare(readFileSync((await done).path), bytes)).toBe(0)
  })

  test('an edit that makes another file of it does not mix the two', async () => {
    const { line, download } = await announced(bytes)
    const other = randomBytes(bytes.length)
    const first = download().then(({ path }) => readFileSync(path))
    const request = await line.heard('fileRequest')
    const response = responseOf(request, bytes.length, bytes)
    const begun = dataOf(5n, response, { messageType: 4001 })
    const data = await line.openData(begun.slice(0, 100_000))
    const edit = announcing(5n, other)
    line.say({ ...edit, editTimeMs: 1_800_000_000_000n } as PeerFrame)
    await line.heard('ok')
    data.write(begun.slice(100_000))
    expect(Buffer.compare(await first, bytes)).toBe(0)
    const second = download().then(({ path }) => readFileSync(path))
    await answer(line, other)
    expect(Buffer.compare(await second, other)).toBe(0)
  })
})

describe('a file server that the sender names', () => {
  const key = randomBytes(32)
  const encryptor = createFileEncryptor(key)
  const encrypted = Buffer.concat([...encryptor.push(bytes), encryptor.finish().lastChunk ?? new Uint8Array(0)])
  const ENCRYPTED = { key: Buffer.from(key).toString('base64'), hash: toHex(sha256(encrypted)) }

  /** Eve's own, on her node, where her words lead to. @param file - what it gives to whoever asks for anything */
  async function evesServer(eve: Hand, file: Uint8Array = encrypted) {
    const logins: { publicKey: string; nonce: Uint8Array; signature: Uint8Array }[] = []
    const serve = async (raw: RawServer): Promise<void> => {
      const asked = await raw.take()
      raw.nonce(asked.requestId, CHALLENGE)
      const login = await raw.take()
      const { publicKey, nonce, signature } = authRequest.decode(login.payload)
      logins.push({ publicKey: toHex(publicKey), nonce, signature })
      raw.ok(login.requestId)
      for (;;) {
        const { requestId } = await raw.take()
        raw.ok(requestId, downloadResponse.encode({ chunk: file, totalBytes: BigInt(file.length), offsetBytes: 0n }))
      }
    }
    const listener = await eve.net.listen(eve.address.replace(/:42$/, ':80'), {
      onStream: (stream) => {
        const raw = new RawServer(stream)
        serve(raw).catch((error: unknown) => {
          if (!raw.closed) throw error
        })
      },
    })
    onTestFinished(() => listener.close())
    return logins
  }

  /** Eve announces that the file is on this server; nobody has downloaded anything yet. */
  async function onServer(server: (eve: Hand) => string, options: MessengerOptions = {}, change: object = {}) {
    const all = await people(options)
    const eve = all.hand()
    const line = await eve.dial(all.ben)
    line.say(announcing(5n, bytes, { ...ENCRYPTED, server: server(eve), ...change }))
    await line.heard('ok')
    const download = () => all.ben.messenger.download({ id: '5', peer: eve.key })
    return { ...all, eve, line, download }
  }

  const nodeOf = ({ address }: Hand): string => /^ygg:\/\/([0-9a-f]{64}):/.exec(address)![1]!

  test('is not spoken to before the user wants the file', async () => {
    const dialled: string[] = []
    await onServer(nodeOf, {
      fileServerAddress: (server) => {
        dialled.push(server)
        return `ygg://${server}:80`
      },
    })
    expect(dialled).toEqual([])
  })

  test('learns nothing of us, and has nothing signed by us', async () => {
    const { ben, eve, folder, download } = await onServer(nodeOf)
    const logins = await evesServer(eve)
    expect(Buffer.compare(readFileSync((await download()).path), bytes)).toBe(0)
    expect(readdirSync(join(folder, 'downloads'))).toEqual(['a.bin'])
    expect(logins).toHaveLength(1)
    const { publicKey, nonce, signature } = logins[0]!
    expect(nonce).toEqual(CHALLENGE)
    expect(publicKey).not.toBe(ben.key)
    // What Eve got is worth nothing where Ben is known.
    expect(verify(signature, CHALLENGE, fromHex(ben.key))).toBe(false)
    expect(verify(signature, CHALLENGE, fromHex(publicKey))).toBe(true)
  })

  test('cannot tell that it was the same person twice', async () => {
    const { ben, eve, line, download } = await onServer(nodeOf)
    const logins = await evesServer(eve)
    await download()
    line.say(announcing(6n, bytes, { ...ENCRYPTED, server: nodeOf(eve) }))
    await line.heard('ok')
    await ben.messenger.download({ id: '6', peer: eve.key })
    expect(new Set(logins.map(({ publicKey }) => publicKey)).size).toBe(2)
  })

  test('is spoken to as ourselves only if it is the one we chose', async () => {
    const overlay = createOverlay()
    const [eve, friend] = [overlay.hand(), overlay.hand()]
    const logins = await evesServer(friend)
    const ben = await overlay.person({ folder: newFolder(), fileServer: { key: nodeOf(friend) } })
    const line = await eve.dial(ben)
    line.say(announcing(5n, bytes, { ...ENCRYPTED, server: nodeOf(friend) }))
    await line.heard('ok')
    await ben.messenger.download({ id: '5', peer: eve.key })
    expect(logins.map(({ publicKey }) => publicKey)).toEqual([ben.key])
  })

  test('for which our own program has no address, or fails to find one: the file waits, and nothing ends', async () => {
    for (const fileServerAddress of [
      () => 'nonsense',
      () => 'tcp://',
      () => {
        throw new Error('no idea')
      },
    ]) {
      const { ben, eve, files, pass, download } = await onServer(nodeOf, { fileServerAddress })
      const done = expect(download()).rejects.toMatchObject({ code: 'aborted' })
      await vi.waitFor(async () => expect(await ben.parts.store.files('wanted')).toHaveLength(1))
      await pass(60_000)
      await vi.waitFor(() => expect(files[0]).toMatchObject({ state: 'waiting', error: { code: 'unreachable' } }))
      await ben.messenger.cancelDownload({ id: '5', peer: eve.key })
      await done
    }
  })

  test('leads to its node and to no other place: an address is no key', async () => {
    for (const server of ['127.0.0.1', 'http://localhost:22/', `${'a'.repeat(63)}/`, `${'a'.repeat(64)}:22`, '']) {
      const { ben, eve } = await onServer(() => server)
      expect(await ben.messenger.history(eve.key)).toEqual([])
    }
  })

  test.each([
    ['other bytes', () => Buffer.from(randomBytes(encrypted.length))],
    ['a byte more', () => Buffer.concat([encrypted, Uint8Array.of(0)])],
    ['a byte less', () => encrypted.subarray(1)],
  ])('gives %s: nothing of it is shown', async (_, file) => {
    const { ben, eve, folder, files, download } = await onServer(nodeOf)
    await evesServer(eve, file())
    const done = download().catch((error: unknown) => error)
    await vi.waitFor(() => expect(files.some(({ state }) => state === 'failed' || state === 'waiting')).toBe(true))
    expect(readdirSync(folder)).not.toContain('downloads')
    await ben.messenger.cancelDownload({ id: '5', peer: eve.key })
    await done
  })

  test('gives what has the hash and the length, and is encrypted with another key', async () => {
    const { eve, folder, download } = await onServer(nodeOf, {}, { key: Buffer.alloc(32).toString('base64') })
    await evesServer(eve)
    await expect(download()).rejects.toMatchObject({ code: 'damaged' })
    expect(readdirSync(folder)).not.toContain('downloads')
  })

  test('gives a file that is longer when it is decrypted than was announced', async () => {
    const { eve, folder, download, files } = await onServer(nodeOf, {}, { size: bytes.length - 16 })
    await evesServer(eve)
    const done = download().catch((error: unknown) => error)
    await vi.waitFor(() => expect(files.some(({ state }) => state === 'failed' || state === 'waiting')).toBe(true))
    expect(readdirSync(folder)).not.toContain('downloads')
    void done
  })
})
