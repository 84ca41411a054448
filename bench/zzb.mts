import { compile } from '/work/main/bench/lib/compile.ts'
import { spawnSync } from 'node:child_process'
const { folder, remove } = await compile(['yggdrasil', 'zz'])
try { spawnSync(process.execPath, ['--expose-gc', new URL('zz.js', folder).pathname, ...process.argv.slice(2)], { stdio: 'inherit', cwd: '/work/main/bench' }) } finally { await remove() }
