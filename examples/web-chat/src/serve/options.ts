import { parseArgs } from 'node:util'

export const USAGE = `usage: npm start -- web [--host ADDRESS] [--port PORT] [--url URL] [--ice URL] [--no-echo] [--json]
  --host     where to listen (default: 127.0.0.1)
  --port     default: 8765; 0 lets the system choose
  --url      what people open when a proxy with TLS stands before this, such as https://chat.example
  --ice      a STUN server for the pages, such as stun:stun.example:3478; may be given several times
  --no-echo  without the bot that says everything again
  --json     no page: two people meet at the server and talk; the last line says what became of it`

export interface Options {
  readonly host: string
  readonly port: number
  readonly url: string | undefined
  readonly ice: readonly string[]
  readonly echo: boolean
  readonly json: boolean
  readonly help: boolean
}

/** Where browsers take a page without TLS from: their own machine. */
const OWN_HOSTS: readonly string[] = ['localhost', '127.0.0.1', '::1']
const EVERYWHERE: readonly string[] = ['0.0.0.0', '::']
const STUN = /^stuns?:(\[[\da-f:.]+\]|[\w.-]+)(:\d{1,5})?$/i

/** @throws {Error} one sentence for whoever wrote the line */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
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
  const { ice, json, help } = values
  const host = unbracketed(values.host)
  const url = values.url === undefined ? undefined : pageUrl(values.url)
  if (url === undefined && !OWN_HOSTS.includes(host) && !EVERYWHERE.includes(host))
    throw new Error(
      `--host ${host} needs --url: browsers take the page without TLS from their own machine only, so say what people open, such as https://chat.example`,
    )
  for (const server of ice) {
    if (!STUN.test(server)) throw new Error(`--ice: expected stun:<host>:<port>, got ${server}`)
  }
  return { host, port: portOf(values.port), url, ice, echo: !values['no-echo'], json, help }
}

function portOf(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw new Error(`--port: expected a number up to 65535, got ${text}`)
}

/** @returns scheme, host and port */
function pageUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:\/\/[^/?#@]+\/?$/.test(text))
    throw new Error(`--url: expected the address of the page without a path, such as https://chat.example, got ${text}`)
  if (url.protocol === 'http:' && !OWN_HOSTS.includes(unbracketed(url.hostname)))
    throw new Error(`--url: expected https://, as http:// is for this machine alone, got ${text}`)
  return url.origin
}

function unbracketed(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1')
}
