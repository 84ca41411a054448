// Run with a limit of 64 open files: fill them with connections, let them go, and see that the listener still answers.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { parseAddress } from '../../src/index.js'
import { tcp } from '../../src/tcp.js'

const port = process.argv[2]
if (port !== undefined) {
  // The flood comes from processes of their own, each with as few descriptors.
  const sockets = Array.from({ length: 25 }, () => connect(Number(port), '127.0.0.1').on('error', () => {}))
  await Promise.allSettled(sockets.map((socket) => once(socket, 'connect')))
  process.send!('connected')
} else {
  let accepted = 0
  const open: (() => void)[] = []
  const listener = await tcp().listen('tcp://127.0.0.1:0', {
    onStream: (stream) => {
      accepted++
      open.push(() => stream.abort())
      stream.start({ data: (chunk) => stream.write(chunk.slice()), end() {}, drain() {}, closed() {} })
    },
  })
  const listenPort = String(parseAddress(listener.address).port)
  const floods = Array.from({ length: 4 }, () => fork(import.meta.filename, [listenPort]))
  await Promise.all(floods.map((flood) => once(flood, 'message')))
  const quiet = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 100))
  for (let before = -1; before !== accepted; await quiet()) before = accepted
  const floodAccepted = accepted > 20 && accepted < 100
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
