import { isPoint, randomBytes, verify } from '@mimirjs/crypto'
import { equalBytes } from '@mimirjs/wire'
import type { MediatorRequests } from '@mimirjs/wire/mediator'
import { INVITE_LIFE_SECONDS } from './commands/invites.js'
import type { Connection } from './connection.js'
import { type Core, secondsOf } from './core.js'
import type { Check } from './error-texts.js'
import { type ChatSettings, call, type InviteRow, type Program } from './operations.js'

const NONCE_BYTES = 32
const MAX_DRAWS = 128

/** An invite with what its push says of the chat. */
export interface OpenInvite {
  readonly invite: InviteRow
  readonly settings: ChatSettings
}

/**
 * A nonce for this connection (mediator protocol §6). The copy in the table is for keys that have logged in: anybody may ask
 * for a nonce, and name any key. `undefined`: there is no room.
 */
export function issueNonce(core: Core, connection: Connection, publicKey: Uint8Array): Uint8Array | undefined {
  const nonce = drawNonce()
  const isOwn = connection.account !== undefined && equalBytes(connection.account.publicKey, publicKey)
  if (!core.nonces.issue(connection, publicKey, nonce, isOwn, core.clock.nowMs())) return undefined
  const seconds = secondsOf(core.clock)
  if (isOwn) void core.background(() => call('putNonce', publicKey, nonce, seconds))
  return nonce
}

/** No curve point, as every second random value is: a client that signs none, since it could be a node's key, signs this. */
function drawNonce(): Uint8Array {
  for (let draw = 0; draw < MAX_DRAWS; draw++) {
    const nonce = randomBytes(NONCE_BYTES)
    if (!isPoint(nonce)) return nonce
  }
  throw new RangeError(`${MAX_DRAWS} random values were all curve points: the random source is broken`)
}

/** Checks 5 to 7 of AUTH. When nothing is wrong the nonce is gone. */
export function judgeLogin(
  core: Core,
  connection: Connection,
  { publicKey, nonce, signature }: MediatorRequests['auth'],
): Check | undefined {
  const check = core.nonces.judge(connection, publicKey, nonce, core.clock.nowMs())
  if (check !== undefined) return check
  return judgeSignature(core, connection, signature, nonce, publicKey)
}

/** Checks 12 to 16 of CREATE_CHAT. When nothing is wrong the nonce is gone. */
export function judgeProofOfWork(
  core: Core,
  connection: Connection,
  { ownerPublicKey, nonce, counter, signature }: MediatorRequests['createChat'],
): Check | undefined {
  const check = core.nonces.judge(connection, ownerPublicKey, nonce, core.clock.nowMs())
  if (check !== undefined) return check
  if (signature[0] !== 0 || signature[1] !== 0) return 'filter'
  const message = new Uint8Array(NONCE_BYTES + 4)
  message.set(nonce)
  new DataView(message.buffer).setUint32(NONCE_BYTES, counter)
  return judgeSignature(core, connection, signature, message, ownerPublicKey)
}

function judgeSignature(
  core: Core,
  connection: Connection,
  signature: Uint8Array,
  message: Uint8Array,
  publicKey: Uint8Array,
): Check | undefined {
  if (!verify(signature, message, publicKey)) {
    connection.failedLogins++
    return isPoint(publicKey) ? 'verify' : 'key'
  }
  core.nonces.consume(connection, publicKey)
  return undefined
}

/** What AUTH does in the database: the copy of the nonce goes. @returns the ids of the open invites */
export function* loginProgram(publicKey: Uint8Array, nowSeconds: bigint): Program<bigint[]> {
  yield* call('deleteNonce', publicKey)
  const invites = yield* call('invitesFor', publicKey)
  const open = invites.filter(({ timestampSeconds }) => nowSeconds - timestampSeconds < INVITE_LIFE_SECONDS)
  return open.map(({ inviteId }) => inviteId)
}

/** An invite that is about to be pushed; `undefined`: it is answered, or its chat is gone. */
export function* takeInvite(inviteId: bigint): Program<OpenInvite | undefined> {
  const invite = yield* call('invite', inviteId)
  if (invite === undefined) return undefined
  const settings = yield* call('settings', invite.chatId)
  if (settings === undefined) return undefined
  if (!invite.sent) yield* call('markInviteSent', inviteId)
  return { invite, settings }
}
