import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'

/** A process whose listening socket has a full queue, so that the system answers no further dial. */
export interface SilentHost {
  readonly address: string
  close(): void
}

const PROGRAM = `
const server = require('node:net').createServer().listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
  process.stdout.write(String(server.address().port) + '\\n', () => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  })
})`

export async function silentHost(): Promise<SilentHost> {
  const child = spawn(process.execPath, ['-e', PROGRAM], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(child.stdout, 'data')
  const port = Number(String(line))
  // A backlog of one holds two on Linux; the rest stays unanswered.
  const fillers = Array.from({ length: 6 }, () => connect({ host: '127.0.0.1', port }).on('error', () => {}))
  await Promise.all(fillers.slice(0, 2).map((socket) => once(socket, 'connect')))
  return {
    address: `tcp://127.0.0.1:${port}`,
    close: () => {
      for (const socket of fillers) socket.destroy()
      child.kill('SIGKILL')
    },
  }
}
