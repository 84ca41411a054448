import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage as Request, type Server, type ServerResponse } from 'node:http'
import { isMessengerError, type Messenger } from '@mimirjs/messenger'

/** A text of 1 MiB, with some of it escaped. */
const MAX_BODY_BYTES = 2_097_152
/** What the caller can mend. */
const BAD_REQUESTS: ReadonlySet<string> = new Set(['bad-key', 'bad-content', 'too-large', 'blocked', 'unsupported'])

/** What is answered instead of a result. */
class Refusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/**
 * `POST /messages` with `{"to", "text"}` sends, and answers 202 with the id once the message is on disk; `GET /health` tells how
 * things stand. Both want `Authorization: Bearer <token>`.
 */
export function createEndpoint(bot: Messenger, token: string): Server {
  const expected = digest(`Bearer ${token}`)
  const server = createServer((request, response) => {
    answer(request).then(
      ([status, body]) => reply(response, status, body),
      (error) => {
        const [status, message] = judge(error)
        reply(response, status, { error: message })
      },
    )
  })
  server.maxConnections = 100
  return server

  async function answer(request: Request): Promise<[number, object]> {
    if (!timingSafeEqual(digest(request.headers.authorization ?? ''), expected))
      throw new Refusal(401, 'expected Authorization: Bearer and the token')
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    switch (`${request.method} ${pathname}`) {
      case 'GET /health':
        return [200, await bot.health()]
      case 'POST /messages': {
        const { to, text } = readMessage(await readBody(request))
        return [202, await bot.send(to, text)]
      }
      default:
        throw new Refusal(404, 'there is POST /messages and GET /health')
    }
  }
}

/** Of equal length, so that comparing tells nothing about the token. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** Read to its end, for who is cut off in the middle does not hear why; kept only as far as it may be. */
async function readBody(request: Request): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk)
  }
  if (bytes > MAX_BODY_BYTES) throw new Refusal(413, `expected at most ${MAX_BODY_BYTES} bytes`)
  return Buffer.concat(chunks).toString('utf8')
}

function readMessage(body: string): { to: string; text: string } {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    throw new Refusal(400, 'the body is not JSON')
  }
  const { to, text } = (value ?? {}) as Record<string, unknown>
  if (typeof to !== 'string' || typeof text !== 'string')
    throw new Refusal(400, 'expected {"to": key or contact link, "text": text}')
  return { to, text }
}

function judge(error: unknown): [number, string] {
  if (error instanceof Refusal) return [error.status, error.message]
  if (isMessengerError(error)) return [BAD_REQUESTS.has(error.code) ? 400 : 503, error.message]
  return [500, 'this is a fault of the bridge']
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`)
}
