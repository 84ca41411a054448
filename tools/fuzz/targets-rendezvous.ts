import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { isPoint, isSmallOrder } from '@mimirjs/crypto'
import { equalBytes, fromHex, isWireError, toHex } from '@mimirjs/wire'
import {
  checkSdp,
  checkServerUrl,
  decodeB64u,
  decodeBody,
  decodeChannelFrame,
  decodeEnvelope,
  decodeLinkFrame,
  encodeB64u,
  encodeBody,
  envelopeSigningBytes,
  formatPeerId,
  formatRendezvousContact,
  parsePeerId,
  parseRendezvousContact,
  sdpFingerprint,
  serverName,
  unsignedEnvelope,
} from '@mimirjs/wire/rendezvous'
import { Broken, type FuzzTarget } from './target.js'

// What of rendezvous reads bytes or text of a stranger by itself, and what must hold beyond "read again it is the same":
// that is asked of every codec in targets-wire.ts.

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const isKey = (publicKey: Uint8Array): boolean => isPoint(publicKey) && !isSmallOrder(publicKey)

function load<T>(file: string): readonly T[] {
  return JSON.parse(readFileSync(new URL(`../../vectors/${file}`, import.meta.url), 'utf8')) as readonly T[]
}

/** The value of `work`, or `undefined` where it refuses. Anything else that is thrown is a bug, and goes on. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (isWireError(error)) return undefined
    throw error
  }
}

function checkEqual(got: unknown, expected: unknown, what: string): void {
  if (!isDeepStrictEqual(got, expected)) throw new Broken(what)
}

/** What is signed is the whole envelope without its signature, and the body means the same written again. */
const envelope: FuzzTarget = {
  name: 'rendezvous.signedEnvelope',
  seeds: load<{ hex: string }>('rendezvous/envelope.json').map(({ hex }) => fromHex(hex)),
  feed(bytes) {
    const decoded = attempt(() => decodeEnvelope(bytes))
    if (decoded === undefined) return
    const signed = envelopeSigningBytes(bytes)
    checkEqual(toHex(signed.subarray(20)), toHex(bytes.subarray(0, -64)), 'something is not signed')
    checkEqual(envelopeSigningBytes(unsignedEnvelope(decoded)), signed, 'the parts are not the whole')
    if (equalBytes(decoded.from, decoded.to)) throw new Broken('a message to oneself')
    const body = attempt(() => decodeBody(decoded.kind, decoded.body))
    if (body === undefined) return
    checkEqual(body.kind, decoded.kind, 'a body of another kind')
    checkEqual(decodeBody(decoded.kind, encodeBody(body)), body, 'written again it is another body')
  },
}

const frameTexts = [
  ...load<{ text: string }>('rendezvous/link-frames.json'),
  ...load<{ text: string }>('rendezvous/channel-frames.json'),
].map(({ text }) => encoder.encode(text))

/** A text is a frame of a known type in one language at most, ping and pong aside. */
const frame: FuzzTarget = {
  name: 'rendezvous.frame',
  seeds: frameTexts,
  feed(bytes) {
    const text = decoder.decode(bytes)
    const onLink = attempt(() => decodeLinkFrame(text))
    const onChannel = attempt(() => decodeChannelFrame(text))
    if (onLink?.type === 'ping' || onLink?.type === 'pong') {
      if (onChannel !== undefined) checkEqual(onChannel, onLink, 'a ping in one language is another in the other')
    } else if (onLink !== undefined && onChannel !== undefined) {
      if (onLink.type !== 'unknown' && onChannel.type !== 'unknown') throw new Broken('one frame, two languages')
    }
    if (onLink?.type !== 'relay-msg' && onLink?.type !== 'relayed-msg') return
    // Servers hand the text on as it came: nobody may be able to write one envelope in two ways.
    checkEqual(encodeB64u(decodeB64u(onLink.e)), onLink.e, 'an envelope with two texts')
  },
}

const base64url: FuzzTarget = {
  name: 'rendezvous.base64url',
  seeds: load<{ text: string }>('crypto/rendezvous-peer-ids.json').map(({ text }) => encoder.encode(text)),
  feed(bytes) {
    const text = decoder.decode(bytes)
    const decoded = attempt(() => decodeB64u(text))
    if (decoded !== undefined) checkEqual(encodeB64u(decoded), text, 'bytes with two texts')
    checkEqual(decodeB64u(encodeB64u(bytes)), new Uint8Array(bytes), 'written and read they are other bytes')
    const key = attempt(() => parsePeerId(text, { isKey }))
    if (key === undefined) return
    checkEqual(formatPeerId(key), text, 'a person with two peer ids')
    if (!isKey(key)) throw new Broken('a peer id of nobody')
  },
}

const contact: FuzzTarget = {
  name: 'rendezvous.contact',
  seeds: load<{ text: string }>('crypto/rendezvous-contacts.json').map(({ text }) => encoder.encode(text)),
  feed(bytes) {
    const parsed = attempt(() => parseRendezvousContact(decoder.decode(bytes), { isKey }))
    if (parsed === undefined) return
    for (const url of parsed.servers) serverName(url)
    checkEqual(
      parseRendezvousContact(formatRendezvousContact(parsed), { isKey }),
      parsed,
      'written again it is another',
    )
  },
}

/** What may be dialled is encrypted or goes no further than this machine, and its name is that of one server. */
const serverUrl: FuzzTarget = {
  name: 'rendezvous.serverUrl',
  seeds: load<{ url: string }>('crypto/rendezvous-server-names.json').map(({ url }) => encoder.encode(url)),
  feed(bytes) {
    const url = attempt(() => checkServerUrl(decoder.decode(bytes)))
    if (url === undefined) return
    const name = serverName(url)
    checkEqual(serverName(name), name, 'a name that is no name')
    if (!/^(wss:\/\/[\x21-\x7e]+|ws:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?)$/.test(name)) throw new Broken(name)
    checkEqual(new URL(name).host, new URL(url).host, 'a name of another server')
  },
}

const descriptions = load<{ sdp: string; fp: string }>('crypto/rendezvous-sdp.json')

/** Whatever else is in a description that is applied, no line of it names another certificate. */
const sdp: FuzzTarget = {
  name: 'rendezvous.sdp',
  seeds: descriptions.map((description) => encoder.encode(description.sdp)),
  feed(bytes, random) {
    const text = decoder.decode(bytes)
    const fp = sdpFingerprint(text) ?? random.pick(descriptions).fp
    for (const role of ['offer', 'answer'] as const) {
      if (checkSdp(text, fp, role) !== undefined) continue
      if (bytes.length > 12_288 || !text.startsWith('v=0')) throw new Broken('applied although it is none')
      if (text.split(/[\r\n]+/).filter((line) => line.startsWith('m=')).length !== 1) throw new Broken('another medium')
      const certificates = text.split(/[\r\n]+/).filter((line) => line.startsWith('a=fingerprint'))
      const strange = certificates.find((line) => !line.toLowerCase().replaceAll(':', '').endsWith(` ${fp}`))
      if (certificates.length === 0 || strange !== undefined) throw new Broken(`a certificate of somebody: ${strange}`)
    }
  },
}

export const rendezvousTargets: readonly FuzzTarget[] = [envelope, frame, base64url, contact, serverUrl, sdp]
