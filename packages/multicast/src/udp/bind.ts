import { createSocket, type Socket } from 'node:dgram'
import { MulticastError } from '../error.js'

export type SocketType = 'udp4' | 'udp6'

export interface BindOptions {
  readonly type: SocketType
  /** The literal to bind to, with `%zone` where its scope asks for one. */
  readonly address: string
  readonly port: number
  readonly reuseAddress: boolean
  readonly receiveBufferBytes: number
}

/** A bound socket. Rejects with the system's error: {@link socketError} makes a good one of it. */
export function bindSocket(options: BindOptions): Promise<Socket> {
  const { type, address, port, reuseAddress, receiveBufferBytes } = options
  return new Promise((resolve, reject) => {
    const socket = createSocket({
      type,
      ipv6Only: type === 'udp6',
      reuseAddr: reuseAddress,
      // Hosts are literals by the time they get here: without this, every datagram would pass through the resolver.
      lookup: (literal, _options, done) => done(null, literal, type === 'udp4' ? 4 : 6),
    })
    socket.once('error', fail)
    socket.bind({ address, port }, () => {
      socket.off('error', fail)
      growReceiveBuffer(socket, receiveBufferBytes)
      resolve(socket)
    })
    function fail(error: Error): void {
      socket.close()
      reject(error)
    }
  })
}

/** What to say and do about a failure of the system. */
const HINTS: Readonly<Record<string, readonly [code: 'address-in-use' | 'bad-interface' | 'socket', hint: string]>> = {
  EADDRINUSE: ['address-in-use', 'another program listens on this port: stop it, or choose another port'],
  EACCES: ['address-in-use', 'the system does not permit this port: those from 1024 on need no rights'],
  EPERM: ['socket', 'the system does not permit it: a firewall may forbid it'],
  ENODEV: ['bad-interface', 'the interface cannot do multicast, or has gone: choose another one'],
  EADDRNOTAVAIL: ['bad-interface', 'the interface cannot do multicast, or has gone: choose another one'],
  ENOBUFS: ['socket', 'the system allows no more groups (on Linux net.ipv4.igmp_max_memberships)'],
}

/** @param doing - what was tried, for the message */
export function socketError(error: unknown, doing: string): MulticastError {
  const systemCode = codeOf(error)
  const [code, hint] = HINTS[systemCode] ?? ['socket', error instanceof Error ? error.message : 'it failed']
  return new MulticastError(code, `${doing}: ${hint}${systemCode === '' ? '' : ` (${systemCode})`}`, { cause: error })
}

const NO_ROUTE =
  'the system has no route there; IPv6 on the loopback interface of Linux needs `ip -6 route add local ff00::/8 dev lo table local`, as root'

/** The same, of sending. */
const SEND_HINTS: Readonly<Record<string, string>> = {
  ENETUNREACH: NO_ROUTE,
  EHOSTUNREACH: NO_ROUTE,
  EADDRNOTAVAIL: 'the interface has no address to send from, or has gone',
  ENETDOWN: 'the interface is down',
  EPERM: 'the system does not permit it: a firewall may forbid it',
  EACCES: 'the system does not permit it: a firewall may forbid it',
}

/** @param doing - what was tried, for the message */
export function sendError(error: unknown, doing: string): MulticastError {
  const systemCode = codeOf(error)
  const hint = SEND_HINTS[systemCode] ?? (error instanceof Error ? error.message : 'it failed')
  return new MulticastError('socket', `${doing}: ${hint}${systemCode === '' ? '' : ` (${systemCode})`}`, {
    cause: error,
  })
}

/** `EADDRINUSE` and the like; empty when the error has none. */
function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

function growReceiveBuffer(socket: Socket, sizeBytes: number): void {
  try {
    if (socket.getRecvBufferSize() < sizeBytes) socket.setRecvBufferSize(sizeBytes)
  } catch {
    // The system refuses more than its ceiling: its own size stays.
  }
}
