// Opens a session with a node of which it knows the multicast group and the public key, and says hello.
import { createSigner } from '@mimirjs/crypto'
import {
  formatGroup,
  formatMulticastAddress,
  isIpv4Group,
  isMulticastError,
  MulticastNode,
  parseGroup,
  parseMulticastAddress,
} from '@mimirjs/multicast'
import { multicastUdp } from '@mimirjs/multicast/udp'
import { loadConfig } from '../../mp2p-server/src/config.js'
import { parseFlags } from '../../mp2p-server/src/flags.js'
import { fail, printable } from '../../mp2p-server/src/log.js'
import { watch } from '../../mp2p-server/src/watch.js'

/** Ours; the peer's is a flag. Two programs on one machine need two. */
const PORT = 1025

const flags = parseFlags('client', {
  addr: { value: '', usage: 'multicast group of the peer' },
  publ: { value: '', usage: 'public key of the peer, 64 hex digits' },
  port: { value: 1024, usage: 'UDP port of the peer' },
  ifi: { value: '', usage: 'network interface, by name or by an address of it (default: the first that fits)' },
  loop: { value: false, usage: 'say it again and again' },
  prefix6: { value: false, usage: 'listen on an IPv6 group made of the prefix of an interface, new at each start' },
  v: { value: false, usage: 'say what happens' },
  vv: { value: false, usage: 'also show the bytes of every packet' },
})

try {
  const group = parsed('ip', () => parseGroup(flags.addr))
  const publicKey = parsed('key', () => parseKey(flags.publ))
  // What no peer can have is refused before anything is opened.
  const peer = parseMulticastAddress(formatMulticastAddress({ publicKey, group, port: flags.port }))
  const { ipv4Group, ipv6Group, seed } = loadConfig('client.conf')
  await using node = await MulticastNode.open({
    signer: createSigner(seed),
    network: watch(multicastUdp(), flags.vv ? 2 : flags.v ? 1 : 0, {
      sent: ['', 'sending session initiation payload', 'sending session data'],
      received: 'received response payload',
    }),
    group: flags.prefix6 ? 'prefix6' : formatGroup(isIpv4Group(group) ? ipv4Group : ipv6Group),
    port: PORT,
    ...(flags.ifi === '' ? {} : { interface: flags.ifi }),
  })
  console.log(`my addr: ${formatGroup(parseMulticastAddress(node.address).group)}`)
  console.log(`my publ: ${Buffer.from(node.publicKey).toString('hex')}`)

  let session = await node.connect(peer)
  do {
    try {
      console.log(printable(await session.request(new TextEncoder().encode('Hello server, how are you?'))))
    } catch (error) {
      // A session ends after so many messages; the next one has new keys.
      if (!isMulticastError(error) || error.code !== 'closed') throw error
      session = await node.connect(peer)
    }
  } while (flags.loop)
} catch (error) {
  fail(error)
}

function parseKey(text: string): Uint8Array {
  if (!/^[0-9a-fA-F]{64}$/.test(text)) throw new Error(`expected 64 hex digits, got ${JSON.stringify(text)}`)
  return Buffer.from(text, 'hex')
}

function parsed<T>(what: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw new Error(`failed to parse peer ${what}: ${(error as Error).message}`, { cause: error })
  }
}
