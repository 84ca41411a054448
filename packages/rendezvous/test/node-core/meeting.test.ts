import { createSigner } from '@mimirjs/crypto'
import { expect, test } from 'vitest'
import { browserPlatform } from '../../src/browser.js'
import { type RendezvousLink, RendezvousNode } from '../../src/index.js'
import { createMemoryRendezvous } from '../../src/testing/index.js'
import { codeOf, NodeWorld, OPEN_DOOR } from '../support/node-world.js'

test('a stranger knocks; nothing opens a connection before the user says yes; then both have a link', async () => {
  const world = new NodeWorld()
  const [ann, ben] = [await world.online(1, { name: 'Ann' }), await world.online(2)]
  const told: string[] = []
  const opened: RendezvousLink[] = []
  ben.on('knock', ({ fingerprint, name }) => told.push(`${name} ${fingerprint}`))
  ben.on('knockOver', () => told.push('over'))
  ben.on('link', (link) => opened.push(link))

  const connecting = ann.connect(ben.publicKey)
  await world.until(() => told.length > 0, 'the knock')
  expect(told).toEqual([`Ann ${ann.fingerprint}`])
  expect(ben.knocks()).toMatchObject([{ publicKey: ann.publicKey, name: 'Ann' }])
  expect(world.memory.rtc.made).toBe(0)

  ben.accept(ann.publicKey)
  const link = await world.settled(connecting)
  await world.until(() => opened.length > 0, 'the link of the other side')
  expect([link.role, link.address, link.state]).toEqual(['offerer', ben.address, 'open'])
  expect([opened[0]?.role, opened[0]?.publicKey, opened[0]?.sid]).toEqual(['answerer', ann.publicKey, link.sid])
  expect([ann.links(), ben.linkTo(ann.publicKey)]).toEqual([[link], opened[0]])
  expect(ben.knocks()).toEqual([])
  expect(await world.settled(ann.connect(ben.publicKey))).toBe(link)
})

test('chat is acknowledged, profiles are shown, an end is told', async () => {
  const world = new NodeWorld()
  const [ann, ben] = [await world.online(1), await world.online(2, OPEN_DOOR)]
  const heard: unknown[] = []
  ben.on('link', (link) => {
    link.on('chat', ({ text }) => heard.push(text))
    link.on('shared', (shared) => heard.push(shared))
    link.on('closed', (closed) => heard.push(closed))
  })
  const link = await world.settled(ann.connect(ben.publicKey))
  await world.settled(link.sendChat('hello'))
  link.sendShared({ name: 'Ann' })
  await world.until(() => heard.length === 2, 'the profile')
  const late = link.sendChat('too late')
  link.close()
  expect(await codeOf(late)).toBe('closed')
  await world.until(() => heard.length === 4, 'the end')
  expect(heard).toEqual(['hello', { name: 'Ann' }, 'too late', expect.objectContaining({ code: 'bye' })])
  expect([ann.links(), ben.links(), link.state, link.closeCode]).toEqual([[], [], 'closed', 'closed'])
  expect(await codeOf(link.sendChat('again'))).toBe('closed')
  await world.until(() => world.memory.rtc.open === 0, 'both connections to be cut')
})

test('who says no, who is silent, and who is not there', async () => {
  const world = new NodeWorld()
  const [ann, ben] = [await world.online(1), await world.online(2)]
  ben.on('knock', ({ publicKey }) => ben.decline(publicKey, { tell: 'user' }))
  expect(await codeOf(world.settled(ann.connect(ben.publicKey)))).toBe('declined')

  const cid = await world.online(3)
  const missed: Uint8Array[] = []
  cid.on('missed', ({ publicKey }) => missed.push(publicKey))
  expect(await codeOf(world.settled(ann.connect(cid.publicKey), 100))).toBe('no-answer')
  await world.until(() => missed.length > 0, 'the question to be withdrawn')
  expect([missed, cid.knocks()]).toEqual([[ann.publicKey], []])

  const absent = new Uint8Array(cid.publicKey)
  await world.settled(cid.close())
  expect(await codeOf(world.settled(ann.connect(absent), 100))).toBe('no-answer')
  expect(world.memory.rtc.made).toBe(0)
})

test('without WebRTC connecting says what is missing, whoever calls', async () => {
  const world = new NodeWorld()
  // Node is no page.
  const { createPeerConnection } = browserPlatform()
  const platform = { ...world.memory.platform, createPeerConnection }
  const [ann, ben] = [await world.online(1, { ...OPEN_DOOR, platform }), await world.online(2, OPEN_DOOR)]
  await expect(world.settled(ann.connect(ben.publicKey))).rejects.toMatchObject({
    code: 'unsupported',
    blame: 'local',
    message: expect.stringContaining('expected a page of a browser') as string,
  })
  await expect(world.settled(ann.streams.dial(ben.address))).rejects.toMatchObject({
    code: 'misuse',
    cause: expect.objectContaining({ code: 'unsupported' }) as Error,
  })
  expect(await codeOf(world.settled(ben.connect(ann.publicKey)))).toBe('hangup')
})

