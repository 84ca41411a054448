import { utf8ByteLength } from '../utf8.js'
import { MAX_SDP_BYTES } from './layout.js'

/** Why a session description is not applied, in the order in which it is looked for. */
export type SdpProblem = 'sdp-size' | 'fp-format' | 'sdp-syntax' | 'media' | 'no-fingerprint' | 'fingerprint' | 'setup'

const FP = /^[0-9a-f]{64}$/
const MEDIA = /^m=application \d{1,5} UDP\/DTLS\/SCTP webrtc-datachannel$/
/** Without the colon: what only looks like one of these lines is refused as well. */
const FINGERPRINT = 'a=fingerprint'
const SETUP = 'a=setup:'

/**
 * What speaks against this session description, `undefined` when it may be applied, unchanged (rendezvous protocol B10).
 * A description that passes binds the connection to the certificate whose SHA-256 is `fp`.
 * @param fp - SHA-256 of the sender's DTLS certificate as it stands in the same body
 */
export function checkSdp(sdp: string, fp: string, role: 'offer' | 'answer'): SdpProblem | undefined {
  if (sdp.length > MAX_SDP_BYTES || utf8ByteLength(sdp) > MAX_SDP_BYTES) return 'sdp-size'
  if (!FP.test(fp)) return 'fp-format'
  const lines = linesOf(sdp)
  // A carriage return alone ends a line for some parsers and not for others: none gets to see it.
  if (lines[0] !== 'v=0' || lines.some((line) => line.includes('\r'))) return 'sdp-syntax'
  const media = lines.filter((line) => line.startsWith('m='))
  if (media.length !== 1 || !MEDIA.test(media[0] as string)) return 'media'
  const fingerprints = lines.filter((line) => line.startsWith(FINGERPRINT))
  if (fingerprints.length === 0) return 'no-fingerprint'
  if (!fingerprints.every((line) => fingerprintOfLine(line) === fp)) return 'fingerprint'
  const setups = lines.filter((line) => line.startsWith(SETUP)).map((line) => line.slice(SETUP.length))
  const roles: readonly string[] = role === 'offer' ? ['actpass'] : ['active', 'passive']
  return setups.length > 0 && setups.every((setup) => roles.includes(setup)) ? undefined : 'setup'
}

/**
 * SHA-256 of the certificate that a description names, 64 lower-case hex digits: what its sender puts beside it.
 * @returns `undefined` unless every fingerprint line names one and the same
 */
export function sdpFingerprint(sdp: string): string | undefined {
  const lines = linesOf(sdp).filter((line) => line.startsWith(FINGERPRINT))
  const found = new Set(lines.map(fingerprintOfLine))
  return found.size === 1 ? [...found][0] : undefined
}

function linesOf(sdp: string): readonly string[] {
  return sdp.split(/\r?\n/)
}

/** `undefined` for a line of another hash or shape. */
function fingerprintOfLine(line: string): string | undefined {
  const [algorithm, value, ...rest] = line.slice(FINGERPRINT.length).split(' ')
  if (algorithm?.toLowerCase() !== ':sha-256' || rest.length > 0) return undefined
  const fp = value?.toLowerCase().replaceAll(':', '') ?? ''
  return FP.test(fp) ? fp : undefined
}
