import type fc from 'fast-check'
import {
  decodePushPayload,
  decodeRequestPayload,
  decodeResponsePayload,
  encodePushFrame,
  encodePushPayload,
  encodeRequestFrame,
  encodeRequestPayload,
  encodeResponseFrame,
  encodeResponsePayload,
  hasMediatorCommand,
  MEDIATOR_DIALECTS,
  MediatorCommand,
  type MediatorCommandName,
  type MediatorDialect,
  MediatorPush,
  type MediatorPushName,
} from '../../src/mediator/index.js'
import { pushes, requests, responses } from './mediator.js'

/** One payload of one dialect: values of it, and all that is done with them. */
export interface PayloadCase {
  readonly name: string
  readonly kind: 'request' | 'response' | 'push'
  readonly dialect: MediatorDialect
  readonly values: fc.Arbitrary<object>
  encode(value: object): Uint8Array
  decode(payload: Uint8Array): object
  frame(value: object): Uint8Array
}

export const COMMANDS = Object.keys(MediatorCommand) as MediatorCommandName[]
const PUSHES = Object.keys(MediatorPush) as MediatorPushName[]
export const REQUEST_ID = 0x1001

export const PAYLOADS: readonly PayloadCase[] = MEDIATOR_DIALECTS.flatMap((dialect) => [
  ...COMMANDS.filter((command) => hasMediatorCommand(dialect, command)).flatMap((command) => [
    requestCase(dialect, command),
    responseCase(dialect, command),
  ]),
  ...PUSHES.map((push) => pushCase(dialect, push)),
])

function requestCase(dialect: MediatorDialect, command: MediatorCommandName): PayloadCase {
  return {
    name: `${dialect} ${command} request`,
    kind: 'request',
    dialect,
    values: requests(dialect)[command],
    encode: (value) => encodeRequestPayload(dialect, command, value as never),
    decode: (payload) => decodeRequestPayload(dialect, command, payload),
    frame: (value) => encodeRequestFrame(dialect, REQUEST_ID, command, value as never),
  }
}

function responseCase(dialect: MediatorDialect, command: MediatorCommandName): PayloadCase {
  return {
    name: `${dialect} ${command} response`,
    kind: 'response',
    dialect,
    values: responses(dialect)[command],
    encode: (value) => encodeResponsePayload(dialect, command, value as never),
    decode: (payload) => decodeResponsePayload(dialect, command, payload),
    frame: (value) => encodeResponseFrame(dialect, REQUEST_ID, command, value as never),
  }
}

function pushCase(dialect: MediatorDialect, push: MediatorPushName): PayloadCase {
  return {
    name: `${dialect} ${push} push`,
    kind: 'push',
    dialect,
    values: pushes(dialect)[push],
    encode: (value) => encodePushPayload(dialect, push, value as never),
    decode: (payload) => decodePushPayload(dialect, push, payload),
    frame: (value) => encodePushFrame(dialect, push, value as never),
  }
}
