export { type Blame, isTransportError, TransportError, type TransportErrorCode } from './error.js'
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
