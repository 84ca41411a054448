import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import encodeQR from 'qr'

/** Dark on light whatever the theme, or cameras do not read it; with the quiet border they need. */
export function QrCode({ text }: { readonly text: string }): JSX.Element {
  const rows = useMemo(() => encodeQR(text, 'raw', { border: 2 }), [text])
  const path = rows.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : []))).join('')
  return (
    <svg class="qr" viewBox={`0 0 ${rows.length} ${rows.length}`} role="img" aria-label="QR code of your link">
      <rect width="100%" height="100%" fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  )
}
