// A mediator in a process of its own, on the PostgreSQL and the NATS of the test.
import { createMediator } from '../../../src/index.js'
import { openNatsBus } from '../../../src/nats.js'
import { openPostgresStore } from '../../../src/postgres.js'
import { signerOf, transports } from '../../support/raw-client.js'
import { MEDIATOR } from './keys.js'

export interface MediatorTask {
  readonly postgresUrl: string
  readonly schema: string
  readonly natsUrl: string
  readonly prefix: string
  /** The bus takes nothing, from the start. */
  readonly isDeaf: boolean
}

const task = JSON.parse(process.argv[2] ?? '') as MediatorTask
const store = await openPostgresStore({ connectionString: task.postgresUrl, schema: task.schema })
const bus = await openNatsBus({ servers: task.natsUrl, prefix: task.prefix })
const deaf = { publish: () => {}, subscribe: () => () => {}, local: false, close: () => bus.close() }
const mediator = await createMediator({
  signer: signerOf(MEDIATOR),
  transports,
  listen: ['tcp://127.0.0.1:0'],
  store,
  bus: task.isDeaf ? deaf : bus,
  // All members of the test come from one host, and send as fast as they can.
  limits: { messagesPerSecond: 1e9, messagesBurst: 1e9, commandsPerSecond: 1e9, commandsBurst: 1e9 },
})
process.stdout.write(`${mediator.addresses[0]}\n`)
