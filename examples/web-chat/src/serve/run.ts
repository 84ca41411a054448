import { startEcho } from './echo.js'
import { type Options, readOptions, USAGE } from './options.js'
import { rehearse } from './rehearsal.js'
import { serveWebChat, type WebChat } from './web-chat.js'

/** What the program is run with besides its arguments. */
export interface Surroundings {
  /** Resolves when somebody wants the end; asked for before anything is opened. */
  readonly untilStopped: () => Promise<unknown>
  /** Where the built page is. */
  readonly folder: string
}

/** @returns the exit code: 1 when something failed or was lost, 2 for wrong arguments */
export async function run(args: readonly string[], surroundings: Surroundings): Promise<number> {
  let options: Options
  try {
    options = readOptions(args)
  } catch (error) {
    console.error(reason(error))
    return 2
  }
  if (options.help) {
    console.log(USAGE)
    return 0
  }
  try {
    return options.json ? await rehearsal(options, surroundings) : await serve(options, surroundings)
  } catch (error) {
    console.error(reason(error))
    return 1
  }
}

async function serve(options: Options, { untilStopped, folder }: Surroundings): Promise<number> {
  const stopped = untilStopped()
  const chat = await open(options, folder, options.port)
  try {
    const echo = options.echo
      ? await during('Echo, which --no-echo leaves out, did not start', startEcho(chat.rendezvousUrl))
      : undefined
    console.log(`Open ${chat.url} in two browser windows: give one your link from the other.`)
    if (echo) console.log(`To talk to a bot instead: ${chat.url}/#${echo.contact}`)
    console.log('Ctrl-C ends it.')
    await stopped
    await echo?.close()
    return 0
  } finally {
    await chat.close()
  }
}

async function rehearsal(options: Options, { folder }: Surroundings): Promise<number> {
  const startMs = performance.now()
  const chat = await open(options, folder, 0)
  try {
    const verdict = await during('the rehearsal failed', rehearse(chat.rendezvousUrl))
    const seconds = Math.round((performance.now() - startMs) / 100) / 10
    console.log(JSON.stringify({ ...verdict, kills: 0, seconds }))
    return verdict.lost === 0 && verdict.duplicated === 0 && verdict.reordered === 0 ? 0 : 1
  } finally {
    await chat.close()
  }
}

/** @throws {Error} that says what failed, and why */
async function during<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    throw new Error(`${what}: ${reason(cause)}`, { cause })
  }
}

function open({ host, url, ice }: Options, folder: string, port: number): Promise<WebChat> {
  return serveWebChat({ host, port, folder, publicUrl: url, iceServers: ice.map((server) => ({ urls: [server] })) })
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
