import type { RemoteInfo, Socket } from 'node:dgram'
import { platform } from 'node:os'
import {
  type DatagramHandlers,
  type DatagramPeer,
  formatAddress,
  parseAddress,
  parseIp,
  TransportError,
} from '@mimirjs/transport'
import { formatGroup } from '../address/index.js'
import { MulticastError } from '../error.js'
import type { MulticastSocket, MulticastSocketOptions } from '../node/network.js'
import { checkRange, checkSignal, familyOf, interfaceOf, isLinkScope } from './arguments.js'
import { bindSocket, type SocketType, sendError, socketError } from './bind.js'
import { chooseInterface, type InterfaceChoice } from './interfaces.js'

/** 65,535 less the UDP header, and less the IP header where its length field counts it. */
const MAX_BYTES: Readonly<Record<SocketType, number>> = { udp4: 65_507, udp6: 65_527 }
const WILDCARD: Readonly<Record<SocketType, string>> = { udp4: '0.0.0.0', udp6: '::' }

/** What all the system's sockets of one {@link MulticastSocket} have in common. */
interface Setup {
  readonly type: SocketType
  readonly choice: InterfaceChoice
  readonly hopLimit: number
  readonly reuseAddress: boolean
  readonly receiveBufferBytes: number
}

/** @throws {MulticastError} as `MulticastNetwork.open` says */
export async function openMulticastSocket(
  options: MulticastSocketOptions,
  receiveBufferBytes: number,
): Promise<MulticastSocket> {
  const { groups, port, signal, reuseAddress = false, hopLimit = 255 } = options
  const type = familyOf(groups)
  checkRange('port', port, 0, 65_535)
  checkRange('hopLimit', hopLimit, 1, 255)
  const choice = chooseInterface(type === 'udp4' ? 4 : 6, options.interface)
  const setup = { type, choice, hopLimit, reuseAddress, receiveBufferBytes }
  checkSignal(signal)
  const [first, ...others] = groups.map(formatGroup) as [string, ...string[]]
  const { socket, isGroup } = await bindFirst(setup, first, port)
  const opened = new UdpMulticastSocket(setup, socket, isGroup ? first : undefined)
  try {
    opened.add(socket, first)
    for (const group of others) await opened.joinText(group)
    checkSignal(signal)
    return opened
  } catch (error) {
    await opened.close()
    throw error
  }
}

/** Linux lets through what is sent to the address that a socket is bound to, and nothing else; others may not. */
async function bindFirst(setup: Setup, group: string, port: number): Promise<{ socket: Socket; isGroup: boolean }> {
  if (platform() === 'linux') {
    const socket = await bind(setup, group, port).catch(() => undefined)
    if (socket !== undefined) return { socket, isGroup: true }
  }
  try {
    return { socket: await bind(setup, WILDCARD[setup.type], port), isGroup: false }
  } catch (error) {
    throw socketError(error, `open port ${port} for ${group}`)
  }
}

async function bind({ type, choice, reuseAddress, receiveBufferBytes }: Setup, literal: string, port: number) {
  const address = isLinkScope(literal) ? `${literal}%${choice.name}` : literal
  return bindSocket({ type, address, port, reuseAddress, receiveBufferBytes })
}

class UdpMulticastSocket implements MulticastSocket {
  readonly localAddress: string
  readonly maxDatagramBytes: number
  readonly interfaceName: string
  readonly port: number
  readonly boundToGroup: boolean
  readonly #setup: Setup
  /** Everything is sent from this one: its port is what others see. */
  readonly #first: Socket
  /** What it is bound to, where that is a group: no other socket can be. */
  readonly #firstGroup: string | undefined
  /** By the text of the group. Bound to groups, each has its own socket; otherwise all share the first. */
  readonly #joined = new Map<string, Socket>()
  readonly #joining = new Map<string, Promise<void>>()
  #handlers: DatagramHandlers | undefined
  #closing: Promise<void> | undefined
  /** Datagrams of the same sender come in a row: its object is made once. */
  #lastPeer: UdpPeer | undefined

  /** @param group - that `first` is bound to; `undefined`: to the wildcard */
  constructor(setup: Setup, first: Socket, group: string | undefined) {
    const { address, port } = first.address()
    this.localAddress = formatAddress({ scheme: 'udp', host: group ?? address, port })
    this.maxDatagramBytes = MAX_BYTES[setup.type]
    this.interfaceName = setup.choice.name
    this.port = port
    this.boundToGroup = group !== undefined
    this.#setup = setup
    this.#first = first
    this.#firstGroup = group
  }

