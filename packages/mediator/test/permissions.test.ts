// Who may do what: every caller, target, command, dialect and moderation mode, over real sockets. The cases come from the same
// table that the server reads; that the table says what mediator protocol §7.2 says is a test of its own.
import type { MediatorDialect, MediatorRequests } from '@mimirjs/wire/mediator'
import { expect, test } from 'vitest'
import { call } from '../src/operations.js'
import { CALLERS, type Column, GRANTS, type JudgedCommand, TARGETS } from '../src/permissions.js'
import type { Moderation } from '../src/types.js'
import type { RawClient } from './support/raw-client.js'
import {
  chatProgram,
  DIALECTS,
  dumpProgram,
  keyOf,
  type MemberRow,
  NOW_SECONDS,
  type Server,
  startServer,
} from './support/server.js'

const FOUNDER = 1
const CALLER = 2
const TARGET = 3
const GUID = 100n

type TargetCommand = keyof (typeof TARGETS)['strict']

/** Rows by column; roles combine, and a banned one keeps what it was. */
const ROWS: Readonly<Record<Column, readonly Omit<MemberRow, 'number'>[]>> = {
  O: [{ permissions: 0x90 }],
  A: [{ permissions: 0x40 }, { permissions: 0x60 }],
  M: [{ permissions: 0x20 }, { permissions: 0x30 }],
  U: [{ permissions: 0x10 }, { permissions: 0 }],
  R: [{ permissions: 0x08 }, { permissions: 0x18 }],
  B: [
    { permissions: 0x11, banned: true },
    { permissions: 0x90, banned: true },
  ],
  X: [],
}
const COLUMNS = Object.keys(ROWS) as Column[]

test('the table is that of the specification', () => {
  expect(CALLERS).toEqual({
    updateChatInfo: 'OA',
    addUser: 'OAM',
    deleteUser: 'OAM',
    leaveChat: 'AMUR',
    sendMessage: 'OAMU',
    deleteMessage: 'OAM',
    getLastMessageId: 'OAMUR',
    getMessagesSince: 'OAMUR',
    getMembers: 'OAMUR',
    getMembersInfo: 'OAMUR',
    updateMemberInfo: 'OAMUR',
    subscribe: 'OAMU',
    sendInvite: 'OAM',
    changeMemberStatus: 'OA',
  })
  const anybody = { ranks: { O: 'OAMU', A: 'OAMU', M: 'OAMU' }, banned: 'OAM', self: true }
  expect(TARGETS.original).toEqual({
    addUser: anybody,
    deleteUser: anybody,
    sendInvite: anybody,
    changeMemberStatus: anybody,
  })
  expect(TARGETS.strict).toEqual({
    addUser: { ranks: { O: 'AMU', A: 'AMU', M: 'AMU' }, banned: 'OA', self: true },
    sendInvite: { ranks: { O: 'AMU', A: 'AMU', M: 'AMU' }, banned: 'OA', self: true },
    deleteUser: { ranks: { O: 'AMU', A: 'MU', M: 'U' }, banned: 'OAM', self: false },
    changeMemberStatus: { ranks: { O: 'OAMU', A: 'MU', M: 'U' }, banned: 'OAM', self: true },
  })
  expect(GRANTS).toEqual({
    original: { O: 'OAMUR', A: 'OAMUR', M: '' },
    strict: { O: 'AMUR', A: 'MUR', M: '' },
  })
})

/** Texts for who lacks the role, where they are not those of everybody. */
function refusalOf(
  command: JudgedCommand,
  column: Column,
  dialect: MediatorDialect,
  row: Omit<MemberRow, 'number'> | undefined,
): string {
  // Whether it is the owner is asked first.
  if (command === 'leaveChat' && row !== undefined && rank(row) === 'O') return "owner can't leave"
  if (column === 'X' || column === 'B') {
    if (command === 'leaveChat') return column === 'X' ? 'not a member' : 'banned user'
    if (command === 'updateChatInfo') return column === 'X' ? 'not a member' : 'banned'
    return command === 'deleteMessage' ? 'insufficient perms' : 'not a member or banned'
  }
  if (command === 'sendMessage' || command === 'subscribe') return 'read-only user'
  const isHidden = command === 'addUser' || command === 'deleteUser' || command === 'sendInvite'
  return isHidden && dialect === 'tlv-push' ? 'not a member or banned' : 'insufficient perms'
}

