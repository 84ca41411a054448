import { signerOf } from '../../support/raw-client.js'

/** Number of the mediator's key; those of members follow. */
export const MEDIATOR = 0

export const keyOf = (number: number): Uint8Array => signerOf(number).publicKey

export const hexOf = (number: number): string => Buffer.from(keyOf(number)).toString('hex')
