import { allShapes, type CommandShape, type OptionShape, type WordKind } from './tree.js'

/** A completion script for bash 4.2 and later. */
export function bashCompletion(root: CommandShape): string {
  const shapes = allShapes(root)
  return `# bash completion of mimir; load it with: source <(mimir completion bash)
_mimir() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]}
  local command='' home='' arguments=0 i word
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case $word in
      --home) home=\${COMP_WORDS[i+1]}; ((i++)) ;;
      ${valued(shapes).join('|')}) ((i++)) ;;
      ${valued(shapes, 'optional').join('|')}) [[ \${COMP_WORDS[i+1]-} == -* ]] || ((i++)) ;;
      -*) ;;
      *)
        case "$command $word" in
          ${paths(shapes)}) command="\${command:+$command }$word" ;;
          *) ((arguments++)) ;;
        esac ;;
    esac
  done
  case "$command|$prev" in
${shapes.flatMap((shape) => shape.options.map((option) => valueCase(shape, option))).join('')}  esac
  if [[ $cur == -* ]]; then
    case $command in
${shapes.map(({ path, options }) => `      '${path}') _mimir_words ${words(options.flatMap(({ flags }) => flags))} ;;\n`).join('')}    esac
    return
  fi
  ((arguments > 0)) && return
  case $command in
${shapes.map(argumentCase).join('')}  esac
}
_mimir_words() {
  mapfile -t COMPREPLY < <(compgen -W "$*" -- "$cur")
}
_mimir_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
}
_mimir_names() {
  local name
  while IFS= read -r name; do
    [[ \${name,,} == "\${cur,,}"* ]] && COMPREPLY+=("$(printf %q "$name")")
  done < <(mimir __complete "$1" \${home:+--home "$home"} 2>/dev/null)
}
complete -F _mimir mimir
`
}

function words(list: readonly string[]): string {
  return list.map((word) => `'${word}'`).join(' ')
}

/** Flags that take the word behind them along: any word, or one that is no flag. */
export function valued(shapes: readonly CommandShape[], how: 'always' | 'optional' = 'always'): string[] {
  const flags = shapes.flatMap(({ options }) =>
    options
      .filter(({ takesValue, isOptional }) => takesValue && isOptional === (how === 'optional'))
      .flatMap((option) => option.flags),
  )
  return [...new Set(flags)].filter((flag) => flag !== '--home').sort()
}

function paths(shapes: readonly CommandShape[]): string {
  return shapes
    .filter(({ path }) => path !== '')
    .map(({ path }) => (path.includes(' ') ? `'${path}'` : `' ${path}'`))
    .join('|')
}

function valueCase({ path }: CommandShape, { flags, takesValue, isOptional, value, choices }: OptionShape): string {
  if (!takesValue) return ''
  const patterns = flags.map((flag) => `'${path}|${flag}'`).join('|')
  const action =
    choices.length > 0
      ? `_mimir_words ${words(choices)}`
      : value === 'folder'
        ? '_mimir_files -d'
        : value === 'file'
          ? '_mimir_files -f'
          : (NAMES[value] ?? ':')
  if (isOptional) return `    ${patterns}) if [[ $cur != -* ]]; then ${action}; return; fi ;;\n`
  return `    ${patterns}) ${action}; return ;;\n`
}

/** What completes a name. */
export const NAMES: Readonly<Partial<Record<WordKind, string>>> = {
  person: '_mimir_names people',
  group: '_mimir_names groups',
  interface: '_mimir_names interfaces',
}

function argumentCase({ path, commands, argument, choices }: CommandShape): string {
  const list = [...commands.map(({ path: below }) => below.split(' ').at(-1) ?? ''), ...choices]
  const action = list.length > 0 ? `_mimir_words ${words(list)}` : (NAMES[argument] ?? ':')
  return `    '${path}') ${action} ;;\n`
}
