export type WireErrorCode =
  | 'truncated' // the input ends inside a value
  | 'trailing' // bytes are left over after a complete datagram
  | 'length' // a length field is negative, wrong, or above its limit
  | 'header-size' // the size field of a frame header is impossible
  | 'frame-too-large' // refused at the header, before anything was allocated
  | 'out-of-range' // a number does not fit its field
  | 'unexpected-type' // a type or command code that is not known here
  | 'utf8' // bytes that are not UTF-8 where strict text is required
  | 'json' // an envelope that is not a JSON object
  | 'json-field' // a field of an envelope is missing, doubled, or of the wrong kind
  | 'attachment' // the payload of an attachment is malformed
  | 'varint' // a length prefix that does not end, or is too long
  | 'missing-field' // a required field is not there
  | 'link-scheme' // the link codes: see `@mimirjs/wire/link`
  | 'link-host'
  | 'link-kind'
  | 'link-group'
  | 'link-key'
  | 'link-name'
  | 'version' // the rendezvous codes: see `@mimirjs/wire/rendezvous`
  | 'kind'
  | 'flags'
  | 'self'
  | 'body'
  | 'frame'
  | 'b64u'
  | 'peer-id'
  | 'contact-string'
  | 'server-url'

/**
 * Every failure of a codec. Decoders throw nothing else, whatever the bytes; encoders throw it for values that their
 * decoder would refuse. Recognise it by `name` or {@link isWireError}, not by `instanceof`.
 */
export class WireError extends Error {
  override readonly name = 'WireError'
  readonly code: WireErrorCode
  /** The field at fault, where there is one, for example `hello.publicKey`. */
  readonly field: string | undefined

  constructor(code: WireErrorCode, message: string, options?: ErrorOptions & { field?: string }) {
    super(message, options)
    this.code = code
    this.field = options?.field
  }
}

export function isWireError(value: unknown): value is WireError {
  return value instanceof Error && value.name === 'WireError'
}
