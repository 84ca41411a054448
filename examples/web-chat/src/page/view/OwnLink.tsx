import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Dialog } from './Dialog.js'
import { QrCode } from './QrCode.js'
import { useChat } from './use-chat.js'

export function OwnLink({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const { state } = useChat()
  const [outcome, setOutcome] = useState('')
  const { link, fingerprint = '' } = state.me ?? {}
  if (link === undefined)
    return (
      <Dialog title="My link" onClose={onClose}>
        <p>There is none now: {state.serversProblem}.</p>
      </Dialog>
    )
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(link)
      setOutcome('Copied')
    } catch {
      // It is not allowed, or the page came over plain http:.
      setOutcome('Copy it from the field above')
    }
  }
  return (
    <Dialog title="My link" onClose={onClose}>
      <p>Whoever opens it can ask to talk to you. It holds your public key, and no secret.</p>
      <QrCode text={link} />
      <label>
        Link
        <input class="copy" readOnly value={link} onFocus={(event) => event.currentTarget.select()} />
      </label>
      <div class="row">
        <button type="button" onClick={() => void copy()}>
          Copy
        </button>
        <span role="status">{outcome}</span>
      </div>
      <p class="hint">
        Your fingerprint, to compare by voice: <span class="fingerprint">{fingerprint}</span>
      </p>
    </Dialog>
  )
}