const info = new Uint8Array(30)

function requestOf(command: JudgedCommand, chatId: bigint, messageId: bigint): MediatorRequests[JudgedCommand] {
  const userPublicKey = keyOf(TARGET)
  const requests: { [K in JudgedCommand]: MediatorRequests[K] } = {
    updateChatInfo: { chatId, name: 'new' },
    addUser: { chatId, userPublicKey: keyOf(9) },
    deleteUser: { chatId, userPublicKey },
    leaveChat: { chatId },
    sendMessage: { chatId, guid: 5n, blob: info },
    deleteMessage: { chatId, messageId, guid: GUID },
    getLastMessageId: { chatId },
    getMessagesSince: { chatId, sinceId: 0n, limit: 10 },
    getMembers: { chatId },
    getMembersInfo: { chatId, sinceSeconds: 0n },
    updateMemberInfo: { chatId, timestampSeconds: NOW_SECONDS, info },
    subscribe: { chatId },
    sendInvite: { chatId, toPublicKey: keyOf(9), data: info },
    changeMemberStatus: { chatId, userPublicKey, permissions: 0x08 },
  }
  return requests[command]
}

let nextChat = 1_000n

interface Chat {
  readonly chatId: bigint
  readonly messageId: bigint
  /** What the database has of it. */
  readonly before: unknown
}

function makeChat(server: Server, rows: readonly MemberRow[]): Promise<Chat> {
  const chatId = nextChat++
  return server.run(function* () {
    yield* chatProgram(chatId, rows, FOUNDER)
    const message = { guid: GUID, timestampSeconds: 1n, clientTimestampSeconds: undefined, blob: info }
    const messageId = (yield* call('insertMessage', chatId, { ...message, author: keyOf(FOUNDER) })) ?? 0n
    return { chatId, messageId, before: yield* dumpProgram([chatId], NUMBERS) }
  })
}

const NUMBERS = [FOUNDER, CALLER, TARGET, 9]

async function outcome(
  server: Server,
  client: RawClient,
  { chatId, before }: Chat,
  command: JudgedCommand,
  request: MediatorRequests[JudgedCommand],
): Promise<{ text: string; isUnchanged: boolean }> {
  const answer = await client.ask(command, request)
  const after = await server.dump([chatId], NUMBERS)
  const isUnchanged = JSON.stringify(before, bigints) === JSON.stringify(after, bigints)
  return { text: answer.ok ? 'ok' : answer.text, isUnchanged }
}

const bigints = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value)

const READING: ReadonlySet<JudgedCommand> = new Set([
  'getLastMessageId',
  'getMessagesSince',
  'getMembers',
  'getMembersInfo',
  'subscribe',
])

function has(dialect: MediatorDialect, command: JudgedCommand): boolean {
  return dialect !== 'binary' || (command !== 'updateChatInfo' && command !== 'changeMemberStatus')
}

