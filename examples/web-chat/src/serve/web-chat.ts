import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { RendezvousServer } from '@mimirjs/rendezvous/server'
import { pageAnswer, readPage } from './page-files.js'

export interface WebChatOptions {
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
  /** What people type when a proxy with TLS stands before this: `https://chat.example`. */
  readonly publicUrl?: string | undefined
  /** Where the built page is. */
  readonly folder: string
  /** STUN and TURN servers for the pages. None: then both have to be reachable directly. */
  readonly iceServers?: readonly { readonly urls: readonly string[] }[] | undefined
}

/** The page and a rendezvous server on one port. */
export interface WebChat {
  /** Where people open the page. */
  readonly url: string
  /** Where the rendezvous server is dialled. */
  readonly rendezvousUrl: string
  close(): Promise<void>
}

/** @throws {Error} when there is no page, or the port cannot be had */
export async function serveWebChat(options: WebChatOptions): Promise<WebChat> {
  const { host, port, folder, publicUrl, iceServers = [] } = options
  const page = readPage(folder)
  const http = createServer()
  await listen(http, host, port)
  const { port: bound } = http.address() as AddressInfo
  const isWide = host === '0.0.0.0' || host === '::'
  const local = `http://${isWide ? 'localhost' : host.includes(':') ? `[${host}]` : host}:${bound}`
  const url = publicUrl ?? local
  const rendezvousUrl = url.replace(/^http/, 'ws')
  let server: RendezvousServer
  try {
    server = await RendezvousServer.open({
      server: http,
      // What the pages dial is what they sign, so a proxy's name has to be said; and it stands on this machine: whom it
      // brings is counted by their own addresses.
      ...(publicUrl === undefined ? {} : { names: [rendezvousUrl], trustedProxies: ['127.0.0.1', '::1'] }),
    })
  } catch (error) {
    http.close()
    throw error
  }
  http.on('request', pageAnswer(page, { servers: [rendezvousUrl], iceServers }))
  return {
    url,
    rendezvousUrl,
    async close() {
      await server.close()
      http.closeAllConnections()
      await new Promise<void>((resolve) => {
        http.close(() => resolve())
      })
    },
  }
}

function listen(http: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (cause: NodeJS.ErrnoException): void => {
      const advice = cause.code === 'EADDRINUSE' ? '; another program has the port, 0 takes a free one' : ''
      reject(new Error(`cannot listen on ${host}, port ${port}: ${cause.message}${advice}`, { cause }))
    }
    http.once('error', refuse)
    http.listen(port, host, () => {
      http.off('error', refuse)
      resolve()
    })
  })
}
