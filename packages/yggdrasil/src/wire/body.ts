import { YggdrasilError } from '../error.js'
import { KEY_BYTES } from '../key.js'
import { MAX_PATH_PORTS, SIGNATURE_BYTES } from './limits.js'
import { minimalPath, type Path, pathTooLong, scanPath } from './path.js'
import { uvarintBytes, uvarintEnd, uvarintValue, writeUvarint } from './uvarint.js'

/** Options of every decoder of packets. */
export interface DecodeOptions {
  /** Most ports of a path; above it `too-large`. Default 512. */
  readonly maxPathPorts?: number | undefined
}

/** Reads a body front to back. What it gives is copied; only {@link rest} is a view. Every fault is `malformed`. */
export class BodyReader {
  readonly #name: string
  readonly #bytes: Uint8Array
  readonly #maxPathPorts: number
  #at = 0

  constructor(name: string, bytes: Uint8Array, options?: DecodeOptions) {
    this.#name = name
    this.#bytes = bytes
    this.#maxPathPorts = options?.maxPathPorts ?? MAX_PATH_PORTS
  }

  uvarint(): bigint {
    const start = this.#at
    this.#at = uvarintEnd(this.#bytes, start)
    return uvarintValue(this.#bytes, start, this.#at)
  }

  key(): Uint8Array {
    return this.#copy(KEY_BYTES)
  }

  signature(): Uint8Array {
    return this.#copy(SIGNATURE_BYTES)
  }

  /** In the shortest form, whatever came. @throws {YggdrasilError} `too-large` above the limit of ports */
  path(): Path {
    const start = this.#at
    const end = scanPath(this.#bytes, start, this.#bytes.length, this.#maxPathPorts)
    if (end === 0) throw pathTooLong(this.#maxPathPorts)
    this.#at = end < 0 ? ~end : end
    return end < 0 ? minimalPath(this.#bytes, start, this.#at) : this.#bytes.slice(start, this.#at)
  }

  /** A view of everything that is left. */
  rest(): Uint8Array {
    const rest = this.#bytes.subarray(this.#at)
    this.#at = this.#bytes.length
    return rest
  }

  /** Nothing may be left. */
  end(): void {
    const left = this.#bytes.length - this.#at
    if (left === 0) return
    throw new YggdrasilError('malformed', `${this.#name} of ${this.#at} bytes: ${left} are left over`)
  }

  #copy(size: number): Uint8Array {
    const start = this.#at
    if (this.#bytes.length - start < size) {
      const left = this.#bytes.length - start
      throw new YggdrasilError('malformed', `${this.#name}: expected ${size} more bytes, got ${left}`)
    }
    this.#at += size
    return this.#bytes.slice(start, this.#at)
  }
}

/** A part of a body: a number is a uvarint, bytes stand as they are. */
export type BodyPart = bigint | Uint8Array

/** A body of these parts: sized first, allocated once. @throws {YggdrasilError} `misuse` for a number above 64 bits */
export function encodeBody(...parts: readonly BodyPart[]): Uint8Array {
  let size = 0
  for (const part of parts) size += typeof part === 'bigint' ? uvarintBytes(part) : part.length
  const body = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    if (typeof part === 'bigint') {
      at = writeUvarint(part, body, at)
    } else {
      body.set(part, at)
      at += part.length
    }
  }
  return body
}

/** @throws {YggdrasilError} `misuse` unless `bytes` has this length */
export function sized(bytes: Uint8Array, size: number, name: string): Uint8Array {
  if (bytes.length === size) return bytes
  throw new YggdrasilError('misuse', `${name}: expected ${size} bytes, got ${bytes.length}`)
}

/** A key to encode. @throws {YggdrasilError} `misuse` */
export function keyPart(key: Uint8Array, name: string): Uint8Array {
  return sized(key, KEY_BYTES, name)
}

/** A signature to encode. @throws {YggdrasilError} `misuse` */
export function signaturePart(signature: Uint8Array, name: string): Uint8Array {
  return sized(signature, SIGNATURE_BYTES, name)
}
