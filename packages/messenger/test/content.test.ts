import type { Generation } from '@mimirjs/wire'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Content, inlinePayload, planContent } from '../src/content.js'
import { parseMessageId, randomGuid, replyGuid } from '../src/message-id.js'
import { isReadable, viewContent } from '../src/view.js'

const ANN = '8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c'

/** In the generation that carries all of it inside the message. */
function encode(content: Content) {
  const planned = planContent(content, 'overlay')
  if (planned.kind === 'edit') throw new Error('nothing new to send')
  const { messageType, replyTo } = planned
  if (planned.kind === 'ready') return { messageType, replyTo, payload: planned.payload }
  if (!('bytes' in planned.file)) throw new Error('expected bytes')
  return { messageType, replyTo, payload: inlinePayload(planned, planned.file) }
}

function roundTrip(content: Content) {
  const { messageType, payload, replyTo } = encode(content)
  return view(messageType, payload, replyTo)
}

function view(messageType: number, payload: Uint8Array, replyTo = 0n) {
  return viewContent({
    seq: 1,
    peer: ANN,
    outgoing: false,
    state: 'unhandled',
    settledMs: 0,
    refusedMs: 0,
    guid: 1n,
    sendTimeMs: 0,
    editTimeMs: 0,
    messageType,
    payload,
    replyTo,
  })
}

describe('content', () => {
  test('text keeps every character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (text) => {
        expect(roundTrip(text)).toEqual({ kind: 'text', text, replyTo: undefined, file: undefined })
      }),
      { seed: 1 },
    )
  })

  test('a reply names the whole 64-bit id', () => {
    expect(roundTrip({ text: 'yes', replyTo: '-9223372036854775808' }).replyTo).toBe('-9223372036854775808')
  })

  test('a file arrives with its name, kind, caption and verified bytes', () => {
    const bytes = crypto.getRandomValues(new Uint8Array(300))
    const received = roundTrip({ file: { bytes, name: 'Bericht März.pdf', mimeType: 'application/pdf' }, text: 'here' })
    expect(received).toMatchObject({ kind: 'file', text: 'here' })
    expect(received.file).toEqual({
      name: 'Bericht März.pdf',
      mimeType: 'application/pdf',
      sizeBytes: 300,
      bytes,
      damaged: false,
    })
  })

  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'bad-content'],
    ['null', null, 'bad-content'],
    ['a number', 5, 'bad-content'],
    ['an empty object', {}, 'bad-content'],
    ['an empty text', { text: '' }, 'bad-content'],
    ['a file that is a path', { file: './a.png' }, 'bad-content'],
    ['a file without a name', { file: { bytes: new Uint8Array(1) } }, 'bad-content'],
    ['a caption that is no text', { file: { bytes: new Uint8Array(1), name: 'a' }, text: 5 }, 'bad-content'],
    ['a long name', { file: { bytes: new Uint8Array(1), name: 'a'.repeat(70_000) } }, 'too-large'],
    ['a reaction without an emoji', { reaction: undefined, replyTo: '5' }, 'bad-content'],
    ['a reaction to nothing', { reaction: '!' }, 'bad-content'],
    ['a reaction to a number', { reaction: '!', replyTo: 5 }, 'bad-content'],
    ['a novel as a reaction', { reaction: '!'.repeat(2_000), replyTo: '5' }, 'too-large'],
  ])('%s is refused in our own words', (_, content, code) => {
    expect(() => encode(content as Content)).toThrow(expect.objectContaining({ name: 'MessengerError', code }))
  })

  test('changed bytes are seen', () => {
    const { messageType, payload } = encode({ image: { bytes: new Uint8Array(64), name: 'a.png' } })
    payload[payload.length - 1]! ^= 1
    expect(view(messageType, payload).file).toMatchObject({ damaged: true })
    expect(view(messageType, payload.subarray(0, payload.length - 1)).file).toMatchObject({ damaged: true })
  })

  test.each([
    ['../shared_prefs/settings.xml', 'settings.xml'],
    ['C:\\Windows\\system32\\evil.dll', 'evil.dll'],
    ['/etc/passwd', 'passwd'],
    ['..', 'unnamed'],
    ['', 'unnamed'],
    ['.bashrc', 'bashrc'],
    ['a\u0000b\n.txt', 'ab.txt'],
  ])('the name %j is only a label: %j', (name, shown) => {
    expect(roundTrip({ file: { bytes: new Uint8Array(1), name } }).file!.name).toBe(shown)
  })

  test('a reaction carries its emoji and its target twice', () => {
    expect(roundTrip({ reaction: '👍', replyTo: '42' })).toEqual({
      kind: 'reaction',
      text: '👍',
      replyTo: '42',
      file: undefined,
    })
  })

  test.each([
    ['', 'bad-content'],
    [{ text: '' }, 'bad-content'],
    [{ text: 'x', replyTo: '0' }, 'bad-content'],
    [{ text: 'x', replyTo: '9223372036854775808' }, 'bad-content'],
    [{ text: 'x', replyTo: '1.5' }, 'bad-content'],
    [{ image: { bytes: 'not bytes' as unknown as Uint8Array, name: 'x' } }, 'bad-content'],
    ['x'.repeat(1_048_577), 'too-large'],
    [{ image: { bytes: new Uint8Array(5_242_881), name: 'x' } }, 'too-large'],
    [{ file: { bytes: new Uint8Array(10_485_761), name: 'x' } }, 'too-large'],
  ] as [Content, string][])('refuses what cannot be sent (%#)', (content, code) => {
    expect(() => encode(content)).toThrow(expect.objectContaining({ name: 'MessengerError', code }))
  })

  test('reading never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 1, 3, 10, 1000, -5), fc.uint8Array({ maxLength: 64 }), (messageType, payload) => {
        expect(typeof view(messageType, payload).text).toBe('string')
        expect(typeof isReadable(messageType, payload)).toBe('boolean')
      }),
      { seed: 2 },
    )
  })
})

