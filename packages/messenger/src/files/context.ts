import type { Clock, Logger } from '@mimirjs/transport'
import type { RetryOptions } from '../courier.js'
import type { MessengerError } from '../error.js'
import type { Store } from '../store.js'
import type { Disk } from './disk.js'
import type { FaultPoint } from './faults.js'
import type { Places } from './places.js'
import type { FileEvent, TransferLimits } from './types.js'

/** What all parts of {@link Transfers} share. */
export interface FilesContext {
  readonly store: Store
  readonly disk: Disk
  readonly places: Places
  readonly clock: Clock
  readonly logger: Logger | undefined
  readonly retry: RetryOptions
  readonly limits: TransferLimits
  /** Strong random bytes. */
  random(byteLength: number): Uint8Array
  fault(point: FaultPoint): Promise<void>
  emit(event: FileEvent): void
  /** Something in the background failed, and will be tried again. */
  report(error: unknown): void
}

/** How long to wait after a failure. @param failures - before this one, in a row */
export function pauseAfterMs(
  { limits, retry, random }: FilesContext,
  { code }: MessengerError,
  failures: number,
): number {
  const growingMs = Math.min(retry.maxMs, retry.minMs * 2 ** Math.min(failures, 30))
  const ms = code === 'file' ? limits.diskPauseMs : code === 'file-server' ? limits.refusedPauseMs : growingMs
  return jittered(ms, random)
}

/** `ms`, give or take a fifth: whoever failed together does not come back together. */
function jittered(ms: number, random: FilesContext['random']): number {
  return ms * (0.8 + (0.4 * new DataView(random(4).buffer).getUint32(0)) / 2 ** 32)
}

/** Resolves after `ms`, or at once when one of the signals fires. */
export function sleep(clock: Clock, ms: number, ...signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    if (signals.some(({ aborted }) => aborted)) {
      resolve()
      return
    }
    const wake = (): void => {
      cancel()
      for (const signal of signals) signal.removeEventListener('abort', wake)
      resolve()
    }
    const cancel = clock.schedule(wake, ms)
    for (const signal of signals) signal.addEventListener('abort', wake)
  })
}
