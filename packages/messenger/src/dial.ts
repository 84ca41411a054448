import type { Peer } from '@mimirjs/peer'
import { MessengerError } from './error.js'
import type { Meeting } from './meetings.js'

/** Addresses of somebody on the local network. */
export interface NearbyWay {
  /** The most promising first. */
  readonly addresses: readonly string[]
  /** All of them led nowhere the last time: better try all others first. */
  readonly isDoubtful: boolean
  /** What became of the attempt. */
  tried(address: string, success: boolean): void
}

export interface DialContext {
  readonly network: Peer
  /** Address URLs in dial order; empty when nobody knows one. */
  resolve(publicKey: Uint8Array, options: { force: boolean; signal: AbortSignal }): Promise<string[]>
  /** The address did not lead to its owner. */
  forget(publicKey: Uint8Array, address: string): void
  /** Where to try when nobody knows an address of the key; `undefined` for nowhere. */
  readonly lastResort: ((publicKey: Uint8Array) => string) | undefined
  /** `undefined` for whoever is not on the local network, as far as we know. */
  nearby(publicKey: Uint8Array): NearbyWay | undefined
  /** Where addresses come from. */
  readonly sources: AddressSources
  /** Look for the peer at the rendezvous servers, without a signal for as long as it takes; `undefined` without any. */
  meet(publicKey: Uint8Array, signal?: AbortSignal): Meeting | undefined
}

export interface DialOptions {
  /** Wait for an answer at the rendezvous servers even when other ways could be tried again sooner. */
  readonly isPatient: boolean
}

/** Who could tell where somebody is. */
export interface AddressSources {
  readonly hasTrackers: boolean
  readonly hasLocalNetwork: boolean
}

/**
 * Make a connection, or find one that is there. Who is looked for at the rendezvous servers, where an answer may take minutes,
 * is dialled directly meanwhile. An attempt without patience leaves the search to itself when there are other ways that can be
 * tried again sooner: a connection that comes of it is used whoever waits. Rejects with what the attempts failed with.
 */
export async function dialPeer(
  context: DialContext,
  publicKey: Uint8Array,
  signal: AbortSignal,
  { isPatient }: DialOptions = { isPatient: true },
): Promise<void> {
  const meeting = context.meet(publicKey, isPatient ? signal : undefined)
  if (meeting === undefined) return dialDirectly(context, publicKey, signal)
  const met = unlessAborted(meeting.done, signal)
  const direct = dialDirectly(context, publicKey, AbortSignal.any([signal, meeting.linked])).catch((failure) => {
    if (meeting.linked.aborted) return met
    throw failure
  })
  for (const attempt of [met, direct]) attempt.catch(() => {})
  try {
    const waits = isPatient || !(await hasOtherWays(context, publicKey, signal))
    await Promise.any([direct, waits ? met : Promise.race([met, direct])])
  } catch (cause) {
    signal.throwIfAborted()
    throw unreachable(cause instanceof AggregateError ? [...new Set<unknown>(cause.errors)] : [cause])
  }
}

/** Whether there is anything to try again, apart from the rendezvous servers. */
async function hasOtherWays(context: DialContext, publicKey: Uint8Array, signal: AbortSignal): Promise<boolean> {
  const { sources, lastResort, nearby, resolve } = context
  if (sources.hasTrackers || lastResort !== undefined || nearby(publicKey) !== undefined) return true
  return (await resolve(publicKey, { force: false, signal })).length > 0
}

function unlessAborted(done: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(new MessengerError('aborted', 'nobody waits any more', { cause: signal.reason }))
    const stay = (): void => signal.removeEventListener('abort', giveUp)
    signal.addEventListener('abort', giveUp, { once: true })
    done.finally(stay).then(resolve, reject)
  })
}

/** On the local network first, then at known addresses; when none answers, ask the trackers again and try what is new. */
async function dialDirectly(context: DialContext, publicKey: Uint8Array, signal: AbortSignal): Promise<void> {
  const near = context.nearby(publicKey)
  if (near === undefined) return dialFar(context, publicKey, signal)
  const ways = [dialNear, dialFar]
  const failures: unknown[] = []
  for (const dial of near.isDoubtful ? ways.reverse() : ways) {
    try {
      return await dial(context, publicKey, signal, near)
    } catch (failure) {
      if (signal.aborted) throw failure
      failures.push(failure)
    }
  }
  throw unreachable(failures)
}

function unreachable(failures: readonly unknown[]): MessengerError {
  const words = failures.map((failure) => (failure instanceof Error ? failure.message : String(failure))).join('; ')
  return new MessengerError('unreachable', words, { cause: new AggregateError(failures, words) })
}

async function dialNear(
  { network }: DialContext,
  publicKey: Uint8Array,
  signal: AbortSignal,
  near: NearbyWay,
): Promise<void> {
  let failure: unknown
  for (const address of near.addresses) {
    try {
      await network.connect(publicKey, [address], { signal })
      near.tried(address, true)
      return
    } catch (error) {
      if (signal.aborted) throw error
      near.tried(address, false)
      failure = error
    }
  }
  throw failure
}

async function dialFar(context: DialContext, publicKey: Uint8Array, signal: AbortSignal): Promise<void> {
  const { resolve, lastResort, network } = context
  let isKnown = false
  const noting: DialContext['resolve'] = async (key, options) => {
    const addresses = await resolve(key, options)
    isKnown ||= addresses.length > 0
    return addresses
  }
  try {
    await dialKnown({ ...context, resolve: noting }, publicKey, signal)
  } catch (failure) {
    if (isKnown || signal.aborted || lastResort === undefined) throw failure
    try {
      await network.connect(publicKey, [lastResort(publicKey)], { signal })
    } catch {
      // That nobody knows an address says more.
      throw failure
    }
  }
}

async function dialKnown(context: DialContext, publicKey: Uint8Array, signal: AbortSignal): Promise<void> {
  const { resolve, forget, network, sources } = context
  const known = await resolve(publicKey, { force: false, signal })
  let failure: unknown = new MessengerError('unreachable', whyUnknown(sources, context.nearby(publicKey) !== undefined))
  if (known.length > 0) {
    try {
      await network.connect(publicKey, known, { signal })
      return
    } catch (error) {
      failure = error
      for (const address of known) forget(publicKey, address)
    }
  }
  if (signal.aborted) throw failure
  const fresh = (await resolve(publicKey, { force: true, signal })).filter((address) => !known.includes(address))
  if (fresh.length === 0) throw failure
  await network.connect(publicKey, fresh, { signal })
}

function whyUnknown({ hasTrackers, hasLocalNetwork }: AddressSources, isNearby: boolean): string {
  const other = isNearby ? 'other ' : ''
  const why = hasTrackers ? 'no tracker knows an address of this peer' : `no ${other}address of this peer is known`
  return hasLocalNetwork && !isNearby ? `${why}, and they are not heard on the local network` : why
}
