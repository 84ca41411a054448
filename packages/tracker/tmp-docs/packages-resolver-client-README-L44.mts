import { createSigner, generateSeed } from '@mimirjs/crypto'
import { Resolver } from '@mimirjs/resolver-client'
import { toHex } from '@mimirjs/wire'
import { Yggdrasil } from '@mimirjs/yggdrasil'

const node = await Yggdrasil.start({ peers: ['tls://192.0.2.1:443'] })
const resolver = new Resolver({
  generation: 'current',
  trackers: ['ygg://0000118d965a512ce8a37896957ef15b4108f89a9954ae9365448c6bf049c48d:69'],
  transport: node.datagramTransport,
  signer: createSigner(generateSeed()),
})
resolver.startAnnouncing({ address: `ygg://${toHex(node.publicKey)}:42` })
export {}
