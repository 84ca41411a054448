import { describe, expect, test } from 'vitest'
import { client, server } from './support/identity.js'
import { OriginalClient, OriginalServer } from './support/original.js'
import { HELLO, JACK } from './support/pair.js'
import { Party } from './support/party.js'

const MODES = ['hardened', 'original'] as const

/** Let all go back and forth. @returns how many datagrams the client sent */
function converse(program: OriginalClient, responder: Party, first: readonly Uint8Array[], most = 100): number {
  let sent = 0
  for (let turn = first; turn.length > 0 && sent < most; ) {
    sent += turn.length
    for (const bytes of turn) responder.receive(bytes)
    turn = responder.takeBytes().flatMap((bytes) => program.receive(bytes))
  }
  return sent
}

describe('the original client against our responder', () => {
  test.each(MODES)('%s: it is answered', (mode) => {
    const program = new OriginalClient(client, server.publicKey)
    const responder = new Party(server, { reply: JACK, mode })
    converse(program, responder, program.attempt())
    expect(program.state).toBe('done')
    expect(program.answers).toEqual([JACK])
    expect(responder.messages.map(({ text }) => text)).toEqual([HELLO])
  })

  test.each([
    ['its declaration', 0],
    ['its initiation', 1],
  ])('%s was lost: its next attempt, with the same bytes, comes through', (_, lost) => {
    const program = new OriginalClient(client, server.publicKey)
    const responder = new Party(server, { reply: JACK })
    converse(
      program,
      responder,
      program.attempt().filter((_bytes, at) => at !== lost),
    )
    expect(program.state).toBe('opening')
    responder.wait(1000)
    converse(program, responder, program.attempt())
    expect(program.answers).toEqual([JACK])
  })

  test('the response was lost: the same one comes again, under the same key', () => {
    const program = new OriginalClient(client, server.publicKey)
    const responder = new Party(server, { reply: JACK })
    for (const bytes of program.attempt()) responder.receive(bytes)
    const lost = responder.takeBytes()
    responder.wait(1000)
    for (const bytes of program.attempt()) responder.receive(bytes)
    const again = responder.takeBytes()
    expect(again).toEqual(lost)
    converse(
      program,
      responder,
      again.flatMap((bytes) => program.receive(bytes)),
    )
    expect(program.answers).toEqual([JACK])
  })

  test('the response was late, and the client had repeated itself: both fit', () => {
    const program = new OriginalClient(client, server.publicKey)
    const responder = new Party(server, { reply: JACK })
    for (const bytes of program.attempt()) responder.receive(bytes)
    const [late] = responder.takeBytes()
    responder.wait(1000)
    for (const bytes of program.attempt()) responder.receive(bytes)
    responder.take()
    if (late === undefined) throw new Error('there was no response')
    converse(program, responder, program.receive(late))
    expect(program.answers).toEqual([JACK])
  })

  test('everything is doubled on the way to us: no second response ends it', () => {
    const program = new OriginalClient(client, server.publicKey)
    const responder = new Party(server, { reply: JACK })
    for (const bytes of program.attempt().flatMap((one) => [one, one])) responder.receive(bytes)
    const responses = responder.takeBytes()
    expect(responses).toHaveLength(1)
    for (const bytes of responses.flatMap((one) => program.receive(one))) {
      expect(responder.receive(bytes)).toBe('deliver')
      expect(responder.receive(bytes)).toBe('repeat')
    }
    for (const bytes of responder.takeBytes()) program.receive(bytes)
    expect(program.answers).toEqual([JACK])
    expect(responder.messages).toHaveLength(1)
  })

  test('the answer was lost: its question comes again, and is answered and not delivered again', () => {
    const program = new OriginalClient(client, server.publicKey)
    const responder = new Party(server, { reply: JACK })
    for (const bytes of program.attempt()) responder.receive(bytes)
    for (const bytes of responder.takeBytes().flatMap((one) => program.receive(one))) responder.receive(bytes)
    responder.take()
    converse(program, responder, program.attempt())
    expect(program.answers).toEqual([JACK])
    expect(responder.messages).toHaveLength(1)
  })

  test('-loop: it never waits for long, and is not answered more often than the rate says', () => {
    const program = new OriginalClient(client, server.publicKey, true)
    const responder = new Party(server, { reply: JACK })
    let turn = program.attempt()
    let longestMs = 0
    const startMs = responder.nowMs
    while (program.answers.length < 2000) {
      for (const bytes of turn) responder.receive(bytes)
      const askedMs = responder.nowMs
      while (responder.sent.length === 0) {
        // Its own patience: without an answer for a second it ends.
        if (responder.nowMs - askedMs > 1000) throw new Error('the client has given up')
        responder.wait(1)
      }
      longestMs = Math.max(longestMs, responder.nowMs - askedMs)
      turn = responder.takeBytes().flatMap((bytes) => program.receive(bytes))
    }
    expect(program.state).toBe('asking')
    expect(responder.messages.map(({ text }) => text)).toEqual([HELLO])
    expect(longestMs).toBeLessThanOrEqual(20)
    // A hundred at once, then a hundred a second.
    expect((responder.nowMs - startMs) / 1000).toBeGreaterThan(18)
  })

  test('original, -loop: as fast as it asks, and delivered every time', () => {
    const program = new OriginalClient(client, server.publicKey, true)
    const responder = new Party(server, { reply: JACK, mode: 'original' })
    converse(program, responder, program.attempt(), 1000)
    expect(program.answers.length).toBeGreaterThan(990)
    expect(responder.messages.length).toBeGreaterThan(990)
  })
})

