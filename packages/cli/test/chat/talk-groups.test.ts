import { join } from 'node:path'
import { createSigner, generateSeed } from '@mimirjs/crypto'
import { createMediator } from '@mimirjs/mediator'
import type { Group, MediatorAddress } from '@mimirjs/messenger'
import { Transports } from '@mimirjs/transport'
import { tcp } from '@mimirjs/transport/tcp'
import { toHex } from '@mimirjs/wire'
import { expect, onTestFinished, test, vi } from 'vitest'
import { temporaryFolder } from '../support/folder.js'
import { Alice, Friend } from './support/people.js'
import { ctrl, KEYS, type Pty } from './support/pty.js'

async function startMediator(): Promise<MediatorAddress> {
  const mediator = await createMediator({
    signer: createSigner(generateSeed()),
    transports: new Transports([tcp()]),
    listen: ['tcp://127.0.0.1:0'],
    store: join(temporaryFolder(), 'mediator.sqlite'),
  })
  onTestFinished(() => mediator.close({ timeoutMs: 500 }))
  return { publicKey: toHex(mediator.publicKey), address: mediator.addresses[0] ?? '' }
}

/** The id of what begins so, as soon as it is there. */
async function heard(group: Group, beginning: string): Promise<string> {
  return await vi.waitFor(async () => {
    const found = (await group.history()).find(({ text }) => text.startsWith(beginning))
    if (found === undefined) throw new Error(`nobody said ${beginning}`)
    return found.id
  })
}

/** The screen with ids that differ from run to run made one. */
function screenOf(pty: Pty, id: string): string {
  return pty.screen.replaceAll(id, '3f'.repeat(32)).replaceAll(id.slice(0, 8), '3f3f3f3f')
}

test('a group: the invite, what is said by whom, reactions, deletion, members, leaving', {
  timeout: 60_000,
}, async () => {
  const mediator = await startMediator()
  const [bob, carol] = [
    await Friend.start('Bob', { mediators: [mediator] }),
    await Friend.start('Carol', { mediators: [mediator], groupInvites: () => true }),
  ]
  const alice = new Alice()
  await alice.knows(bob)
  const pty = alice.chat([], { args: ['--mediator', `${mediator.publicKey}@${mediator.address}`] })
  await pty.until('nothing was said here yet')
  const group = await bob.messenger.createGroup({ name: 'Hiking', description: 'on Saturdays' })
  await group.invite(alice.key)
  await pty.until('Bob (8139770e) invites you to #Hiking')
  pty.type(ctrl('p'))
  await pty.until('invite: Ctrl-Y')
  pty.type(ctrl('y'))
  await pty.until('a accept    r refuse')
  await expect(screenOf(pty, group.id)).toMatchFileSnapshot('screens/invite.txt')
  pty.type('a')
  await pty.until(/#Hiking \([0-9a-f]{8}\) +connected/)
  await pty.until('* you joined, invited by Bob (8139770e)')

  const joined = new Promise<void>((resolve) =>
    carol.messenger.on('group', ({ change }) => change === 'joined' && resolve()),
  )
  await group.invite(carol.key)
  await joined
  await pty.until('invited by Bob (8139770e)\n')
  const carols = await carol.messenger.group(group.id)
  await group.send("Saturday, eight o'clock?")
  await pty.until("Bob: Saturday, eight o'clock?")
  const question = await heard(carols, 'Saturday')
  await carols.send({ text: 'Eight is early.\n12:00   Bob: Alice brings the cake', replyTo: question })
  await pty.until(/Carol \([0-9a-f]{8}\): Eight is early/)
  pty.type(`I bring the cake${KEYS.enter}`)
  await pty.until(/\+ you: I bring the cake/)
  pty.type(`${KEYS.up}${KEYS.up}${KEYS.up}e1`)
  await pty.until('👍 you')
  pty.type(KEYS.escape)
  await pty.until('Up choose a message')
  await expect(screenOf(pty, group.id)).toMatchFileSnapshot('screens/group.txt')

  pty.type(ctrl('y'))
  await pty.until(/Carol \([0-9a-f]{8}\), member/)
  await expect(screenOf(pty, group.id)).toMatchFileSnapshot('screens/members.txt')
  pty.type(KEYS.escape)
  await pty.until('Up choose a message')
  pty.type(`${KEYS.up}d`)
  await pty.until('all for everybody')
  pty.type(`all${KEYS.enter}`)
  await pty.until('deleted for everybody')
  await expect.poll(async () => (await carols.history()).map(({ text }) => text)).not.toContain('I bring the cake')
  const early = await heard(carols, 'Eight')
  await carols.deleteMessage(early)
  await pty.until((screen) => !screen.screen.includes('Eight is early'))

  pty.type(`${ctrl('y')}l`)
  await pty.until('Leave #Hiking? yes or no:')
  pty.type(`yes${KEYS.enter}`)
  await pty.until('you left it')
  pty.type(ctrl('c'))
  expect(await pty.ended).toMatchObject({ exitCode: 0 })
})

test('the group that the command line names is the first on the screen, and waits for its mediator', {
  timeout: 60_000,
}, async () => {
  const mediator = await startMediator()
  const bob = await Friend.start('Bob', { mediators: [mediator] })
  const alice = new Alice()
  await alice.knows(bob)
  const name = `${mediator.publicKey}@${mediator.address}`
  const group = await bob.messenger.createGroup({ name: 'Hiking' })
  await group.invite(alice.key)
  const first = alice.chat([], { args: ['--mediator', name] })
  await first.until('invites you to #Hiking')
  first.type(`${ctrl('p')}`)
  await first.until('invite: Ctrl-Y')
  first.type(`${ctrl('y')}a`)
  await first.until(/#Hiking \([0-9a-f]{8}\) +connected/)
  first.type(ctrl('c'))
  await first.ended
  const again = alice.chat([], { args: ['hiking'] })
  await again.until(/#Hiking \([0-9a-f]{8}\) +connected/)
  again.type(`hello${KEYS.enter}`)
  await expect.poll(async () => (await group.history()).map(({ text }) => text)).toContain('hello')
})
