import { YggdrasilError } from '../error.js'

/** @param what - of which there was too much, in the plural */
export function flood(what: string): YggdrasilError {
  return new YggdrasilError('flood', `more ${what} in one second than the limit allows`)
}
