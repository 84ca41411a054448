// What the vectors say about text and about bytes that are signed. Envelopes, frames and bodies are run by conformance;
// signatures by the tests of crypto.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../src/index.js'
import {
  authSigningBytes,
  type BindRole,
  bindSigningBytes,
  checkSdp,
  decodeBody,
  decodeEnvelope,
  encodeBody,
  envelopeSigningBytes,
  fingerprintBytes,
  formatFingerprint,
  formatPeerId,
  formatRendezvousContact,
  parsePeerId,
  parseRendezvousContact,
  sdpFingerprint,
  serverName,
  unsignedEnvelope,
} from '../../src/rendezvous/index.js'
import { codeOf } from '../support/errors.js'

/** By another name: a bundler would look for what is written before `import.meta.url`. */
const { url: here } = import.meta

function load<T>(file: string): T[] {
  return JSON.parse(readFileSync(new URL(`../../../../vectors/crypto/rendezvous-${file}.json`, here), 'utf8')) as T[]
}

async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', Uint8Array.from(bytes)))
}

const keys = load<{ publicKey: string; isAcceptable: boolean }>('keys')
/** The verdicts of the vectors stand in for the curve, which wire does not know. */
const isKey = (publicKey: Uint8Array): boolean =>
  keys.find((key) => key.publicKey === toHex(publicKey))?.isAcceptable ?? true

interface Identity {
  readonly name: string
  readonly publicKey: string
  readonly peerId: string
  readonly fingerprint: string
}

test.each(load<Identity>('identities'))('identity of $name', async ({ publicKey, peerId, fingerprint }) => {
  const key = fromHex(publicKey)
  expect(formatPeerId(key)).toBe(peerId)
  expect(parsePeerId(peerId)).toEqual(key)
  expect(formatFingerprint(await sha256(fingerprintBytes(key)))).toBe(fingerprint)
})

test.each(load<{ name: string; text: string; publicKey: string | null }>('peer-ids'))(
  'peer id: $name',
  ({ text, publicKey }) => {
    if (publicKey === null) expect(codeOf(() => parsePeerId(text, { isKey }))).toBe('peer-id')
    else expect(toHex(parsePeerId(text, { isKey }))).toBe(publicKey)
  },
)

test.each(load<{ name: string; url: string; serverName: string | null }>('server-names'))(
  'server: $name',
  ({ url, serverName: expected }) => {
    if (expected === null) expect(codeOf(() => serverName(url))).toBe('server-url')
    else expect(serverName(url)).toBe(expected)
  },
)

interface ContactVector {
  readonly name: string
  readonly text: string
  readonly contact: { readonly publicKey: string; readonly servers: readonly string[] } | null
  readonly isWrittenSo: boolean
}

test.each(load<ContactVector>('contacts'))('contact: $name', ({ text, contact, isWrittenSo }) => {
  if (contact === null) {
    expect(codeOf(() => parseRendezvousContact(text, { isKey }))).toBe('contact-string')
    return
  }
  const value = { publicKey: fromHex(contact.publicKey), servers: contact.servers }
  expect(parseRendezvousContact(text, { isKey })).toEqual(value)
  expect(formatRendezvousContact(value) === text).toBe(isWrittenSo)
})

interface AuthVector {
  readonly name: string
  readonly serverName: string
  readonly nonce: string
  readonly cn: string
  readonly publicKey: string
  readonly signed: string
}

test.each(load<AuthVector>('auth-proofs'))('what is signed to log in: $name', (vector) => {
  const { nonce, cn, publicKey } = vector
  const parts = { name: vector.serverName, nonce: fromHex(nonce), cn: fromHex(cn), publicKey: fromHex(publicKey) }
  expect(toHex(authSigningBytes(parts))).toBe(vector.signed)
})

interface BindVector {
  readonly name: string
  readonly role: BindRole
  readonly signed: string
  readonly [part: string]: unknown
}

test.each(load<BindVector>('binds'))('what is signed on the channel: $name', ({ role, signed, ...vector }) => {
  const part = (name: string) => fromHex(vector[name] as string)
  const bytes = bindSigningBytes({
    role,
    signer: part('signer'),
    other: part('other'),
    sid: part('sid'),
    offerId: part('offerId'),
    answerId: part('answerId'),
    offererFp: part('offererFp'),
    answererFp: part('answererFp'),
  })
  expect(toHex(bytes)).toBe(signed)
})

test.each(load<{ name: string; hex: string; body: string; envelopeId: string }>('envelopes'))(
  'envelope: $name',
  async ({ hex, body, envelopeId }) => {
    const bytes = fromHex(hex)
    const envelope = decodeEnvelope(bytes)
    expect(toHex(await sha256(envelopeSigningBytes(bytes)))).toBe(envelopeId)
    expect(new TextDecoder().decode(encodeBody(decodeBody(envelope.kind, envelope.body)))).toBe(body)
    const unsigned = unsignedEnvelope(envelope)
    expect(envelopeSigningBytes(unsigned)).toEqual(envelopeSigningBytes(bytes))
    unsigned.set(envelope.signature, unsigned.length - 64)
    expect(unsigned).toEqual(bytes)
  },
)

interface SdpVector {
  readonly name: string
  readonly role: 'offer' | 'answer'
  readonly fp: string
  readonly sdp: string
  readonly problem: string | null
}

describe('session descriptions', () => {
  const vectors = load<SdpVector>('sdp')

  test.each(vectors)('$name', ({ sdp, fp, role, problem }) => {
    expect(checkSdp(sdp, fp, role) ?? null).toBe(problem)
    // Who takes the fingerprint out of his own description puts the right one beside it.
    if (problem === null) expect(sdpFingerprint(sdp)).toBe(fp)
  })

  test('every answer is there', () => {
    expect(new Set(vectors.map(({ problem }) => problem)).size).toBe(8)
  })

  test('no fingerprint is found where there is none, or more than one', () => {
    expect(sdpFingerprint('v=0\r\n')).toBeUndefined()
    const line = (digit: string) => `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => digit + digit).join(':')}`
    expect(sdpFingerprint(`v=0\r\n${line('A')}\r\n`)).toBe('aa'.repeat(32))
    expect(sdpFingerprint(`v=0\r\n${line('A')}\r\n${line('B')}\r\n`)).toBeUndefined()
    expect(sdpFingerprint(`v=0\r\n${line('A')}\r\na=fingerprint:sha-1 AA\r\n`)).toBeUndefined()
  })
})
