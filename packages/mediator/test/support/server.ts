// A mediator on real sockets with a store that the test can look into.
import { createClock, type ManualClock } from '@mimirjs/transport/testing'
import type { MediatorDialect } from '@mimirjs/wire/mediator'
import { onTestFinished } from 'vitest'
import {
  createMediator,
  type Mediator,
  type MediatorLimits,
  type MediatorOptions,
  openSqliteStore,
} from '../../src/index.js'
import { call, type MediatorStore, type Program } from '../../src/operations.js'
import { RawClient, signerOf, transports } from './raw-client.js'

export const DIALECTS: readonly MediatorDialect[] = ['binary', 'tlv', 'tlv-push']
export const NOW_SECONDS = 1_800_000_000n
export const MEDIATOR = 0

/** Rates that no test reaches by accident. */
export const UNHURRIED: Partial<MediatorLimits> = {
  commandsPerSecond: 1e9,
  commandsBurst: 1e9,
  messagesPerSecond: 1e9,
  messagesBurst: 1e9,
  bytesPerSecond: 1e12,
  bytesBurst: 1e12,
  pushedBytesPerSecond: 1e12,
  pushedBytesBurst: 1e12,
  invitesPerMinute: 1e9,
  invitesBurst: 1e9,
  chatsPerHour: 1e9,
  chatsPerHourPerSource: 1e9,
  connectionsPerSource: 1e9,
}

export interface MemberRow {
  readonly number: number
  readonly permissions: number
  readonly banned?: boolean
}

export interface Server {
  readonly mediator: Mediator
  readonly store: MediatorStore
  readonly clock: ManualClock
  addressOf(dialect: MediatorDialect): string
  connect(dialect: MediatorDialect, number: number): Promise<RawClient>
  login(dialect: MediatorDialect, number: number): Promise<RawClient>
  /** Straight into the store: a chat of key 1, or of `owner`, with these members besides. */
  chat(chatId: bigint, members?: readonly MemberRow[], owner?: number): Promise<void>
  run<T>(program: () => Program<T>): Promise<T>
  /** All that the store has about these chats and keys. */
  dump(chatIds: readonly bigint[], numbers: readonly number[]): Promise<unknown>
  close(): Promise<void>
}

/** Closed with the test. The clock stands still at {@link NOW_SECONDS}. Without a store of the test it has SQLite. */
export async function startServer(options: Partial<MediatorOptions> & { store?: MediatorStore } = {}): Promise<Server> {
  const clock = createClock(Number(NOW_SECONDS) * 1000)
  const store = options.store ?? openSqliteStore(':memory:')
  const mediator = await createMediator({
    signer: signerOf(MEDIATOR),
    transports,
    listen: ['tcp://127.0.0.1:0', { address: 'tcp://127.0.0.1:0', tlvDialect: 'tlv' }],
    clock,
    ...options,
    store,
    limits: { ...UNHURRIED, ...options.limits },
  })
  const clients: RawClient[] = []
  const addressOf = (dialect: MediatorDialect): string => mediator.addresses[dialect === 'tlv' ? 1 : 0] ?? ''
  const keep = (client: RawClient): RawClient => {
    clients.push(client)
    return client
  }
  const server: Server = {
    mediator,
    store,
    clock,
    addressOf,
    connect: async (dialect, number) => keep(await RawClient.connect(addressOf(dialect), dialect, signerOf(number))),
    login: async (dialect, number) => keep(await RawClient.login(addressOf(dialect), dialect, signerOf(number))),
    chat: (chatId, members = [], owner = 1) => store.run(() => chatProgram(chatId, members, owner)),
    run: (program) => store.run(program),
    dump: (chatIds, numbers) => store.run(() => dumpProgram(chatIds, numbers)),
    close: async () => {
      for (const client of clients) client.abort()
      await mediator.close()
      await store.close()
    },
  }
  onTestFinished(() => server.close())
  return server
}

export function keyOf(number: number): Uint8Array {
  return signerOf(number).publicKey
}

/** {@link Server.chat} as a program. */
export function* chatProgram(chatId: bigint, members: readonly MemberRow[], owner: number): Program<void> {
  const settings = { name: 'chat', description: 'of tests', avatar: undefined }
  const chat = { chatId, owner: keyOf(owner), createdAtSeconds: NOW_SECONDS - 100n, permissions: 0x90, ...settings }
  if (!(yield* call('createChat', chat))) throw new Error(`chat ${chatId} exists`)
  for (const { number, permissions, banned = false } of members) {
    if (number === owner) {
      yield* call('changeUser', chatId, keyOf(number), { permissions, banned })
      continue
    }
    const times = { acceptedAtSeconds: NOW_SECONDS - 90n, changedAtSeconds: NOW_SECONDS - 80n }
    yield* call('putUser', chatId, keyOf(number), { permissions, banned, ...times })
  }
}

/** {@link Server.dump} as a program. */
export function* dumpProgram(chatIds: readonly bigint[], numbers: readonly number[]): Program<unknown> {
  const chats: unknown[] = []
  for (const chatId of chatIds) {
    const owner = yield* call('chatOwner', chatId)
    if (owner === undefined) {
      chats.push({ chatId })
      continue
    }
    const settings = yield* call('settings', chatId)
    const users: unknown[] = []
    for (const number of numbers) users.push([number, yield* call('user', chatId, keyOf(number))])
    const infos = yield* call('memberInfos', chatId, 0n, 1e9)
    const page = yield* call('page', chatId, 0n, 500, 'tlv', 1e9)
    chats.push({ chatId, owner: hex(owner), settings, users, infos, page: { ...page, bytes: hex(page.bytes) } })
  }
  const invites: unknown[] = []
  for (const number of numbers) invites.push(yield* call('invitesFor', keyOf(number)))
  return { chats, invites }
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
