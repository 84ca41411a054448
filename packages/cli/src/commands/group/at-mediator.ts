import type { Group, MediatorEvent, Messenger } from '@mimirjs/messenger'
import type { Context } from '../../context.js'
import { CliError } from '../../error.js'
import { describeFailure } from '../../failure.js'
import { Patience } from '../../patience.js'

const CATCH_UP_MS = 10_000

/**
 * Wait until what the mediator has for us is here, and it has what it asked us for. If it is not reached, that is said, and
 * what was known before has to do.
 */
export async function catchUp(context: Context, messenger: Messenger, group: Group): Promise<void> {
  const why = await refreshed(context, messenger, group)
  if (why !== undefined) context.output.warn(staleError(group.mediator.address, 'what is new', why))
}

/**
 * The same before something that the mediator decides: that says itself when it is not reached.
 * @throws {CliError} `stopped`
 */
export async function beforehand(context: Context, messenger: Messenger, group: Group): Promise<void> {
  await refreshed(context, messenger, group)
  if (context.stop.aborted) throw new CliError('stopped', 'stopped before the mediator was asked: nothing was done')
}

/** @returns why what we know may be old; `undefined` when it is what the mediator says */
export async function refreshed(
  context: Context,
  messenger: Messenger,
  group: Group,
  limitMs: number = CATCH_UP_MS,
): Promise<string | undefined> {
  using patience = new Patience(context.stop)
  patience.limit(limitMs)
  const { publicKey } = group.mediator
  const failed = new AbortController()
  let why: string | undefined
  const onMediator = (event: MediatorEvent): void => {
    const { state } = event
    if (event.publicKey !== publicKey || (state.state !== 'waiting' && state.state !== 'stopped')) return
    why = describeFailure(state.reason).message
    failed.abort()
  }
  messenger.on('mediator', onMediator)
  const signal = AbortSignal.any([patience.signal, failed.signal])
  try {
    await group.refresh({ signal })
    return undefined
  } catch (error) {
    if (!signal.aborted) throw error
    return why ?? patience.end()
  } finally {
    messenger.off('mediator', onMediator)
  }
}

/** @param what - that the mediator did not say */
export function staleError(address: string, what: string, why: string): CliError {
  return new CliError('stale', `${address} did not say ${what}, this is what was known before: ${why}`)
}

/** What the mediator is asked to do, unless the person wants the command to end. @throws {CliError} `stopped` */
export async function orStopped<T>(context: Context, work: Promise<T>): Promise<T> {
  const { stop } = context
  const stopped = new Promise<never>((_, reject) => {
    const end = (): void =>
      reject(new CliError('stopped', 'stopped before the mediator answered: it may have been done all the same'))
    if (stop.aborted) end()
    stop.addEventListener('abort', end, { once: true })
  })
  return await Promise.race([work, stopped])
}
