import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { formatSocketAddress, parseAddress } from '../address.js'
import { TransportError } from '../error.js'
import { parseIp, unmapIpv4 } from '../ip.js'
import { fromSystemError } from '../system-error.js'
import type { DatagramHandlers, DatagramPeer, DatagramSocket } from '../types.js'
import type { UdpOptions } from '../udp.js'

/** 65 535 less the UDP header, and less the IP header where its length field counts it. */
const MAX_BYTES = { udp4: 65_507, udp6: 65_527 } as const

export function openUdp(
  address: string,
  signal: AbortSignal | undefined,
  { receiveBufferBytes, ipv6Only }: Required<UdpOptions>,
): Promise<DatagramSocket> {
  const { host, port } = parseAddress(address, 'udp')
  const type = literalType(host)
  if (type === undefined) {
    throw new TransportError('bad-address', `expected an IP address to bind to, got the name ${host} in ${address}`)
  }
  if (signal?.aborted) {
    throw new TransportError('aborted', `open ${address}: aborted by the signal given`, { cause: signal.reason })
  }
  return new Promise((resolve, reject) => {
    // Hosts are literals by the time they get here: without this, every datagram would pass through the resolver.
    const socket = createSocket({
      type,
      ipv6Only,
      lookup: (literal, _options, done) => done(null, literal, type === 'udp4' ? 4 : 6),
    })
    socket.once('error', fail)
    socket.bind({ address: host, port }, () => {
      socket.off('error', fail)
      growReceiveBuffer(socket, receiveBufferBytes)
      resolve(new UdpSocket(socket, type, type === 'udp6' && !ipv6Only && host === '::'))
    })
    function fail(error: Error): void {
      reject(fromSystemError(error, `open ${address}`))
    }
  })
}

class UdpSocket implements DatagramSocket {
  readonly localAddress: string
  readonly maxDatagramBytes: number
  readonly #socket: Socket
  readonly #type: 'udp4' | 'udp6'
  readonly #dualStack: boolean
  #handlers: DatagramHandlers | undefined
  #closing: Promise<void> | undefined

  constructor(socket: Socket, type: 'udp4' | 'udp6', dualStack: boolean) {
    const { address, port } = socket.address()
    this.localAddress = formatSocketAddress('udp', address, port)
    this.maxDatagramBytes = MAX_BYTES[type]
    this.#socket = socket
    this.#type = type
    this.#dualStack = dualStack
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // A receive that failed is a datagram lost; the socket goes on.
      if (error.syscall === 'recvmsg') return
      void this.#shut(fromSystemError(error, `socket ${this.localAddress}`))
    })
  }

  start(handlers: DatagramHandlers): void {
    if (this.#handlers !== undefined) throw new TransportError('misuse', 'start was called before on this socket')
    this.#handlers = handlers
    this.#socket.on('message', (bytes, from: RemoteInfo) => {
      if (this.#closing === undefined) handlers.message(bytes, new UdpPeer(from.address, from.port))
    })
  }

  peer(address: string): DatagramPeer {
    const { host, port } = parseAddress(address, 'udp')
    const type = literalType(host)
    if (type === undefined || port === 0) {
      throw new TransportError('bad-address', `expected udp://, an IP address and a port above 0, got ${address}`)
    }
    if (type === this.#type) return new UdpPeer(host, port)
    if (type === 'udp4' && this.#dualStack) return new UdpPeer(`::ffff:${host}`, port)
    const wanted = this.#type === 'udp4' ? 'an IPv4' : 'an IPv6'
    throw new TransportError(
      'bad-address',
      `expected ${wanted} address for socket ${this.localAddress}, got ${address}`,
    )
  }

  send(bytes: Uint8Array, to: DatagramPeer): void {
    if (bytes.length > this.maxDatagramBytes) {
      throw new TransportError('too-large', `datagram of ${bytes.length} bytes, the most is ${this.maxDatagramBytes}`)
    }
    if (this.#closing !== undefined) return
    const { host, port } = to instanceof UdpPeer ? to : (this.peer(to.address) as UdpPeer)
    // Without a callback the runtime reports no failure: loss is silent.
    this.#socket.send(bytes, port, host)
  }

  close(): Promise<void> {
    return this.#shut(undefined)
  }

  #shut(error: TransportError | undefined): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#socket.close(() => {
        this.#handlers?.closed(error)
        resolve()
      })
    })
    return this.#closing
  }
}

/** The far end as the system wants it; its URL is built only for those who ask. */
class UdpPeer implements DatagramPeer {
  readonly host: string
  readonly port: number
  #address: string | undefined

  constructor(host: string, port: number) {
    this.host = host
    this.port = port
  }

  get address(): string {
    this.#address ??= formatSocketAddress('udp', unmapIpv4(this.host), this.port)
    return this.#address
  }
}

function literalType(host: string): 'udp4' | 'udp6' | undefined {
  const bytes = parseIp(host.split('%')[0]!)
  if (bytes === undefined) return undefined
  return bytes.length === 4 ? 'udp4' : 'udp6'
}

function growReceiveBuffer(socket: Socket, sizeBytes: number): void {
  try {
    if (socket.getRecvBufferSize() < sizeBytes) socket.setRecvBufferSize(sizeBytes)
  } catch {
    // The system refuses more than its ceiling: its own size stays.
  }
}
