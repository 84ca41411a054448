import { collectExamples, typeErrors } from '../../../tools/checks/docs-examples.mjs'
const ex = collectExamples(['/work/main/packages/tracker/README.md', '/work/main/packages/resolver-client/README.md'])
console.log(ex.map((e) => e.name))
console.log(typeErrors(ex, '/work/main/packages/tracker/tmp-docs', { customConditions: ['mimir:source'] }) || 'no errors')
