// Nodes of both kinds behind one face, for networks in which it shall make no difference who is who.
import { Yggdrasil, type YggdrasilOptions } from '../../packages/yggdrasil/src/node.js'
import { GoNode, type GoNodeSettings } from './go-node.js'
import { Traffic } from './traffic.js'

/** All of them are on this machine, which ours would take for one stranger with many links. */
const LIMITS = { incomingLinksPerAddress: 256 } as const

/** A node of either kind. */
export interface Member {
  readonly kind: 'go' | 'ours'
  readonly key: Uint8Array
  /** Hex. */
  readonly publicKey: string
  /** Where others can dial it. */
  readonly listening: readonly string[]
  addPeer(uri: string): void | Promise<void>
  removePeer(uri: string): unknown
  /** @returns milliseconds until the first answer, by key as hex; who never answered is absent */
  ping(keys: readonly Uint8Array[], timeoutMs: number, everyMs?: number): Promise<Map<string, number>>
  stop(): Promise<void>
}

/** One of ours, with its raw packets. */
export class OurMember implements Member {
  readonly kind = 'ours'
  readonly node: Yggdrasil
  readonly traffic: Traffic

  private constructor(node: Yggdrasil) {
    this.node = node
    this.traffic = new Traffic(node)
  }

  static async start({ limits, ...options }: YggdrasilOptions = {}): Promise<OurMember> {
    return new OurMember(await Yggdrasil.start({ ...options, limits: { ...LIMITS, ...limits } }))
  }

  get key(): Uint8Array {
    return this.node.publicKey
  }

  get publicKey(): string {
    return hex(this.key)
  }

  get listening(): readonly string[] {
    return this.node.listenAddresses
  }

  addPeer(uri: string): void {
    this.node.addPeer(uri)
  }

  removePeer(uri: string): boolean {
    return this.node.removePeer(uri)
  }

  ping(keys: readonly Uint8Array[], timeoutMs: number, everyMs?: number): Promise<Map<string, number>> {
    return this.traffic.ping(keys, timeoutMs, everyMs)
  }

  stop(): Promise<void> {
    return this.node.close({ timeoutMs: 0 })
  }
}

/** One of theirs. */
export class GoMember implements Member {
  readonly kind = 'go'
  readonly node: GoNode

  private constructor(node: GoNode) {
    this.node = node
  }

  /** @param program - from `buildPrograms()` */
  static async start(program: string, settings: GoNodeSettings = {}): Promise<GoMember> {
    return new GoMember(await GoNode.start(program, settings))
  }

  get key(): Uint8Array {
    return this.node.key
  }

  get publicKey(): string {
    return this.node.publicKey
  }

  get listening(): readonly string[] {
    return this.node.listening
  }

  addPeer(uri: string): Promise<void> {
    return this.node.addPeer(uri)
  }

  removePeer(uri: string): Promise<void> {
    return this.node.removePeer(uri)
  }

  ping(keys: readonly Uint8Array[], timeoutMs: number, everyMs?: number): Promise<Map<string, number>> {
    return this.node.ping(keys, timeoutMs, everyMs)
  }

  stop(): Promise<void> {
    return this.node.stop()
  }
}

/** What both kinds understand. */
export interface MemberOptions {
  readonly seed?: Uint8Array
  readonly listen?: readonly string[]
  readonly peers?: readonly string[]
}

/** @param program - the Go node, from `buildPrograms()` */
export function startMemberOf(kind: Member['kind'], program: string, options: MemberOptions = {}): Promise<Member> {
  return kind === 'go' ? GoMember.start(program, options) : OurMember.start(options)
}

/** A seed of which only the number matters. */
export function numberedSeed(number: number): Uint8Array {
  const seed = new Uint8Array(32)
  new DataView(seed.buffer).setUint32(0, number)
  return seed
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
}
