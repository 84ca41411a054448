import type { HistoryEntry } from '@mimirjs/messenger'
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { isPicture, MAX_UNASKED_BYTES } from '../model/pictures.js'
import { transferKey } from '../model/state.js'
import { sentence, sizeWords } from '../model/words.js'
import { useChat } from './use-chat.js'

/** A picture, or a file to be saved; while it moves, how far it is. */
export function Attachment({ entry }: { readonly entry: HistoryEntry }): JSX.Element | null {
  const { chat, state } = useChat()
  const [url, setUrl] = useState<string | undefined>(undefined)
  const [isAsked, setAsked] = useState(false)
  const [failure, setFailure] = useState('')
  const { file, peer, id, outgoing } = entry
  const transfer = state.transfers.get(transferKey(entry))
  const isSmall = (file?.sizeBytes ?? 0) <= MAX_UNASKED_BYTES
  const isDrawn = entry.kind === 'image' && isPicture(file?.mimeType ?? '')
  const isWanted = isDrawn && isSmall && entry.state !== 'preparing'
  const isHere = transfer?.state === 'complete'

  const take = async (work: Promise<string | undefined>): Promise<void> => {
    try {
      const found = await work
      if (found !== undefined) setUrl(found)
    } catch (error) {
      setFailure(sentence(error))
    }
  }
  const fetchFile = (): void => {
    setFailure('')
    setAsked(true)
    void take(chat.fileUrl({ peer, id, outgoing })).then(() => setAsked(false))
  }
  useEffect(() => {
    if (isWanted) fetchFile()
    else if (isSmall && !outgoing) void take(chat.keptFileUrl({ peer, id, outgoing }))
  }, [isWanted, isHere, peer, id, outgoing])

  if (file === undefined) return null
  const isMoving = transfer?.state === 'progress' || transfer?.state === 'waiting'
  const isBegun = isMoving && (transfer.state === 'progress' || transfer.doneBytes > 0)
  const isSettled = outgoing ? entry.state === 'delivered' && transfer?.state !== 'progress' : url !== undefined
  const isAsking = isAsked || (isMoving && !outgoing)
  return (
    <div class="attachment">
      {isDrawn && url !== undefined && <img src={url} alt={entry.text || file.name} />}
      {isBegun && !isSettled && (
        <progress max={transfer.sizeBytes} value={transfer.doneBytes} aria-label={`${file.name} on its way`} />
      )}
      <div class="file-line">
        <span class="file-name">{file.name}</span>
        <span class="file-size">{sizeWords(file.sizeBytes)}</span>
        {url === undefined && !isWanted && !outgoing && (
          <button type="button" class="plain" disabled={isAsking} onClick={fetchFile}>
            {isBegun ? 'Fetching…' : isAsking ? 'Asking…' : 'Fetch'}
          </button>
        )}
        {url !== undefined && (
          <a href={url} download={file.name}>
            Save
          </a>
        )}
      </div>
      {transfer?.state === 'waiting' && transfer.why !== '' && !isSettled && (
        <p class="hint" role="status">
          {transfer.why}
        </p>
      )}
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
