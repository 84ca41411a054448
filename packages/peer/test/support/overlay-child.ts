// A person on a node of its own, in a process that can be killed: acknowledges everything, and says what came.
import { createSigner } from '@mimirjs/crypto'
import { Transports } from '@mimirjs/transport'
import { fromHex } from '@mimirjs/wire'
import { Yggdrasil } from '@mimirjs/yggdrasil'
import { Peer } from '../../src/index.js'

export interface ChildOptions {
  readonly nodeSeed: string
  readonly seed: string
  readonly peer: string
}

export type ChildReport =
  | { readonly event: 'ready'; readonly address: string }
  | { readonly event: 'message'; readonly text: string }

const { nodeSeed, seed, peer: uri } = JSON.parse(process.argv[2] ?? '') as ChildOptions
process.on('disconnect', () => process.exit(0))
if (!process.connected) process.exit(0)

const tell = (report: ChildReport): void => void process.send?.(report)
const node = await Yggdrasil.start({ seed: fromHex(nodeSeed), peers: [uri] })
const peer = new Peer({
  signer: createSigner(fromHex(seed)),
  transports: new Transports([node.streams]),
  clientId: 1,
  generation: 'current',
  onConnection: (connection) => ({
    message({ guid, payload }) {
      tell({ event: 'message', text: new TextDecoder().decode(payload) })
      connection.acknowledge(guid)
    },
    acknowledged() {},
    closed() {},
  }),
})
tell({ event: 'ready', address: (await peer.listen('ygg://[::]:42')).address })
