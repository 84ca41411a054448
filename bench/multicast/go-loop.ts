import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Mp2pPrograms } from '../../interop/multicast/go.js'
import { LOOPBACK_NAME } from '../lib/multicast-place.js'

/** What the server answers, with the end of its line. */
const LINE_BYTES = 20
/** The client waits for a second before its first packet. */
const START_MS = 10_000

type Child = ChildProcessByStdio<null, Readable, null>

/** Server and client of the originals' command line, the client told to go on for ever. */
export class GoLoop {
  readonly pids: readonly number[]
  readonly #client: Child
  #bytes = 0

  private constructor(server: Child, client: Child) {
    this.#client = client
    this.pids = [server.pid ?? 0, client.pid ?? 0]
    client.stdout.on('data', (chunk: Uint8Array) => {
      this.#bytes += chunk.length
    })
  }

  static async with<T>({ server, client }: Mp2pPrograms, work: (loop: GoLoop) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'mimir-bench-'))
    const children: Child[] = []
    const start = (program: string, args: readonly string[]): Child => {
      // At their own ports, 1024 and 1025: some versions of the client have no flag for it.
      const child = spawn(program, [...args, '-ifi', LOOPBACK_NAME], {
        cwd: folder,
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      children.push(child)
      return child
    }
    try {
      const serving = start(server, ['-ipv4'])
      const [addr, publ] = await introduction(serving)
      const asking = start(client, ['-addr', addr, '-publ', publ, '-loop'])
      await introduction(asking)
      return await work(new GoLoop(serving, asking))
    } finally {
      await Promise.all(children.map(end))
      await rm(folder, { recursive: true, force: true })
    }
  }

  /** @returns answers per second */
  async roundTrips(ms: number): Promise<number> {
    const before = this.#bytes
    const startMs = performance.now()
    await sleep(ms)
    const { exitCode } = this.#client
    if (exitCode !== null) throw new Error(`the client in its loop ended (${exitCode})`)
    return ((this.#bytes - before) / LINE_BYTES / (performance.now() - startMs)) * 1000
  }
}

/** What a program says first: its group and its key. Whatever it prints later is thrown away. */
async function introduction(child: Child): Promise<readonly [string, string]> {
  let said = ''
  const told = new Promise<readonly [string, string]>((resolve, reject) => {
    const read = (chunk: Uint8Array): void => {
      said += new TextDecoder().decode(chunk)
      const [, addr, publ] = /^my addr: (\S+)\r?\nmy publ: ([0-9a-f]{64})\r?\n/m.exec(said) ?? []
      if (addr === undefined || publ === undefined) return
      child.stdout.off('data', read)
      child.stdout.resume()
      resolve([addr, publ])
    }
    child.stdout.on('data', read)
    child.once('close', (code) => reject(new Error(`it ended (${code}) before it said who it is: ${said}`)))
  })
  const timeout = sleep(START_MS, undefined, { ref: false }).then(() => {
    throw new Error(`it did not say in ${START_MS} ms who it is: ${said}`)
  })
  return await Promise.race([told, timeout])
}

async function end(child: Child): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'close')
  child.kill('SIGKILL')
  await closed
}
