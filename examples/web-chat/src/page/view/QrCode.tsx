import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import encodeQR from 'qr'

/** As rows of points; `undefined` for more than such a code can hold. */
function draw(text: string): boolean[][] | undefined {
  try {
    return encodeQR(text, 'raw', { border: 2 })
  } catch {
    return undefined
  }
}

/** Dark on light whatever the theme, or cameras do not read it; with the quiet border they need. */
export function QrCode({ text }: { readonly text: string }): JSX.Element {
  const rows = useMemo(() => draw(text), [text])
  if (rows === undefined) return <p class="hint">The link is too long for a QR code: copy it instead.</p>
  const path = rows.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : []))).join('')
  return (
    <svg class="qr" viewBox={`0 0 ${rows.length} ${rows.length}`} role="img" aria-label="QR code of your link">
      <rect width="100%" height="100%" fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  )
}
