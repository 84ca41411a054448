import type { MulticastOptions } from '../../src/index.js'

/** Options for real sockets on loopback, on which nobody hears us but those with the same port. */
export function onLoopback(port: number): MulticastOptions {
  return { interface: 'lo', port }
}

/** A port of discovery that no other test is on. */
export function somePort(): number {
  return 20_000 + Math.floor(Math.random() * 10_000)
}
