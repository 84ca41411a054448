import { createSocket, type SocketOptions } from 'node:dgram'
import { once } from 'node:events'
import type { Stack } from '../lib/stack.js'
import { RESOLVE_ANSWER_BYTES, RESOLVE_REQUEST_BYTES } from '../lib/tracker-sizes.js'
import { openUdpChannel } from '../lib/udp-channel.js'

/**
 * Bare node:dgram: answers every datagram with as many bytes as a tracker would, the nonce in front, and knows nothing.
 *
 * @param lookup - `default`: the socket as node makes it, which passes every address through the resolver; `none`: an
 * address is taken as it is, the fastest a server in Node can be
 */
export function dgramEchoStack(lookup: 'default' | 'none'): Stack {
  return {
    async serve() {
      const options: SocketOptions = { type: 'udp4' }
      if (lookup === 'none') options.lookup = (address, _options, done) => done(null, address, 4)
      const socket = createSocket(options)
      socket.on('message', (request, from) => {
        const answer = Buffer.allocUnsafe(RESOLVE_ANSWER_BYTES)
        request.copy(answer, 0, 1, 5)
        socket.send(answer, from.port, from.address)
      })
      // Without a lookup the socket listens before bind() returns.
      const listening = once(socket, 'listening')
      socket.bind(0, '127.0.0.1')
      await listening
      socket.setRecvBufferSize(1 << 20)
      return String(socket.address().port)
    },
    connect: (port) => openUdpChannel(Number(port), [new Uint8Array(RESOLVE_REQUEST_BYTES)], RESOLVE_ANSWER_BYTES),
  }
}
