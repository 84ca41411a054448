import { describe, expect, test } from 'vitest'
import { client, server, stranger } from './support/identity.js'
import { ask, HELLO, JACK } from './support/pair.js'
import { Party, settle } from './support/party.js'

describe('a signer that takes its time', () => {
  test('signatures come late, in any order: everything is sent when it can be', () => {
    const initiator = new Party(client, { isSignerSlow: true })
    const responder = new Party(server, { reply: JACK, isSignerSlow: true })
    const session = initiator.connect(server.address)
    initiator.wait(1500)
    expect(initiator.sent).toEqual([])
    initiator.unsigned.reverse()
    initiator.signAll()
    expect(initiator.sent).toHaveLength(2)
    for (const bytes of initiator.takeBytes()) responder.receive(bytes)
    initiator.wait(1500)
    responder.wait(1500)
    expect(initiator.sent).toHaveLength(2)
    expect(initiator.takeBytes().map((bytes) => responder.receive(bytes))).toEqual(['register', 'resend'])
    expect(responder.sent).toEqual([])
    responder.signAll()
    expect(responder.sent).toHaveLength(1)
    settle(initiator, responder)
    expect(ask({ initiator, responder, session }, HELLO)).toBe(JACK)
  })

  test('the declaration is signed once', () => {
    const initiator = new Party(client, { isSignerSlow: true })
    initiator.connect(server.address)
    initiator.connect(stranger.address)
    expect(initiator.unsigned).toHaveLength(3)
    initiator.signAll()
    expect(initiator.take()).toHaveLength(4)
    initiator.connect(server.address)
    expect(initiator.unsigned).toHaveLength(1)
  })

  test('closed in the meantime: nothing is sent', () => {
    const initiator = new Party(client, { isSignerSlow: true })
    const responder = new Party(server, { isSignerSlow: true, limits: { halfOpenMs: 500 } })
    const ready = new Party(client)
    ready.connect(server.address)
    for (const bytes of ready.takeBytes()) responder.receive(bytes)
    responder.wait(500)
    initiator.machine.close(initiator.connect(server.address), initiator.nowMs)
    for (const party of [initiator, responder]) {
      party.signAll()
      expect(party.sent).toEqual([])
    }
  })

  test('it cannot: the session fails, and the next one asks again', () => {
    const initiator = new Party(client, { isSignerSlow: true })
    const session = initiator.connect(server.address)
    for (const { done } of initiator.unsigned.splice(0)) done(undefined)
    expect(initiator.over).toEqual([{ session, error: expect.objectContaining({ code: 'misuse' }) }])
    initiator.connect(server.address)
    expect(initiator.unsigned).toHaveLength(2)
    initiator.signAll()
    expect(initiator.sent).toHaveLength(2)

    const responder = new Party(server, { isSignerSlow: true })
    for (const bytes of initiator.takeBytes()) responder.receive(bytes)
    for (const { done } of responder.unsigned.splice(0)) done(undefined)
    expect(responder.machine.sessionCount).toBe(0)
    expect(responder.over).toEqual([])
  })
})
