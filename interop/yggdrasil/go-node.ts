import { JsonProcess } from '../json-process.js'

export interface GoNodeSettings {
  /** 32 bytes; default a new key. */
  readonly seed?: Uint8Array
  /** URIs; port 0 is a free one. */
  readonly listen?: readonly string[]
  readonly peers?: readonly string[]
  /** Public keys as hex; default all. */
  readonly allowed?: readonly string[]
  /** Levels for its stderr, such as `info debug`. */
  readonly log?: string
  /** Runs it inside this network namespace. */
  readonly namespace?: string
}

interface Ready {
  readonly publicKey: string
  readonly address: string
  readonly listen: readonly string[]
}

/** One link or configured peer, keys as hex. */
export interface GoPeer {
  readonly uri: string
  readonly up: boolean
  readonly inbound: boolean
  readonly key: string
  readonly port: number
  readonly priority: number
  readonly error?: string
  readonly latencyMs: number
}

export interface GoTreeEntry {
  readonly key: string
  readonly parent: string
  readonly sequence: number
}

export interface GoPath {
  readonly key: string
  readonly path: readonly number[]
}

export interface EchoRun {
  readonly count: number
  readonly minBytes: number
  readonly maxBytes: number
  readonly seed: number
  /** So many bytes are under way at most; one packet always may be. */
  readonly windowBytes: number
  /** What has not come back after such a silence is lost; after five of them one after the other the run ends. */
  readonly stallMs: number
}

export interface EchoReport {
  readonly sent: number
  readonly returned: number
  readonly lost: number
  /** Came back other than they went. */
  readonly wrong: number
  readonly bytes: number
  readonly ms: number
}

export interface LoadRun {
  readonly packetBytes: number
  readonly windowPackets: number
  readonly ackEvery: number
  readonly warmUpMs: number
  readonly durationMs: number
}

export interface LoadReport {
  /** Acknowledged inside the measured time. */
  readonly packets: number
  readonly elapsedMs: number
  readonly lost: number
  /** Acknowledged in all, warm-up included. */
  readonly all: number
}

export interface MemoryReport {
  readonly residentBytes: number
  readonly heapBytes: number
}

/** A yggdrasil-go node in a process of its own. */
export class GoNode {
  readonly #process: JsonProcess<Ready>

  private constructor(process: JsonProcess<Ready>) {
    this.#process = process
  }

  /** @param program - from `buildPrograms()` */
  static async start(program: string, settings: GoNodeSettings = {}): Promise<GoNode> {
    const { seed, listen = [], peers = [], allowed = [], log = '', namespace } = settings
    const env = {
      YGG_SEED: seed === undefined ? '' : Buffer.from(seed).toString('hex'),
      YGG_LISTEN: listen.join(' '),
      YGG_PEERS: peers.join(' '),
      YGG_ALLOWED: allowed.join(' '),
      YGG_LOG: log,
    }
    const [file, args] = inNamespace(namespace, program, [])
    return new GoNode(await JsonProcess.start<Ready>(file, args, env))
  }

  /** Hex. */
  get publicKey(): string {
    return this.#process.ready.publicKey
  }

  get key(): Uint8Array {
    return new Uint8Array(Buffer.from(this.publicKey, 'hex'))
  }

  get address(): string {
    return this.#process.ready.address
  }

  /** Where it listened from the start on, without options. */
  get listening(): readonly string[] {
    return this.#process.ready.listen
  }

  get pid(): number {
    return this.#process.pid
  }

  get said(): string {
    return this.#process.said
  }

  peers(): Promise<GoPeer[]> {
    return this.#process.call({ do: 'peers' })
  }

  tree(): Promise<GoTreeEntry[]> {
    return this.#process.call({ do: 'tree' })
  }

  paths(): Promise<GoPath[]> {
    return this.#process.call({ do: 'paths' })
  }

  sessions(): Promise<{ key: string; rxBytes: number; txBytes: number; uptimeMs: number }[]> {
    return this.#process.call({ do: 'sessions' })
  }

  /** @returns all places where it listens */
  listen(uri: string): Promise<readonly string[]> {
    return this.#process.call({ do: 'listen', uri })
  }

  addPeer(uri: string): Promise<void> {
    return this.#process.call({ do: 'addPeer', uri })
  }

  removePeer(uri: string): Promise<void> {
    return this.#process.call({ do: 'removePeer', uri })
  }

  /** Dial at once whom it would dial later. */
  retry(): Promise<void> {
    return this.#process.call({ do: 'retry' })
  }

  /** @param key - the key as far as it is known, the rest ones: finds out the whole key */
  lookup(key: Uint8Array): Promise<void> {
    return this.#process.call({ do: 'lookup', key: hex(key) })
  }

  send(key: Uint8Array, packet: Uint8Array): Promise<void> {
    return this.#process.call({ do: 'send', key: hex(key), packet: hex(packet) })
  }

  /** What happens to packets that come in: they are kept, or go back as they came. */
  setMode(mode: 'keep' | 'echo'): Promise<void> {
    return this.#process.call({ do: 'mode', mode })
  }

  /** What was kept since the last time. */
  async packets(): Promise<{ from: string; packet: Uint8Array }[]> {
    const kept = await this.#process.call<{ from: string; packet: string }[]>({ do: 'packets' })
    return kept.map(({ from, packet }) => ({ from, packet: new Uint8Array(Buffer.from(packet, 'hex')) }))
  }

  counters(): Promise<{ packets: number; bytes: number }> {
    return this.#process.call({ do: 'counters' })
  }

  /** @returns milliseconds until the first answer, by key; who never answered is absent */
  async ping(keys: readonly Uint8Array[], timeoutMs: number, everyMs = 250): Promise<Map<string, number>> {
    const command = { do: 'ping', keys: keys.map(hex), timeoutMs, everyMs }
    return new Map(Object.entries(await this.#process.call<Record<string, number>>(command, timeoutMs + 10_000)))
  }

  echo(key: Uint8Array, echo: EchoRun, timeoutMs = 120_000): Promise<EchoReport> {
    return this.#process.call({ do: 'echo', key: hex(key), echo }, timeoutMs)
  }

  load(key: Uint8Array, load: LoadRun): Promise<LoadReport> {
    return this.#process.call({ do: 'load', key: hex(key), load })
  }

  /** CPU time of all its threads so far. */
  async cpuMs(): Promise<number> {
    return (await this.#process.call<{ cpuMs: number }>({ do: 'cpu' })).cpuMs
  }

  /** What its process holds, after a collection. */
  memory(): Promise<MemoryReport> {
    return this.#process.call({ do: 'memory' })
  }

  /** Start idle nodes in the same process, each with a new key and this one peer. */
  startMore(count: number, uri: string): Promise<void> {
    return this.#process.call({ do: 'more', count, uri })
  }

  stop(): Promise<void> {
    return this.#process.stop()
  }
}

/** A program and its arguments, as they are called to run inside a network namespace. */
export function inNamespace(
  namespace: string | undefined,
  file: string,
  args: readonly string[],
): readonly [string, readonly string[]] {
  return namespace === undefined ? [file, args] : ['nsenter', [`--net=${namespace}`, '--', file, ...args]]
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
