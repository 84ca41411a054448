// People who meet through a rendezvous server of this machine, over WebRTC.
import { RendezvousServer } from '@mimirjs/rendezvous/server'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Person } from '../support/people.js'

const STRANGER = '8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394'

async function serve(): Promise<string> {
  const server = await RendezvousServer.open({ listen: 'ws://127.0.0.1:0' })
  onTestFinished(() => server.close({ graceMs: 0 }))
  return server.address
}

describe('people who use one rendezvous server', () => {
  test('a message goes to whoever is named by a contact string, and its answer back', async () => {
    const url = await serve()
    const [alice, bob] = [new Person(), new Person()]
    const listening = await bob.listen('--rendezvous', url, '--accept-knocks', '--exec', 'tr a-z A-Z', '--reply')
    const ready = await listening.terminal.out.event('ready')
    const contact = String(ready['rendezvous'])
    expect(contact).toMatch(/^rdv1:[\w-]{43}\?s=ws%3A%2F%2F127\.0\.0\.1%3A\d+$/)
    expect(await listening.terminal.out.event('rendezvous')).toEqual({ event: 'rendezvous', url, state: 'ready' })

    const sent = await alice.run(['send', contact, 'hello', '--answer', '--json', '--rendezvous', url])
    expect([sent.exitCode, sent.err.text]).toEqual([0, ''])
    expect(sent.out.json).toEqual([
      expect.objectContaining({ event: 'accepted', to: listening.publicKey }),
      expect.objectContaining({ event: 'delivered', to: listening.publicKey }),
      expect.objectContaining({ event: 'entry', text: expect.stringContaining('HELLO') as string }),
    ])
  })

  test('a stranger is told of and not let in, and learns nothing of that', async () => {
    const url = await serve()
    const [alice, bob] = [new Person(), new Person()]
    const listening = await bob.listen('--rendezvous', url)
    await listening.terminal.out.event('rendezvous')
    const send = ['send', listening.publicKey, 'hello', '--json', '--timeout', '2s', '--rendezvous', url]
    const sent = await alice.run(send)
    expect([sent.exitCode, sent.err.json[0]?.['error']]).toEqual([3, 'not-delivered'])
    const peer = await alice.publicKey()
    const knock = await listening.terminal.out.event('knock')
    expect(knock).toEqual({
      event: 'knock',
      peer,
      fingerprint: expect.stringMatching(/^([a-z2-7]{4}-){5}[a-z2-7]{4}$/) as string,
      name: '',
      expires: expect.stringMatching(/^\d{4}-/) as string,
    })
    expect(await listening.terminal.out.event('knock-over')).toEqual({ event: 'knock-over', peer })
  })

  test('who is nowhere is not reached, and a server that is not there is named', async () => {
    const alice = new Person()
    const url = 'ws://127.0.0.1:9'
    const sent = await alice.run(['send', STRANGER, 'hello', '--json', '--timeout', '700ms', '--rendezvous', url])
    expect(sent.exitCode).toBe(3)
    expect(sent.err.json[0]).toMatchObject({
      error: 'not-delivered',
      message: expect.stringContaining(`no rendezvous server is reached: ${url}: `) as string,
    })
  })
})

describe('what cannot be is refused before anything is asked', () => {
  test.each<[string[], RegExp]>([
    [['listen', '--rendezvous', 'ws://meet.example'], /ws:\/\/ is for this machine alone/],
    [['send', '--rendezvous', STRANGER, 'hello', 'you'], /wss:\/\//],
    [['listen', '--rendezvous', 'wss://meet.example', '--ice-server', 'meet.example'], /stun:<host>:<port>/],
    [['send', 'rdv1:abc', 'hello'], /contact string/],
  ])('%j', async (args, message) => {
    const person = new Person()
    const { exitCode, err } = await person.run(args)
    expect([exitCode, err.all]).toEqual([2, [expect.stringMatching(message)]])
  })

  test('in the environment, too', async () => {
    const person = new Person()
    const env = { MIMIR_RENDEZVOUS: 'http://meet.example' }
    const { exitCode, err } = await person.run(['listen'], { env })
    expect([exitCode, err.all]).toEqual([2, [expect.stringMatching(/MIMIR_RENDEZVOUS: .*wss:\/\//)]])
  })
})
