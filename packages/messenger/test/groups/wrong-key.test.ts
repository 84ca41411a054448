import { createSigner, generateSeed, randomBytes } from '@mimirjs/crypto'
import { fromHex, toHex } from '@mimirjs/wire'
import { encodeSystemMessage } from '@mimirjs/wire/mediator'
import { describe, expect, test } from 'vitest'
import { FakeMediator } from './support/fake-mediator.js'
import { createScene, until } from './support/scene.js'

const left = () => encodeSystemMessage({ event: 'userLeft', user: randomBytes(32), random: randomBytes(32) })

async function joined() {
  const scene = await createScene({ isAway: true })
  const fake = new FakeMediator()
  await fake.listen(scene)
  const anna = await scene.person({ mediators: [fake.address] })
  await until(() => fake.isUp)
  const friend = createSigner(generateSeed()).publicKey
  for (const publicKey of [fromHex(anna.key), friend])
    fake.members.push({ publicKey, permissions: 0x10, online: true, lastSeenSeconds: 0n })
  fake.invite(anna.key)
  const group = await anna.messenger.joinGroup(await until(async () => (await anna.messenger.groupInvites())[0]))
  await group.refresh()
  return { fake, anna, group, friend }
}

describe('a mediator with another key than the one given', () => {
  test('is told of when a group is made there, with both keys; what it says is no system message', async () => {
    const scene = await createScene()
    const given = toHex(createSigner(generateSeed()).publicKey)
    const anna = await scene.person({ mediators: [{ ...scene.address, publicKey: given }] })
    const group = await anna.messenger.createGroup({ name: 'Garden' })
    await group.update({ name: 'Yard' })
    await group.update({ description: 'what grows' })
    await group.refresh()
    const error = await until(() => anna.errors[0])
    expect(error).toMatchObject({ code: 'mediator', blame: 'remote' })
    for (const part of [given, scene.address.publicKey, 'memory://mediator', 'check the key given for this address'])
      expect(error.message).toContain(part)
    expect((await anna.entries(group)).map(({ kind }) => kind)).not.toContain('system')
  })

  test('is told of once per connection', async () => {
    const { fake, anna, group } = await joined()
    const author = randomBytes(32)
    for (let time = 0; time < 3; time++) fake.say({ author, blob: left() })
    await until(async () => (await anna.entries(group)).length === 3)
    await group.refresh()
    await until(() => anna.errors.length > 0)
    expect(anna.errors).toHaveLength(1)
    fake.hangUp()
    await until(() => fake.requests.filter(({ command }) => command === 'auth').length === 2)
    await group.refresh()
    fake.say({ author, blob: left() })
    await until(() => anna.errors.length === 2)
    expect((await anna.entries(group)).map(({ kind }) => kind)).toEqual(Array(4).fill('unreadable'))
  })

  test('is not meant when a member sends what looks like it, a stranger anything else, or the mediator itself speaks', async () => {
    const { fake, anna, group, friend } = await joined()
    fake.say({ author: friend, blob: left() })
    fake.say({ author: randomBytes(32), blob: new Uint8Array([...left(), 0]) })
    fake.say({ author: randomBytes(32), blob: randomBytes(65).fill(0xff, 0, 1) })
    fake.say({ author: randomBytes(32), blob: fake.seal('hello') })
    fake.say({ blob: left() })
    await until(async () => (await anna.entries(group)).length === 5)
    await group.refresh()
    expect(anna.errors).toEqual([])
  })
})
