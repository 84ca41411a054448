import type { SignalSource } from './io.js'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** How a person stops us: the first Ctrl-C or SIGTERM asks to stop in order, the second does not wait. */
export interface Stop {
  /** Fires at the first signal. */
  readonly requested: AbortSignal
  /** Fires at the second signal. */
  readonly forced: AbortSignal
  /** Listen to signals no more. */
  dispose(): void
}

export function watchSignals(signals: SignalSource): Stop {
  const requested = new AbortController()
  const forced = new AbortController()
  const onSignal = (): void => (requested.signal.aborted ? forced : requested).abort()
  for (const signal of SIGNALS) signals.on(signal, onSignal)
  return {
    requested: requested.signal,
    forced: forced.signal,
    dispose: () => {
      for (const signal of SIGNALS) signals.off(signal, onSignal)
    },
  }
}

/** Resolves when `signal` has fired. */
export function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

/** Resolves after `ms` milliseconds, and as soon as `signal` fires. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end)
  })
}
