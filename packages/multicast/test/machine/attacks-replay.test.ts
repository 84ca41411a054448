import { describe, expect, test } from 'vitest'
import { client, server, stranger } from './support/identity.js'
import { bytesOf, dataOf, declarationOf, idOf, initiationOf, keyOf, nonceOf, secretOf } from './support/packets.js'
import { ask, confirmedPair, HELLO, JACK, openPair } from './support/pair.js'
import { Party, settle } from './support/party.js'

// Each is named after a weakness of multicast protocol §13: what does not work in the hardened mode does in the
// original one, which shows that it is an attack at all.

describe('1: a response is bound to the request by nothing but its id', () => {
  test('hardened: a response of another session is no response', () => {
    const { response } = confirmedPair()
    const initiator = new Party(client, { seed: 9 })
    const session = initiator.connect(server.address)
    expect(initiator.receive(response)).toBe('drop:unknown-peer')
    expect(session.state).toBe('opening')
    const responder = new Party(server, { reply: JACK })
    settle(initiator, responder)
    expect(session.state).toBe('open')
  })

  test('hardened: one with the id, but an ephemeral key that nobody has, is outlived', () => {
    const pair = openPair()
    const { initiator, session } = pair
    const foreign = initiationOf(server, { id: session.id, dst: client.publicKey, secret: secretOf(77) })
    expect(initiator.receive(foreign)).toBe('candidate')
    const request = initiator.request(session, HELLO)
    settle(initiator, pair.responder)
    expect(request.answer).toBeUndefined()
    initiator.wait(1000)
    settle(initiator, pair.responder)
    expect(request.answer).toBe(JACK)
  })

  test('hardened: when data have come, no response matters any more', () => {
    const pair = confirmedPair()
    const late = initiationOf(server, { id: pair.session.id, dst: client.publicKey, secret: secretOf(77) })
    expect(pair.initiator.receive(late)).toBe('drop:confirmed')
    expect(pair.initiator.receive(pair.response)).toBe('drop:confirmed')
    expect(ask(pair, 'still there?')).toBe(JACK)
  })

  test('original: an old response opens the session, and nothing goes through it', () => {
    const { response } = confirmedPair()
    const initiator = new Party(client, { seed: 9, mode: 'original' })
    const session = initiator.connect(server.address)
    expect(initiator.receive(response)).toBe('open')
    const responder = new Party(server, { reply: JACK })
    settle(initiator, responder)
    initiator.machine.send(session, bytesOf(HELLO), initiator.nowMs)
    expect(initiator.takeBytes().map((bytes) => responder.receive(bytes))).toEqual(['drop:tag'])
  })
})

describe('2: an initiation can be replayed for ever', () => {
  test('hardened: while its session lives it is answered with the same bytes, and not at all after the first data', () => {
    const half = openPair()
    half.responder.wait(1000)
    expect(half.responder.receive(half.initiation)).toBe('resend')
    expect(half.responder.takeBytes()).toEqual([half.response])
    expect(ask(half, HELLO)).toBe(JACK)
    expect(half.responder.receive(half.initiation)).toBe('drop:confirmed')
    expect(half.responder.sent).toEqual([])
    expect(ask(half, 'still there?')).toBe(JACK)
  })

  test('hardened: when its session is over it is recognised', () => {
    const { responder, declaration, initiation } = confirmedPair()
    responder.wait(600_000)
    expect(responder.machine.sessionCount).toBe(0)
    expect(responder.receive(declaration)).toBe('register')
    expect(responder.receive(initiation)).toBe('drop:replay')
    expect(responder.sent).toEqual([])
  })

  test('hardened: it does not keep the peer itself out', () => {
    const { responder, initiator, initiation } = openPair()
    for (let replay = 0; replay < 100; replay++) {
      responder.receive(initiation)
      responder.wait(100)
    }
    expect(responder.take().length).toBeLessThanOrEqual(20)
    initiator.connect(server.address)
    const verdicts = initiator.takeBytes().map((bytes) => responder.receive(bytes))
    expect(verdicts).toEqual(['register', 'respond'])
  })

  test('original: the key is replaced, and the victim is not understood any more', () => {
    const pair = confirmedPair({ mode: 'original' })
    expect(pair.responder.receive(pair.initiation)).toBe('respond')
    pair.responder.take()
    pair.initiator.machine.send(pair.session, bytesOf('still there?'), pair.initiator.nowMs)
    expect(pair.initiator.takeBytes().map((bytes) => pair.responder.receive(bytes))).toEqual(['drop:tag'])
  })
})

