import { render } from 'preact'
import { Chat } from './model/chat.js'
import { loadConfig } from './model/config.js'
import { followPlaces } from './model/places.js'
import { profileOf } from './model/settings.js'
import { sentence } from './model/words.js'
import { App } from './view/App.js'
import { Gate } from './view/Gate.js'
import { ChatContext } from './view/use-chat.js'

async function start(app: HTMLElement): Promise<void> {
  if ('serviceWorker' in navigator) navigator.serviceWorker.register('/sw.js').catch(() => {})
  const pageUrl = `${location.origin}${location.pathname}`
  const chat = new Chat({ ...(await loadConfig()), profile: profileOf(location.search), pageUrl })
  document.documentElement.dataset['theme'] = chat.settings.theme
  followPlaces(chat)
  window.addEventListener('online', () => chat.refresh(true))
  window.addEventListener('offline', () => chat.refresh(false))
  document.addEventListener('visibilitychange', () => document.hidden || chat.refresh(navigator.onLine))
  window.addEventListener('pagehide', () => void chat.close())
  // A page that the browser kept and shows again has a messenger that is closed.
  window.addEventListener('pageshow', ({ persisted }) => persisted && location.reload())
  // A file that is dropped where nobody takes it would be opened instead of the page.
  const stay = (event: DragEvent): void => {
    if (event.dataTransfer?.types.includes('Files')) event.preventDefault()
  }
  window.addEventListener('dragover', stay)
  window.addEventListener('drop', stay)
  render(
    <ChatContext.Provider value={chat}>
      <App />
    </ChatContext.Provider>,
    app,
  )
  await chat.open()
}

const app = document.getElementById('app')
if (app === null) throw new Error('the page has no place for the app')
start(app).catch((error: unknown) => render(<Gate phase={{ name: 'failed', message: sentence(error) }} />, app))
