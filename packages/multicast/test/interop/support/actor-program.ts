// Runs in a network namespace and does what it is told: nodes of ours, and bare sockets. One line of JSON when it is
// ready, then one for each line on stdin; ends when that ends.
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import { createInterface } from 'node:readline'
import { createSigner, generateSeed } from '@mimirjs/crypto'
import { MulticastNode, type MulticastSession } from '../../../src/index.js'
import { lossyNetwork } from '../../../src/testing/index.js'
import { multicastUdp } from '../../../src/udp.js'
import { type ActorCalls, ANSWER, type NodeOptions } from './actor-protocol.js'
import { hooksOf } from './faults.js'

interface OpenNode {
  readonly node: MulticastNode
  readonly received: string[]
  readonly errors: string[]
}

interface OpenSocket {
  readonly socket: Socket
  heard: string[]
  changed: () => void
}

/** Nothing here takes long to join. */
const JOIN_DELAY_MS = 50

const nodes = new Map<number, OpenNode>()
const sessions = new Map<number, MulticastSession>()
const sockets = new Map<number, OpenSocket>()
let lastNumber = 0

type Running = {
  [Name in keyof ActorCalls]: (
    argument: Parameters<ActorCalls[Name]>[0],
  ) => ReturnType<ActorCalls[Name]> | Promise<ReturnType<ActorCalls[Name]>>
}

const calls: Running = {
  async open(options) {
    const node = await openNode(options)
    const open: OpenNode = { node, received: [], errors: [] }
    node.on('error', ({ error }) => open.errors.push(String(error)))
    node.answer((payload) => {
      open.received.push(Buffer.from(payload).toString())
      return Buffer.from(ANSWER)
    })
    nodes.set(++lastNumber, open)
    return { node: lastNumber, address: node.address, publicKey: Buffer.from(node.publicKey).toString('hex') }
  },
  async connect({ node, address }) {
    const session = await find(nodes, node).node.connect(address)
    sessions.set(++lastNumber, session)
    return { session: lastNumber, id: Buffer.from(session.id).toString('hex') }
  },
  async request({ session, text }) {
    return Buffer.from(await find(sessions, session).request(Buffer.from(text))).toString()
  },
  look({ node: number }) {
    const { node, received, errors } = find(nodes, number)
    return {
      counters: { ...node.counters },
      received: [...received],
      errors: [...errors],
      sessions: node.sessions.length,
    }
  },
  async close({ node }) {
    await find(nodes, node).node.close()
    nodes.delete(node)
  },
  async socket({ family, port, interface: name, group }) {
    const socket = family === 6 ? createSocket({ type: 'udp6', ipv6Only: true }) : createSocket('udp4')
    socket.bind(port)
    await once(socket, 'listening')
    const on = family === 6 ? `::%${name}` : ipv4Of(name)
    socket.setMulticastInterface(on)
    if (group !== undefined) socket.addMembership(group, on)
    const open: OpenSocket = { socket, heard: [], changed: () => {} }
    socket.on('message', (bytes) => {
      open.heard.push(bytes.toString('hex'))
      open.changed()
    })
    sockets.set(++lastNumber, open)
    return lastNumber
  },
  async send({ socket: number, datagrams, address, port }) {
    const { socket } = find(sockets, number)
    for (const datagram of datagrams) {
      await new Promise<void>((resolve, reject) => {
        socket.send(Buffer.from(datagram, 'hex'), port, address, (error) =>
          error === null ? resolve() : reject(error),
        )
      })
    }
  },
  async heard({ socket, count, timeoutMs }) {
    const open = find(sockets, socket)
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs)
      open.changed = () => {
        if (open.heard.length < count) return
        clearTimeout(timer)
        resolve()
      }
      open.changed()
    })
    open.changed = () => {}
    return open.heard.splice(0)
  },
  async unplug({ socket: number }) {
    const { socket } = find(sockets, number)
    sockets.delete(number)
    socket.close()
    await once(socket, 'close')
  },
}

function openNode(options: NodeOptions): Promise<MulticastNode> {
  const {
    group,
    port,
    interface: name,
    seed,
    faults = [],
    mode,
    unitMs,
    joinDelayMs = JOIN_DELAY_MS,
    attempts,
  } = options
  return MulticastNode.open({
    signer: createSigner(seed === undefined ? generateSeed() : Buffer.from(seed, 'hex')),
    network: lossyNetwork(multicastUdp(), hooksOf(faults)),
    group,
    port,
    interface: name,
    mode,
    policy: 'anybody',
    unitMs,
    joinDelayMs,
    attempts,
  })
}

function ipv4Of(name: string): string {
  const found = networkInterfaces()[name]?.find(({ family }) => family === 'IPv4')
  if (found === undefined) throw new Error(`${name} has no IPv4 address`)
  return found.address
}

function find<T>(map: ReadonlyMap<number, T>, number: number): T {
  const found = map.get(number)
  if (found === undefined) throw new Error(`nothing open has the number ${number}`)
  return found
}

async function obey(line: string): Promise<void> {
  const { id, do: name, with: argument } = JSON.parse(line) as { id: number; do: keyof ActorCalls; with: never }
  try {
    say({ id, result: (await calls[name](argument)) ?? null })
  } catch (error) {
    say({ id, error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) })
  }
}

function say(answer: unknown): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}

createInterface({ input: process.stdin })
  .on('line', (line) => void obey(line))
  .on('close', () => process.exit(0))
say({ ready: true })
