// The arguments of our commands.
import { parseArgs } from 'node:util'

/**
 * `parseArgs` with errors of one line, with values that are numbers below zero (`--seed -5`), and without the `--` that
 * pnpm passes on.
 * @template {import('node:util').ParseArgsConfig} T
 * @param {readonly string[]} args
 * @param {T} config
 * @returns {ReturnType<typeof parseArgs<T>>}
 * @throws {Error} for what it does not understand
 */
export function readArguments(args, config) {
  /** @type {string[]} */
  const joined = []
  for (const arg of args) {
    const option = joined.at(-1)
    if (/^-\d/.test(arg) && option !== undefined && /^--[^=]+$/.test(option)) joined.push(`${joined.pop()}=${arg}`)
    else if (arg !== '--') joined.push(arg)
  }
  try {
    return /** @type {ReturnType<typeof parseArgs<T>>} */ (parseArgs({ ...config, args: joined }))
  } catch (error) {
    // What follows the first sentence is advice about options in general.
    const [reason = ''] = /** @type {Error} */ (error).message.split(/[.](?: |$)|\n/m, 1)
    throw new Error(reason.replace(/ argument is ambiguous$/, ' argument missing'), { cause: error })
  }
}
