// A person in a process of its own, who does what it is told, until it comes to the step at which it is to die.
import { Transports } from '@mimirjs/transport'
import { tcp } from '@mimirjs/transport/tcp'
import { openFolderStore, openPerson, type PersonOptions } from './crash/person.js'
import type { CrashPoint } from './crash/points.js'
import { Trap } from './crash/trap.js'

/** From the test: call this method of the messenger, or arm the trap. */
export type Order =
  | { readonly do: 'call'; readonly token: number; readonly method: string; readonly args: readonly unknown[] }
  | { readonly do: 'arm'; readonly token: number; readonly point: CrashPoint }

/** To the test. */
export type Report =
  | { readonly event: 'ready'; readonly address: string; readonly publicKey: string }
  | { readonly event: 'done'; readonly token: number; readonly result: unknown }
  | { readonly event: 'failed'; readonly token: number; readonly reason: string }

const options = JSON.parse(process.argv[2] ?? '') as PersonOptions
process.on('disconnect', () => process.exit(0))
// Whoever started us may be gone before we listen for that.
if (!process.connected) process.exit(0)

function die(): never {
  process.kill(process.pid, 'SIGKILL')
  // The signal is on its way; nothing may happen any more.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

function report(message: Report): void {
  process.send?.(message)
}

const trap = new Trap(die)
const { messenger, address } = await openPerson(options, {
  store: trap.store(openFolderStore(options.folder)),
  transports: new Transports([trap.transport(tcp(), options.generation)]),
  onHandler: (when) => trap.handler(when),
  onFile: (name) => trap.file(name),
})

process.on('message', (order: Order) => {
  const { token } = order
  if (order.do === 'arm') {
    trap.point = order.point
    report({ event: 'done', token, result: undefined })
    return
  }
  const methods = messenger as unknown as Record<string, (...args: readonly unknown[]) => Promise<unknown>>
  Promise.resolve(methods[order.method]?.(...order.args)).then(
    (result) => report({ event: 'done', token, result }),
    (error: unknown) => report({ event: 'failed', token, reason: String(error) }),
  )
})
report({ event: 'ready', address, publicKey: messenger.publicKey })
