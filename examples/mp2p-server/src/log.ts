// Lines on standard error as Go's package `log` writes them.
import { networkInterfaces } from 'node:os'
import { isMulticastError } from '@mimirjs/multicast'

export function log(text: string): void {
  const now = new Date()
  const two = (part: number): string => String(part).padStart(2, '0')
  const date = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join('/')
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join(':')
  process.stderr.write(`${date} ${time} ${text}\n`)
}

/** Say what went wrong, and end. */
export function fail(error: unknown): never {
  const message = error instanceof Error ? error.message : String(error)
  if (isMulticastError(error) && error.code === 'bad-interface') {
    log('interfaces include:')
    for (const name of Object.keys(networkInterfaces())) log(` - ${name}`)
    log(`network interface invalid: ${message}`)
  } else log(message)
  process.exit(1)
}

/** What others wrote, as one line that a terminal does not obey. */
export function printable(payload: Uint8Array): string {
  return new TextDecoder().decode(payload).replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, '\u{fffd}')
}