describe('what a generation has', () => {
  const bytes = new Uint8Array(1)
  const rows: [keyof typeof CONTENTS, Generation[]][] = [
    ['text', ['classic', 'overlay', 'current']],
    ['reply', ['classic', 'overlay', 'current']],
    ['edit', ['classic', 'overlay', 'current']],
    ['image', ['classic', 'overlay', 'current']],
    ['file', ['overlay', 'current']],
    ['voice', ['current']],
    ['reaction', ['overlay', 'current']],
  ]
  const CONTENTS = {
    text: 'hello',
    reply: { text: 'hello', replyTo: '5' },
    edit: { edit: '5', text: 'better' },
    image: { image: { bytes, name: 'a.png' } },
    file: { file: { path: '/a.pdf' } },
    voice: { voice: { bytes, name: 'a.m4a' } },
    reaction: { reaction: '!', replyTo: '5' },
  } satisfies Record<string, Content>
  test.each(rows)('%s', (name, generations) => {
    for (const generation of ['classic', 'overlay', 'current'] as const) {
      if (generations.includes(generation)) expect(planContent(CONTENTS[name], generation)).toBeDefined()
      else
        expect(() => planContent(CONTENTS[name], generation)).toThrow(
          expect.objectContaining({
            code: 'unsupported',
            message: expect.stringContaining(`generation ${generation} `),
          }),
        )
    }
  })

  test('a voice message is called what the originals call one', () => {
    const planned = planContent({ voice: { path: '/tmp/a.m4a' } }, 'current')
    expect(planned).toMatchObject({ kind: 'file', file: { name: 'voice_message.m4a', mimeType: 'audio/mp4' } })
  })
})

describe('message ids', () => {
  test('random ones are 64-bit and not zero', () => {
    for (let i = 0; i < 100; i++) {
      const guid = randomGuid()
      expect(BigInt.asIntN(64, guid)).toBe(guid)
      expect(parseMessageId(String(guid))).toBe(guid)
    }
  })

  test('those of a handler depend on the message and the place in the handler, and on nothing else', () => {
    const id = (guid: bigint, index: number): bigint => replyGuid('self', ANN, guid, ANN, index)
    expect(id(1n, 0)).toBe(id(1n, 0))
    expect(new Set([id(1n, 0), id(1n, 1), id(2n, 0), id(-1n, 0)]).size).toBe(4)
  })
})
