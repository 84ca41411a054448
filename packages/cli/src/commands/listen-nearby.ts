import type { Messenger, NearbyEvent } from '@mimirjs/messenger'
import { harmlessLine } from '../harmless.js'
import { nameNearby } from '../local-network.js'
import type { Tell } from './listen-mediators.js'

/** Say who comes to the local network, and who goes: people are told of contacts only, scripts of everybody. */
export function reportNearby(messenger: Messenger, tell: Tell): void {
  // One after the other, although the names are read from disk: nobody goes before they came.
  let told = Promise.resolve()
  const report = ({ peer, address, state }: NearbyEvent): void => {
    const say = async (): Promise<void> => {
      const [view] = await nameNearby(messenger, [{ peer, address }])
      if (view === undefined) return
      const isHere = state === 'found'
      const who = view.name === '' ? peer.slice(0, 8) : harmlessLine(view.name)
      tell({ event: 'nearby', state, ...view }, view.contact ? `${who} is ${isHere ? '' : 'no longer '}nearby` : '')
    }
    // The messenger may have been closed meanwhile.
    told = told.then(say).catch(() => {})
  }
  // Who came before anybody listened.
  for (const { peer, address } of messenger.nearby()) report({ peer, address, state: 'found' })
  messenger.on('nearby', report)
}
