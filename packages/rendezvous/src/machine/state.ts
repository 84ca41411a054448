import { RendezvousError } from '../error.js'
import type { RendezvousState } from './types.js'

/** @throws {RendezvousError} `bad-state` for what `RendezvousMachine.state` never gave */
export function requireState(state: RendezvousState): RendezvousState {
  const { epoch, contacts } = state
  if (!isTime(epoch)) throw refused(`epoch: expected milliseconds, got ${String(epoch)}`)
  if (!Array.isArray(contacts)) throw refused('contacts: expected an array')
  for (const contact of contacts) {
    const [name, contactEpoch, ctr] = Array.isArray(contact) ? (contact as unknown[]) : []
    const isContact =
      typeof name === 'string' && /^[0-9a-f]{64}$/.test(name) && isTime(contactEpoch) && isTime(ctr) && ctr < 2 ** 32
    if (!isContact) throw refused('contacts: expected a key in hex, an epoch and a counter')
  }
  return state
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function refused(what: string): RendezvousError {
  return new RendezvousError(
    'bad-state',
    `state.${what}; without it, old messages could be taken for new for 3 minutes`,
  )
}
