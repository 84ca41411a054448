import { createSigner, generateSeed } from '@mimirjs/crypto'
import { Resolver } from '@mimirjs/resolver-client'
import { udp } from '@mimirjs/transport/udp'

const signer = createSigner(generateSeed())
const resolver = new Resolver({
  trackers: ['udp://[200:db8::1]:5050', 'udp://[200:db8::2]:5050'],
  transport: udp(),
  signer,
})

// Be found, as long as the program runs.
const announcing = resolver.startAnnouncing({ address: 'tcp://[201:db8::7]:5050' })
announcing.on('announced', ({ tracker, ttlSeconds }) => console.log(tracker, 'keeps it for', ttlSeconds))
announcing.on('failed', ({ error }) => console.log(error.code))

// Find somebody.
const addresses = await resolver.resolve(signer.publicKey, { signal: AbortSignal.timeout(5000) })
for (const { address, priority } of addresses) console.log(address, priority)

await resolver.close()
export {}
