import type { DatagramTransport, StreamTransport } from '@mimirjs/transport'

/** The same transport, which refuses when `check` throws: one that nobody drives any more would never answer. */
export function guardedStreams(inner: StreamTransport, check: () => void): StreamTransport {
  return {
    scheme: inner.scheme,
    async dial(address, options) {
      check()
      return inner.dial(address, options)
    },
    async listen(address, options) {
      check()
      return inner.listen(address, options)
    },
  }
}

/** As {@link guardedStreams}. */
export function guardedDatagrams(inner: DatagramTransport, check: () => void): DatagramTransport {
  return {
    scheme: inner.scheme,
    async open(address, options) {
      check()
      return inner.open(address, options)
    },
  }
}
