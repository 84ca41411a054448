// Stands in until files/transfers.ts is there.
import type { Connection, DataSink } from '@mimirjs/peer'
import type { FileContent } from './content.js'
import { MessengerError } from './error.js'

export interface DownloadOptions {
  to?: string
  signal?: AbortSignal
}
export interface DownloadedFile {
  readonly path: string
  readonly name: string
  readonly sizeBytes: number
}
export class Transfers {
  async start(): Promise<void> {}
  async close(): Promise<void> {}
  async wants(_peer: string): Promise<boolean> {
    return false
  }
  serve(_peer: string, _connection: Connection, _request: unknown): void {}
  sink(_peer: string, _connection: Connection, _header: unknown): DataSink | undefined {
    return undefined
  }
  attached(_peer: string, _connection: Connection): void {}
  detached(_peer: string, _connection: Connection): void {}
  inlineResponse(_peer: string, _connection: Connection, _frame: unknown): void {}
  async remove(_peer: string, _guid: bigint, _outgoing: boolean): Promise<void> {}
  async enqueue(_message: unknown, _planned: FileContent): Promise<void> {
    throw new MessengerError('unsupported', 'not yet')
  }
  async download(_file: unknown, _options?: DownloadOptions): Promise<DownloadedFile> {
    throw new MessengerError('unsupported', 'not yet')
  }
}
