import { isPoint } from '@mimirjs/crypto'
import { fromHex } from '@mimirjs/wire'
import { describe, expect, test } from 'vitest'
import type { MediatorAddress } from '../../src/index.js'
import { createGroupOf, createScene, until } from './support/scene.js'

const PUBLIC_KEY = '5e'.repeat(32)
const ADDRESS = 'memory://mediator'

describe('what a newcomer gets wrong', () => {
  test.each([
    ['a text', `${PUBLIC_KEY}@${ADDRESS}`, /expected \{ publicKey, address \}, got '5e5e/],
    ['nothing', undefined, /expected \{ publicKey, address \}, got undefined/],
    ['no key', { address: ADDRESS }, /publicKey of a mediator: expected its key as 64 .*, got undefined/],
    ['no address', { publicKey: PUBLIC_KEY }, /address of a mediator: expected a text .*, got undefined/],
    ['an unknown dialect', { publicKey: PUBLIC_KEY, address: ADDRESS, dialect: 'tvl' }, /binary, tlv, tlv-push.*'tvl'/],
  ])('a mediator that is %s is refused at once', async (_, wrong, message) => {
    const scene = await createScene({ isAway: true })
    const mediator = wrong as unknown as MediatorAddress
    const refusal = { code: 'bad-content', message: expect.stringMatching(message) }
    await expect(scene.person({ mediators: [scene.address, mediator] })).rejects.toMatchObject(refusal)
    if (mediator === undefined) return
    const { messenger } = await scene.person({ mediators: [] })
    await expect(messenger.createGroup({ name: 'Garden', mediator })).rejects.toMatchObject(refusal)
  })

  test('mediators that are no list are refused at once', async () => {
    const scene = await createScene({ isAway: true })
    const mediators = scene.address as unknown as MediatorAddress[]
    await expect(scene.person({ mediators })).rejects.toMatchObject({
      code: 'bad-content',
      message: expect.stringMatching(/^mediators: expected a list of \{ publicKey, address \}/),
    })
  })

  test('an id that is nobody and no group of ours is said to be neither', async () => {
    const scene = await createScene({ isAway: true })
    const { messenger } = await scene.person()
    const id = ['0', '1', '2', '3', '4', '5', '6', '7']
      .map((digit) => `0${digit}`.repeat(32))
      .find((hex) => !isPoint(fromHex(hex)))!
    const refusal = { code: 'bad-key', message: expect.stringMatching(/is neither a public key nor a group/) }
    await expect(messenger.send(id, 'hello?')).rejects.toMatchObject(refusal)
    await expect(messenger.history(id)).rejects.toMatchObject(refusal)
    await expect(messenger.addContact(id)).rejects.toMatchObject({
      message: expect.stringMatching(/^expected a 32-byte/),
    })
  })

  test('who may hand out a new key is said, here and by the mediator', async () => {
    const scene = await createScene()
    const people = [await scene.person(), await scene.person()] as const
    const [group, berts] = await createGroupOf(people)
    await expect(berts!.rotateKey()).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringMatching(/the owner hands out a new one, or an admin where .*our role is member$/),
    })
    await group!.setRole(people[1].key, 'admin')
    await until(() => berts!.role === 'admin')
    await expect(berts!.rotateKey()).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringMatching(
        /this mediator lets only the owner hand out a new key, our role is admin: insufficient perms$/,
      ),
    })
  })

  test('too many groups an hour are said to be that', async () => {
    const scene = await createScene({ limits: { chatsPerHour: 1 } })
    const { messenger } = await scene.person()
    await messenger.createGroup({ name: 'One' })
    await expect(messenger.createGroup({ name: 'Two' })).rejects.toMatchObject({
      code: 'mediator',
      message: expect.stringMatching(/rate limit: .*so many groups an hour for one key .*5\): try again later/),
    })
  })

  test.each([
    ['', /blank/],
    [' \t ', /blank/],
    ['two\nlines', /control characters/],
    ['bell\u0007', /control characters/],
    ['escape\u009b', /control characters/],
  ])('the name %j is refused', async (name, message) => {
    const scene = await createScene()
    const { messenger } = await scene.person()
    const refusal = { code: 'bad-content', message: expect.stringMatching(message) }
    await expect(messenger.createGroup({ name })).rejects.toMatchObject(refusal)
    const group = await messenger.createGroup({ name: 'Garden', description: 'two\nlines' })
    await expect(group.update({ name })).rejects.toMatchObject(refusal)
    expect(group.name).toBe('Garden')
  })
})
