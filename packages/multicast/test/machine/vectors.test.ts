import { fromHex, toHex } from '@mimirjs/wire'
import { describe, expect, test } from 'vitest'
import { vectors } from '../address/support.js'
import { identity } from './support/identity.js'
import { Party, type Sent } from './support/party.js'

interface Line {
  readonly note: string
  readonly datagram: string
  readonly verdict: string
  readonly random?: readonly string[]
  readonly plaintext?: string
  readonly output?: string
  readonly to?: readonly { readonly group: string; readonly port: number }[]
}

interface Sequence {
  readonly name: string
  readonly seed: string
  readonly answer: string
  readonly lines: readonly Line[]
}

interface Side {
  readonly seed: string
  readonly group: string
  readonly port: number
  readonly sessionId?: string
  readonly privateKey?: string
  readonly nonce?: string
}

interface Transcript {
  readonly name: string
  readonly client: Side
  readonly server: Side
  readonly datagrams: readonly {
    readonly from: string
    readonly group: string
    readonly port: number
    readonly hex: string
  }[]
}

interface Schedule {
  readonly name: string
  readonly attempts: number
  readonly startsAt: readonly number[]
  readonly givesUpAt: number
}

const JACK = 'Hi this is Jack : )'
const HELLO = 'Hello server, how are you?'

describe('responder-sequence', () => {
  test.each(vectors<Sequence>('sequences/multicast-responder.json'))('$name', ({ seed, answer, lines }) => {
    const random = lines.flatMap((line) => (line.random ?? []).map((hex) => fromHex(hex)))
    const responder = new Party(identity(fromHex(seed), 'ff1e::1', 1024), {
      reply: new TextDecoder().decode(fromHex(answer)),
      random,
    })
    for (const { note, datagram, verdict, plaintext, output, to = [] } of lines) {
      // As the original client repeats.
      responder.wait(1000)
      expect(responder.receive(fromHex(datagram)), note).toBe(verdict)
      const texts = responder.messages.splice(0).map(({ text }) => text)
      const expected = plaintext === undefined ? [] : [new TextDecoder().decode(fromHex(plaintext))]
      expect(texts, note).toEqual(expected)
      const outputs = responder.take().map((sent) => `${toHex(sent.bytes)} to ${placeOf(sent)}`)
      expect(outputs, note).toEqual(to.map(({ group, port }) => `${output} to ${group}:${port}`))
    }
  })
})

const scripted = vectors<Transcript>('sequences/multicast-transcripts.json').filter(
  ({ client }) => client.privateKey !== undefined,
)

describe('captured transcripts', () => {
  test('there are some', () => {
    expect(scripted.length).toBeGreaterThanOrEqual(3)
  })

  test.each(scripted)('$name, as the responder', ({ server, datagrams }) => {
    const party = partyOf(server, JACK)
    for (const { from, hex } of datagrams) {
      if (from === 'client') party.receive(fromHex(hex))
    }
    expect(linesOf(party.take())).toEqual(linesSentBy('server', datagrams))
    expect(party.messages.map(({ text }) => text)).toEqual([HELLO])
  })

  test.each(scripted)('$name, as the initiator', ({ client, server, datagrams }) => {
    const party = partyOf(client)
    const { publicKey } = identity(fromHex(server.seed), fromHex(server.group), server.port)
    const session = party.connect({ publicKey, group: fromHex(server.group), port: server.port })
    const request = party.request(session, HELLO)
    for (const { from, hex } of datagrams) {
      if (from === 'server') party.receive(fromHex(hex))
    }
    expect(linesOf(party.take())).toEqual(linesSentBy('client', datagrams))
    expect(request.answer).toBe(JACK)
  })

  test('unmodified programs: declaration and initiation are accepted, by a responder that has another secret', () => {
    const [transcript] = vectors<Transcript>('sequences/multicast-transcripts.json').filter(
      ({ client }) => client.privateKey === undefined,
    )
    if (transcript === undefined) throw new Error('no such transcript')
    const party = partyOf(transcript.server)
    const verdicts = transcript.datagrams
      .filter(({ from }) => from === 'client')
      .map(({ hex }) => party.receive(fromHex(hex)))
    expect(verdicts).toEqual(['register', 'respond', 'drop:tag'])
  })
})

describe('client-retry-schedule', () => {
  const [opening, request] = vectors<Schedule>('sequences/multicast-retries.json')

  test('an opening', () => {
    if (opening === undefined) throw new Error('no such schedule')
    const party = new Party(identity(1, 'ff1e::1', 1025), { attempts: opening.attempts })
    const startMs = party.nowMs
    const session = party.connect(identity(2, 'ff1e::2', 1024).address)
    const packets = linesOf(party.sent)
    const startsAt = [...attemptsOf(party, opening.givesUpAt)].map((ms) => (ms - startMs) / 1000)
    expect(startsAt).toEqual(opening.startsAt)
    expect(new Set(linesOf(party.sent))).toEqual(new Set(packets))
    expect(party.sent).toHaveLength(2 * opening.attempts)
    expect(session.state).toBe('closed')
    expect(party.over.map(({ error }) => error?.code)).toEqual(['no-response'])
    expect((party.nowMs - startMs) / 1000).toBe(opening.givesUpAt)
  })

  test('a request', () => {
    if (request === undefined) throw new Error('no such schedule')
    const other = new Party(identity(2, 'ff1e::2', 1024))
    const party = new Party(identity(1, 'ff1e::1', 1025))
    const session = party.connect(other.identity.address)
    for (const { bytes } of party.take()) other.receive(bytes)
    for (const { bytes } of other.take()) party.receive(bytes)
    const startMs = party.nowMs
    const result = party.request(session, HELLO)
    const packets = linesOf(party.sent)
    const startsAt = [...attemptsOf(party, request.givesUpAt)].map((ms) => (ms - startMs) / 1000)
    expect(startsAt).toEqual(request.startsAt)
    expect(new Set(linesOf(party.sent))).toEqual(new Set(packets))
    expect(result.answer).toMatchObject({ code: 'no-answer' })
    expect(session.state).toBe('open')
    expect((party.nowMs - startMs) / 1000).toBe(request.givesUpAt)
  })
})

/** When something was sent, until `units` have passed and something was given up. */
function* attemptsOf(party: Party, units: number): Iterable<number> {
  const endMs = party.nowMs + units * 1000
  yield party.nowMs
  while (party.nowMs < endMs) {
    const before = party.sent.length
    party.wait(party.machine.deadlineMs - party.nowMs)
    if (party.sent.length > before) yield party.nowMs
  }
}

function partyOf(side: Side, reply?: string): Party {
  const own = identity(fromHex(side.seed), fromHex(side.group), side.port)
  if (side.privateKey === undefined || side.nonce === undefined) return new Party(own)
  const secret = fromHex(side.privateKey)
  const id = side.sessionId === undefined ? [] : [fromHex(side.sessionId)]
  return new Party(own, { random: [...id, secret, fromHex(side.nonce)], ...(reply === undefined ? {} : { reply }) })
}

function placeOf({ to }: Sent): string {
  return `${toHex(to.group)}:${to.port}`
}

function linesOf(sent: readonly Sent[]): string[] {
  return sent.map((one) => `${toHex(one.bytes)} to ${placeOf(one)}`)
}

function linesSentBy(side: string, datagrams: Transcript['datagrams']): string[] {
  return datagrams.filter(({ from }) => from === side).map(({ hex, group, port }) => `${hex} to ${group}:${port}`)
}
