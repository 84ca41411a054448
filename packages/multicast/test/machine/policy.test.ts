import { describe, expect, test } from 'vitest'
import { client, server } from './support/identity.js'
import { declarationOf, flipped, idOf, initiationOf } from './support/packets.js'
import { Party } from './support/party.js'

const initiation = initiationOf(client, { id: idOf(1), dst: server.publicKey })

describe('who may open sessions', () => {
  test('without a policy the application is asked about keys that it does not know, and says yes later', () => {
    const party = new Party(server, { policy: undefined })
    expect(party.receive(declarationOf(client))).toBe('drop:policy')
    expect(party.receive(initiation)).toBe('drop:unknown-peer')
    expect(party.asked).toEqual([client.address])
    const [asked] = party.asked
    if (asked !== undefined) party.machine.learn(asked)
    expect(party.receive(declarationOf(client))).toBe('register')
    expect(party.receive(initiation)).toBe('respond')
    expect(party.asked).toHaveLength(1)
  })

  test('it may say yes in the call', () => {
    const party = new Party(server, { policy: undefined })
    party.onPeer = (peer) => party.machine.learn(peer)
    expect(party.receive(declarationOf(client))).toBe('register')
    expect(party.receive(initiation)).toBe('respond')
  })

  test('it is not asked about keys of which nobody proves that they are his', () => {
    const party = new Party(server, { policy: undefined })
    expect(party.receive(flipped(declarationOf(client), 70))).toBe('drop:signature')
    expect(party.asked).toEqual([])
  })

  test('it is asked about those that were forgotten', () => {
    const party = new Party(server, { policy: undefined })
    party.machine.learn(client.address)
    expect(party.receive(declarationOf(client))).toBe('register')
    party.machine.forget(client.publicKey)
    expect(party.receive(initiation)).toBe('drop:unknown-peer')
    expect(party.receive(declarationOf(client))).toBe('drop:policy')
  })

  test('a policy is told key and place, before anything is computed', () => {
    const seen: unknown[] = []
    const party = new Party(server, {
      policy: (publicKey, { group, port }) => {
        seen.push({ publicKey: publicKey.slice(), group: group.slice(), port })
        return 'ignore'
      },
    })
    expect(party.receive(flipped(declarationOf(client), 70))).toBe('drop:policy')
    expect(seen).toEqual([client.address])
    expect(party.asked).toEqual([])
  })

  test('a policy may change its mind; it is not asked about who was learned', () => {
    let answer: 'accept' | 'ignore' = 'accept'
    const party = new Party(server, { policy: () => answer })
    expect(party.receive(declarationOf(client))).toBe('register')
    answer = 'ignore'
    expect(party.receive(declarationOf(client))).toBe('drop:policy')
    party.machine.learn(client.address)
    expect(party.receive(declarationOf(client))).toBe('register')
  })

  test('original: everybody, unless there is a policy', () => {
    expect(new Party(server, { policy: undefined, mode: 'original' }).receive(declarationOf(client))).toBe('register')
    const closed = new Party(server, { policy: () => 'ignore', mode: 'original' })
    expect(closed.receive(declarationOf(client))).toBe('drop:policy')
  })

  test('who was learned need not have declared anything', () => {
    const party = new Party(server, { policy: undefined })
    party.machine.learn(client.address)
    expect(party.receive(initiation)).toBe('respond')
    expect(party.sent.map(({ to }) => to)).toEqual([client.place])
  })

  test('what was learned is replaced by what is learned later', () => {
    const party = new Party(server)
    party.machine.learn({ ...client.address, port: 3000 })
    party.machine.learn(client.address)
    expect(party.receive(initiation)).toBe('respond')
    expect(party.sent.map(({ to }) => to)).toEqual([client.place])
  })
})
