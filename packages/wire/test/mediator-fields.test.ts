// What a decoder blames is a promise to the server, which makes the protocol's error texts of it: mediator protocol §8.
import { describe, expect, test } from 'vitest'
import { isWireError } from '../src/index.js'
import {
  decodeRequestPayload,
  encodeRequestPayload,
  hasMediatorCommand,
  MEDIATOR_DIALECTS,
  type MediatorCommandName,
  type MediatorDialect,
  type MediatorRequests,
} from '../src/mediator/index.js'
import { decodeTlvPayload, encodeTlvPayload } from '../src/tlv/index.js'

const key = new Uint8Array(32).fill(1)
const blob = new Uint8Array(5).fill(2)

const SAMPLES: MediatorRequests = {
  getNonce: { publicKey: key },
  auth: { publicKey: key, nonce: key, signature: new Uint8Array(64) },
  ping: {},
  createChat: {
    ownerPublicKey: key,
    nonce: key,
    counter: 7,
    signature: new Uint8Array(64),
    name: 'name',
    description: 'description',
    avatar: blob,
  },
  deleteChat: { chatId: 1n },
  updateChatInfo: { chatId: 1n, name: 'name', description: 'description', avatar: blob },
  addUser: { chatId: 1n, userPublicKey: key },
  deleteUser: { chatId: 1n, userPublicKey: key },
  leaveChat: { chatId: 1n },
  getUserChats: {},
  sendMessage: { chatId: 1n, guid: 2n, timestampSeconds: 3n, blob },
  deleteMessage: { chatId: 1n, messageId: 2n, guid: 3n },
  getLastMessageId: { chatId: 1n },
  subscribe: { chatId: 1n },
  getMessagesSince: { chatId: 1n, sinceId: 2n, limit: 3 },
  sendInvite: { chatId: 1n, toPublicKey: key, data: blob },
  inviteResponse: { inviteId: 1n, accepted: 1 },
  updateMemberInfo: { chatId: 1n, timestampSeconds: 2n, info: blob },
  getMembersInfo: { chatId: 1n, sinceSeconds: 2n },
  getMembers: { chatId: 1n },
  changeMemberStatus: { chatId: 1n, userPublicKey: key, permissions: 0x10 },
}

/** The fields that a server checks, in the order of its checks; those that TLV can do without have a question mark. */
const CHECKS: Readonly<Record<MediatorCommandName, readonly string[]>> = {
  getNonce: ['publicKey'],
  auth: ['publicKey', 'nonce', 'signature'],
  ping: [],
  createChat: ['ownerPublicKey', 'nonce', 'counter', 'signature', 'name', 'description', 'avatar?'],
  deleteChat: ['chatId'],
  updateChatInfo: ['chatId', 'name?', 'description?', 'avatar?'],
  addUser: ['chatId', 'userPublicKey'],
  deleteUser: ['chatId', 'userPublicKey'],
  leaveChat: ['chatId'],
  getUserChats: [],
  sendMessage: ['chatId', 'guid', 'blob?'],
  deleteMessage: ['chatId', 'messageId?'],
  getLastMessageId: ['chatId'],
  subscribe: ['chatId'],
  getMessagesSince: ['chatId', 'sinceId', 'limit'],
  sendInvite: ['chatId', 'toPublicKey', 'data?'],
  inviteResponse: ['inviteId', 'accepted'],
  updateMemberInfo: ['chatId', 'timestampSeconds', 'info?'],
  getMembersInfo: ['chatId', 'sinceSeconds?'],
  getMembers: ['chatId'],
  changeMemberStatus: ['chatId', 'userPublicKey', 'permissions'],
}

/** What the decoder blames: a field, `no field`, or `nothing` when it takes the payload. */
function blamed(dialect: MediatorDialect, command: MediatorCommandName, payload: Uint8Array): string {
  try {
    decodeRequestPayload(dialect, command, payload)
    return 'nothing'
  } catch (error) {
    if (!isWireError(error)) throw error
    return error.field ?? 'no field'
  }
}

const commands = Object.keys(CHECKS) as MediatorCommandName[]

describe.each(commands.filter((command) => hasMediatorCommand('binary', command)))('%s, binary', (command) => {
  test('cut off anywhere, the first field that does not fit', () => {
    const payload = encodeRequestPayload('binary', command, SAMPLES[command])
    const found = new Set<string>()
    for (let end = 0; end < payload.length; end++) found.add(blamed('binary', command, payload.subarray(0, end)))
    expect([...found]).toEqual(CHECKS[command].map((field) => field.replace('?', '')))
  })
})

const required = (command: MediatorCommandName) => CHECKS[command].filter((field) => !field.endsWith('?'))

describe.each(
  (['tlv', 'tlv-push'] as const).flatMap((dialect) => commands.map((command) => [dialect, command] as const)),
)('%s %s', (dialect, command) => {
  const fields = decodeTlvPayload(encodeRequestPayload(dialect, command, SAMPLES[command]))

  test.each(required(command).map((field, index) => [field, index] as const))('blames %s', (field, index) => {
    const without = fields.filter((_, at) => at !== index)
    expect(blamed(dialect, command, encodeTlvPayload(without))).toBe(field)
    expect(blamed(dialect, command, encodeTlvPayload(fields.slice(0, index)))).toBe(field)
    const reversed = fields.slice(0, index).reverse()
    expect(blamed(dialect, command, encodeTlvPayload(reversed))).toBe(field)
    const isText = field === 'name' || field === 'description'
    const bad = { tag: fields[index]!.tag, value: isText ? Uint8Array.of(0xff) : new Uint8Array(3) }
    expect(blamed(dialect, command, encodeTlvPayload(fields.map((each, at) => (at === index ? bad : each))))).toBe(
      field,
    )
  })

  test('no field when it is no TLV, whatever else is missing', () => {
    const isRead = command !== 'ping' && !(command === 'getUserChats' && dialect === 'tlv-push')
    expect(blamed(dialect, command, Uint8Array.of(0x10))).toBe(isRead ? 'no field' : 'nothing')
    expect(blamed(dialect, command, Uint8Array.of(0x10, 0x08, 0x00))).toBe(isRead ? 'no field' : 'nothing')
  })
})

test('a message to be deleted that is not named at all: its guid', () => {
  const payload = encodeTlvPayload(decodeTlvPayload(encodeRequestPayload('tlv', 'subscribe', { chatId: 1n })))
  for (const dialect of ['tlv', 'tlv-push'] as const) {
    expect(blamed(dialect, 'deleteMessage', payload)).toBe('guid')
    expect(blamed(dialect, 'deleteMessage', new Uint8Array(0))).toBe('chatId')
  }
})

test('a name that is no UTF-8 comes before a description that is not there', () => {
  const chat = SAMPLES.createChat
  for (const dialect of MEDIATOR_DIALECTS) {
    const payload = encodeRequestPayload(dialect, 'createChat', { ...chat, name: '¤' })
    const at = payload.findIndex((byte, index) => byte === 0xc2 && payload[index + 1] === 0xa4)
    payload[at] = 0xff
    expect(blamed(dialect, 'createChat', payload.subarray(0, at + 2))).toBe('name')
  }
})
