// The mediator process: it keeps what the members write, encrypted, and hands it on. It cannot read any of it.
import { join } from 'node:path'
import { createSigner } from '@mimirjs/crypto'
import { loadOrCreateKeyFile } from '@mimirjs/crypto/keyfile'
import { createMediator } from '@mimirjs/mediator'
import { Transports } from '@mimirjs/transport'
import { tcp } from '@mimirjs/transport/tcp'

const [folder, address] = process.argv.slice(2)
const mediator = await createMediator({
  signer: createSigner(loadOrCreateKeyFile(join(folder!, 'identity.key')).seed),
  transports: new Transports([tcp()]),
  listen: [address!],
  store: join(folder!, 'mediator.sqlite'),
})
process.send!({ publicKey: Buffer.from(mediator.publicKey).toString('hex'), address: mediator.addresses[0] })
process.on('message', async () => {
  await mediator.close()
  process.disconnect()
})
