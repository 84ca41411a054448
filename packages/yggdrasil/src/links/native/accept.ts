import { lstat, unlink } from 'node:fs/promises'
import { connect, createServer, type ListenOptions, type Server, type Socket } from 'node:net'
import { unmapIpv4 } from '@mimirjs/transport'
import { YggdrasilError } from '../../error.js'
import type { Admission, LinkListener, LinkScheme, ListenHandlers, PeerUri } from '../types.js'
import { systemError } from './errors.js'
import { HIGH_WATER_BYTES } from './socket-link.js'

/**
 * Accept connections for which there is room. `onSocket` is called with each, before anything is read from it; its
 * admission goes with the link that becomes of it, or is released when it closes without.
 * @throws {YggdrasilError} `address-in-use` | `unreachable` | `link`
 */
export async function accept(
  uri: PeerUri,
  handlers: ListenHandlers,
  onSocket: (socket: Socket, admission: Admission) => void,
): Promise<LinkListener> {
  const server = createServer({ noDelay: true, highWaterMark: HIGH_WATER_BYTES })
  await listening(server, uri)
  const listener = new SocketListener(server, uri)
  server.on('connection', (socket) => {
    // From the first moment on: an error without a listener would end the process.
    socket.on('error', () => {})
    const host = socket.remoteAddress === undefined ? undefined : unmapIpv4(socket.remoteAddress)
    const isCut = host === undefined && uri.scheme !== 'unix'
    const admission = isCut ? undefined : handlers.admit(host, () => void socket.destroy())
    if (admission === undefined) {
      socket.destroy()
      return
    }
    socket.once('close', () => admission.release())
    onSocket(socket, admission)
  })
  server.on('error', (error: NodeJS.ErrnoException) => {
    // A failed accept (no more file descriptors, or the dialler left early) is over when it is reported: to close for
    // it would let a flood of connections take the listener away for good.
    if (error.syscall === 'accept') return
    void listener.close()
    handlers.failed(systemError(error, `listen ${listener.uri}`))
  })
  return listener
}

/** Address and port of the other end, for people. */
export function remoteOf(scheme: LinkScheme, { remoteAddress = '?', remotePort = 0 }: Socket): string {
  const host = unmapIpv4(remoteAddress)
  return host.includes(':') ? `${scheme}://[${host}]:${remotePort}` : `${scheme}://${host}:${remotePort}`
}

async function listening(server: Server, uri: PeerUri): Promise<void> {
  const doing = `listen ${uri.id}`
  // Without a host: every address of both families that this machine has.
  const place: ListenOptions =
    uri.scheme === 'unix' ? { path: uri.path } : { port: uri.port, ...(uri.host === '' ? {} : { host: uri.host }) }
  try {
    await listen(server, place)
  } catch (error) {
    if (uri.scheme !== 'unix' || !(await isLeftOver(error, uri.path))) throw systemError(error as Error, doing)
    await unlink(uri.path)
    await listen(server, place).catch((again: Error) => {
      throw systemError(again, doing)
    })
  }
}

function listen(server: Server, place: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(place, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** Whether a socket is all that is left of a program that was killed: nobody listens on it. */
async function isLeftOver(error: unknown, path: string): Promise<boolean> {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return false
  const isSocket = await lstat(path).then(
    (file) => file.isSocket(),
    () => false,
  )
  return isSocket && (await isDeaf(path))
}

function isDeaf(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path })
    socket.once('error', (refused: NodeJS.ErrnoException) => resolve(refused.code === 'ECONNREFUSED'))
    socket.once('connect', () => {
      socket.destroy()
      resolve(false)
    })
  })
}

class SocketListener implements LinkListener {
  readonly uri: string
  readonly #server: Server
  #closing: Promise<void> | undefined

  constructor(server: Server, { scheme, id }: PeerUri) {
    this.#server = server
    const bound = server.address()
    if (bound === null) throw new YggdrasilError('link', `listen ${id}: the system did not report what was bound`)
    if (typeof bound === 'string') this.uri = id
    else {
      const host = bound.address.includes(':') ? `[${bound.address}]` : bound.address
      this.uri = `${scheme}://${host}:${bound.port}`
    }
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      // The address is free at once; the server's own `close` event would wait for every link to end.
      this.#server.close()
      setImmediate(resolve)
    })
    return this.#closing
  }
}
