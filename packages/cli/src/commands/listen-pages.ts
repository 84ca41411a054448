import type { Messenger, MessengerOptions } from '@mimirjs/messenger'
import { Transports } from '@mimirjs/transport'
import { tcp } from '@mimirjs/transport/tcp'
import { ws } from '@mimirjs/transport/ws'

/** What browsers may dial without TLS: their own machine. */
export const PAGES_ADDRESS = 'ws://127.0.0.1:5051'

/** What `--ws` needs to be opened with. */
export function pageTransports(given: string | true | undefined): MessengerOptions {
  return given === undefined ? {} : { transports: new Transports([tcp(), ws()]) }
}

/**
 * Trackers know no such addresses: whoever is to come this way is told. Any page may dial it, whatever its `Origin`, and
 * gets no further than any program: the handshake above proves who is there, not the page.
 * @returns the address really listened on
 */
export function listenForPages(messenger: Messenger, given: string | true): Promise<string> {
  return messenger.listen({ address: given === true ? PAGES_ADDRESS : given, announce: () => undefined })
}
