// The built page, read once: what is not in the list cannot be asked for.
import { readdirSync, readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import path from 'node:path'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
}

/** Nothing comes from elsewhere, and nothing runs that is not the page's own. Pictures of messages are `blob:`. */
const HEADERS = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "img-src 'self' blob:",
    "connect-src 'self' ws: wss:",
    "manifest-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
}

export type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** Answers with the files of a folder, and with `/config.json` as `config` says at that moment. */
export function pageAnswer(folder: string, config: () => unknown): Answer {
  const files = new Map<string, Buffer>(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const file = path.join(entry.parentPath, entry.name)
        return [`/${path.relative(folder, file).split(path.sep).join('/')}`, readFileSync(file)] as const
      }),
  )
  return (request, response) => {
    // Compared as it came: nothing that a parser could make of it leads out of the list.
    const [asked = '/'] = (request.url ?? '/').split('?', 1)
    const name = asked === '/' ? '/index.html' : asked
    const content = name === '/config.json' ? JSON.stringify(config()) : files.get(name)
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    const status = !isRead ? 405 : content === undefined ? 404 : 200
    // Names of assets change with what is in them.
    const caching = name.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache'
    const type = name === '/config.json' ? 'application/json' : (TYPES[path.extname(name)] ?? 'text/plain')
    response.writeHead(status, { ...HEADERS, 'Content-Type': type, 'Cache-Control': caching })
    response.end(request.method === 'HEAD' || status !== 200 ? undefined : content)
  }
}
