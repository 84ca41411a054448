// The built page, read and packed once: what is not in the list cannot be asked for.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import path from 'node:path'
import { gzipSync } from 'node:zlib'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
}

/** Nothing comes from elsewhere, and nothing runs that is not the page's own. Pictures of messages are `blob:`. */
export const HEADERS: Readonly<Record<string, string>> = {
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

/** In `Accept-Encoding`, unless it says "not at all". */
const PACKING = /\bgzip\b(?!\s*;\s*q=0(?:\.0+)?\s*(?:,|$))/i

export type Answer = (request: IncomingMessage, response: ServerResponse) => void

interface PageFile {
  readonly plain: Buffer
  /** By gzip. */
  readonly packed: Buffer
}

/** Its files by the path that they are asked for under. */
export type Page = ReadonlyMap<string, PageFile>

/** @throws {Error} when no page was built there */
export function readPage(folder: string): Page {
  if (!existsSync(path.join(folder, 'index.html'))) throw new Error(`there is no page in ${folder}: build it first`)
  return new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const file = path.join(entry.parentPath, entry.name)
        const name = `/${path.relative(folder, file).split(path.sep).join('/')}`
        return [name, fileOf(readFileSync(file))] as const
      }),
  )
}

function fileOf(plain: Buffer): PageFile {
  return { plain, packed: gzipSync(plain) }
}

/** Answers with the files of a page, and with its settings as `/config.json`. */
export function pageAnswer(page: Page, config: unknown): Answer {
  const files = new Map(page).set('/config.json', fileOf(Buffer.from(JSON.stringify(config))))
  return (request, response) => {
    // Compared as it came: nothing that a parser could make of it leads out of the list.
    const [asked = '/'] = (request.url ?? '/').split('?', 1)
    const name = asked === '/' ? '/index.html' : asked
    const file = files.get(name)
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    if (!isRead || file === undefined) {
      // Of an asset this may be otherwise in a moment.
      response.writeHead(isRead ? 404 : 405, { ...HEADERS, 'Cache-Control': 'no-cache' }).end()
      return
    }
    const isPacked = PACKING.test(String(request.headers['accept-encoding']))
    const content = isPacked ? file.packed : file.plain
    response.writeHead(200, {
      ...HEADERS,
      'Content-Type': TYPES[path.extname(name)] ?? 'text/plain',
      // Names of assets change with what is in them.
      'Cache-Control': name.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
      'Content-Length': content.length,
      Vary: 'Accept-Encoding',
      ...(isPacked ? { 'Content-Encoding': 'gzip' } : {}),
    })
    response.end(request.method === 'HEAD' ? undefined : content)
  }
}
