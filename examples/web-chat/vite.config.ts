import { readFileSync } from 'node:fs'
import { defineConfig, type Plugin } from 'vite'

/** The service worker keeps all that was built: with the names of it, it is another one for every release. */
const serviceWorker: Plugin = {
  name: 'service-worker',
  generateBundle(_options, bundle) {
    const source = readFileSync(new URL('src/page/sw.js', import.meta.url), 'utf8')
    const assets = Object.keys(bundle).filter((name) => name.startsWith('assets/'))
    const names = JSON.stringify(assets.map((name) => `/${name}`).sort())
    this.emitFile({ type: 'asset', fileName: 'sw.js', source: source.replace('__ASSETS__', names) })
  },
}

export default defineConfig({
  plugins: [serviceWorker],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  // One page for browsers of today: they have modules, WebCrypto with Ed25519 or a fallback of ours, and WebRTC.
  build: {
    outDir: 'dist/page',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
})
