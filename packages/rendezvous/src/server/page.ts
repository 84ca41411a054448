import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { RendezvousError } from '../error.js'
import { METRICS_CONTENT_TYPE } from './metrics.js'

/** A running page for health checks and Prometheus. */
export interface HttpPage {
  /** `http://127.0.0.1:9100`, with the port that the system chose. */
  readonly address: string
  close(): Promise<void>
}

/**
 * Serve `/health` (200 `ok`) and `/metrics`.
 * @param address - `http://host:port`
 * @throws {RendezvousError} `misuse` | `listen`
 */
export async function servePage(address: string, metrics: () => string): Promise<HttpPage> {
  const { hostname, port } = parse(address)
  const server = createServer((request, response) => {
    const path = request.url?.split('?', 1)[0]
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    const answer = (status: number, text: string, type = 'text/plain; charset=utf-8'): void => {
      response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) })
      response.end(request.method === 'HEAD' ? undefined : text)
    }
    if (!isRead) answer(405, 'only GET\n')
    else if (path === '/health') answer(200, 'ok\n')
    else if (path === '/metrics') answer(200, metrics(), METRICS_CONTENT_TYPE)
    else answer(404, 'here are /health and /metrics\n')
  })
  server.maxConnections = 64
  server.requestTimeout = server.headersTimeout = 10_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new RendezvousError('listen', `the page cannot be served on ${address}: ${cause.message}`, { cause }))
    })
    server.listen({ host: hostname, port }, resolve)
  })
  return { address: `http://${hostOf(server)}`, close: () => close(server) }
}

function parse(address: string): { hostname: string; port: number } {
  const url = URL.canParse(address) ? new URL(address) : undefined
  const isPlain = url?.protocol === 'http:' && url.pathname === '/' && url.search === ''
  if (url === undefined || !isPlain)
    throw new RendezvousError('misuse', `http.address: expected http://host:port, got ${address}`)
  return { hostname: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? 80 : Number(url.port) }
}

function hostOf(server: Server): string {
  const { address, port } = server.address() as AddressInfo
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
}
