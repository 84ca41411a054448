import type { Argument, Command, Option } from 'commander'

/** What a word of a command line can be. */
export type WordKind = 'folder' | 'file' | 'person' | 'group' | 'interface' | 'other'

export interface OptionShape {
  /** `--home`, `-h`, as they are typed. */
  readonly flags: readonly string[]
  readonly description: string
  readonly takesValue: boolean
  /** The word behind it is its value unless that begins with a dash. */
  readonly isOptional: boolean
  readonly value: WordKind
  /** All values there are; empty = any. */
  readonly choices: readonly string[]
}

/** A command as a shell completes it. */
export interface CommandShape {
  /** Words behind the program's name: `id create`; empty for the program itself. */
  readonly path: string
  readonly description: string
  readonly commands: readonly CommandShape[]
  readonly options: readonly OptionShape[]
  /** Of the first word that is neither a command nor an option. */
  readonly argument: WordKind
  readonly choices: readonly string[]
}

/** The commands and options of a program, hidden ones left out. */
export function shapeOf(command: Command, path = ''): CommandShape {
  const help = command.createHelp()
  const below = (child: Command): CommandShape => shapeOf(child, `${path} ${child.name()}`.trim())
  const [argument] = command.registeredArguments
  return {
    path,
    description: command.description(),
    commands: help
      .visibleCommands(command)
      .filter((child) => child.name() !== 'help')
      .map(below),
    options: help.visibleOptions(command).map(optionShape),
    argument: argument === undefined ? 'other' : argumentKind(argument),
    choices: argument?.argChoices ?? [],
  }
}

function optionShape(option: Option): OptionShape {
  const [, placeholder = ''] = /[<[]([a-z-]+)/.exec(option.flags) ?? []
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined && flag !== null),
    description: option.description,
    takesValue: option.required || option.optional,
    isOptional: option.optional,
    value: VALUE_KINDS[placeholder] ?? 'other',
    choices: option.argChoices ?? [],
  }
}

const VALUE_KINDS: Readonly<Record<string, WordKind>> = {
  folder: 'folder',
  file: 'file',
  path: 'file',
  interface: 'interface',
}

/** Where the name of a contact or of a group is enough, the help says so. */
function argumentKind({ description }: Argument): WordKind {
  if (description.includes('name of the group')) return 'group'
  return description.includes('name of a contact') ? 'person' : 'other'
}

/** The command itself and all below it. */
export function allShapes(shape: CommandShape): CommandShape[] {
  return [shape, ...shape.commands.flatMap(allShapes)]
}

/** Up to the first comma, semicolon or bracket: a list of words has room for no more. */
export function shortly(description: string): string {
  return description.replace(/[,;:(].*$/s, '').trim()
}
