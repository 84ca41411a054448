// `npm start -- web`: the page and a rendezvous server on one port. With --json it needs no person and no browser.
import { parseArgs } from 'node:util'
import { startEcho } from './echo.js'
import { rehearse } from './rehearsal.js'
import { serveWebChat, type WebChat } from './web-chat.js'

const USAGE = `usage: npm start -- web [--host ADDRESS] [--port PORT] [--url URL] [--ice URL] [--no-echo] [--json]
  --host     where to listen (default: 127.0.0.1)
  --port     default: 8765; 0 lets the system choose
  --url      what people open when a proxy with TLS stands before this, such as https://chat.example
  --ice      a STUN server for the pages, such as stun:stun.example:3478; may be given several times
  --no-echo  without the bot that says everything again
  --json     no page: two people meet at the server and talk; the last line says what became of it`

const options = readOptions()
if (options.help) {
  console.log(USAGE)
  process.exit(0)
}
process.exitCode = options.json ? await rehearsal() : await serve()

async function serve(): Promise<number> {
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
  })
  const chat = await open(options.port)
  const echo = options.echo ? await startEcho(chat.rendezvousUrl) : undefined
  console.log(`Open ${chat.url} in two browser windows: give one your link from the other.`)
  if (echo) console.log(`To talk to a bot instead: ${chat.url}/#${echo.contact}`)
  console.log('Ctrl-C ends it.')
  await stopped
  await echo?.close()
  await chat.close()
  return 0
}

async function rehearsal(): Promise<number> {
  const startMs = performance.now()
  const chat = await open(0)
  try {
    const verdict = await rehearse(chat.rendezvousUrl)
    const seconds = Math.round((performance.now() - startMs) / 100) / 10
    console.log(JSON.stringify({ ...verdict, kills: 0, seconds }))
    return verdict.lost === 0 && verdict.duplicated === 0 && verdict.reordered === 0 ? 0 : 1
  } catch (error) {
    console.error(`the rehearsal failed: ${error instanceof Error ? error.message : String(error)}`)
    return 1
  } finally {
    await chat.close()
  }
}

async function open(port: number): Promise<WebChat> {
  try {
    const iceServers = options.ice.map((url) => ({ urls: [url] }))
    return await serveWebChat({ host: options.host, port, publicUrl: options.url, iceServers })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const advice = why.includes('EADDRINUSE') ? ': another program has the port, try --port 0' : ''
    return refuse(`cannot listen on ${options.host}, port ${port}: ${why}${advice}`)
  }
}

function readOptions(): {
  host: string
  port: number
  url: string | undefined
  ice: string[]
  echo: boolean
  json: boolean
  help: boolean
} {
  try {
    const { values } = parseArgs({
      options: {
        host: { type: 'string', default: '127.0.0.1' },
        port: { type: 'string', default: '8765' },
        url: { type: 'string' },
        ice: { type: 'string', multiple: true, default: [] },
        'no-echo': { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    const port = Number(values.port)
    if (!/^\d{1,5}$/.test(values.port) || port > 65_535)
      return refuse(`--port: expected a number up to 65535, got ${values.port}`)
    if (values.url !== undefined && !/^https?:\/\/[^/?#]+$/.test(values.url))
      return refuse(
        `--url: expected the address of the page without a path, such as https://chat.example, got ${values.url}`,
      )
    return { ...values, port, url: values.url, echo: !values['no-echo'] }
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error))
  }
}

function refuse(why: string): never {
  console.error(why)
  process.exit(2)
}
