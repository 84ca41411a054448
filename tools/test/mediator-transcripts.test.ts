// What clients wrote in the recorded sessions is written to a real mediator again; it has to answer with the same bytes.
import { readFileSync } from 'node:fs'
import { fromHex, toHex } from '@mimirjs/wire'
import {
  decodeMediatorError,
  decodeMediatorRequest,
  decodeMediatorResponse,
  decodePushPayload,
  decodeRequestPayload,
  decodeResponsePayload,
  encodeErrorFrame,
  encodePushFrame,
  encodeRequestFrame,
  encodeResponseFrame,
  MediatorPush,
  MediatorStatus,
  mediatorCommandName,
  mediatorPushName,
} from '@mimirjs/wire/mediator'
import { describe, expect, test, vi } from 'vitest'
import {
  startMediator,
  type Transcript,
  type TranscriptClient,
  type TranscriptLine,
  Wiretap,
} from './support/mediator-transcript.js'

const chance = vi.hoisted(() => ({ count: 0 }))
vi.mock('@mimirjs/crypto', async (original) => ({
  ...(await original<typeof import('@mimirjs/crypto')>()),
  // Byte n for the n-th request, from 1 on: what the transcripts were recorded with.
  randomBytes: (sizeBytes: number) => new Uint8Array(sizeBytes).fill(++chance.count),
}))

const transcripts = JSON.parse(
  readFileSync(new URL('../../vectors/sequences/mediator.json', import.meta.url), 'utf8'),
) as readonly Transcript[]

/** Let every client say its part, and listen until it has heard its own. */
async function replay(transcript: Transcript): Promise<Record<TranscriptClient, string>> {
  chance.count = 0
  const mediator = await startMediator(transcript)
  const taps = { alice: await Wiretap.connect(mediator), bob: await Wiretap.connect(mediator) }
  const expected = { alice: '', bob: '' }
  try {
    for (const { connection, from, hex } of transcript.lines) {
      if (from === 'client') {
        // What both have been sent by now comes before what this one does next.
        for (const client of ['alice', 'bob'] as const) await taps[client].heard(expected[client].length / 2)
        taps[connection].write(fromHex(hex))
      } else expected[connection] += hex
    }
    const alice = await taps.alice.heard(expected.alice.length / 2)
    const bob = await taps.bob.heard(expected.bob.length / 2)
    if (transcript.dialect !== 'tlv-push') await taps.bob.over()
    return { alice, bob }
  } finally {
    taps.alice.abort()
    taps.bob.abort()
    await mediator.close()
  }
}

function heardBy(transcript: Transcript, client: TranscriptClient): string {
  const lines = transcript.lines.filter(({ connection, from }) => connection === client && from === 'mediator')
  return lines.map(({ hex }) => hex).join('')
}

describe.each(transcripts)('$name', (transcript) => {
  const { dialect, lines } = transcript

  test('the mediator says the same again', async () => {
    const heard = await replay(transcript)
    expect(heard).toEqual({ alice: heardBy(transcript, 'alice'), bob: heardBy(transcript, 'bob') })
  })

  test('every frame is written as it is read', () => {
    for (const line of lines.filter(({ type }) => type !== 'opening' && type !== 'unknown')) {
      expect(line.from === 'client' ? requestAgain(line) : responseAgain(line), line.type).toBe(line.hex)
    }
  })

  function requestAgain({ type, hex }: TranscriptLine): string {
    const { command, requestId, payload } = decodeMediatorRequest(dialect, fromHex(hex))
    const name = mediatorCommandName(dialect, command)!
    expect(name).toBe(type)
    return toHex(encodeRequestFrame(dialect, requestId, name, decodeRequestPayload(dialect, name, payload)))
  }

  function responseAgain({ type, hex }: TranscriptLine): string {
    const { status, id, payload } = decodeMediatorResponse(fromHex(hex))
    if (type === 'error') {
      expect(status).toBe(MediatorStatus.error)
      return toHex(encodeErrorFrame(id, decodeMediatorError(payload)))
    }
    if (type in MediatorPush) {
      const push = mediatorPushName(id)!
      expect(push).toBe(type)
      return toHex(encodePushFrame(dialect, push, decodePushPayload(dialect, push, payload)))
    }
    const name = type as Parameters<typeof decodeResponsePayload>[1]
    return toHex(encodeResponseFrame(dialect, id, name, decodeResponsePayload(dialect, name, payload)))
  }
})

test('there is one of every dialect', () => {
  expect(transcripts.map(({ dialect }) => dialect)).toEqual(['binary', 'tlv', 'tlv-push'])
})
