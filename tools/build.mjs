// `pnpm build`: the JavaScript of every package through turbo, then all declarations in one `tsc -b`.
import { buildJs, buildTypes, prepare } from './lib/prepare.mjs'

await prepare(async () => {
  await buildJs()
  await buildTypes()
})
