import type { Emitter, Logger } from '@mimirjs/transport'
import type { MessengerEvents } from './types.js'

/** Lines about what happens: who, which message, how we stand; never what was said. */
export function logEvents(emitter: Emitter<MessengerEvents>, logger: Logger): void {
  emitter.on('delivered', ({ id, to }) => logger.debug({ peer: to, messageId: id }, 'delivered'))
  emitter.on('state', (state) => logger.debug(state, `link is ${state.state}`))
  emitter.on('mediator', ({ publicKey, address, state: { state } }) =>
    logger.debug({ mediator: publicKey, address, state }, `mediator is ${state}`),
  )
  emitter.on('group', (event) => logger.debug(event, `group: ${event.change}`))
  emitter.on('nearby', ({ peer, address, state }) => logger.debug({ peer, address }, `nearby: ${state}`))
  emitter.on('rendezvous', (status) => logger.debug(status, `rendezvous server is ${status.state}`))
  emitter.on('clock', ({ clockOffsetMs }) => logger.warn({ clockOffsetMs }, 'what rendezvous servers say of our clock'))
  emitter.on('knock', ({ peer, fingerprint }) => logger.info({ peer, fingerprint }, 'somebody knocks'))
  emitter.on('missedKnock', ({ peer }) => logger.info({ peer }, 'somebody knocked and gave up'))
  emitter.on('announced', ({ address, ttlSeconds }) => logger.info({ address, ttlSeconds }, 'announced'))
}
