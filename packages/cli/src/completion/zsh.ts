import { NAMES, valued } from './bash.js'
import { allShapes, type CommandShape, type OptionShape, shortly } from './tree.js'

/** A completion script for zsh. */
export function zshCompletion(root: CommandShape): string {
  const shapes = allShapes(root)
  return `#compdef mimir
# zsh completion of mimir; load it with: source <(mimir completion zsh), after compinit
_mimir() {
  local cmd='' home='' word arguments=0
  local -a list names
  integer i
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]}
    case $word in
      --home) home=\${words[i+1]}; ((i++)) ;;
      ${valued(shapes).join('|')}) ((i++)) ;;
      ${valued(shapes, 'optional').join('|')}) [[ \${words[i+1]} == -* ]] || ((i++)) ;;
      -*) ;;
      *)
        case "$cmd|$word" in
          ${shapes.flatMap((shape) => (shape.path === '' ? [] : [quoted(pathPattern(shape.path))])).join('|')}) cmd="\${cmd:+$cmd }$word" ;;
          *) ((arguments++)) ;;
        esac ;;
    esac
  done
  case "$cmd|\${words[CURRENT-1]}" in
${shapes.flatMap((shape) => shape.options.map((option) => valueCase(shape, option))).join('')}  esac
  if [[ \${words[CURRENT]} == -* ]]; then
    case $cmd in
${shapes.map(({ path, options }) => `      ${quoted(path)}) list=(${options.flatMap(described).join(' ')}) ;;\n`).join('')}    esac
    _describe option list
    return
  fi
  ((arguments > 0)) && return
  case $cmd in
${shapes.map(argumentCase).join('')}  esac
}
_mimir_names() {
  names=(\${(f)"$(mimir __complete $1 \${home:+--home} $home 2>/dev/null)"})
  if (($#names)); then compadd -M 'm:{a-zA-Z}={A-Za-z}' -a names; fi
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _mimir "$@"
else
  compdef _mimir mimir
fi
`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

/** `id create` is the command \`create\` behind the command \`id\`. */
function pathPattern(path: string): string {
  const at = path.lastIndexOf(' ')
  return at < 0 ? `|${path}` : `${path.slice(0, at)}|${path.slice(at + 1)}`
}

/** `--home:folder of the identity`, for each way to write it. */
function described({ flags, description }: OptionShape): string[] {
  return flags.map((flag) => quoted(`${flag}:${shortly(description)}`))
}

function valueCase({ path }: CommandShape, { flags, takesValue, isOptional, value, choices }: OptionShape): string {
  if (!takesValue) return ''
  const action =
    choices.length > 0
      ? `compadd ${choices.map(quoted).join(' ')}`
      : value === 'folder'
        ? '_path_files -/'
        : value === 'file'
          ? '_files'
          : (NAMES[value] ?? ':')
  const patterns = flags.map((flag) => quoted(`${path}|${flag}`)).join('|')
  if (isOptional) return `    ${patterns}) if [[ \${words[CURRENT]} != -* ]]; then ${action}; return; fi ;;\n`
  return `    ${patterns}) ${action}; return ;;\n`
}

function argumentCase({ path, commands, argument, choices }: CommandShape): string {
  if (commands.length > 0) {
    const list = commands.map((command) =>
      quoted(`${command.path.split(' ').at(-1) ?? ''}:${shortly(command.description)}`),
    )
    return `    ${quoted(path)}) list=(${list.join(' ')}); _describe command list ;;\n`
  }
  if (choices.length > 0) return `    ${quoted(path)}) compadd ${choices.map(quoted).join(' ')} ;;\n`
  return `    ${quoted(path)}) ${NAMES[argument] ?? ':'} ;;\n`
}
