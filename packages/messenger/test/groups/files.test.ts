import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { randomBytes } from '@mimirjs/crypto'
import { Transports } from '@mimirjs/transport'
import { tcp } from '@mimirjs/transport/tcp'
import { expect, onTestFinished, test } from 'vitest'
import { nodeDisk } from '../../src/platform/node/disk.js'
import { createFileServer } from '../../src/testing/index.js'
import { newFolder } from '../support/world.js'
import { collect, createGroupOf, createScene, until } from './support/scene.js'

/** What other programs announce in groups: the file is on a file server, encrypted. */
test('a file that a message announces is fetched from its file server, and from nowhere else', async () => {
  const server = await createFileServer({
    transports: new Transports([tcp()]),
    address: 'tcp://127.0.0.1:0',
    folder: newFolder(),
  })
  onTestFinished(() => server.close())
  const scene = await createScene()
  const options = {
    generation: 'current',
    transports: new Transports([scene.network.streams, tcp()]),
    fileServerAddress: () => server.address,
  } as const
  const fileServer = { key: '0b'.repeat(32), address: server.address }
  const folder = newFolder()
  const anna = await scene.person({ ...options, fileServer }, newFolder())
  const bert = await scene.person(options, folder)
  const [group] = await createGroupOf([anna, bert])
  const bytes = randomBytes(300_000)
  const alone = await anna.messenger.send(bert.key, { file: { bytes, name: 'plan.pdf' }, text: 'the plan' })
  const row = await until(async () => {
    const message = await anna.store.message(bert.key, BigInt(alone.id), true)
    return message?.state === 'stored' ? message : undefined
  })

  const got = collect(bert, 2)
  const { messageType, payload, replyTo, sendTimeMs, editTimeMs } = row
  const content = { messageType, replyTo, sendTimeMs, editTimeMs }
  await anna.store.enqueue({ ...content, peer: group!.id, guid: 1n, payload })
  const elsewhere = JSON.stringify({ name: 'x.pdf', hash: '00'.repeat(32), size: 5 })
  await anna.store.enqueue({ ...content, peer: group!.id, guid: 2n, payload: new TextEncoder().encode(elsewhere) })
  await group!.send('here it is')
  const [announced, orphan] = await got
  expect(announced).toMatchObject({ kind: 'file', text: 'the plan', file: { name: 'plan.pdf', sizeBytes: 300_000 } })
  const file = await announced!.download({ to: folder })
  expect(file.path).toBe(join(folder, 'plan.pdf'))
  expect(Buffer.compare(readFileSync(file.path), bytes)).toBe(0)
  expect(orphan).toMatchObject({ kind: 'file', file: { name: 'x.pdf', bytes: undefined } })
  await expect(orphan!.download({ to: folder })).rejects.toMatchObject({ code: 'unsupported' })
})

test('what was downloaded goes with its group where only the messenger gets at it', async () => {
  Object.assign(nodeDisk, { isPrivate: true })
  onTestFinished(() => void Object.assign(nodeDisk, { isPrivate: false }))
  const scene = await createScene()
  const folder = newFolder()
  const [anna, bert] = [await scene.person(), await scene.person({}, folder)]
  const [, theirs] = await createGroupOf([anna, bert])
  const [of, besides] = [join(folder, 'downloads', 'of-it'), join(folder, 'downloads', 'besides')]
  mkdirSync(join(folder, 'downloads'))
  for (const [path, peer] of [
    [of, theirs!.id],
    [besides, anna.key],
  ] as const) {
    writeFileSync(path, 'x')
    const known = { name: 'x', hash: '', sizeBytes: 1, key: undefined, server: '', doneBytes: 1, partPath: '' }
    await bert.store.putFile({ ...known, peer, guid: 1n, outgoing: false, state: 'complete', path })
  }
  await theirs!.leave()
  expect(existsSync(of)).toBe(true)
  await theirs!.forget()
  expect([existsSync(of), existsSync(besides)]).toEqual([false, true])
})