test('both begin at once: one link, which both get', async () => {
  const world = new NodeWorld()
  const [ann, ben] = [await world.online(1), await world.online(2)]
  const [atAnn, atBen] = await world.settled(Promise.all([ann.connect(ben.publicKey), ben.connect(ann.publicKey)]))
  expect(atAnn.sid).toEqual(atBen.sid)
  expect([atAnn.role, atBen.role].sort()).toEqual(['answerer', 'offerer'])
  expect([ann.links().length, ben.links().length, world.memory.rtc.made]).toEqual([1, 1, 2])
})

test('nobody waits any more: the knock is taken back', async () => {
  const world = new NodeWorld()
  const [ann, ben] = [await world.online(1), await world.online(2)]
  const [one, other] = [new AbortController(), new AbortController()]
  const waiting = [one, other].map(({ signal }) => codeOf(ann.connect(ben.publicKey, { signal })))
  await world.until(() => ben.knocks().length > 0, 'the knock')
  one.abort()
  await world.pass(100)
  expect(ben.knocks()).toHaveLength(1)
  other.abort()
  await world.until(() => ben.knocks().length === 0, 'the knock to be taken back')
  expect(await Promise.all(waiting)).toEqual(['aborted', 'aborted'])
  expect(await codeOf(ann.connect(ben.publicKey, { signal: one.signal }))).toBe('aborted')
})

test('nobody waits any more for what the other side began: it goes on', async () => {
  const world = new NodeWorld()
  const [ann, ben] = [await world.online(1), await world.online(2)]
  const connecting = ben.connect(ann.publicKey)
  await world.until(() => ann.knocks().length > 0, 'the knock')
  const controller = new AbortController()
  const waiting = codeOf(ann.connect(ben.publicKey, { signal: controller.signal }))
  controller.abort()
  expect(await waiting).toBe('aborted')
  const link = await world.settled(connecting)
  await world.until(() => ann.links().length > 0, 'the link of the other side')
  expect(ann.links()[0]?.sid).toEqual(link.sid)
})

test('an end is told although it comes at once, and close waits for it', async () => {
  const world = new NodeWorld()
  const [ann, ben] = [await world.online(1), await world.online(2, OPEN_DOOR)]
  const codes: string[] = []
  ben.on('link', (link) => link.on('closed', ({ code }) => codes.push(code)))
  const link = await world.settled(ann.connect(ben.publicKey))
  await world.until(() => ben.links().length > 0, 'the link of the other side')
  const waiting = codeOf(link.sendChat('the last word'))
  await world.settled(ann.close())
  expect([codes, link.closeCode, await waiting]).toEqual([['bye'], 'closed', 'closed'])
  expect(await codeOf(ann.connect(ben.publicKey))).toBe('closed')
  expect(() => ann.addServer('wss://memory-1.example')).toThrow('closed')
  await ann.close()
})

test('listeners and policies that throw are reported, and stop nobody', async () => {
  const world = new NodeWorld()
  const [ann, ben] = [
    await world.online(1),
    await world.online(2, {
      policy: () => {
        throw new Error('no policy')
      },
    }),
  ]
  expect(await codeOf(world.settled(ann.connect(ben.publicKey), 100))).toBe('no-answer')
  expect(String(world.errors[0])).toBe('Error: no policy')

  const cid = await world.online(3, OPEN_DOOR)
  cid.on('link', () => {
    throw new Error('no listener')
  })
  cid.on('error', async (error) => {
    throw error
  })
  await world.settled(ann.connect(cid.publicKey))
  await world.until(() => cid.links().length > 0, 'the link')
  await world.pass(1)
  expect(world.errors.map(String)).toContain('Error: no listener')
})

test('closed from inside a listener, a node waits for its connections all the same', async () => {
  const memory = createMemoryRendezvous()
  const open = (fill: number): Promise<RendezvousNode> =>
    RendezvousNode.open({
      signer: createSigner(new Uint8Array(32).fill(fill)),
      platform: memory.platform,
      servers: memory.urls,
      ...OPEN_DOOR,
    })
  const [ann, ben] = [await open(1), await open(2)]
  const closed = new Promise<number>((resolve) => {
    ben.on('link', (link) => link.on('chat', () => void ben.close().then(() => resolve(memory.rtc.open))))
  })
  const link = await ann.connect(ben.publicKey)
  void link.sendChat('quit').catch(() => {})
  expect(await closed).toBeLessThan(2)
  await expect.poll(() => link.closeCode).toBe('bye')
  await ann.close()
})
