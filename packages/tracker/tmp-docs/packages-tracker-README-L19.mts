// run
import { createSigner, generateSeed } from '@mimirjs/crypto'
import { Resolver } from '@mimirjs/resolver-client'
import { createTracker } from '@mimirjs/tracker'
import { udp } from '@mimirjs/transport/udp'

const tracker = await createTracker({ address: 'udp://127.0.0.1:0', store: ':memory:' })
tracker.on('announced', ({ clientId }) => console.log('stored for device', clientId))

const signer = createSigner(generateSeed())
const trackers = [tracker.address]
const alice = new Resolver({ trackers, transport: udp(), signer })
await alice.announce({ address: 'tcp://127.0.0.1:5050' })

const bob = new Resolver({ trackers, transport: udp() })
console.log(await bob.resolve(signer.publicKey))

await Promise.all([alice.close(), bob.close()])
await tracker.close()
export {}
