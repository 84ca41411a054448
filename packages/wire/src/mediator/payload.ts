import { WireError } from '../error.js'
import { BinaryGroupLayout, BinaryLayout } from './binary-layout.js'
import { MEDIATOR_DIALECTS, type MediatorCommandName, type MediatorDialect, type MediatorPushName } from './codes.js'
import { FixedFormLayout } from './fixed-form.js'
import { type Layout, RawLayout } from './layout.js'
import { type MessageRow, PUSHES, REQUESTS, RESPONSES } from './table.js'
import { TlvGroupLayout, TlvLayout } from './tlv-layout.js'
import type { MediatorPushes, MediatorRequests, MediatorResponses } from './types.js'

type Kind = 'request' | 'response' | 'push'

const TABLES: Readonly<Record<Kind, Readonly<Record<string, MessageRow>>>> = {
  request: REQUESTS,
  response: RESPONSES,
  push: PUSHES,
}

/** Layouts made so far: compiling all of them at once would cost every start what few programs need. */
const layouts: Readonly<Record<Kind, ReadonlyMap<MediatorDialect, Map<string, Layout>>>> = {
  request: noLayouts(),
  response: noLayouts(),
  push: noLayouts(),
}

function noLayouts(): ReadonlyMap<MediatorDialect, Map<string, Layout>> {
  return new Map(MEDIATOR_DIALECTS.map((dialect) => [dialect, new Map<string, Layout>()]))
}

/** @throws {WireError} `unexpected-type` for what the dialect does not have. */
export function layoutOf(kind: Kind, dialect: MediatorDialect, name: string): Layout {
  const made = layouts[kind].get(dialect)
  return made?.get(name) ?? makeLayout(kind, dialect, name, made)
}

function makeLayout(kind: Kind, dialect: MediatorDialect, name: string, made: Map<string, Layout> | undefined): Layout {
  const row = Object.hasOwn(TABLES[kind], name) ? TABLES[kind][name] : undefined
  if (made === undefined || row === undefined || row.lacking?.includes(dialect)) {
    throw new WireError('unexpected-type', `${name}: expected a ${kind} of dialect ${dialect}`)
  }
  const layout = layoutFor(row, dialect)
  made.set(name, layout)
  return layout
}

function layoutFor(row: MessageRow, dialect: MediatorDialect): Layout {
  if (row.unread?.includes(dialect)) return new RawLayout(row.raw ?? [])
  const { fields, group, fixedForm } = row
  if (dialect === 'binary') return group ? new BinaryGroupLayout(fields, group) : new BinaryLayout(fields)
  const layout = group ? new TlvGroupLayout(fields, group) : new TlvLayout(fields)
  return fixedForm?.dialect === dialect ? new FixedFormLayout(layout, fields, fixedForm) : layout
}

/**
 * The payload of a request. Small results share an `ArrayBuffer`, as Node's Buffers do: do not transfer `payload.buffer`.
 * Source: mediator protocol §8.
 * @throws {WireError} `missing-field`, `length` or `out-of-range` for a value that cannot be encoded; `unexpected-type` for a
 * command that the dialect does not have.
 */
export function encodeRequestPayload<K extends MediatorCommandName>(
  dialect: MediatorDialect,
  command: K,
  value: MediatorRequests[K],
): Uint8Array {
  return layoutOf('request', dialect, command).encodeBehind(value, 0)
}

/**
 * What a request says; byte fields are views into `payload`. Unknown tags are skipped, of a repeated tag the last counts, and
 * in `binary` bytes behind the last field are ignored. Source: mediator protocol §4, §5 and §8.
 * @throws {WireError} with the `field` that a server has to complain about, the first in the order of its checks; without one
 * when the payload is no TLV at all. `unexpected-type` for a command that the dialect does not have.
 */
export function decodeRequestPayload<K extends MediatorCommandName>(
  dialect: MediatorDialect,
  command: K,
  payload: Uint8Array,
): MediatorRequests[K] {
  return layoutOf('request', dialect, command).decode(payload) as unknown as MediatorRequests[K]
}

/** The payload of an answer that says yes. @throws {WireError} as {@link encodeRequestPayload} */
export function encodeResponsePayload<K extends MediatorCommandName>(
  dialect: MediatorDialect,
  command: K,
  value: MediatorResponses[K],
): Uint8Array {
  return layoutOf('response', dialect, command).encodeBehind(value, 0)
}

/**
 * What an answer that says yes says. Lists are read record by record: their count is only a hint in the TLV dialects, and a
 * message there without guid or author is left out. @throws {WireError} as {@link decodeRequestPayload}
 */
export function decodeResponsePayload<K extends MediatorCommandName>(
  dialect: MediatorDialect,
  command: K,
  payload: Uint8Array,
): MediatorResponses[K] {
  return layoutOf('response', dialect, command).decode(payload) as unknown as MediatorResponses[K]
}

/** The payload of a push. @throws {WireError} as {@link encodeRequestPayload} */
export function encodePushPayload<K extends MediatorPushName>(
  dialect: MediatorDialect,
  push: K,
  value: MediatorPushes[K],
): Uint8Array {
  return layoutOf('push', dialect, push).encodeBehind(value, 0)
}

/**
 * What a push says. In `tlv` the one message that Go servers send in the fixed layout, CHAT_DELETED, is recognised too; that
 * its author is the mediator is yours to check, as with every system message. @throws {WireError} as
 * {@link decodeRequestPayload}
 */
export function decodePushPayload<K extends MediatorPushName>(
  dialect: MediatorDialect,
  push: K,
  payload: Uint8Array,
): MediatorPushes[K] {
  return layoutOf('push', dialect, push).decode(payload) as unknown as MediatorPushes[K]
}
