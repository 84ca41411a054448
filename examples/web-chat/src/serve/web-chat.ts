import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { RendezvousServer } from '@mimirjs/rendezvous/server'
import { pageAnswer } from './page-files.js'

export interface WebChatOptions {
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
  /** What people type when a proxy with TLS stands before this: `https://chat.example`. */
  readonly publicUrl?: string | undefined
  /** Where the built page is. Default: beside this program. */
  readonly folder?: string | undefined
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

/** Rejects with what the system says when the port cannot be had. */
export async function serveWebChat(options: WebChatOptions): Promise<WebChat> {
  const { host, port, publicUrl, iceServers = [] } = options
  const { folder = fileURLToPath(new URL('page', import.meta.url)) } = options
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
  http.on(
    'request',
    pageAnswer(folder, () => ({ servers: [rendezvousUrl], iceServers })),
  )
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
    http.once('error', reject)
    http.listen(port, host, () => {
      http.off('error', reject)
      resolve()
    })
  })
}
