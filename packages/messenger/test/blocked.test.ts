import { expect, test, vi } from 'vitest'
import { createWorld } from './support/world.js'

// Somebody who was blocked and is not any more, and the other way round: current generation, where the blocked may
// connect.

async function annAndBen() {
  const world = createWorld()
  const [ann, ben] = [await world.person({ generation: 'current' }), await world.person({ generation: 'current' })]
  for (const [one, other] of [
    [ann, ben],
    [ben, ann],
  ] as const) {
    await one.messenger.listen(one.address)
    other.messenger.addAddress(one.messenger.publicKey, one.address)
  }
  return { ann: ann.messenger, ben: ben.messenger }
}

test('a connection from the time of the block is used after it', async () => {
  const { ann, ben } = await annAndBen()
  await ann.block(ben.publicKey)
  // It is taken and dropped: ben is connected now.
  await ben.whenDelivered(await ben.send(ann.publicKey, 'anybody there?'))
  expect((await ann.health()).connections).toBe(1)

  await ann.addContact(ben.publicKey)
  await ann.whenDelivered(await ann.send(ben.publicKey, 'now I am'))
  expect((await ann.health()).connections).toBe(1)
})

test('the answer to an earlier question does not undo a block', async () => {
  const { ann, ben } = await annAndBen()
  const asked = new Promise((resolve) => ben.on('contactRequest', resolve))
  await ann.requestContact(ben.publicKey, { message: 'please' })
  await asked
  await ann.block(ben.publicKey)
  await ben.acceptContact(ann.publicKey)
  await ben.whenDelivered(await ben.send(ann.publicKey, 'here I am'))
  expect(await ann.contacts()).toMatchObject([{ kind: 'blocked' }])
})

test('to take up the request of somebody blocked ends the block, in both directions', async () => {
  const { ann, ben } = await annAndBen()
  const asked = new Promise((resolve) => ann.on('contactRequest', resolve))
  await ben.requestContact(ann.publicKey, { message: 'please' })
  await asked
  await ben.whenDelivered(await ben.send(ann.publicKey, 'read me'))
  await ann.block(ben.publicKey)
  const handled: string[] = []
  ann.on('message', ({ text }) => void handled.push(text))
  // It is taken and dropped: ben is connected, and ann does not use the connection.
  await ben.whenDelivered(await ben.send(ann.publicKey, 'anybody there?'))

  await ann.acceptContact(ben.publicKey)
  await vi.waitFor(() => expect(handled).toEqual(['read me']))
  await ann.whenDelivered(await ann.send(ben.publicKey, 'now I am'))
})

test('whoever waits for the delivery of a message that was deleted is told', async () => {
  const { ann, ben } = await annAndBen()
  await ben.close()
  const sent = await ann.send(ben.publicKey, 'never mind')
  const waiting = ann.whenDelivered(sent)
  await ann.deleteMessage(ben.publicKey, sent.id, { outgoing: true })
  await expect(waiting).rejects.toMatchObject({ code: 'unknown-message' })
})
