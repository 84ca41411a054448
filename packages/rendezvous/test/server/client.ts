import { once } from 'node:events'
import type { SeedSigner } from '@mimirjs/crypto'
import { decodeLinkFrame, encodeLinkFrame, serverName } from '@mimirjs/wire/rendezvous'
import { type ClientOptions, WebSocket } from 'ws'
import { proof } from './support.js'

/** A client over a real WebSocket, that does what a test says. */
export class WsClient {
  readonly ws: WebSocket
  readonly frames: string[] = []
  closedWith: number | undefined
  #wake: () => void = () => {}

  private constructor(ws: WebSocket) {
    this.ws = ws
    ws.on('error', () => {})
    ws.on('message', (data: Buffer) => {
      this.frames.push(data.toString())
      this.#wake()
    })
    ws.on('close', (code) => {
      this.closedWith = code
      this.#wake()
    })
  }

  static async connect(url: string, options: ClientOptions = {}, protocols = ['rendezvous.1']): Promise<WsClient> {
    const ws = new WebSocket(url, protocols, { perMessageDeflate: false, ...options })
    await once(ws, 'open')
    return new WsClient(ws)
  }

  /** Connected and logged in, under the name that was dialled. */
  static async logIn(url: string, signer: SeedSigner, options: ClientOptions = {}): Promise<WsClient> {
    const client = await WsClient.connect(url, options)
    client.say(encodeLinkFrame({ type: 'auth', peer: signer.publicKey }))
    const frame = decodeLinkFrame(await client.next())
    if (frame.type !== 'prove-auth') throw new Error(`expected prove-auth, got ${frame.type}`)
    client.say(proof(signer, frame.nonce, serverName(url)))
    const answer = await client.next()
    if (decodeLinkFrame(answer).type !== 'authenticated') throw new Error(`not logged in: ${answer}`)
    return client
  }

  say(text: string): void {
    this.ws.send(text)
  }

  /** The next frame. */
  async next(): Promise<string> {
    await this.#until(() => this.frames.length > 0 || this.closedWith !== undefined)
    const frame = this.frames.shift()
    if (frame === undefined) throw new Error(`closed with ${this.closedWith}`)
    return frame
  }

  /** The code that it is closed with. */
  async closed(): Promise<number> {
    await this.#until(() => this.closedWith !== undefined)
    return this.closedWith ?? 0
  }

  async #until(done: () => boolean): Promise<void> {
    while (!done())
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
  }
}

/** What the server answers to a WebSocket that it does not open: the HTTP status. */
export async function refusal(url: string, protocols: string[], options: ClientOptions = {}): Promise<number> {
  const ws = new WebSocket(url, protocols, options)
  ws.on('error', () => {})
  const status = await new Promise<number>((resolve) => {
    ws.once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0))
    ws.once('open', () => resolve(101))
    ws.once('close', () => resolve(0))
  })
  ws.terminate()
  return status
}