for (const moderation of ['strict', 'original'] as const)
  for (const dialect of DIALECTS) {
    test(`${moderation}, ${dialect}: every caller and every command`, async () => {
      const server = await startServer({ moderation })
      const client = await server.login(dialect, CALLER)
      for (const command of Object.keys(CALLERS) as JudgedCommand[]) {
        if (!has(dialect, command)) continue
        for (const column of COLUMNS)
          for (const row of column === 'X' ? [undefined] : ROWS[column]) {
            const caller = row === undefined ? [] : [{ number: CALLER, ...row }]
            const chat = await makeChat(server, [...caller, { number: TARGET, permissions: 0x10 }])
            const request = requestOf(command, chat.chatId, chat.messageId)
            const { text, isUnchanged } = await outcome(server, client, chat, command, request)
            const isAllowed = CALLERS[command].includes(column)
            const name = `${command} by ${column} ${row?.permissions ?? ''}`
            expect(text, name).toBe(isAllowed ? 'ok' : refusalOf(command, column, dialect, row))
            expect(isUnchanged, `database after ${name}`).toBe(!isAllowed || READING.has(command))
          }
      }
    })

    test(`${moderation}, ${dialect}: every caller and every target`, async () => {
      const server = await startServer({ moderation })
      const client = await server.login(dialect, CALLER)
      for (const command of Object.keys(TARGETS[moderation]) as TargetCommand[]) {
        if (!has(dialect, command)) continue
        for (const callerColumn of ['O', 'A', 'M'] as const) {
          if (!CALLERS[command].includes(callerColumn)) continue
          for (const targetColumn of [...COLUMNS, 'self'] as const)
            for (const row of targetColumn === 'X' || targetColumn === 'self' ? [undefined] : ROWS[targetColumn]) {
              const caller = ROWS[callerColumn][0] ?? { permissions: 0 }
              const rows = [{ number: CALLER, ...caller }, ...(row === undefined ? [] : [{ number: TARGET, ...row }])]
              const chat = await makeChat(server, rows)
              const { chatId } = chat
              const userPublicKey = keyOf(targetColumn === 'self' ? CALLER : TARGET)
              const request =
                command === 'sendInvite'
                  ? { chatId, toPublicKey: userPublicKey, data: info }
                  : { chatId, userPublicKey, permissions: 0x10 }
              const target = targetColumn === 'self' ? { number: CALLER, ...caller } : row
              const expected = expectedFor(moderation, dialect, command, callerColumn, targetColumn, target)
              const name = `${command} by ${callerColumn} on ${targetColumn} ${row?.permissions ?? ''}`
              const { text, isUnchanged } = await outcome(server, client, chat, command, request)
              expect(text, name).toBe(expected.text)
              expect(isUnchanged, `database after ${name}`).toBe(!expected.changes)
              if (!expected.changes || expected.row === undefined) continue
              const after = await server.run(() => call('user', chatId, userPublicKey))
              expect(after, name).toMatchObject(expected.row)
            }
        }
      }
    })
  }

/** The rank of a row: the letter of its highest role, U for the rest. */
function rank(row: Omit<MemberRow, 'number'>): 'O' | 'A' | 'M' | 'U' {
  if (row.permissions >= 0x80) return 'O'
  if (row.permissions >= 0x40) return 'A'
  return row.permissions >= 0x20 ? 'M' : 'U'
}

interface Expected {
  readonly text: string
  readonly changes: boolean
  readonly row?: { readonly permissions: number; readonly banned: boolean } | undefined
}

function expectedFor(
  moderation: Moderation,
  dialect: MediatorDialect,
  command: TargetCommand,
  caller: 'O' | 'A' | 'M',
  column: Column | 'self',
  row: Omit<MemberRow, 'number'> | undefined,
): Expected {
  const refuse = (text: string): Expected => ({ text, changes: false })
  const rule = TARGETS[moderation][command]
  if (command === 'changeMemberStatus') {
    if (column === 'self') return refuse('cannot modify own permissions')
    if (row === undefined) return refuse('target user not a member')
    if (caller !== 'O' && rank(row) === 'O') return refuse('cannot modify owner permissions')
  }
  const isBanned = row?.banned === true
  const mayTouch =
    row === undefined || (rule.ranks[caller].includes(rank(row)) && (!isBanned || rule.banned.includes(caller)))
  if (!mayTouch || (column === 'self' && !rule.self)) return refuse('insufficient perms')
  const isPresent = row !== undefined && !isBanned
  switch (command) {
    case 'addUser':
      if (moderation === 'strict' && isPresent) return { text: 'ok', changes: false }
      return { text: 'ok', changes: true, row: { permissions: 0x10, banned: false } }
    case 'deleteUser':
      if (row === undefined && moderation === 'strict') return refuse('not a member or banned')
      if (row === undefined) return { text: 'ok', changes: true }
      return { text: 'ok', changes: true, row: { permissions: row.permissions | 1, banned: true } }
    case 'sendInvite': {
      const mayRotate = moderation === 'strict' && caller !== 'M'
      const isSeen = moderation === 'strict' || (dialect === 'tlv-push' && row !== undefined && row.permissions >= 0x08)
      if (isPresent && !mayRotate && isSeen) return refuse('user already in chat')
      return { text: 'ok', changes: true }
    }
    case 'changeMemberStatus':
      return { text: 'ok', changes: true, row: { permissions: 0x10, banned: false } }
  }
}

