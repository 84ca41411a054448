import { Argument, type Command } from 'commander'
import { bashCompletion } from '../completion/bash.js'
import { fishCompletion } from '../completion/fish.js'
import { contactNames, groupNames, interfaceNames } from '../completion/names.js'
import { shapeOf } from '../completion/tree.js'
import { zshCompletion } from '../completion/zsh.js'
import { ExitCode } from '../exit-code.js'
import type { Shell } from '../shell.js'

const SCRIPTS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const

export function completionCommand(shell: Shell): Command {
  return shell
    .command('completion', 'print what makes a shell complete commands, options and names')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(SCRIPTS)))
    .addHelpText(
      'after',
      `
Put one of these lines where your shell begins:
  source <(mimir completion bash)       ~/.bashrc
  source <(mimir completion zsh)        ~/.zshrc, after compinit
  mimir completion fish | source        ~/.config/fish/config.fish`,
    )
    .action((name: keyof typeof SCRIPTS, _: object, command: Command) =>
      shell.perform(command, async ({ output }) => {
        const program = command.parent ?? command
        const script = SCRIPTS[name](shapeOf(program))
        await output.result({ event: 'completion', shell: name, script }, script.trimEnd())
        return ExitCode.ok
      }),
    )
}

/** What the scripts ask; not for people. */
export function completeCommand(shell: Shell): Command {
  return shell
    .command('__complete', 'words for a shell')
    .addArgument(new Argument('<what>', 'of which kind').choices(Object.keys(WORDS)))
    .action((what: keyof typeof WORDS, _: object, command: Command) =>
      shell.perform(command, async ({ home, output }) => {
        for (const name of await WORDS[what](home)) await output.result({ event: 'name', name }, name)
        return ExitCode.ok
      }),
    )
}

const WORDS = { people: contactNames, groups: groupNames, interfaces: () => interfaceNames() } as const
