// Both sides of a case, each closed at its end.
import { fileURLToPath } from 'node:url'
import type { Mp2pPrograms } from '../../../../../interop/multicast/go.js'
import { Program, type StartedServer, startServer } from '../../../../../interop/multicast/program.js'
import { type Actor, NODE } from './actor.js'
import type { ActorCalls, NodeOptions } from './actor-protocol.js'
import type { Lane, Side } from './lanes.js'

export const FAMILIES = ['ipv4', 'ipv6', 'prefix6'] as const
/** The kinds of groups. */
export type Family = (typeof FAMILIES)[number]

const SERVER_FLAGS: Readonly<Record<Family, readonly string[]>> = { ipv4: ['-ipv4'], ipv6: [], prefix6: ['-prefix6'] }
const CLIENT_FLAGS: Readonly<Record<Family, readonly string[]>> = { ipv4: [], ipv6: [], prefix6: ['-prefix6'] }

const example = (name: string): readonly string[] => [
  ...NODE,
  fileURLToPath(new URL(`../../../../../examples/${name}/src/main.ts`, import.meta.url)),
]

/** Command lines of a server and a client; the first word is the program. */
export interface Commands {
  readonly server: readonly string[]
  readonly client: readonly string[]
}

export const commandsOf = ({ server, client }: Mp2pPrograms): Commands => ({ server: [server], client: [client] })
/** Our examples, from their sources. */
export const EXAMPLES: Commands = { server: example('mp2p-server'), client: example('mp2p-client') }

/** Where a client is sent. */
export interface Target {
  /** The group. */
  readonly address: string
  /** 64 hex digits. */
  readonly publicKey: string
}

/** Start a server in the namespace of a side. */
export function startServerOn(
  lane: Lane,
  side: Side,
  { server }: Commands,
  family: Family,
  flags: readonly string[] = [],
): Promise<StartedServer> {
  return startServer([...server, '-ifi', lane.interface, ...SERVER_FLAGS[family], ...flags], { namespace: lane[side] })
}

/** Start a client in the namespace of a side. @param folder - where it keeps its key; default: a new one */
export function startClientOn(
  lane: Lane,
  side: Side,
  { client }: Commands,
  family: Family,
  target: Target,
  { flags = [], folder }: { readonly flags?: readonly string[]; readonly folder?: string } = {},
): Program {
  const whom = ['-addr', target.address, '-publ', target.publicKey]
  const command = [...client, '-ifi', lane.interface, ...CLIENT_FLAGS[family], ...whom, ...flags]
  return Program.start(command, { namespace: lane[side], folder })
}

/** A node of ours in the namespace of its actor. */
export class OurNode implements Target {
  /** `mp2p://…` */
  readonly url: string
  readonly publicKey: string
  readonly #actor: Actor
  readonly #node: number

  private constructor(actor: Actor, { node, address, publicKey }: ReturnType<ActorCalls['open']>) {
    this.#actor = actor
    this.#node = node
    this.url = address
    this.publicKey = publicKey
  }

  /** As server, unless the port says otherwise. */
  static async open(lane: Lane, options: Partial<NodeOptions> & Pick<NodeOptions, 'group'>): Promise<OurNode> {
    const actor = await lane.actor('ours')
    return new OurNode(actor, await actor.call('open', { port: SERVER_PORT, interface: lane.interface, ...options }))
  }

  /** Its group. */
  get address(): string {
    return /@\[?([^\]]+)\]?:\d+$/.exec(this.url)?.[1] ?? ''
  }

  async connect(address: string): Promise<OurSession> {
    return new OurSession(this.#actor, (await this.#actor.call('connect', { node: this.#node, address })).session)
  }

  look(): Promise<ReturnType<ActorCalls['look']>> {
    return this.#actor.call('look', { node: this.#node })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#actor.call('close', { node: this.#node })
  }
}

export class OurSession {
  readonly #actor: Actor
  readonly #session: number

  constructor(actor: Actor, session: number) {
    this.#actor = actor
    this.#session = session
  }

  request(text: string): Promise<string> {
    return this.#actor.call('request', { session: this.#session, text })
  }
}

export const SERVER_PORT = 1024
/** The original's client has no other. */
export const CLIENT_PORT = 1025

/** The address of a node as our nodes take it. */
export function urlOf({ address, publicKey }: Target, port: number = SERVER_PORT): string {
  return `mp2p://${publicKey}@${address.includes(':') ? `[${address}]` : address}:${port}`
}
