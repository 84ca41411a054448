import type { MediatorEvent, Messenger } from '@mimirjs/messenger'
import type { Context } from '../context.js'
import { CliError } from '../error.js'
import { MediatorWatch, reasonOf } from '../mediator-watch.js'
import { Patience } from '../patience.js'

/** How long a mediator may take to be there after the start, in ms. */
const START_MS = 5_000

/** @param text - empty: for scripts only */
export type Tell = (event: object, text: string) => void

/** Say when a mediator is reached, lost, and back: one line each time, however often it is tried meanwhile. */
export function reportMediators(context: Context, messenger: Messenger, tell: Tell): void {
  const told = new Map<string, 'up' | 'lost' | 'stopped'>()
  messenger.on('mediator', ({ publicKey, address, state }: MediatorEvent) => {
    const before = told.get(publicKey)
    const reason = reasonOf(state)
    const now = state.state === 'waiting' ? 'lost' : state.state
    if (now === before || now === 'idle' || now === 'connecting' || now === 'closed') return
    // One that was never there is for the warning after the start.
    if (now === 'lost' && before === undefined) return
    told.set(publicKey, now)
    const event = { event: 'mediator', publicKey, address, state: now, ...(reason === undefined ? {} : { reason }) }
    if (now === 'up') tell(event, `mediator ${address} is ${before === undefined ? 'reached' : 'back'}`)
    else if (now === 'lost') tell(event, `mediator ${address} is lost, we go on trying: ${reason}`)
    else {
      tell(event, '')
      context.output.warn(new CliError('no-mediator', `mediator ${address} is given up: ${reason}`))
    }
  })
}

/** A while after the start, say which mediators are not there. @returns a function that lets it be */
export async function warnOfSilence(context: Context, messenger: Messenger): Promise<() => void> {
  const watch = await MediatorWatch.start(context, messenger)
  const patience = new Patience(context.stop)
  if (!watch.isEmpty) patience.limit(START_MS)
  patience.signal.addEventListener('abort', () => {
    if (context.stop.aborted) return
    const say = async (): Promise<void> => {
      for (const { address, why = patience.end(), isGivenUp } of await watch.notReached()) {
        // That was said at once.
        if (isGivenUp) continue
        context.output.warn(new CliError('no-mediator', `mediator ${address} is not reached, we go on trying: ${why}`))
      }
    }
    // The messenger may have been closed meanwhile.
    say().catch(() => {})
  })
  return () => patience[Symbol.dispose]()
}
