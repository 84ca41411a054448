import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { KEYS, LEGEND, PEOPLE_LEGEND } from '../../src/chat/view/help.js'

const guide = readFileSync(new URL('../../../../docs/guides/cli.md', import.meta.url), 'utf8')

test.each(['conversation', 'group'])('the picture in the guide is a screen of the tests: %s', (name) => {
  const screen = readFileSync(new URL(`./screens/${name}.txt`, import.meta.url), 'utf8').trimEnd()
  expect(guide).toContain(`\`\`\`text\n${screen}\n\`\`\``)
})

test('every key and every mark is in the guide as it is in the help', () => {
  for (const { where, keys } of KEYS) {
    expect(guide).toContain(`**${where}**`)
    for (const [key, what] of keys) expect(guide).toContain(`| ${key} | ${what} |`)
  }
  for (const [mark, what] of [...LEGEND, ...PEOPLE_LEGEND]) expect(guide).toContain(`| \`${mark}\` | ${what} |`)
})
