import { MessengerError } from '../error.js'
import type { DownloadedFile, DownloadOptions, DownloadProgress } from './types.js'

interface Waiter {
  readonly options: DownloadOptions
  resolve(file: DownloadedFile): void
  reject(error: MessengerError): void
}

/** Those who wait for one download. */
export class Waiters {
  readonly #all = new Set<Waiter>()
  readonly #onError: (error: unknown) => void

  /** @param onError - told what a callback of a waiter threw */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  /** @param onAbandoned - the last one has left by way of its signal */
  add(options: DownloadOptions, onAbandoned: () => void): Promise<DownloadedFile> {
    const { signal } = options
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#all.delete(waiter)
        signal?.removeEventListener('abort', abort)
      }
      const waiter: Waiter = {
        options,
        resolve: (file) => {
          leave()
          resolve(file)
        },
        reject: (error) => {
          leave()
          reject(error)
        },
      }
      const abort = (): void => {
        waiter.reject(aborted(signal))
        if (this.#all.size === 0) onAbandoned()
      }
      this.#all.add(waiter)
      signal?.addEventListener('abort', abort)
      if (signal?.aborted) abort()
    })
  }

  progress(progress: DownloadProgress): void {
    for (const { options } of this.#all) {
      try {
        options.onProgress?.(progress)
      } catch (cause) {
        this.#onError(cause)
      }
    }
  }

  resolve(file: DownloadedFile): void {
    for (const waiter of [...this.#all]) waiter.resolve(file)
  }

  reject(error: MessengerError): void {
    for (const waiter of [...this.#all]) waiter.reject(error)
  }
}

export function aborted(signal: AbortSignal | undefined): MessengerError {
  return new MessengerError('aborted', 'waiting for the file was aborted', { cause: signal?.reason })
}
