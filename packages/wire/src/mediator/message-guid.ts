import { xxh64Guid } from '../peer/guid.js'

/**
 * The guid of a message in a group: XXH64 of what the message says and of when it was sent. Source: mediator protocol §11.2.
 * @param data - the text, or the JSON of metadata or of a reaction. @param sendTimeMs - milliseconds since 1970
 */
export function messageGuid(data: Uint8Array, sendTimeMs: bigint): bigint {
  return xxh64Guid(data, sendTimeMs)
}
