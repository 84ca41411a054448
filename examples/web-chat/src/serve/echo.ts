import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Messenger } from '@mimirjs/messenger'

/** A bot in Node that the page can talk to when nobody else is there. */
export interface Echo {
  /** `rdv1:` contact string with its name. */
  readonly contact: string
  close(): Promise<void>
}

/** Says again what it is told, and sends back the pictures it gets. Its identity goes with it. */
export async function startEcho(rendezvousUrl: string): Promise<Echo> {
  const folder = mkdtempSync(join(tmpdir(), 'mimir-web-echo-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  try {
    const bot = await Messenger.open(folder, {
      name: 'Echo',
      contactRequests: 'accept',
      // It has nothing to hide: whoever knocks is let in.
      rendezvous: { servers: [rendezvousUrl], strangers: 'accept' },
    })
    bot.on('message', async (message) => {
      if (message.kind === 'image' || message.kind === 'file') {
        const { path, name, mimeType } = await message.download()
        const file = { path, name, ...(mimeType === undefined ? {} : { mimeType }) }
        await message.reply(message.kind === 'image' ? { image: file } : { file })
      } else if (message.kind === 'text') await message.reply(message.text)
    })
    const { rendezvous } = await bot.health()
    return {
      contact: `${rendezvous?.contact ?? ''}&n=Echo`,
      async close() {
        await bot.close({ timeoutMs: 1_000 })
        remove()
      },
    }
  } catch (error) {
    remove()
    throw error
  }
}
