import type { StreamTransport } from '@mimirjs/transport'

/** What `from` dials and `to` listens on, for a suite that plays both ends. */
export function twoEnded(from: () => StreamTransport, to: () => StreamTransport): StreamTransport {
  return {
    scheme: 'rdv',
    dial: (address, options) => from().dial(address, options),
    listen: (address, options) => to().listen(address, options),
  }
}
