// Drivers differ in what they make of a statement's text: some take the first of several statements in silence, some
// number their parameters otherwise. What all agree on is found out here, once per statement, when it is prepared.

/** A string, an identifier or a comment (skipped as a whole), a parameter of any spelling, or a semicolon. */
const TOKEN =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|\?\d*|[:@$][A-Za-z_]\w*|;/g
const COMMENT = /^(?:--|\/\*)/

/**
 * The number of `?` parameters of one SQL statement.
 * @throws {TypeError} no statement, several, or parameters other than a plain `?`
 */
export function countParameters(sql: string): number {
  let count = 0
  let text = ''
  let last = 0
  for (const match of sql.matchAll(TOKEN)) {
    const [token] = match
    text += sql.slice(last, match.index)
    last = match.index + token.length
    if (token === '?') count++
    else if (token === ';') text += token
    else if (/^[?:@$]/.test(token)) throw new TypeError(`expected plain ? as parameter, got ${token}`)
    if (!COMMENT.test(token) && token !== ';') text += 'x'
  }
  const statements = (text + sql.slice(last)).split(';').filter((part) => part.trim() !== '')
  if (statements.length !== 1) throw new TypeError(`expected one SQL statement, got ${statements.length}: use exec`)
  return count
}
