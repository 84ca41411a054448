import { randomBytes } from '@mimirjs/crypto'
import { isMediatorError, type MediatorClient } from '@mimirjs/mediator-client'
import { fromHex, toHex } from '@mimirjs/wire'
import { MessengerError } from '../error.js'
import type { GroupsContext } from './context.js'
import { atMediator, groupError } from './errors.js'
import type { KeptByGroup } from './kept.js'
import type { Pauses } from './pauses.js'
import { mayAdminister, toRole } from './permissions.js'
import type { Room } from './room.js'
import { isSame, MAX_FORMER_KEYS, withKey, wrapFor } from './sealing.js'
import { TurnsByGroup } from './turns.js'
import type { GroupRole, RotateKeyOptions } from './types.js'

/** A mediator takes ten invites a minute (mediator protocol §22.7): pause when it says that it is too fast. */
const INVITE_PAUSE_MS = 6_000
/** An invite that is older cannot be accepted any more (mediator protocol §13). */
const INVITE_LIFE_MS = 259_200_000

/** It will be said of the next member, too. */
const FINAL: ReadonlySet<string> = new Set(['closed', 'aborted', 'forbidden', 'not-member'])

const NOT_CHANGED = 'the key was not changed'
const WHO_MAY = 'the owner hands out a new one, or an admin where the mediator allows it'

/** A key that is being handed out, as it stands on disk. */
export interface PendingRotation {
  /** 64 hex digits. */
  readonly key: string
  /** When each of those who were sent it was, by public key; milliseconds since 1970. */
  readonly sent: Readonly<Record<string, number>>
}

export interface KeyRotationParts {
  readonly pauses: Pauses
  readonly pending: KeptByGroup<PendingRotation>
  /** @throws {MessengerError} `not-member` | `closed` */
  clientOf(room: Room): MediatorClient
}

/**
 * A new key for those who are in a group. It is on disk, and opens what others write under it, before the first of them has it;
 * we write under it when all have been sent it. Whatever ends this halfway, the next attempt goes on with the same key: some
 * write under it already, and those who were not sent it could never read that. Unless one who was sent it has gone since.
 */
export class KeyRotation {
  readonly #context: GroupsContext
  readonly #parts: KeyRotationParts
  readonly #turns = new TurnsByGroup()

  constructor(context: GroupsContext, parts: KeyRotationParts) {
    this.#context = context
    this.#parts = parts
  }

  /** @throws {MessengerError} see {@link Group.rotateKey} */
  rotate(room: Room, { to, signal }: RotateKeyOptions): Promise<void> {
    const chosen = to && new Set(to.flatMap((person) => this.#other(person) ?? []))
    return this.#turns.run(room.record.id, () => this.#rotate(room, chosen, signal))
  }

  async #rotate(room: Room, chosen: ReadonlySet<string> | undefined, signal: AbortSignal | undefined): Promise<void> {
    const { pending } = this.#parts
    const { id } = room.record
    const client = this.#parts.clientOf(room)
    if (!mayAdminister(room.record.permissions))
      throw new MessengerError('forbidden', `${NOT_CHANGED}: ${WHO_MAY}, our role is ${ownRole(room)}`)
    const people = await this.#people(room, client, chosen, signal)
    const begun = await this.#begin(room, people)
    const sent = await this.#handOut(room, client, begun, people, signal)
    // That may have taken an hour: who came has the old key, who went has the new one.
    const now = await this.#people(room, client, chosen, signal)
    if (!isAmong(sent, now))
      throw new MessengerError(
        'mediator',
        'somebody who was sent the new key is not in the group any more, so the old one stays: change it again',
      )
    await this.#handOut(room, client, sent, now, signal)
    await room.change(withKey(room.record, fromHex(begun.key)))
    room.tell('key')
    await pending.delete(id)
    room.inTurn(() => room.members.keyChanged())
  }

  /** Whom the key is for. The owner first: where the mediator keeps us from inviting the owner, nobody else is to have it either. */
  async #people(
    room: Room,
    client: MediatorClient,
    chosen: ReadonlySet<string> | undefined,
    signal: AbortSignal | undefined,
  ): Promise<string[]> {
    const members = await atMediator(NOT_CHANGED, () =>
      client.getMembers(room.record.chatId, { ...(signal && { signal }) }),
    )
    return [...members]
      .sort((a, b) => b.permissions - a.permissions)
      .map((member) => toHex(member.publicKey))
      .filter((peer) => peer !== this.#context.publicKey && (chosen?.has(peer) ?? true))
  }

  /** The key of the attempt before, or one that nobody has. */
  async #begin(room: Room, people: readonly string[]): Promise<PendingRotation> {
    const { pending } = this.#parts
    const { id } = room.record
    let begun = pending.get(id)
    if (begun === undefined || isSame(fromHex(begun.key), room.record.key) || !isAmong(begun, people)) {
      begun = { key: toHex(randomBytes(32)), sent: {} }
      await pending.set(id, begun)
    }
    const key = fromHex(begun.key)
    const { formerKeys } = room.record
    if (!formerKeys.some((former) => isSame(former, key)))
      await room.change({ formerKeys: [key, ...formerKeys].slice(0, MAX_FORMER_KEYS) })
    return begun
  }

