import { WireError, type WireErrorCode } from '../error.js'

/**
 * Why bytes are no message. Decoders pass it on as a value, because inside lists and optional fields it only means "not
 * there", and a thrown error for each of a million bad elements would be an attack; it becomes an error at the edge.
 */
export class Fault {
  readonly code: WireErrorCode
  readonly field: string | undefined
  readonly #message: string

  constructor(code: WireErrorCode, message: string, field?: string) {
    this.code = code
    this.field = field
    this.#message = message
  }

  toError(): WireError {
    const { code, field } = this
    return new WireError(code, this.#message, field === undefined ? undefined : { field })
  }
}
