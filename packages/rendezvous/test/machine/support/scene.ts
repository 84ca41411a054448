import type { SeedSigner } from '@mimirjs/crypto'
import { a, b } from './identity.js'
import { Party, type PartyOptions } from './party.js'
import { FakeServer } from './server.js'
import { World } from './world.js'

export interface Scene {
  readonly world: World
  readonly servers: readonly FakeServer[]
  readonly server: FakeServer
}

/** A world with so many servers. */
export function scene(count = 1): Scene {
  const world = new World()
  const servers = Array.from({ length: count }, (_, at) => new FakeServer(world, `wss://s${at}.example.org`))
  const [server] = servers
  if (server === undefined) throw new Error('expected a server at least')
  return { world, servers, server }
}

/** Somebody who is logged in at all servers. */
export function party({ world, servers }: Scene, signer: SeedSigner, options?: PartyOptions): Party {
  const one = new Party(world, signer, options).join(...servers)
  world.settle()
  return one
}

export interface Pair extends Scene {
  /** Has the larger key. */
  readonly alice: Party
  /** Has the smaller key. */
  readonly bob: Party
}

/** Two people, contacts of each other unless the options say otherwise. */
export function pair(count = 1, options: { readonly alice?: PartyOptions; readonly bob?: PartyOptions } = {}): Pair {
  const all = scene(count)
  return {
    ...all,
    alice: party(all, a, { label: 'alice', ...options.alice }),
    bob: party(all, b, { label: 'bob', ...options.bob }),
  }
}

/** The same with an open link, which bob called for. */
export function linked(count = 1, options: { readonly alice?: PartyOptions; readonly bob?: PartyOptions } = {}): Pair {
  const all = pair(count, options)
  all.bob.connect(all.alice)
  all.world.settle()
  return all
}
