import { valued } from './bash.js'
import { allShapes, type CommandShape, type OptionShape, shortly } from './tree.js'

/** A completion script for fish 3. */
export function fishCompletion(root: CommandShape): string {
  const shapes = allShapes(root)
  const paths = shapes.flatMap(({ path }) => (path === '' ? [] : [quoted(path)]))
  return `# fish completion of mimir; load it with: mimir completion fish | source
# Sets __mimir_command, __mimir_home and __mimir_arguments from what stands before the word that is completed.
function __mimir_read
    set -g __mimir_command ''
    set -g __mimir_home
    set -g __mimir_arguments 0
    set -l skip 0
    set -l before (commandline -opc)
    for i in (seq 2 (count $before))
        set -l word $before[$i]
        if test $skip = 1
            set skip 0
        else if contains -- $word --home
            set skip 1
            set -q before[(math $i + 1)]; and set -g __mimir_home --home $before[(math $i + 1)]
        else if contains -- $word ${valued(shapes).join(' ')}
            set skip 1
        else if contains -- $word ${valued(shapes, 'optional').join(' ')}
            string match -q -- '-*' "$before[(math $i + 1)]"; or set skip 1
        else if not string match -q -- '-*' $word
            set -l next (string trim -- "$__mimir_command $word")
            if contains -- $next ${paths.join(' ')}
                set -g __mimir_command $next
            else
                set -g __mimir_arguments (math $__mimir_arguments + 1)
            end
        end
    end
end
function __mimir_at
    __mimir_read
    test "$__mimir_command" = "$argv[1]"
end
function __mimir_argument
    __mimir_at $argv[1]; and test $__mimir_arguments = 0
end
function __mimir_names
    mimir __complete $argv[1] $__mimir_home 2>/dev/null
end
complete -c mimir -e
complete -c mimir -f
${shapes.flatMap(linesOf).join('\n')}
`
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

function linesOf({ path, commands, options, argument, choices }: CommandShape): string[] {
  const free = `complete -c mimir -n ${quoted(`__mimir_argument ${quoted(path)}`)}`
  const at = `complete -c mimir -n ${quoted(`__mimir_at ${quoted(path)}`)}`
  return [
    ...commands.map(
      (command) => `${free} -a ${command.path.split(' ').at(-1) ?? ''} -d ${quoted(shortly(command.description))}`,
    ),
    ...(choices.length > 0 ? [`${free} -a ${quoted(choices.join(' '))}`] : []),
    ...(argument === 'person' ? [`${free} -a '(__mimir_names people)'`] : []),
    ...(argument === 'group' ? [`${free} -a '(__mimir_names groups)'`] : []),
    ...options.map((option) => `${at}${optionLine(option)}`),
  ]
}

function optionLine({ flags, description, takesValue, value, choices }: OptionShape): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? ` -l ${flag.slice(2)}` : ` -s ${flag.slice(1)}`)).join('')
  const about = ` -d ${quoted(shortly(description))}`
  if (!takesValue) return `${names}${about}`
  if (choices.length > 0) return `${names} -x -a ${quoted(choices.join(' '))}${about}`
  if (value === 'interface') return `${names} -x -a '(__mimir_names interfaces)'${about}`
  if (value === 'folder') return `${names} -x -a '(__fish_complete_directories)'${about}`
  return `${names} ${value === 'file' ? '-r -F' : '-x'}${about}`
}
