// Starts nodes, uses them in every way there is, closes them, and has nothing left to do: the process must end by itself.
import { Yggdrasil } from '../../../src/node.js'

const server = await Yggdrasil.start({ listen: ['tcp://127.0.0.1:0', 'ws://127.0.0.1:0', 'tls://127.0.0.1:0'] })
await using client = await Yggdrasil.start({ peers: [...server.listenAddresses, 'tcp://127.0.0.1:1'] })
await using waiting = await Yggdrasil.start({ peers: ['tcp://127.0.0.1:1'] })
await server.listen(42, {
  onStream: (stream) => stream.start({ data() {}, end() {}, drain() {}, closed() {} }),
})
const stream = await client.openStream(server.publicKey, 42)
stream.start({ data() {}, end() {}, drain() {}, closed() {} })
stream.write(new Uint8Array(100_000))
client.datagrams(69).start({ message() {}, closed() {} })
client.send(server.publicKey, new Uint8Array(10))
void waiting.ping(server.publicKey, { timeoutMs: 60_000 }).catch(() => {})
void waiting.online({ timeoutMs: 60_000 }).catch(() => {})
await server.close()
console.log('closing')
