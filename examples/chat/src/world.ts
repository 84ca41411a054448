// Everything the chat talks to, on loopback, in a folder that goes with it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Messenger } from '@mimirjs/messenger'
import { createTracker } from '@mimirjs/tracker'
import { startEcho } from './echo.js'

export interface World {
  /** Home of the person at the keyboard. */
  readonly home: string
  readonly echoFolder: string
  readonly echo: Messenger
  /** What `mimir` is called with. */
  readonly args: readonly string[]
  close(): Promise<void>
  /** After everybody has stopped. */
  remove(): void
}

const LOOPBACK = 'tcp://127.0.0.1:0'

export async function createWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'mimir-chat-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  process.once('exit', remove)
  const [home, echoFolder] = [join(folder, 'you'), join(folder, 'echo')]
  const tracker = await createTracker({ address: 'udp://127.0.0.1:0', store: join(folder, 'tracker.sqlite') })
  const options = { trackers: [tracker.address], generation: 'current' } as const
  const echo = await Messenger.open(echoFolder, { ...options, name: 'Echo', contactRequests: 'accept' })
  const ida = await Messenger.open(join(folder, 'ida'), { ...options, name: 'Ida', contactRequests: 'accept' })
  startEcho(echo, ida)
  for (const messenger of [echo, ida]) {
    const announced = new Promise((resolve) => messenger.on('announced', resolve))
    await messenger.listen(LOOPBACK)
    await announced
  }
  return {
    home,
    echoFolder,
    echo,
    args: [
      ...['chat', echo.link, '--home', home, '--name', 'You', '--generation', 'current'],
      ...['--tracker', tracker.address, '--listen', LOOPBACK],
    ],
    async close() {
      await Promise.all([echo.close({ timeoutMs: 1_000 }), ida.close({ timeoutMs: 1_000 })])
      await tracker.close()
    },
    remove,
  }
}
