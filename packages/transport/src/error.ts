export type TransportErrorCode =
  | 'bad-address' // the text is not an address URL of this transport
  | 'unknown-scheme' // no transport is registered for the scheme
  | 'refused' // nobody listens there
  | 'unreachable' // the network has no way there
  | 'address-in-use' // another program listens on the address
  | 'denied' // the system does not permit it
  | 'timeout' // no answer in time
  | 'reset' // the other side or the network cut the stream
  | 'aborted' // we cut it: abort(), a signal, or close()
  | 'too-large' // a datagram above maxDatagramBytes
  | 'misuse' // the caller broke the contract of the interface
  | 'io' // any other failure the system reported

/** Who caused it: the caller, the other side, the network, or the clock. */
export type Blame = 'local' | 'remote' | 'transport' | 'timeout'

const BLAME: Record<TransportErrorCode, Blame> = {
  'bad-address': 'local',
  'unknown-scheme': 'local',
  refused: 'remote',
  unreachable: 'transport',
  'address-in-use': 'local',
  denied: 'local',
  timeout: 'timeout',
  reset: 'transport',
  aborted: 'local',
  'too-large': 'local',
  misuse: 'local',
  io: 'transport',
}

/** Every failure of this package. Recognise it by `name` or {@link isTransportError}, not by `instanceof`. */
export class TransportError extends Error {
  override readonly name = 'TransportError'
  readonly code: TransportErrorCode
  readonly blame: Blame

  constructor(code: TransportErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.blame = BLAME[code]
  }
}

export function isTransportError(value: unknown): value is TransportError {
  return value instanceof Error && value.name === 'TransportError'
}
