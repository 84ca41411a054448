export { type Address, addressScheme, formatAddress, parseAddress } from './address.js'
export { type Clock, steadyClock, wallClock } from './clock.js'
export { Emitter } from './emitter.js'
export { type Blame, isTransportError, TransportError, type TransportErrorCode } from './error.js'
export { formatIp, parseIp, unmapIpv4 } from './ip.js'
export type { Logger } from './logger.js'
export { type MessageSocket, MessageStream, type MessageStreamOptions } from './message/stream.js'
export { Transports } from './transports.js'
export type {
  ByteStream,
  DatagramHandlers,
  DatagramPeer,
  DatagramSocket,
  DatagramTransport,
  DialOptions,
  Listener,
  ListenOptions,
  StreamHandlers,
  StreamTransport,
} from './types.js'
