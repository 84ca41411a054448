import type { HistoryEntry } from '@mimirjs/messenger'
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { isPicture, MAX_PICTURE_BYTES } from '../model/pictures.js'
import { transferKey } from '../model/state.js'
import { sentence, sizeWords } from '../model/words.js'
import { useChat } from './use-chat.js'

/** A picture, or a file to be saved; while it moves, how far it is. */
export function Attachment({ entry }: { readonly entry: HistoryEntry }): JSX.Element | null {
  const { chat, state } = useChat()
  const [url, setUrl] = useState<string | undefined>(undefined)
  const [failure, setFailure] = useState('')
  const { file, peer, id, outgoing } = entry
  const transfer = state.transfers.get(transferKey(entry))
  const isDrawn = entry.kind === 'image' && isPicture(file?.mimeType ?? '')
  const isWanted = isDrawn && (file?.sizeBytes ?? 0) <= MAX_PICTURE_BYTES && entry.state !== 'preparing'

  const fetchFile = (): void => {
    setFailure('')
    chat.fileUrl({ peer, id, outgoing }).then(setUrl, (error: unknown) => setFailure(sentence(error)))
  }
  useEffect(() => {
    if (isWanted) fetchFile()
  }, [isWanted, peer, id, outgoing])

  if (file === undefined) return null
  const isMoving = transfer?.state === 'progress' || transfer?.state === 'waiting'
  const isSettled = outgoing ? entry.state === 'delivered' && transfer?.state !== 'progress' : url !== undefined
  return (
    <div class="attachment">
      {isDrawn && url !== undefined && <img src={url} alt={entry.text || file.name} />}
      {isMoving && !isSettled && (
        <progress max={transfer.sizeBytes} value={transfer.doneBytes} aria-label={`${file.name} on its way`} />
      )}
      <div class="file-line">
        <span class="file-name">{file.name}</span>
        <span class="file-size">{sizeWords(file.sizeBytes)}</span>
        {url === undefined && !isWanted && !outgoing && (
          <button type="button" class="plain" onClick={fetchFile}>
            Fetch
          </button>
        )}
        {url !== undefined && (
          <a href={url} download={file.name}>
            Save
          </a>
        )}
      </div>
      {failure !== '' && (
        <p class="bad" role="alert">
          {failure}{' '}
          <button type="button" class="plain" onClick={fetchFile}>
            Try again
          </button>
        </p>
      )}
    </div>
  )
}
