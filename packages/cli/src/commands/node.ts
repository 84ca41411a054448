import { join, resolve } from 'node:path'
import { toHex } from '@mimirjs/wire'
import type { PeerInfo, TreeInfo, Yggdrasil } from '@mimirjs/yggdrasil'
import type { Command } from 'commander'
import type { Context } from '../context.js'
import { formatDuration } from '../duration.js'
import { CliError } from '../error.js'
import { ExitCode } from '../exit-code.js'
import { makeFolder } from '../folder.js'
import { harmlessLine } from '../harmless.js'
import { listParser, parseNodeListen, parsePath } from '../options.js'
import { loadNodeSeed, openNode } from '../overlay.js'
import type { Shell } from '../shell.js'
import { whenAborted } from '../stop.js'

interface NodeOptions {
  readonly listen?: readonly string[]
  readonly key?: string
}

export function nodeCommand(shell: Shell): Command {
  return shell
    .command('node', 'run a node of the overlay until Ctrl-C: a Yggdrasil node without a TUN device, and without root')
    .option(
      '--listen <uri>',
      'where other nodes may connect, such as tls://[::]:12345; may be repeated',
      listParser(parseNodeListen),
    )
    .option('--key <file>', 'its key, made if it is not there (default: relay.key in the home folder)', parsePath)
    .addHelpText(
      'after',
      `
Prints its key and address, and then what becomes of its peers and of its place in the tree. SIGUSR2 prints all of it.
A node that listens forwards for others; give it a key of its own, for two nodes with one key disturb each other.

Examples:
  mimir node --listen tcp://127.0.0.1:12345
  mimir node --peer tls://[2001:db8::7]:443 --json`,
    )
    .action((options: NodeOptions, command: Command) => shell.perform(command, (context) => runNode(context, options)))
}

async function runNode(context: Context, options: NodeOptions): Promise<ExitCode> {
  const { io, output } = context
  const listen = options.listen ?? []
  if (listen.length === 0 && context.peers.length === 0)
    throw new CliError('usage', 'give --peer, a node to connect to, or --listen, where others may connect')
  if (options.key === undefined) makeFolder(context.home)
  const key = options.key === undefined ? join(context.home, 'relay.key') : resolve(io.cwd, options.key)
  await using node = await openNode(context, { seed: loadNodeSeed(context, key), listen })
  const { publicKey, address, subnet, listenAddresses } = node
  await output.result(
    { event: 'ready', ready: true, publicKey: toHex(publicKey), address, subnet, listen: listenAddresses },
    `node ${toHex(publicKey)}\naddress ${address}`,
  )
  for (const uri of listenAddresses) output.status(`listening on ${uri}`)
  const tell = (event: object, text: string): void => {
    output.result(event, harmlessLine(text)).catch(() => {})
  }
  node.on('peerUp', ({ uri, publicKey, incoming }) => {
    const peer = toHex(publicKey)
    tell({ event: 'peerUp', uri, publicKey: peer, incoming }, `${incoming ? 'from' : 'to'} ${uri}: ${peer} is up`)
  })
  node.on('peerDown', ({ uri, publicKey, incoming, error }) => {
    const reason = error?.message ?? 'it ended'
    tell(
      { event: 'peerDown', uri, publicKey: toHex(publicKey), incoming, reason },
      `${toHex(publicKey)} is down: ${reason}`,
    )
  })
  node.on('peerRetry', ({ uri, error, failures, retryInMs }) => {
    const next = retryInMs === undefined ? 'not tried again' : `next attempt in ${formatDuration(retryInMs)}`
    if (output.json)
      tell({ event: 'peerRetry', uri, failures, retryInMs: retryInMs ?? null, reason: error.message }, '')
    else output.status(`${uri}: ${next}`)
  })
  let before = ''
  const tellTree = (tree: TreeInfo): void => {
    const text = treeText(tree)
    if (text !== before) tell(treeJson(tree), text)
    before = text
  }
  node.on('tree', tellTree)
  tellTree(node.tree())
  const printAll = (): void => {
    for (const peer of node.peers()) tell(peerJson(peer), peerText(peer))
    tell(treeJson(node.tree()), treeText(node.tree()))
    const { sessions, paths, links, counters } = node.stats()
    tell({ event: 'stats', sessions, paths, links, counters }, `${links} links, ${sessions} sessions, ${paths} paths`)
  }
  // Windows does not know this signal and refuses to listen for it.
  if (process.platform !== 'win32') io.signals.on('SIGUSR2', printAll)
  try {
    await whenAborted(context.stop)
  } finally {
    io.signals.off('SIGUSR2', printAll)
  }
  await node.close()
  output.status(statsText(node))
  return ExitCode.ok
}

function peerJson({ uri, state, incoming, publicKey, latencyMs, rxBytes, txBytes, error }: PeerInfo): object {
  return {
    event: 'peer',
    uri,
    state,
    incoming,
    publicKey: publicKey === undefined ? null : toHex(publicKey),
    latencyMs: latencyMs ?? null,
    rxBytes,
    txBytes,
    error: error?.message ?? null,
  }
}

function peerText({ uri, state, publicKey, latencyMs, rxBytes, txBytes, error }: PeerInfo): string {
  const key = publicKey === undefined ? '' : ` ${toHex(publicKey)}`
  const latency = latencyMs === undefined ? '' : `, ${latencyMs.toFixed(1)} ms`
  return `${uri}: ${state}${key}${latency}, ${rxBytes} bytes in, ${txBytes} out${error ? `: ${error.message}` : ''}`
}

function treeJson({ root, parent, coordinates }: TreeInfo): object {
  return { event: 'tree', root: toHex(root), parent: toHex(parent), coordinates: coordinates.map(String) }
}

function treeText({ root, parent, coordinates }: TreeInfo): string {
  const place = coordinates.length === 0 ? 'at the root' : `at ${coordinates.join('.')}, below ${toHex(parent)}`
  return `tree of ${toHex(root)}: ${place}`
}

function statsText(node: Yggdrasil): string {
  const { counters } = node.stats()
  const counts = Object.entries(counters).filter(([, count]) => count > 0)
  return `stopped; ${counts.map(([name, count]) => `${name} ${count}`).join(', ') || 'nothing happened'}`
}
