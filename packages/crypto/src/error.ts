export type CryptoErrorCode =
  | 'argument' // a value of the wrong type, length or range was passed in
  | 'point' // 32 bytes that are not the encoding of a usable curve point
  | 'shared-secret' // an X25519 public key whose shared secret is all zero, whoever computes it
  | 'authentication' // a sealed message was altered, cut, or sealed under another key, nonce or associated data
  | 'finished' // a stream that has given its result, or failed, was handed more
  | 'key-capability' // this signer's key cannot do what is asked of it
  | 'self-check' // a signature just made did not verify: the hardware erred
  | 'random-source' // this runtime offers no cryptographically secure random bytes
  | 'rsa-key' // a text that holds no RSA key, a damaged one, or one of a size or exponent that is refused
  | 'key-file' // a file that holds no key in a known format
  | 'key-file-missing' // there is no such file
  | 'key-file-exists' // a file is already there, and key files are never overwritten
  | 'io' // the file system refused; see `cause`

/** Who caused it: the caller, or whoever sent the bytes. */
export type Blame = 'local' | 'remote'

const BLAME: Record<CryptoErrorCode, Blame> = {
  argument: 'local',
  point: 'remote',
  'shared-secret': 'remote',
  authentication: 'remote',
  finished: 'local',
  'key-capability': 'local',
  'self-check': 'local',
  'random-source': 'local',
  'rsa-key': 'remote',
  'key-file': 'local',
  'key-file-missing': 'local',
  'key-file-exists': 'local',
  io: 'local',
}

/** Every failure of this package. Recognise it by `name` or {@link isCryptoError}, not by `instanceof`. */
export class CryptoError extends Error {
  override readonly name = 'CryptoError'
  readonly code: CryptoErrorCode
  readonly blame: Blame

  constructor(code: CryptoErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.blame = BLAME[code]
  }
}

export function isCryptoError(value: unknown): value is CryptoError {
  return value instanceof Error && value.name === 'CryptoError'
}

export function notAuthentic(cause?: unknown): CryptoError {
  return new CryptoError('authentication', 'expected a tag that fits key, nonce and message; drop the message', {
    cause,
  })
}
