import { isWireError, WireError } from '../error.js'
import { type TlvCodec, tlvCodec } from '../tlv/codec.js'
import { TlvScanner } from '../tlv/scan.js'
import type { TlvTable } from '../tlv/table.js'
import { type Body, FillerBody } from './fixed.js'
import { MAX_COUNTED_RECORDS } from './get-addrs.js'
import { uint } from './layout.js'
import type { NodeRecord, TrackerCommandName } from './node-messages.js'
import { TLV_FIELDS } from './tlv-fields.js'

// Bodies of the form `v2`: sequences of fields (tracker protocol §7.3).

const { publicKey, address, signature, priority, clientId, ttlSeconds, lifetimeMs, count, record } = TLV_FIELDS

/** A payload as a table describes it. Codecs are compiled when first used: most programs need half of them. */
class TlvBody implements Body {
  readonly #table: TlvTable
  #codec: TlvCodec<TlvTable> | undefined

  constructor(table: TlvTable) {
    this.#table = table
  }

  encodeBehind(value: object, headBytes: number): Uint8Array {
    return this.#made().encodeBehind(value as never, headBytes)
  }

  decode(bytes: Uint8Array, at: number): object {
    return this.#made().decode(bytes, at)
  }

  #made(): TlvCodec<TlvTable> {
    this.#codec ??= tlvCodec(this.#table)
    return this.#codec
  }
}

const RECORD = { address, signature, priority, clientId, lifetimeMs } as const
const recordsWritten = new TlvBody({ count, records: { ...record, type: 'nested', table: RECORD, repeated: true } })

/** A record as others may send it: with anything missing. */
const recordRead = new TlvBody(
  Object.fromEntries(Object.entries(RECORD).map(([name, field]) => [name, { ...field, optional: true }])),
)

/** Read as the originals do: a bad record spoils itself, a bad count or a lack of records the whole answer (§7.3). */
const records: Body = {
  encodeBehind(value, headBytes) {
    const given = (value as { readonly records: readonly NodeRecord[] }).records
    uint(given.length, MAX_COUNTED_RECORDS, 'getAddrsResponse.records.length')
    return recordsWritten.encodeBehind({ count: given.length, records: given }, headBytes)
  },
  decode(bytes, at) {
    const scanner = new TlvScanner(bytes, at, bytes.length)
    const found: Uint8Array[] = []
    let counted: number | undefined
    while (scanner.next()) {
      const { tag, start, end } = scanner
      if (tag === record.tag && found.length < MAX_COUNTED_RECORDS) found.push(bytes.subarray(start, end))
      else if (tag === count.tag && counted === undefined) counted = readCount(bytes, start, end)
    }
    if (scanner.fault !== undefined) throw scanner.fault.toError()
    if (found.length < (counted ?? 0)) {
      throw new WireError('length', `getAddrsResponse: ${counted} records expected, ${found.length} came`, {
        field: 'getAddrsResponse.records',
      })
    }
    const read = found.slice(0, counted ?? 0).map(readRecord)
    return { records: read.filter((each) => each !== undefined) }
  },
}

function readCount(bytes: Uint8Array, start: number, end: number): number {
  if (end - start === 1) return bytes[start]!
  throw new WireError('length', `getAddrsResponse.count: expected 1 byte, got ${end - start}`, {
    field: 'getAddrsResponse.count',
  })
}

/** `undefined` for what is no record: all of it but the priority has to be there. */
function readRecord(bytes: Uint8Array): NodeRecord | undefined {
  let found: Partial<NodeRecord>
  try {
    found = recordRead.decode(bytes, 0)
  } catch (error) {
    if (isWireError(error)) return undefined
    throw error
  }
  const { address, signature, clientId, lifetimeMs } = found
  if (address === undefined || signature === undefined || clientId === undefined || lifetimeMs === undefined) {
    return undefined
  }
  return { address, signature, priority: found.priority ?? 0, clientId, lifetimeMs }
}

/** Requests are read strictly: every field has to be there, in its size. */
export const TLV_REQUESTS: Readonly<Record<TrackerCommandName, Body>> = {
  announce: new TlvBody({ publicKey, address, signature, priority, clientId }),
  getAddrs: new TlvBody({ publicKey }),
  ping: new FillerBody('pingRequest', 0),
}

export const TLV_RESPONSES: Readonly<Record<TrackerCommandName, Body>> = {
  announce: new TlvBody({ ttlSeconds }),
  getAddrs: records,
  ping: new FillerBody('pingResponse', 0),
}
