import { randomBytes } from '@mimirjs/crypto'
import { equalBytes, isWireError } from '@mimirjs/wire'
import {
  decodeRequestPayload,
  type MediatorCommandName,
  type MediatorDialect,
  type MediatorRequests,
} from '@mimirjs/wire/mediator'
import type { CommandContext } from './commands/command.js'
import type { Core } from './core.js'
import { secondsOf } from './core.js'
import type { Check } from './error-texts.js'
import type { MediatorLimits } from './limits.js'
import type { Moderation } from './types.js'

const RANDOM_BYTES = 32

/** What a command knows; chance is drawn when it is first asked for, and stays the same however often a program runs. */
export class Context implements CommandContext {
  readonly dialect: MediatorDialect
  readonly caller: Uint8Array
  readonly nowSeconds: bigint
  readonly mediatorKey: Uint8Array
  readonly moderation: Moderation
  readonly limits: MediatorLimits
  #random: Uint8Array | undefined

  constructor(core: Core, dialect: MediatorDialect, caller: Uint8Array) {
    this.dialect = dialect
    this.caller = caller
    this.nowSeconds = secondsOf(core.clock)
    this.mediatorKey = core.mediatorKey
    this.moderation = core.moderation
    this.limits = core.limits
  }

  get random(): Uint8Array {
    return (this.#random ??= randomBytes(RANDOM_BYTES))
  }
}

/** A request, or the check that its payload fails. */
export function decodeRequest<K extends MediatorCommandName>(
  dialect: MediatorDialect,
  name: K,
  payload: Uint8Array,
): MediatorRequests[K] | Check {
  try {
    return decodeRequestPayload(dialect, name, payload)
  } catch (error) {
    if (!isWireError(error)) throw error
    return error.field ?? 'parse'
  }
}

/**
 * The first check of CREATE_CHAT that fails: whether the owner is the caller is asked before the fields behind it are looked
 * at (mediator protocol §8.4). The owner stands where GET_NONCE has its key.
 */
export function firstOfCreateChat(
  check: Check,
  dialect: MediatorDialect,
  payload: Uint8Array,
  caller: Uint8Array,
): Check {
  if (check === 'parse' || check === 'ownerPublicKey') return check
  const owner = decodeRequest(dialect, 'getNonce', payload)
  return typeof owner === 'string' || equalBytes(owner.publicKey, caller) ? check : 'owner'
}
