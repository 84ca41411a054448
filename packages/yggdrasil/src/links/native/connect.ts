import { connect, type Socket, type TcpNetConnectOpts } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import type { Clock } from '@mimirjs/transport'
import { isYggdrasilError, YggdrasilError } from '../../error.js'
import type { PeerUri } from '../types.js'
import { dialAddresses } from './addresses.js'
import { dialAborted, dialError, hungUp } from './errors.js'
import { HIGH_WATER_BYTES, sharedRead } from './socket-link.js'

export interface ConnectOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** For the look-up of the name, and for each address, in ms. */
  readonly timeoutMs: number
  /** Read through {@link sharedRead} where that is possible; only for sockets without TLS. */
  readonly isShared: boolean
}

/** Make of an option what the other side, and TLS, see of us. */
interface Target {
  readonly address: string
  readonly port: number
  readonly tls: boolean
  readonly sni: string | undefined
}

/**
 * A connected socket: with `tls` and `wss` the TLS handshake is done. Addresses are tried one after the other.
 * yggdrasil protocol §2.1 to §2.4
 * @throws {YggdrasilError} `refused` | `unreachable` | `timeout` | `handshake` | `aborted` | `link`
 */
export async function connectHost(uri: PeerUri, options: ConnectOptions): Promise<Socket> {
  const doing = `dial ${uri.id}`
  const addresses = await limited<string[]>(doing, options, (settle) => {
    dialAddresses(uri.host, doing).then(settle.resolve, settle.reject)
    return () => {}
  })
  const tls = uri.scheme === 'tls' || uri.scheme === 'wss'
  const errors: YggdrasilError[] = []
  for (const address of addresses) {
    try {
      return await connectOne({ address, port: uri.port, tls, sni: uri.sni }, doing, options)
    } catch (error) {
      if (!isYggdrasilError(error) || error.code === 'aborted') throw error
      errors.push(error)
    }
  }
  const [first] = errors
  if (errors.length === 1 && first !== undefined) throw first
  const why = errors.map((error, at) => `${addresses[at]}: ${error.message.slice(doing.length + 2)}`).join('; ')
  throw new YggdrasilError(first?.code ?? 'unreachable', `${doing}: no address answers: ${why}`, { cause: first })
}

/** @throws {YggdrasilError} as {@link connectHost} */
export function connectUnix(uri: PeerUri, options: ConnectOptions): Promise<Socket> {
  return opened(`dial ${uri.id}`, options, 'connect', () => {
    const onread = options.isShared ? sharedRead() : undefined
    return connect({ path: uri.path, ...shared(onread), ...socketOptions() })
  })
}

function connectOne(target: Target, doing: string, options: ConnectOptions): Promise<Socket> {
  const { address: host, port, tls, sni } = target
  if (tls) {
    return opened(doing, options, 'secureConnect', () => {
      const plain: TcpNetConnectOpts = { host, port, noDelay: true, ...socketOptions() }
      // The certificate shows nothing: who answers is found out by the handshake above (§2.3).
      const secure: ConnectionOptions = { rejectUnauthorized: false, minVersion: 'TLSv1.2' }
      return connectTls({ ...plain, ...secure, ...(sni === undefined ? {} : { servername: sni }) })
    })
  }
  return opened(doing, options, 'connect', () => {
    const onread = options.isShared ? sharedRead() : undefined
    return connect({ host, port, noDelay: true, ...shared(onread), ...socketOptions() })
  })
}

function socketOptions(): { highWaterMark: number } {
  return { highWaterMark: HIGH_WATER_BYTES }
}

function shared(onread: ReturnType<typeof sharedRead>): Pick<TcpNetConnectOpts, 'onread'> {
  return onread === undefined ? {} : { onread }
}

function opened(
  doing: string,
  options: ConnectOptions,
  event: 'connect' | 'secureConnect',
  open: () => Socket,
): Promise<Socket> {
  return limited<Socket>(doing, options, ({ resolve, reject }) => {
    const socket = open()
    // What comes into a shared buffer before there is a reader would be lost.
    if (options.isShared) socket.pause()
    // They stay: a late error of a socket that was given up must not end the process.
    socket.on('error', (error) => reject(dialError(error, doing)))
    socket.on('close', () => reject(hungUp(doing)))
    socket.once(event, () => {
      const { localPort, remotePort, localAddress, remoteAddress } = socket
      if (localPort !== undefined && localPort === remotePort && localAddress === remoteAddress) {
        // A dial to a free local port can meet itself when the system picks that very port for our end.
        reject(new YggdrasilError('refused', `${doing}: nobody listens there (the dial met itself)`))
      } else resolve(socket)
    })
    return () => void socket.destroy()
  })
}

interface Settle<T> {
  resolve(value: T): void
  reject(error: Error): void
}

/** Do something that ends with the signal, or when its time is over. `begin` returns what undoes it when it fails. */
function limited<T>(
  doing: string,
  { clock, signal, timeoutMs }: ConnectOptions,
  begin: (settle: Settle<T>) => () => void,
): Promise<T> {
  if (signal.aborted) return Promise.reject(dialAborted(doing, signal))
  let stop = (): void => {}
  let undo = (): void => {}
  const done = new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(dialAborted(doing, signal))
    const cancelTimer = clock.schedule(() => {
      reject(new YggdrasilError('timeout', `${doing}: no answer within ${timeoutMs} ms`))
    }, timeoutMs)
    signal.addEventListener('abort', onAbort)
    stop = () => {
      cancelTimer()
      signal.removeEventListener('abort', onAbort)
    }
    undo = begin({ resolve, reject })
  })
  return done.then(
    (value) => {
      stop()
      return value
    },
    (error: unknown) => {
      stop()
      undo()
      throw isYggdrasilError(error) ? error : dialError(error as Error, doing)
    },
  )
}
