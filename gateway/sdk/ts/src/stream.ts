// Server-sent events, which go on where they were cut off.

import type { Client } from './client.js'
import { Problem } from './problems.js'

export interface ServerSentEvent { id: string; event: string; data: string }

/** The events of a stream, from after lastId. A connection that ends is opened again behind the last event that was seen. */
export async function* events(client: Client, path: string, signal: AbortSignal, lastId = ''): AsyncGenerator<ServerSentEvent> {
  for (let failures = 0; !signal.aborted;) {
    try {
      const headers: Record<string, string> = { Accept: 'text/event-stream' }
      if (lastId !== '') headers['Last-Event-ID'] = lastId
      const response = await client.raw(path, headers, signal)
      if (response.body === null) return
      failures = 0
      for await (const event of parsed(response.body)) {
        if (event.id !== '') lastId = event.id // one that names no place is behind the last that did
        yield event
      }
    } catch (failure) {
      if (signal.aborted) return
      const ended = failure instanceof Problem && failure.code === 'invalid-token' && client.renew !== undefined
      if (failure instanceof Problem && !ended && failure.status !== 429 && failure.status !== 503 || ++failures > 8) throw failure
      if (ended) await client.renew?.()
    }
    await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** failures))
  }
}

/** Takes a stream to pieces (HTML, Server-sent events, section 9.2.6). */
export async function* parsed(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder()
  let rest = '', id = '', event = '', data: string[] = []
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) yield { id, event: event || 'message', data: data.join('\n') }
        event = ''
        data = []
        continue
      }
      const [, name, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
      if (name === 'id') id = value
      else if (name === 'event') event = value
      else if (name === 'data') data.push(value)
    }
  }
}