describe('our initiator against the original server', () => {
  /** What the server answers to all that we have sent. */
  function answersOf(program: OriginalServer, initiator: Party): Uint8Array[] {
    return initiator.takeBytes().flatMap((bytes) => program.receive(bytes))
  }

  test.each(MODES)('%s: it answers', (mode) => {
    const program = new OriginalServer(server)
    const initiator = new Party(client, { mode })
    const request = initiator.request(initiator.connect(server.address), HELLO)
    for (let round = 0; round < 2; round++) for (const bytes of answersOf(program, initiator)) initiator.receive(bytes)
    expect(request.answer).toBe(JACK)
    expect(program.texts).toEqual([HELLO])
  })

  test('it heard our initiation twice and made a new key: the newest one is used, at once', () => {
    const program = new OriginalServer(server)
    const initiator = new Party(client)
    const session = initiator.connect(server.address)
    const request = initiator.request(session, HELLO)
    const [first, second] = initiator
      .takeBytes()
      .flatMap((one) => [one, one])
      .flatMap((one) => program.receive(one))
    if (first === undefined || second === undefined) throw new Error('there were no two responses')
    expect(initiator.receive(first)).toBe('open')
    expect(answersOf(program, initiator)).toEqual([])
    expect(initiator.receive(second)).toBe('candidate')
    for (const bytes of answersOf(program, initiator)) initiator.receive(bytes)
    expect(request.answer).toBe(JACK)
    expect(session.state).toBe('confirmed')
  })

  test('its responses arrive in the wrong order: the candidates take turns', () => {
    const program = new OriginalServer(server)
    const initiator = new Party(client)
    const request = initiator.request(initiator.connect(server.address), HELLO)
    const responses = initiator
      .takeBytes()
      .flatMap((one) => [one, one])
      .flatMap((one) => program.receive(one))
    for (const bytes of responses.reverse()) initiator.receive(bytes)
    for (const bytes of answersOf(program, initiator)) initiator.receive(bytes)
    const packets = new Set<string>()
    for (let second = 0; second < 4 && request.answer === undefined; second++) {
      initiator.wait(1000)
      for (const bytes of initiator.sent) packets.add(bytes.bytes.join())
      for (const bytes of answersOf(program, initiator)) initiator.receive(bytes)
    }
    expect(request.answer).toBe(JACK)
    expect(packets.size).toBeLessThanOrEqual(2)
  })

  test('it makes more keys than are kept: the newest four are', () => {
    const program = new OriginalServer(server)
    const initiator = new Party(client)
    const session = initiator.connect(server.address)
    const sent = initiator.takeBytes()
    const responses = Array.from({ length: 7 }, () => sent.flatMap((one) => program.receive(one))).flat()
    expect(responses.map((bytes) => initiator.receive(bytes))).toEqual(['open', ...Array(6).fill('candidate')])
    // The one that was dropped first comes again, and is new again.
    expect(responses.slice(0, 1).map((bytes) => initiator.receive(bytes))).toEqual(['candidate'])
    expect(responses.slice(4).map((bytes) => initiator.receive(bytes))).toEqual(Array(3).fill('drop:duplicate'))
    const request = initiator.request(session, HELLO)
    initiator.take()
    initiator.wait(1000)
    for (const bytes of answersOf(program, initiator)) initiator.receive(bytes)
    expect(request.answer).toBe(JACK)
  })

  test('it answers each copy of our question anew: the second answer is a message', () => {
    const program = new OriginalServer(server)
    const initiator = new Party(client)
    const request = initiator.request(initiator.connect(server.address), HELLO)
    for (const bytes of answersOf(program, initiator)) initiator.receive(bytes)
    const answers = initiator
      .takeBytes()
      .flatMap((one) => [one, one])
      .flatMap((one) => program.receive(one))
    expect(answers.map((bytes) => initiator.receive(bytes))).toEqual(['deliver', 'deliver'])
    expect(request.answer).toBe(JACK)
    expect(initiator.messages.map(({ text }) => text)).toEqual([JACK])
    expect(initiator.sent).toEqual([])
  })
})
