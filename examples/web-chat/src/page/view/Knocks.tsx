import type { JSX } from 'preact'
import { useChat } from './use-chat.js'

/** People we do not know who want to talk. Until we say yes they learn nothing of us, not even that we are there. */
export function Knocks(): JSX.Element | null {
  const { chat, state } = useChat()
  if (state.knocks.length === 0) return null
  return (
    <section class="knocks" aria-label="Somebody knocks">
      {state.knocks.map(({ peer, name, fingerprint }) => (
        <div key={peer} class="card knock" role="alertdialog" aria-label={`${name || 'Somebody'} wants to talk to you`}>
          <p>
            <strong>{name || 'Somebody without a name'}</strong> wants to talk to you. The name is what they say; the
            fingerprint is who they are:
          </p>
          <p class="fingerprint">{fingerprint}</p>
          <div class="row">
            <button type="button" onClick={() => void chat.answerKnock(peer, 'accept')}>
              Talk to them
            </button>
            <button type="button" class="plain" onClick={() => void chat.answerKnock(peer, 'decline')}>
              Not now
            </button>
            <button type="button" class="plain" onClick={() => void chat.answerKnock(peer, 'block')}>
              Block
            </button>
          </div>
        </div>
      ))}
    </section>
  )
}