  /** @returns who has been sent it by now: everybody */
  async #handOut(
    room: Room,
    client: MediatorClient,
    begun: PendingRotation,
    people: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<PendingRotation> {
    const { clock } = this.#context
    const { key } = begun
    let { sent } = begun
    const missed: { peer: string; why: unknown }[] = []
    for (const peer of people) {
      const nowMs = Math.floor(clock.nowMs())
      if (nowMs - (sent[peer] ?? Number.NEGATIVE_INFINITY) < INVITE_LIFE_MS) continue
      try {
        await this.#send(room, client, peer, fromHex(key), signal)
      } catch (why) {
        if (!isMediatorError(why) || FINAL.has(why.code)) throw refused(room, why)
        missed.push({ peer, why })
        continue
      }
      sent = { ...sent, [peer]: nowMs }
      await this.#parts.pending.set(room.record.id, { key, sent })
    }
    const [first] = missed
    if (first === undefined) return { key, sent }
    const why = first.why instanceof Error ? first.why.message : String(first.why)
    const what = `${missed.length} of ${people.length} members could not be sent the new key`
    throw new MessengerError('mediator', `${what}, so the old one stays: ${first.peer}: ${why}`, { cause: first.why })
  }

  async #send(
    room: Room,
    client: MediatorClient,
    peer: string,
    key: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const data = wrapFor(peer, key, room.record.cipher)
    for (;;) {
      try {
        const invite = { chatId: room.record.chatId, toPublicKey: fromHex(peer), data }
        await client.sendInvite(invite, { ...(signal && { signal }) })
        return
      } catch (error) {
        if (!isMediatorError(error) || error.code !== 'rate-limit') throw error
        await this.#parts.pauses.wait(INVITE_PAUSE_MS, signal)
      }
    }
  }

  /** @returns undefined for ourselves @throws {MessengerError} `bad-key` */
  #other(person: string | Uint8Array): string | undefined {
    const { publicKey, toOther } = this.#context
    const key = typeof person === 'string' ? person.trim().toLowerCase() : toHex(person)
    return key === publicKey ? undefined : toOther(person)
  }
}

function ownRole({ record }: Room): GroupRole {
  return toRole(record.permissions)
}

/** An admin finds out only from the mediator. */
function refused(room: Room, cause: unknown): unknown {
  if (!isMediatorError(cause) || cause.code !== 'forbidden' || ownRole(room) === 'owner')
    return groupError(NOT_CHANGED, cause)
  const why = `this mediator lets only the owner hand out a new key, our role is ${ownRole(room)}`
  return new MessengerError('forbidden', `${NOT_CHANGED}: ${why}: ${cause.remoteText ?? cause.message}`, { cause })
}

/** Nobody has been sent it who is none of these. */
function isAmong({ sent }: PendingRotation, people: readonly string[]): boolean {
  const present = new Set(people)
  return Object.keys(sent).every((peer) => present.has(peer))
}
