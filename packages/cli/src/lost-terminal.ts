import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import { isatty } from 'node:tty'

/**
 * Node puts terminals back into their first state when it ends, and aborts when one is gone. To be called last: what was
 * opened on a terminal that is gone becomes nothing.
 * @param wereTerminals - of standard input, output and error, when the process began
 */
export function releaseLostTerminal(wereTerminals: readonly boolean[]): void {
  wereTerminals.forEach((was, descriptor) => {
    if (!was || isatty(descriptor)) return
    try {
      closeSync(descriptor)
      // The lowest free number is the one that was closed.
      openSync(devNull, 'r+')
    } catch {
      // It was closed before, and there is nothing to put back.
    }
  })
}
