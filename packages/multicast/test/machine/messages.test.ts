import { describe, expect, test } from 'vitest'
import { codeOf } from '../address/support.js'
import { client, server } from './support/identity.js'
import { bytesOf, textOf } from './support/packets.js'
import { confirmedPair, HELLO, JACK, openPair } from './support/pair.js'
import { Party, settle } from './support/party.js'

describe('messages and answers', () => {
  test('a message is sent once, in either direction', () => {
    const { initiator, responder, session } = confirmedPair()
    initiator.machine.send(session, bytesOf('to the responder'), initiator.nowMs)
    expect(initiator.sent).toHaveLength(1)
    initiator.wait(60_000)
    expect(initiator.sent).toHaveLength(1)
    for (const bytes of initiator.takeBytes()) responder.receive(bytes)
    responder.take()
    const [theirs] = responder.told
    if (theirs === undefined) throw new Error('there is no session')
    responder.machine.send(theirs, bytesOf('to the initiator'), responder.nowMs)
    for (const bytes of responder.takeBytes()) expect(initiator.receive(bytes)).toBe('deliver')
    expect(responder.messages.at(-1)?.text).toBe('to the responder')
    expect(initiator.messages.map(({ text }) => text)).toEqual(['to the initiator'])
  })

  test('one request after the other', () => {
    const pair = openPair()
    const requests = ['1', '2', '3'].map((text) => pair.initiator.request(pair.session, text))
    expect(pair.initiator.sent).toHaveLength(1)
    settle(pair.initiator, pair.responder)
    expect(requests.map(({ answer }) => answer)).toEqual([JACK, JACK, JACK])
    expect(pair.responder.messages.map(({ text }) => text)).toEqual(['1', '2', '3'])
  })

  test('a request that nobody answers gives way to the next', () => {
    const pair = openPair()
    const lost = pair.initiator.request(pair.session, 'lost')
    const next = pair.initiator.request(pair.session, 'next')
    pair.initiator.wait(21_000)
    expect(lost.answer).toMatchObject({ code: 'no-answer' })
    pair.initiator.sent.splice(0, 6)
    settle(pair.initiator, pair.responder)
    expect(next.answer).toBe(JACK)
  })

  test('what is asked in the call that brings an answer comes last', () => {
    const pair = openPair()
    const { machine } = pair.initiator
    const order: string[] = []
    const askFor = (text: string, then?: () => void): void =>
      machine.request(pair.session, bytesOf(text), pair.initiator.nowMs, () => {
        order.push(text)
        then?.()
      })
    askFor('1', () => askFor('3'))
    askFor('2')
    settle(pair.initiator, pair.responder)
    expect(order).toEqual(['1', '2', '3'])
  })

  test('an answer may take its time; a question that comes again meanwhile is dropped, and afterwards it is answered', () => {
    const { initiator, responder, session } = openPair({ reply: undefined })
    const request = initiator.request(session, HELLO)
    const [question] = initiator.takeBytes()
    if (question === undefined) throw new Error('nothing was asked')
    responder.receive(question)
    expect(responder.receive(question)).toBe('drop:nonce')
    responder.wait(30_000)
    responder.messages[0]?.answer.send(bytesOf('at last'))
    expect(responder.receive(question)).toBe('repeat')
    const [answer, again] = responder.takeBytes()
    expect(again).toEqual(answer)
    if (answer !== undefined) initiator.receive(answer)
    expect(request.answer).toBe('at last')
  })

  test('an answer is one', () => {
    const { responder } = confirmedPair()
    const [message] = responder.messages
    expect(codeOf(() => message?.answer.send(bytesOf('again')))).toBe('misuse')
  })

  test('an answer to a session that is over goes nowhere', () => {
    const { initiator, responder, session } = openPair({ reply: undefined })
    initiator.request(session, HELLO)
    for (const bytes of initiator.takeBytes()) responder.receive(bytes)
    responder.wait(600_000)
    responder.messages[0]?.answer.send(bytesOf('too late'))
    expect(responder.sent).toEqual([])
  })

  test('answers of the last sixteen messages are kept', () => {
    const { initiator, responder, session } = openPair()
    for (let number = 0; number < 17; number++) initiator.machine.send(session, bytesOf(`${number}`), initiator.nowMs)
    const questions = initiator.takeBytes()
    for (const bytes of questions) responder.receive(bytes)
    expect(questions.map((bytes) => responder.receive(bytes))).toEqual(['drop:nonce', ...Array(16).fill('repeat')])
  })

  test('what the host claims answers no request, and is no message', () => {
    const claimed: string[] = []
    const claims = (payload: Uint8Array): boolean => {
      if (payload[0] !== 0) return false
      claimed.push(textOf(payload.subarray(1)))
      return true
    }
    const { initiator, responder, session } = openPair({ reply: undefined }, { claims })
    const request = initiator.request(session, HELLO)
    for (const bytes of initiator.takeBytes()) responder.receive(bytes)
    const [theirs] = responder.told
    if (theirs === undefined) throw new Error('there is no session')
    responder.machine.send(theirs, bytesOf('\0something else'), responder.nowMs)
    for (const bytes of responder.takeBytes()) expect(initiator.receive(bytes)).toBe('deliver')
    expect(claimed).toEqual(['something else'])
    expect(initiator.messages).toEqual([])
    expect(request.answer).toBeUndefined()
    responder.messages[0]?.answer.send(bytesOf(JACK))
    settle(initiator, responder)
    expect(request.answer).toBe(JACK)
  })

  test('payloads: empty, as large as may be, larger', () => {
    const limits = { payloadBytes: 1455 }
    const pair = openPair({ limits }, { limits })
    const { machine, nowMs } = pair.initiator
    const all = [new Uint8Array(0), new Uint8Array(1455).fill(7)]
    for (const payload of all) machine.send(pair.session, payload, nowMs)
    expect(pair.initiator.sent.map(({ bytes }) => bytes.length)).toEqual([45, 1500])
    for (const bytes of pair.initiator.takeBytes()) expect(pair.responder.receive(bytes)).toBe('deliver')
    const larger = new Uint8Array(1456)
    expect(codeOf(() => machine.send(pair.session, larger, nowMs))).toBe('too-large')
    expect(codeOf(() => machine.request(pair.session, larger, nowMs, () => undefined))).toBe('too-large')
    pair.initiator.machine.send(pair.session, bytesOf('x'), nowMs)
    for (const bytes of pair.initiator.takeBytes()) pair.responder.receive(bytes)
    expect(pair.responder.messages).toHaveLength(3)
  })

  test('the default keeps to what every IPv6 path carries whole', () => {
    const { initiator, session } = openPair()
    initiator.machine.send(session, new Uint8Array(1187), initiator.nowMs)
    expect(initiator.takeBytes()[0]?.length).toBe(1280 - 48)
    expect(codeOf(() => initiator.machine.send(session, new Uint8Array(1188), initiator.nowMs))).toBe('too-large')
  })

  test('a peer may send more than we would', () => {
    const { initiator, responder, session } = openPair({ reply: JACK }, { limits: { payloadBytes: 1455 } })
    initiator.machine.send(session, new Uint8Array(1455), initiator.nowMs)
    expect(initiator.takeBytes().map((bytes) => responder.receive(bytes))).toEqual(['deliver'])
  })
})

describe('a host that delivers at once', () => {
  test('calls that come from inside of calls are no harm', () => {
    const initiator = new Party(client)
    const responder = new Party(server, { reply: JACK })
    initiator.onSend = (bytes) => void responder.receive(bytes)
    responder.onSend = (bytes) => void initiator.receive(bytes)
    const session = initiator.connect(server.address)
    expect(session.state).toBe('open')
    const requests = ['1', '2', '3'].map((text) => initiator.request(session, text))
    expect(requests.map(({ answer }) => answer)).toEqual([JACK, JACK, JACK])
    expect(initiator.machine.deadlineMs).toBeGreaterThan(initiator.nowMs)
  })
})
