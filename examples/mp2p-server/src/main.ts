// Listens on a multicast group, and answers whoever opens a session. No server tells anybody where it is.
import { createSigner } from '@mimirjs/crypto'
import { formatGroup, MulticastNode, parseMulticastAddress } from '@mimirjs/multicast'
import { multicastUdp } from '@mimirjs/multicast/udp'
import { loadConfig } from './config.js'
import { parseFlags } from './flags.js'
import { fail, log, printable } from './log.js'
import { watch } from './watch.js'

const flags = parseFlags('server', {
  ipv4: { value: false, usage: 'listen on the IPv4 group instead of the IPv6 one' },
  port: { value: 1024, usage: 'UDP port to listen on' },
  ifi: { value: '', usage: 'network interface, by name or by an address of it (default: the first that fits)' },
  prefix6: { value: false, usage: 'listen on an IPv6 group made of the prefix of an interface, new at each start' },
  v: { value: false, usage: 'say what happens' },
  vv: { value: false, usage: 'also show the bytes of every packet' },
})
const level = flags.vv ? 2 : flags.v ? 1 : 0

try {
  if (flags.ipv4 && flags.prefix6) throw new Error('-ipv4 and -prefix6 exclude each other: give one')
  if (flags.port === 0) throw new Error('-port 0: give one that others can be told of, from 1024 on')
  const { ipv4Group, ipv6Group, seed } = loadConfig('server.conf')
  const kept = formatGroup(flags.ipv4 ? ipv4Group : ipv6Group)
  const node = await MulticastNode.open({
    signer: createSigner(seed),
    network: watch(multicastUdp(), level, {
      sent: ['', 'sending session initiation response', 'sending session response'],
      received: 'received payload',
    }),
    group: flags.prefix6 ? 'prefix6' : kept,
    port: flags.port,
    ...(flags.ifi === '' ? {} : { interface: flags.ifi }),
    policy(_publicKey, { group, port }) {
      if (level > 0) log(`registering peer {IP:${formatGroup(group)} Port:${port} Zone:}`)
      return 'accept'
    },
  })
  if (flags.prefix6) log(`using interface: ${node.interfaceName}`)
  console.log(`using: ${kept}`)
  console.log(`my addr: ${formatGroup(parseMulticastAddress(node.address).group)}`)
  console.log(`my publ: ${Buffer.from(node.publicKey).toString('hex')}`)

  node.answer((payload) => {
    console.log(printable(payload))
    return new TextEncoder().encode('Hi this is Jack : )')
  })
  node.on('error', ({ error }) => log(error instanceof Error ? error.message : String(error)))
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => node.close())
} catch (error) {
  fail(error)
}
