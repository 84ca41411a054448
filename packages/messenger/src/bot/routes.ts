import type { IncomingMessage } from '../message.js'
import { type Command, commandName, isCommandName, isWritten } from './command.js'

/** A message that is a command. */
export interface CommandMessage extends IncomingMessage {
  readonly command: Command
}

/** A message that a pattern fits. */
export interface HeardMessage extends IncomingMessage {
  /** What fitted: `match[0]`, and the groups of the pattern. */
  readonly match: RegExpMatchArray
}

export type CommandHandler = (message: CommandMessage) => unknown
export type HeardHandler = (message: HeardMessage) => unknown

export interface CommandOptions {
  /** One line for {@link Messenger.helpText}; without one the command is not listed. */
  readonly description?: string
}

interface Listed {
  readonly names: readonly string[]
  readonly description: string
}

/** Which handler a message is for. */
export class Routes {
  readonly #commands = new Map<string, CommandHandler>()
  readonly #listed: Listed[] = []
  readonly #heard: { readonly pattern: RegExp; readonly handler: HeardHandler }[] = []
  #unknown: CommandHandler | undefined

  get isEmpty(): boolean {
    return this.#commands.size === 0 && this.#heard.length === 0 && this.#unknown === undefined
  }

  /** @throws {RangeError} for a name that cannot be written or is taken */
  command(names: string | readonly string[], handler: CommandHandler, { description }: CommandOptions = {}): void {
    const wanted = (typeof names === 'string' ? [names] : names).map(commandName)
    if (wanted.length === 0) throw new RangeError('a command needs a name')
    for (const [index, name] of wanted.entries()) {
      if (!isCommandName(name))
        throw new RangeError(`'${name}' is no name of a command: expected letters, digits, _ and -, without the prefix`)
      if (this.#commands.has(name) || wanted.indexOf(name) !== index)
        throw new RangeError(`the command ${name} has a handler already`)
    }
    for (const name of wanted) this.#commands.set(name, handler)
    if (description !== undefined) this.#listed.push({ names: wanted, description })
  }

  /** @throws {RangeError} when there is a handler for them already */
  unknownCommand(handler: CommandHandler): void {
    if (this.#unknown) throw new RangeError('unknown commands have a handler already')
    this.#unknown = handler
  }

  hears(patterns: string | RegExp | readonly (string | RegExp)[], handler: HeardHandler): void {
    for (const pattern of typeof patterns === 'string' || patterns instanceof RegExp ? [patterns] : patterns) {
      this.#heard.push({ pattern: toRegExp(pattern), handler })
    }
  }

  /** The call that the message is for, if it is for any: its command, a pattern in the order they were given, any command. */
  find(message: IncomingMessage): (() => unknown) | undefined {
    const own = hasCommand(message) ? this.#commands.get(message.command.name) : undefined
    if (own && hasCommand(message)) return () => own(message)
    for (const { pattern, handler } of isWritten(message.kind) ? this.#heard : []) {
      const match = pattern.exec(message.text)
      if (match) return () => handler({ ...message, match })
    }
    const unknown = this.#unknown
    return unknown && hasCommand(message) ? () => unknown(message) : undefined
  }

  /** One line per command that has a description. */
  helpText(prefix: string): string {
    return this.#listed
      .map(({ names, description }) => `${names.map((name) => prefix + name).join(', ')} – ${description}`)
      .join('\n')
  }
}

/** A text fits as a whole, in any case; a pattern of `g` or `y` would fit only every other time. */
function toRegExp(pattern: string | RegExp): RegExp {
  if (pattern instanceof RegExp) return new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''))
  return new RegExp(`^\\s*${pattern.trim().replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')}\\s*$`, 'iu')
}

function hasCommand(message: IncomingMessage): message is CommandMessage {
  return message.command !== undefined
}
