import type { LoadReport, LoadRun, MemoryReport } from '../../interop/yggdrasil/go-node.js'

/** What carries a stream: the sockets of the kernel, or our node. */
export type Carrier = 'kernel' | 'overlay'

export interface StartOptions {
  readonly peers?: readonly string[]
  readonly listen?: readonly string[]
}

/** What the parent may ask of a process with nodes of ours. Keys are hex. */
export interface OverlayCalls {
  start(options: StartOptions): Promise<{ publicKey: string; listening: readonly string[] }>
  /** @returns milliseconds until the first answer, by key */
  ping(options: { keys: readonly string[]; timeoutMs: number; everyMs: number }): Promise<[string, number][]>
  load(options: { key: string; run: LoadRun }): Promise<LoadReport>
  cpuMs(): Promise<number>
  memory(): Promise<MemoryReport>
  /** Idle nodes beside the first one, each with this peer. */
  more(options: { count: number; uri: string }): Promise<void>
  /** Many keys that answer, behind one link to the peer. @returns the keys */
  gather(options: { count: number; uri: string }): Promise<string[]>
  /** Take streams, and throw away what they bring. @returns the port */
  serve(options: { over: Carrier; host: string }): Promise<number>
  /** Open a stream and write into it as fast as it takes it, until `disconnect`. */
  connect(options: { over: Carrier; host: string; key: string; port: number }): Promise<void>
  /** @returns bytes per second that came in, after a warm-up */
  receive(options: { over: Carrier; warmUpMs: number; durationMs: number }): Promise<number>
  disconnect(options: { over: Carrier }): Promise<void>
}

export interface OverlayCall {
  readonly id: number
  readonly method: keyof OverlayCalls
  readonly argument: unknown
}

export type OverlayAnswer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string }
