// Run with a limit of 64 open files: fill them with connections, let them go, and see that the listener still answers.
import { fork } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { parseAddress } from '../../src/index.js'
import { tcp } from '../../src/tcp.js'

const port = process.argv[2]
if (port !== undefined) {
  // The flood comes from a process of its own, with descriptors of its own.
  const sockets: Socket[] = []
  for (let count = 0; count < 50; count++) {
    sockets.push(connect(Number(port), '127.0.0.1').on('error', () => {}))
  }
  process.on('message', () => process.exit())
} else {
  let accepted = 0
  let floodAccepted = false
  const open: (() => void)[] = []
  const listener = await tcp().listen('tcp://127.0.0.1:0', {
    onStream: (stream) => {
      accepted++
      open.push(() => stream.abort())
      stream.start({ data: (chunk) => stream.write(chunk.slice()), end() {}, drain() {}, closed() {} })
    },
  })
  const listenPort = String(parseAddress(listener.address).port)
  const floods = [fork(import.meta.filename, [listenPort]), fork(import.meta.filename, [listenPort])]
  const quiet = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 100))
  for (let before = -1; before !== accepted || accepted === 0; await quiet()) before = accepted
  floodAccepted = accepted > 20 && accepted < 100
  for (const flood of floods) flood.kill()
  for (const abort of open) abort()
  await quiet()
  const stream = await tcp().dial(listener.address)
  const answer = new Promise<boolean>((resolve) => {
    stream.start({ data: (chunk) => resolve(chunk[0] === 9), end() {}, drain() {}, closed: () => resolve(false) })
  })
  stream.write(Uint8Array.of(9))
  const answeredAfterwards = await answer
  process.stdout.write(JSON.stringify({ floodAccepted, answeredAfterwards }), () => process.exit())
}
