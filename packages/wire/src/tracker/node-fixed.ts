import { WireError } from '../error.js'
import { type Body, FillerBody, FixedBody, type FixedField, FixedLayout } from './fixed.js'
import { MAX_COUNTED_RECORDS } from './get-addrs.js'
import { NODE_KEY_BYTES, RECORD_SIGNATURE_BYTES, requireBytes, USER_KEY_BYTES, uint } from './layout.js'
import type { NodeRecord, TrackerCommandName } from './node-messages.js'

// Bodies of the forms `stream` and `v1`: fixed places, surplus bytes accepted (tracker protocol §5.2 to §5.5, §7.2).

const publicKey: FixedField = { name: 'publicKey', type: 'bytes', sizeBytes: USER_KEY_BYTES }
const address: FixedField = { name: 'address', type: 'bytes', sizeBytes: NODE_KEY_BYTES }
const signature: FixedField = { name: 'signature', type: 'bytes', sizeBytes: RECORD_SIGNATURE_BYTES }
const priority: FixedField = { name: 'priority', type: 'u8' }
const clientId: FixedField = { name: 'clientId', type: 'u32' }

const RECORD = new FixedLayout('getAddrsResponse.records', [
  address,
  signature,
  priority,
  clientId,
  { name: 'lifetimeMs', type: 'u64' },
])

/** Length of one record of these forms, in bytes. */
export const NODE_RECORD_BYTES: number = RECORD.sizeBytes

/**
 * One record as answers of these forms carry it: `address 32 | signature 64 | priority u8 | clientId u32 | lifetimeMs u64`.
 * @throws {WireError} `length` | `out-of-range`
 */
export function encodeNodeRecord(record: NodeRecord): Uint8Array {
  const bytes = new Uint8Array(NODE_RECORD_BYTES)
  RECORD.write(record, bytes, 0)
  return bytes
}

/** The byte fields are views of `bytes`. @throws {WireError} `truncated` */
export function decodeNodeRecord(bytes: Uint8Array): NodeRecord {
  requireBytes(bytes, NODE_RECORD_BYTES, 'record')
  return RECORD.read(bytes, 0) as NodeRecord
}

/** `count u8`, then so many records of 109 bytes. */
const records: Body = {
  encodeBehind(value, headBytes) {
    const given = (value as { readonly records: readonly NodeRecord[] }).records
    const count = uint(given.length, MAX_COUNTED_RECORDS, 'getAddrsResponse.records.length')
    const start = headBytes + 1
    const bytes = new Uint8Array(start + count * RECORD.sizeBytes)
    bytes[headBytes] = count
    for (const [index, record] of given.entries()) RECORD.write(record, bytes, start + index * RECORD.sizeBytes)
    return bytes
  },
  decode(bytes, at) {
    requireBytes(bytes, at + 1, 'getAddrsResponse')
    const count = bytes[at]!
    const start = at + 1
    const neededBytes = count * RECORD.sizeBytes
    if (bytes.length - start < neededBytes) {
      throw new WireError(
        'length',
        `getAddrsResponse: the count ${count} needs ${neededBytes} bytes, ${bytes.length - start} came`,
        { field: 'getAddrsResponse.records' },
      )
    }
    return {
      records: Array.from({ length: count }, (_, index) => RECORD.read(bytes, start + index * RECORD.sizeBytes)),
    }
  },
}

/** Priority and client id come before the address here. A ping is as long as a resolve; what stands there is nothing. */
export const FIXED_REQUESTS: Readonly<Record<TrackerCommandName, Body>> = {
  announce: new FixedBody('announceRequest', [publicKey, priority, clientId, address, signature]),
  getAddrs: new FixedBody('getAddrsRequest', [publicKey]),
  ping: new FillerBody('pingRequest', USER_KEY_BYTES),
}

export const FIXED_RESPONSES: Readonly<Record<TrackerCommandName, Body>> = {
  announce: new FixedBody('announceResponse', [{ name: 'ttlSeconds', type: 'u64' }]),
  getAddrs: records,
  ping: new FillerBody('pingResponse', 0),
}
