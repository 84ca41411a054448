// Meets somebody, says a word, and leaves: visitor.ts SERVER ADDRESS
import { createSigner, generateSeed } from '@mimirjs/crypto'
import { parseRendezvousAddress, RendezvousNode } from '../../src/index.js'
import { nodePlatform } from '../../src/node.js'

const [server = '', address = ''] = process.argv.slice(2)
const signer = createSigner(generateSeed())
const node = await RendezvousNode.open({ signer, servers: [server], platform: nodePlatform() })
const link = await node.connect(parseRendezvousAddress(address))
await link.sendChat('hello')
await node.close()