for (const moderation of ['strict', 'original'] as const)
  for (const dialect of ['tlv', 'tlv-push'] as const)
    test(`${moderation}, ${dialect}: every role that is given`, async () => {
      const server = await startServer({ moderation })
      const client = await server.login(dialect, CALLER)
      const roles = { O: 0x80, A: 0x40, M: 0x20, U: 0x10, R: 0x08 } as const
      for (const caller of ['O', 'A'] as const)
        for (const [role, permissions] of Object.entries(roles) as [keyof typeof roles, number][])
          for (const banned of [0, 1]) {
            const callerRow = { number: CALLER, permissions: ROWS[caller][0]?.permissions ?? 0 }
            const chat = await makeChat(server, [callerRow, { number: TARGET, permissions: 0x10 }])
            const { chatId } = chat
            const request = { chatId, userPublicKey: keyOf(TARGET), permissions: permissions | banned }
            const { text, isUnchanged } = await outcome(server, client, chat, 'changeMemberStatus', request)
            const isAllowed = GRANTS[moderation][caller].includes(role)
            expect(text, `${role} by ${caller}`).toBe(isAllowed ? 'ok' : 'insufficient perms')
            expect(isUnchanged).toBe(!isAllowed)
            if (isAllowed)
              expect(await server.run(() => call('user', chatId, keyOf(TARGET)))).toMatchObject({
                permissions: permissions | banned,
                banned: banned === 1,
                changedAtSeconds: NOW_SECONDS,
              })
          }
    })

test('a chat is deleted by whoever made it, banned or not, and by nobody else', async () => {
  for (const dialect of DIALECTS) {
    const server = await startServer()
    const { chatId } = await makeChat(server, [
      { number: FOUNDER, permissions: 0x01, banned: true },
      { number: CALLER, permissions: 0x90 },
    ])
    const other = await server.login(dialect, CALLER)
    expect(await other.refused('deleteChat', { chatId })).toBe('not an owner')
    const founder = await server.login(dialect, FOUNDER)
    await founder.ok('deleteChat', { chatId })
    expect(await server.run(() => call('chatOwner', chatId))).toBeUndefined()
  }
})

test('authors delete their own messages in the TLV dialects, members or not; in binary they do not', async () => {
  for (const dialect of DIALECTS)
    for (const row of [{ permissions: 0x10 }, { permissions: 0x08 }, { permissions: 0x11, banned: true }, undefined]) {
      const server = await startServer()
      const { chatId } = await makeChat(server, row === undefined ? [] : [{ number: CALLER, ...row }])
      const message = {
        guid: 7n,
        timestampSeconds: 1n,
        clientTimestampSeconds: undefined,
        author: keyOf(CALLER),
        blob: info,
      }
      const messageId = await server.run(() => call('insertMessage', chatId, message))
      const client = await server.login(dialect, CALLER)
      const answer = await client.ask('deleteMessage', { chatId, messageId, guid: 7n })
      expect(answer.ok ? 'ok' : answer.text).toBe(dialect === 'binary' ? 'insufficient perms' : 'ok')
    }
})