describe('3: a session id that somebody else has seen', () => {
  const takeOver = (id: Uint8Array): Uint8Array => initiationOf(stranger, { id, dst: server.publicKey })

  test('hardened: it stands for the session of its owner', () => {
    const pair = confirmedPair()
    pair.responder.receive(declarationOf(stranger))
    expect(pair.responder.receive(takeOver(pair.session.id))).toBe('drop:session-id')
    expect(pair.responder.sent).toEqual([])
    expect(ask(pair, 'still there?')).toBe(JACK)
  })

  test('hardened: neither does the owner exchange his key, nor a stranger the session of an initiator', () => {
    const { responder, initiator, session } = openPair()
    const other = initiationOf(client, { id: session.id, dst: server.publicKey, secret: secretOf(8) })
    expect(responder.receive(other)).toBe('drop:session-id')
    initiator.receive(declarationOf(stranger))
    const aimed = initiationOf(stranger, { id: session.id, dst: client.publicKey })
    expect(initiator.receive(aimed)).toBe('drop:session-id')
  })

  test('original: it is overwritten', () => {
    const pair = confirmedPair({ mode: 'original' })
    pair.responder.receive(declarationOf(stranger))
    expect(pair.responder.receive(takeOver(pair.session.id))).toBe('respond')
    expect(pair.responder.over.map(({ session }) => session)).toEqual(pair.responder.told)
    pair.responder.take()
    pair.initiator.machine.send(pair.session, bytesOf('still there?'), pair.initiator.nowMs)
    expect(pair.initiator.takeBytes().map((bytes) => pair.responder.receive(bytes))).toEqual(['drop:tag'])
  })
})

describe('4: data are processed again', () => {
  test('hardened: they are delivered once, and the answer is the same bytes', () => {
    const { responder, question, answer } = confirmedPair()
    expect(responder.receive(question)).toBe('repeat')
    expect(responder.takeBytes()).toEqual([answer])
    expect(responder.messages.map(({ text }) => text)).toEqual([HELLO])
  })

  test('hardened: what was not answered is not repeated', () => {
    const responder = new Party(server)
    const { question } = onlyAsked(responder)
    expect(responder.receive(question)).toBe('drop:nonce')
    expect(responder.sent).toEqual([])
    expect(responder.messages).toHaveLength(1)
  })

  test('hardened: other data under the same nonce, and a forged packet with nonce and tag of a genuine one', () => {
    const responder = new Party(server, { reply: JACK })
    const { question, key } = onlyAsked(responder)
    responder.take()
    expect(responder.receive(dataOf(key, idOf(1), nonceOf(0), bytesOf('something else')))).toBe('drop:nonce')
    const forged = question.slice()
    forged[29] = (forged[29] as number) ^ 1
    expect(responder.receive(forged)).toBe('drop:nonce')
    expect(responder.sent).toEqual([])
  })

  test('hardened: forged packets use up no nonce', () => {
    const { initiator, responder, session } = openPair()
    initiator.machine.send(session, bytesOf(HELLO), initiator.nowMs)
    const [genuine] = initiator.takeBytes()
    if (genuine === undefined) throw new Error('nothing was sent')
    const forged = genuine.slice()
    forged[forged.length - 1] = (forged[forged.length - 1] as number) ^ 1
    expect(responder.receive(forged)).toBe('drop:tag')
    expect(responder.receive(genuine)).toBe('deliver')
  })

  test('original: they are delivered and answered each time', () => {
    const { responder, question, answer } = confirmedPair({ mode: 'original' })
    expect(responder.receive(question)).toBe('deliver')
    const [other] = responder.takeBytes()
    expect(other).not.toEqual(answer)
    expect(responder.messages.map(({ text }) => text)).toEqual([HELLO, HELLO])
  })
})

describe('5: both directions have one key', () => {
  test('hardened: a packet of ours is not taken for one of the other side', () => {
    const { initiator, responder, question, answer } = confirmedPair()
    expect(responder.receive(answer)).toBe('drop:reflected')
    expect(initiator.receive(question)).toBe('drop:reflected')
    expect(initiator.messages).toEqual([])
  })

  test('original: it prints and answers its own text', () => {
    const { responder, answer } = confirmedPair({ mode: 'original' })
    expect(responder.receive(answer)).toBe('deliver')
    expect(responder.messages.map(({ text }) => text)).toEqual([HELLO, JACK])
    expect(responder.sent).toHaveLength(1)
  })
})

/** A session made by hand, with one message in it. */
function onlyAsked(responder: Party): { readonly key: Uint8Array; readonly question: Uint8Array } {
  responder.receive(declarationOf(client))
  responder.receive(initiationOf(client, { id: idOf(1), dst: server.publicKey, secret: secretOf(3) }))
  const [response] = responder.takeBytes()
  if (response === undefined) throw new Error('there was no response')
  const key = keyOf(secretOf(3), response)
  const question = dataOf(key, idOf(1), nonceOf(0), bytesOf(HELLO))
  responder.receive(question)
  return { key, question }
}
