import { createSigner, generateSeed, isPoint, type Signer } from '@mimirjs/crypto'
import type { Clock, Logger, Transports } from '@mimirjs/transport'
import { MessengerError } from './error.js'
import { FileServerClient } from './file-server/client.js'
import type { FileServerOptions } from './types.js'

/** How the file servers are reached that are named by their node keys, and which one gets what we send. */
export interface FileServerAccess {
  /** Node key, 64 lower-case hex digits; `undefined` for none. */
  readonly own: string | undefined
  connect(key: string): FileServerClient
}

export interface FileServerAccessOptions {
  readonly fileServer?: FileServerOptions
  readonly fileServerAddress?: (key: string) => string
  readonly signer: Signer
  readonly transports: Transports
  readonly clock: Clock
  readonly logger?: Logger | undefined
}

/** Port of file servers on the overlay. Source: current protocol §2.2. */
const FILE_SERVER_PORT = 80

/**
 * A server has whoever logs in sign 32 bytes of its choice, and reads for anybody who logs in. At those that others name,
 * somebody logs in who is nobody: else whoever sends us a file could have us sign what makes them us elsewhere, such as the
 * challenge of a friend of ours, and learn who fetches it.
 * @throws {MessengerError} `bad-key` for a key that is none
 */
export function fileServerAccess(options: FileServerAccessOptions): FileServerAccess {
  const { fileServer, signer, transports, clock, logger } = options
  const own = fileServer?.key.toLowerCase()
  if (own !== undefined && !/^[0-9a-f]{64}$/.test(own))
    throw new MessengerError('bad-key', `fileServer.key: expected 64 hex digits, got '${own.slice(0, 80)}'`)
  const addressOf = (key: string): string =>
    (key === own ? fileServer?.address : undefined) ??
    options.fileServerAddress?.(key) ??
    `ygg://${key}:${FILE_SERVER_PORT}`
  return {
    own,
    connect: (key) =>
      new FileServerClient({
        dial: (signal) => transports.dial(addressOf(key), { signal }),
        signer: key === own ? signer : createSigner(generateSeed()),
        clock,
        // A nonce that is a curve point could be a node key that somebody wants announced in our name.
        refuseNonce: isPoint,
        ...(logger === undefined ? {} : { logger }),
      }),
  }
}
