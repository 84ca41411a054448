import { WireError } from '../error.js'
import type { Body } from './fixed.js'
import { RESPONSE_HEADER_BYTES, requireBytes, TrackerCommand, uint, viewOf } from './layout.js'
import { FIXED_REQUESTS, FIXED_RESPONSES } from './node-fixed.js'
import type { TrackerCommandName, TrackerForm, TrackerRequests, TrackerResponses } from './node-messages.js'
import { TLV_REQUESTS, TLV_RESPONSES } from './node-tlv.js'

interface Form {
  /** What a request starts with: on streams the byte that says "a client", then the version. Checked. */
  readonly prefix: readonly number[]
  readonly requests: Readonly<Record<TrackerCommandName, Body>>
  readonly responses: Readonly<Record<TrackerCommandName, Body>>
  readonly commands: readonly TrackerCommandName[]
}

const ALL: readonly TrackerCommandName[] = ['announce', 'getAddrs', 'ping']
const FIXED = { requests: FIXED_REQUESTS, responses: FIXED_RESPONSES } as const

/** Tracker protocol §5, §7.2 and §7.3. */
const FORMS: Readonly<Record<TrackerForm, Form>> = {
  stream: { ...FIXED, prefix: [0x00, 1], commands: ['announce', 'getAddrs'] },
  v1: { ...FIXED, prefix: [1], commands: ALL },
  v2: { requests: TLV_REQUESTS, responses: TLV_RESPONSES, prefix: [2], commands: ALL },
}

/** Nonce and command behind the prefix. */
const HEAD_BYTES = RESPONSE_HEADER_BYTES

/** The form of a request that came as a datagram, by its version; `undefined` for no version of the current generation. */
export function peekTrackerForm(bytes: Uint8Array): TrackerForm | undefined {
  return bytes[0] === 1 ? 'v1' : bytes[0] === 2 ? 'v2' : undefined
}

/** The command of a request in `form`; `undefined` for one that the form does not have, or too few bytes to tell. */
export function peekTrackerCommand(form: TrackerForm, bytes: Uint8Array): TrackerCommandName | undefined {
  const { prefix, commands } = FORMS[form]
  const code = bytes[prefix.length + HEAD_BYTES - 1]
  return commands.find((command) => TrackerCommand[command] === code)
}

/** @throws {WireError} `out-of-range` | `length` | `missing-field`; `unexpected-type` for a command the form does not have */
export function encodeTrackerRequest<K extends TrackerCommandName>(
  form: TrackerForm,
  command: K,
  request: TrackerRequests[K],
): Uint8Array {
  const { prefix, requests } = formOf(form, command)
  const bytes = requests[command].encodeBehind(request, prefix.length + HEAD_BYTES)
  bytes.set(prefix)
  writeHead(bytes, prefix.length, request.nonce, command)
  return bytes
}

/**
 * Decode one request, on a stream all of it. Surplus bytes are accepted where the places are fixed, unknown fields where they
 * are not. Byte fields are views of `bytes`: copy what you keep.
 * @throws {WireError} `truncated` | `unexpected-type` (version, command) | `varint` | `missing-field` | `length`
 */
export function decodeTrackerRequest<K extends TrackerCommandName>(
  form: TrackerForm,
  command: K,
  bytes: Uint8Array,
): TrackerRequests[K] {
  const { prefix, requests } = formOf(form, command)
  requireBytes(bytes, prefix.length + HEAD_BYTES, `${command}Request`)
  const different = prefix.findIndex((byte, index) => bytes[index] !== byte)
  if (different !== -1) {
    throw new WireError(
      'unexpected-type',
      `${command}Request: byte ${different} of form ${form} is ${prefix[different]}, got ${bytes[different]}`,
      { field: `${command}Request.version` },
    )
  }
  return decodeBehind(requests[command], `${command}Request`, command, bytes, prefix.length) as TrackerRequests[K]
}

/** @throws {WireError} as {@link encodeTrackerRequest} */
export function encodeTrackerResponse<K extends TrackerCommandName>(
  form: TrackerForm,
  command: K,
  response: TrackerResponses[K],
): Uint8Array {
  const { responses } = formOf(form, command)
  const bytes = responses[command].encodeBehind(response, HEAD_BYTES)
  writeHead(bytes, 0, response.nonce, command)
  return bytes
}

/**
 * Decode one answer. In `v2` a record that cannot be read is left out, and an answer without a count has no records; in the
 * other forms the count has to be there. Byte fields are views of `bytes`.
 * @throws {WireError} as {@link decodeTrackerRequest}; `length` also when there are fewer records than counted
 */
export function decodeTrackerResponse<K extends TrackerCommandName>(
  form: TrackerForm,
  command: K,
  bytes: Uint8Array,
): TrackerResponses[K] {
  const { responses } = formOf(form, command)
  requireBytes(bytes, HEAD_BYTES, `${command}Response`)
  return decodeBehind(responses[command], `${command}Response`, command, bytes, 0) as TrackerResponses[K]
}

function formOf(form: TrackerForm, command: TrackerCommandName): Form {
  const found = FORMS[form]
  if (found.commands.includes(command)) return found
  throw new WireError('unexpected-type', `form ${form} has no command ${command}`, { field: 'command' })
}

function decodeBehind(body: Body, message: string, command: TrackerCommandName, bytes: Uint8Array, at: number): object {
  const view = viewOf(bytes)
  const found = view.getUint8(at + HEAD_BYTES - 1)
  if (found !== TrackerCommand[command]) {
    throw new WireError('unexpected-type', `${message}: command ${TrackerCommand[command]} expected, ${found} came`, {
      field: `${message}.command`,
    })
  }
  return { nonce: view.getUint32(at), ...body.decode(bytes, at + HEAD_BYTES) }
}

function writeHead(bytes: Uint8Array, at: number, nonce: number, command: TrackerCommandName): void {
  const view = viewOf(bytes)
  view.setUint32(at, uint(nonce, 0xffff_ffff, 'nonce'))
  view.setUint8(at + HEAD_BYTES - 1, TrackerCommand[command])
}
