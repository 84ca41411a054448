import { createSigner } from '@mimirjs/crypto'
import { call, createMediator, type Mediator, type MediatorLimits, openSqliteStore } from '@mimirjs/mediator'
import { Transports } from '@mimirjs/transport'
import { tcp } from '@mimirjs/transport/tcp'
import { Permission } from '@mimirjs/wire/mediator'
import { BLOB_BYTES, chatIdOf, memberSeed } from '../lib/fan-out.js'

/** All load comes from one address and few keys here, which the defaults exist to prevent. The queues are the default. */
const LIMITS: Partial<MediatorLimits> = {
  connections: Infinity,
  connectionsPerSource: Infinity,
  nonces: 1_000_000,
  commandsPerSecond: Infinity,
  commandsBurst: Infinity,
  messagesPerSecond: Infinity,
  messagesBurst: Infinity,
  bytesPerSecond: Infinity,
  bytesBurst: Infinity,
  pushedBytesPerSecond: Infinity,
  pushedBytesBurst: Infinity,
}

export interface RoomsOptions {
  readonly path: string
  readonly rooms: number
  /** Members of a room, by {@link memberSeed}. */
  members(room: number): Iterable<number>
  /** Messages that are in the first room from the beginning. */
  readonly messages: number
}

/** Our mediator over TCP with its database on disk, rooms and members being there already. */
export async function serveRooms({ path, rooms, members, messages }: RoomsOptions): Promise<Mediator> {
  const store = openSqliteStore(path)
  const keys = new Map<number, Uint8Array>()
  const keyOf = (index: number): Uint8Array => {
    const key = keys.get(index) ?? createSigner(memberSeed(index)).publicKey
    keys.set(index, key)
    return key
  }
  const owner = createSigner(new Uint8Array(32).fill(1))
  const now = { acceptedAtSeconds: 1n, changedAtSeconds: 1n }
  for (let room = 0; room < rooms; room++) {
    const chatId = chatIdOf(room)
    const chat = { chatId, owner: owner.publicKey, createdAtSeconds: 1n, permissions: Permission.owner }
    const inRoom = Array.from(members(room), keyOf)
    await store.run(
      function* () {
        yield* call('createChat', { ...chat, name: `room ${room}`, description: '', avatar: undefined })
        for (const key of inRoom)
          yield* call('putUser', chatId, key, { permissions: Permission.user, banned: false, ...now })
      },
      { chatId },
    )
  }
  await store.run(function* () {
    for (let index = 0; index < messages; index++)
      yield* call('insertMessage', chatIdOf(0), {
        guid: BigInt(index),
        timestampSeconds: 1n,
        clientTimestampSeconds: 1n,
        author: owner.publicKey,
        blob: new Uint8Array(BLOB_BYTES),
      })
  })
  return createMediator({
    signer: owner,
    transports: new Transports([tcp()]),
    listen: ['tcp://127.0.0.1:0'],
    store,
    limits: LIMITS,
  })
}

export function portOf({ addresses: [address = ''] }: Mediator): number {
  return Number(new URL(address.replace('tcp:', 'http:')).port)
}