  start(handlers: DatagramHandlers): void {
    if (this.#handlers !== undefined) throw new TransportError('misuse', 'start was called before on this socket')
    this.#handlers = handlers
  }

  peer(address: string): DatagramPeer {
    const { host, port } = parseAddress(address, 'udp')
    const wanted = this.#setup.type === 'udp4' ? 4 : 16
    if (parseIp(host.split('%')[0] ?? '')?.length !== wanted || port === 0) {
      const family = wanted === 4 ? 'IPv4' : 'IPv6'
      throw new TransportError(
        'bad-address',
        `expected udp://, an ${family} address and a port above 0, got ${address}`,
      )
    }
    return new UdpPeer(host, port)
  }

  send(bytes: Uint8Array, to: DatagramPeer): void {
    const { host, port } = this.#target(bytes, to)
    // Without a callback the runtime reports no failure: loss is silent.
    if (this.#closing === undefined) this.#first.send(bytes, port, host)
  }

  sendTelling(bytes: Uint8Array, to: DatagramPeer, done: (error: MulticastError | undefined) => void): void {
    const { host, port, address } = this.#target(bytes, to)
    if (this.#closing !== undefined) return
    this.#first.send(bytes, port, host, (error) => {
      // What was on its way when the socket was closed is nobody's failure.
      if (this.#closing !== undefined) return
      done(error === null ? undefined : sendError(error, `send to ${address} on interface ${this.interfaceName}`))
    })
  }

  #target(bytes: Uint8Array, to: DatagramPeer): UdpPeer {
    if (bytes.length > this.maxDatagramBytes) {
      throw new TransportError('too-large', `datagram of ${bytes.length} bytes, the most is ${this.maxDatagramBytes}`)
    }
    return to instanceof UdpPeer ? to : (this.peer(to.address) as UdpPeer)
  }

  join(group: Uint8Array): Promise<void> {
    try {
      if (familyOf([group]) !== this.#setup.type) {
        throw new MulticastError('bad-address', `expected a group of the family of ${this.localAddress}`)
      }
      return this.joinText(formatGroup(group))
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }

  async joinText(group: string): Promise<void> {
    if (this.#closing !== undefined) throw new MulticastError('closed', `join ${group}: the socket is closed`)
    if (this.#joined.has(group)) return
    let joining = this.#joining.get(group)
    if (joining === undefined) {
      joining = this.#join(group).finally(() => this.#joining.delete(group))
      this.#joining.set(group, joining)
    }
    return joining
  }

  async leave(group: Uint8Array): Promise<void> {
    const text = formatGroup(group)
    // One that is being joined can be left as soon as it is.
    await this.#joining.get(text)?.catch(() => {})
    const socket = this.#joined.get(text)
    if (socket === undefined) return
    this.#joined.delete(text)
    this.#drop(socket, text)
    if (socket !== this.#first) await closed(socket)
  }

  close(): Promise<void> {
    return this.#shut(undefined)
  }

  /** Join the group on a socket that is bound. */
  add(socket: Socket, group: string): void {
    const { type, choice, hopLimit } = this.#setup
    try {
      socket.addMembership(group, interfaceOf(type, choice))
      if (socket === this.#first && this.#joined.size === 0) {
        socket.setMulticastInterface(interfaceOf(type, choice))
        socket.setMulticastTTL(hopLimit)
        socket.setTTL(hopLimit)
      }
    } catch (error) {
      throw socketError(error, `join ${group} on interface ${choice.name}`)
    }
    this.#joined.set(group, socket)
    if (socket.listenerCount('message') === 0) this.#listen(socket)
  }

  async #join(group: string): Promise<void> {
    if (!this.boundToGroup || group === this.#firstGroup) return this.add(this.#first, group)
    let socket: Socket
    try {
      socket = await bind(this.#setup, group, this.port)
    } catch (error) {
      throw socketError(error, `open port ${this.port} for ${group}`)
    }
    try {
      if (this.#closing !== undefined) throw new MulticastError('closed', `join ${group}: the socket was closed`)
      this.add(socket, group)
    } catch (error) {
      await closed(socket)
      throw error
    }
  }

  #listen(socket: Socket): void {
    socket.on('message', (bytes, from: RemoteInfo) => {
      if (this.#closing === undefined) this.#handlers?.message(bytes, this.#peerOf(from))
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // A receive that failed is a datagram lost; the socket goes on.
      if (error.syscall === 'recvmsg') return
      void this.#shut(new TransportError('io', `socket ${this.localAddress}: ${error.message}`, { cause: error }))
    })
  }

  #peerOf({ address, port }: RemoteInfo): UdpPeer {
    const last = this.#lastPeer
    if (last !== undefined && last.port === port && last.host === address) return last
    return (this.#lastPeer = new UdpPeer(address, port))
  }

  #drop(socket: Socket, group: string): void {
    try {
      socket.dropMembership(group, interfaceOf(this.#setup.type, this.#setup.choice))
    } catch {
      // The interface has gone, and the membership with it.
    }
  }

  #shut(error: TransportError | undefined): Promise<void> {
    this.#closing ??= this.#leaveAndClose().then(() => this.#handlers?.closed(error))
    return this.#closing
  }

  async #leaveAndClose(): Promise<void> {
    const sockets = new Set([this.#first, ...this.#joined.values()])
    for (const [group, socket] of this.#joined) this.#drop(socket, group)
    this.#joined.clear()
    await Promise.all([...sockets].map(closed))
  }
}

/** One end as the system wants it; its URL is built only for those who ask. */
class UdpPeer implements DatagramPeer {
  readonly host: string
  readonly port: number
  #address: string | undefined

  constructor(host: string, port: number) {
    this.host = host
    this.port = port
  }

  get address(): string {
    this.#address ??= formatAddress({ scheme: 'udp', host: this.host, port: this.port })
    return this.#address
  }
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.close(resolve)
  })
}
