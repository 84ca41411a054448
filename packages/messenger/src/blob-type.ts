/** What a browser shows, and never runs. Pictures that are documents with scripts (SVG) are not among it. */
const HARMLESS =
  /^(?:image\/(?:png|jpeg|gif|webp|avif|bmp)|(?:audio|video)\/[a-z0-9][a-z0-9.+-]*|text\/plain|application\/pdf)$/

/**
 * The type that the contents of a message's file have as a blob. Whoever opens a `blob:` address opens it as a page of the
 * program's own, so a stranger's word that something is HTML does not make it that.
 */
export function blobType(mimeType: string | undefined): string {
  const type = mimeType?.toLowerCase().split(';', 1)[0]?.trim() ?? ''
  return HARMLESS.test(type) ? type : 'application/octet-stream'
}
