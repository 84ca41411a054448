import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Theme } from '../model/settings.js'
import { Dialog } from './Dialog.js'
import { Form } from './Form.js'
import { useChat } from './use-chat.js'

const THEMES: readonly (readonly [Theme, string])[] = [
  ['system', 'As this device'],
  ['light', 'Light'],
  ['dark', 'Dark'],
]

export function SettingsDialog({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const { chat, state } = useChat()
  return (
    <Dialog title="Settings" onClose={onClose}>
      <Name />
      <fieldset>
        <legend>Colours</legend>
        {THEMES.map(([theme, words]) => (
          <label key={theme} class="check">
            <input
              type="radio"
              name="theme"
              checked={chat.settings.theme === theme}
              onChange={() => chat.setTheme(theme)}
            />
            {words}
          </label>
        ))}
      </fieldset>
      <section aria-labelledby="servers">
        <h3 id="servers">Meeting servers</h3>
        <p class="hint">
          They help browsers find each other. They see who wants to meet whom, and can read or forge nothing.
        </p>
        <ul class="servers">
          {state.servers.map(({ url, state: how, reason }) => (
            <li key={url} data-good={how === 'ready'}>
              <span>
                {url}
                <br />
                <span class="hint">
                  {how}
                  {reason === undefined ? '' : `: ${reason}`}
                </span>
              </span>
              {chat.settings.servers.includes(url) && (
                <button type="button" class="plain" onClick={() => void chat.removeServer(url)}>
                  Remove<span class="unseen"> {url}</span>
                </button>
              )}
            </li>
          ))}
        </ul>
        <NewServer />
      </section>
    </Dialog>
  )
}

function Name(): JSX.Element {
  const { chat, state } = useChat()
  const [name, setName] = useState(state.me?.name ?? '')
  return (
    <Form act={() => chat.rename(name)}>
      <label>
        Your name
        <input value={name} maxLength={64} required onInput={(event) => setName(event.currentTarget.value)} />
      </label>
      <button type="submit" class="plain" disabled={name.trim() === '' || name.trim() === state.me?.name}>
        Change
      </button>
    </Form>
  )
}

function NewServer(): JSX.Element {
  const { chat } = useChat()
  const [url, setUrl] = useState('')
  const add = async (): Promise<string> => {
    const problem = await chat.addServer(url)
    if (problem === '') setUrl('')
    return problem
  }
  return (
    <Form act={add} class="row">
      <label class="grow">
        Address of another server
        <input
          value={url}
          placeholder="wss://meet.example"
          required
          onInput={(event) => setUrl(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="plain">
        Add
      </button>
    </Form>
  )
}
