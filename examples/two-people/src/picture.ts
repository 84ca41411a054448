/** A real picture (uncompressed BMP, 320 × 320 pixels, 300 KiB): a round gradient, made rather than shipped. */
export function makePicture(): Uint8Array {
  const side = 320
  const headerBytes = 54
  const picture = new Uint8Array(headerBytes + side * side * 3)
  const view = new DataView(picture.buffer)
  picture.set([0x42, 0x4d])
  view.setUint32(2, picture.length, true)
  view.setUint32(10, headerBytes, true)
  view.setUint32(14, 40, true)
  view.setInt32(18, side, true)
  view.setInt32(22, side, true)
  view.setUint16(26, 1, true)
  view.setUint16(28, 24, true)
  for (let y = 0, at = headerBytes; y < side; y++)
    for (let x = 0; x < side; x++, at += 3) {
      const distance = Math.hypot(x - side / 2, y - side / 2) / (side / 2)
      picture.set([Math.max(0, 255 - 200 * distance), (x * 255) / side, (y * 255) / side], at)
    }
  return picture
}
