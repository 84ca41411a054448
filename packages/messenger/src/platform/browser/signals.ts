/** What can be closed in order: a messenger. */
export interface Closable {
  close(options: { timeoutMs: number }): Promise<void>
}

export interface CloseOnSignalsOptions {
  /** How long handlers and connections may take, in ms. Default 5 000; a page that goes gets less. */
  readonly timeoutMs?: number
  /** Called first. */
  readonly before?: () => unknown
  /** Called last, when all is closed. */
  readonly after?: () => unknown
  /** Something of it failed; the rest went on. Default: a line on the console. */
  readonly onError?: (error: unknown) => void
}

/**
 * Close when the page goes away, in order as far as it is given the time; what is not done goes on when it is opened again.
 * @returns what takes that back
 */
export function closeOnSignals(closable: Closable, options: CloseOnSignalsOptions = {}): () => void {
  const { timeoutMs = 5_000, before, after, onError = (error) => console.error(error) } = options
  const close = async (): Promise<void> => {
    for (const step of [before, () => closable.close({ timeoutMs }), after]) {
      try {
        await step?.()
      } catch (error) {
        onError(error)
      }
    }
  }
  const onHide = (): void => void close()
  addEventListener('pagehide', onHide)
  return () => removeEventListener('pagehide', onHide)
}
