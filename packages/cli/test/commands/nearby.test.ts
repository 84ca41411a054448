// People on the local network, which here is this machine's loopback interface.
import { describe, expect, test } from 'vitest'
import { Person } from '../support/people.js'

const LOCAL = ['--multicast', '127.0.0.1'] as const
const STRANGER = '8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394'
const MP2P = /^mp2p:\/\/[0-9a-f]{64}@224\.0\.2\d\d\.\d+:\d+$/

describe('people who know each other by key alone', () => {
  test('a message goes from one to the other without tracker and address, and its answer back', async () => {
    const [alice, bob] = [new Person(), new Person()]
    const key = await bob.publicKey()
    const listening = await bob.listen(...LOCAL, '--exec', 'tr a-z A-Z', '--reply')
    const ready = await listening.terminal.out.event('ready')
    expect(ready['multicast']).toMatch(MP2P)
    expect(String(ready['multicast'])).toContain(key)

    const sent = await alice.run(['send', key, 'hello', '--answer', '--json', ...LOCAL])
    expect([sent.exitCode, sent.err.text]).toEqual([0, ''])
    expect(sent.out.json).toEqual([
      expect.objectContaining({ event: 'accepted', to: key }),
      expect.objectContaining({ event: 'delivered', to: key }),
      expect.objectContaining({ event: 'entry', text: expect.stringContaining('HELLO') as string }),
    ])
    const aliceKey = await alice.publicKey()
    const came = await listening.terminal.out.event('nearby', ({ peer }) => peer === aliceKey)
    expect(came).toEqual({
      event: 'nearby',
      state: 'found',
      peer: aliceKey,
      address: expect.stringMatching(MP2P) as string,
      contact: false,
      name: '',
    })
  })

  test('who is not heard is not reached, and the line says so', async () => {
    const alice = new Person()
    const sent = await alice.run(['send', STRANGER, 'hello', '--json', '--timeout', '700ms', ...LOCAL])
    expect(sent.exitCode).toBe(3)
    expect(sent.err.json).toEqual([
      expect.objectContaining({
        error: 'not-delivered',
        message: expect.stringContaining(
          'neither --tracker nor --address says where they are, and they are not heard on the local network',
        ) as string,
      }),
    ])
  })

  test('an address of the local network is one like any other, where the option leads there', async () => {
    const [alice, bob] = [new Person(), new Person()]
    const listening = await bob.listen(...LOCAL)
    const address = String((await listening.terminal.out.event('ready'))['multicast'])
    const send = ['send', listening.publicKey, 'hello', '--address', address]
    const without = await alice.run(send)
    expect([without.exitCode, without.err.all]).toEqual([
      2,
      [`mimir: ${address} is on the local network: give --multicast as well`],
    ])
    const sent = await alice.run([...send, ...LOCAL])
    expect([sent.exitCode, sent.err.text]).toEqual([0, ''])
    const bad = await alice.run(['send', STRANGER, 'x', '--address', 'mp2p://nobody@224.0.224.1:1024', ...LOCAL])
    expect([bad.exitCode, bad.err.all]).toEqual([2, [expect.stringMatching(/a public key of 64 hex digits/)]])
  })
})

describe('mimir listen', () => {
  test('tells people of contacts who come, and that those on the local network can reach us', async () => {
    const [alice, bob] = [new Person(), new Person()]
    await bob.run(['contacts', 'add', await alice.publicKey(), '--name', 'Alice'])
    const { terminal, ended } = bob.begin(['listen', '--listen', 'tcp://127.0.0.1:0', ...LOCAL])
    expect(await terminal.err.line((line) => line.startsWith('on the local network'))).toMatch(/\(\S+\) as mp2p:\/\//)
    await terminal.err.line((line) => line.endsWith('this address and those on the local network can reach you'))
    const other = await alice.listen(...LOCAL)
    await terminal.err.line((line) => line === 'Alice is nearby')
    await other.stop()
    terminal.signals.emit('SIGTERM')
    expect(await ended).toBe(0)
  })
})

describe('mimir nearby', () => {
  test('prints who is there, each once, and what we call them', async () => {
    const [alice, bob, carol, dave] = [new Person(), new Person(), new Person(), new Person()]
    const [bobKey, carolKey] = [await bob.publicKey(), await carol.publicKey()]
    for (const person of [alice, dave]) await person.run(['contacts', 'add', bobKey, '--name', 'Bob'])
    await Promise.all([bob.listen(...LOCAL), carol.listen(...LOCAL)])
    // Both as long as it takes for somebody who has just spoken to speak again.
    const [text, json] = await Promise.all([
      alice.run(['nearby', ...LOCAL]),
      dave.run(['nearby', '--timeout', '7s', '--json', ...LOCAL]),
    ])
    expect([text.exitCode, text.err.all]).toEqual([0, [expect.stringMatching(/^looking around on \S+$/)]])
    // Other tests may be on the same network.
    const lines = text.out.all.filter((line) => line.startsWith(bobKey) || line.startsWith(carolKey))
    expect(lines.sort()).toEqual([`${bobKey}  contact   Bob`, `${carolKey}  stranger`].sort())

    expect(json.exitCode).toBe(0)
    expect(json.out.json.filter(({ peer }) => peer === bobKey)).toEqual([
      {
        event: 'nearby',
        state: 'found',
        peer: bobKey,
        address: expect.stringMatching(MP2P) as string,
        contact: true,
        name: 'Bob',
      },
    ])
  })

  test('ends when it is told to', async () => {
    const alice = new Person()
    const { terminal, ended } = alice.begin(['nearby', '--timeout', '1h', ...LOCAL])
    await terminal.err.line((line) => line.startsWith('looking around'))
    terminal.signals.emit('SIGINT')
    // Other tests may be on the same network.
    const heard = terminal.out.all.length > 0
    expect(await ended).toBe(heard ? 0 : 3)
    if (!heard) expect(terminal.err.all.at(-1)).toBe('mimir: nobody was heard on the local network: stopped before')
  })
})

describe('an interface', () => {
  test.each([
    [['listen', '--multicast', 'en99'], /"en99".*Interfaces here: .*127\.0\.0\.1/],
    // The word behind the option is its value.
    [
      ['send', '--multicast', STRANGER, 'hello'],
      /"8139.*\. What stands behind --multicast is the interface; --multicast=auto/,
    ],
    [['nearby', '--multicast', '192.0.2.1'], /"192\.0\.2\.1"/],
    [['nearby', '--multicast', '2001:db8::1'], /"2001:db8::1"/],
    [['listen', '--multicast='], /Expected the name or an address of a network interface, or auto/],
  ])('that is none: %j', async (args, why) => {
    const person = new Person()
    const { exitCode, err } = await person.run(args)
    expect([exitCode, err.all]).toEqual([2, [expect.stringMatching(why)]])
  })

  test('comes from the environment, too; commands that talk to nobody need none', async () => {
    const person = new Person()
    const env = { MIMIR_MULTICAST: 'en99' }
    const refused = await person.run(['listen'], { env })
    expect([refused.exitCode, refused.err.text]).toEqual([2, expect.stringContaining('"en99"')])
    const several = await person.run(['listen'], { env: { MIMIR_MULTICAST: '127.0.0.1,en99' } })
    expect([several.exitCode, several.err.text]).toEqual([2, expect.stringContaining('expected one interface')])
    expect((await person.run(['contacts'], { env })).exitCode).toBe(0)
  })
})
