// Requests: proven anew for every attempt, sent again where that is safe, typed by
// the OpenAPI document.

import type { paths } from './api.js'
import { Problem, refusal } from './problems.js'
import { proof, type Key } from './signing.js'

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'
type Operation<P extends keyof paths, M extends Method> = M extends keyof paths[P] ? NonNullable<paths[P][M]> : never
type Json<T> = T extends { content: { 'application/json': infer B } } ? B : undefined
type Done<O> = O extends { responses: infer R } ? { [S in keyof R]: S extends 200 | 201 | 202 | 204 ? Json<R[S]> : never }[keyof R] : never
type Sent<O> = O extends { requestBody?: infer R } ? Json<NonNullable<R>> : undefined
type Query<O> = O extends { parameters: { query?: infer Q } } ? Q : never
type Places<O> = O extends { parameters: { path: infer P } } ? P : never

/** The paths of the document that take a method. */
export type PathsOf<M extends Method> = { [P in keyof paths]: Operation<P, M> extends never ? never : P }[keyof paths]

/** What goes with a request. */
export interface Options<O> {
  path?: Places<O>
  query?: Query<O>
  body?: Sent<O>
  key?: string // Idempotency-Key; keep it before sending, and give the same again after any doubt
  signal?: AbortSignal
}

/** An answer: its body, and what its headers say. */
export interface Answer<B> { status: number; body: B; replayed: boolean; position: number | undefined; location: string | null; next: string | undefined }

export interface Tokens { access_token: string; refresh_token?: string | undefined; expires_in: number; auth_session?: string | undefined }

export interface Settings {
  base: string // the bank's public address, without a trailing slash
  key: Key // of the device: all proofs are its
  fetch?: typeof fetch
  now?: () => number // milliseconds
  wait?: (milliseconds: number) => Promise<void>
  attempts?: number // of one order, the first included
}

const waitMax = 30_000
const json = 'application/json'

/** A device's connection to the bank. */
export class Client {
  tokens: Tokens | undefined
  /** Gives new tokens when the bank refuses the present one; without it that refusal is passed on. */
  renew: (() => Promise<void>) | undefined
  private nonce: string | undefined
  private seen = 0 // the highest position that an answer carried
  private readonly fetch: typeof fetch
  private readonly now: () => number
  private readonly wait: (milliseconds: number) => Promise<void>

  constructor(readonly settings: Settings) {
    this.fetch = settings.fetch ?? ((...args) => fetch(...args))
    this.now = settings.now ?? Date.now
    this.wait = settings.wait ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)))
  }

  seconds(): number { return Math.floor(this.now() / 1000) }

  /** Reads, and sees at least what this client has been answered before. */
  get<P extends PathsOf<'get'>>(path: P, options: Options<Operation<P, 'get'>> = {}): Promise<Answer<Done<Operation<P, 'get'>>>> {
    return this.call('GET', filled(path, options), undefined, undefined, options.signal)
  }

  /** Reads in another form than JSON, such as a statement as text/csv or application/xml (camt.053): its text, as it comes. */
  text<P extends PathsOf<'get'>>(path: P, accept: string, options: Options<Operation<P, 'get'>> = {}): Promise<Answer<string>> {
    return this.call('GET', filled(path, options), undefined, undefined, options.signal, accept)
  }

  /** Gives an order. It carries a key, made here unless one is given, and is signed. */
  order<M extends Exclude<Method, 'get'>, P extends PathsOf<M>>(method: M, path: P, options: Options<Operation<P, M>> = {}): Promise<Answer<Done<Operation<P, M>>>> {
    const body = options.body === undefined ? '' : JSON.stringify(options.body)
    return this.call(method.toUpperCase(), filled(path, options), body, options.key ?? crypto.randomUUID(), options.signal)
  }

  /** Every page of a list, one after the other. */
  async *pages<P extends PathsOf<'get'>>(path: P, options: Options<Operation<P, 'get'>> = {}): AsyncGenerator<Done<Operation<P, 'get'>>> {
    for (let place: string | undefined = filled(path, options); place !== undefined;) {
      const answer: Answer<Done<Operation<P, 'get'>>> = await this.call('GET', place, undefined, undefined, options.signal)
      yield answer.body
      place = answer.next
    }
  }

  /** Sends a form to an OAuth endpoint, proven and without a token. It is sent once, but for the nonce. */
  async form<B>(path: string, fields: Record<string, string>, key?: string): Promise<B> {
    const headers: Record<string, string> = { 'Content-Type': 'application/x-www-form-urlencoded' }
    if (key !== undefined) headers['Idempotency-Key'] = key
    return await (await this.proven('POST', path, new URLSearchParams(fields).toString(), headers, undefined, undefined)).json() as B
  }

  /** Sends JSON without a token, proven by the device's key alone. */
  async open<B>(path: string, body: object | undefined, key?: string): Promise<B> {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const headers: Record<string, string> = text === undefined ? {} : { 'Content-Type': 'application/json' }
    if (key !== undefined) headers['Idempotency-Key'] = key
    return await (await this.proven('POST', path, text, headers, undefined, undefined)).json() as B
  }

  /** A response as it comes, for streams: not read, not sent again. */
  raw(path: string, headers: Record<string, string>, signal?: AbortSignal): Promise<Response> {
    return this.proven('GET', path, undefined, headers, undefined, this.tokens?.access_token, signal)
  }

  private async call<B>(method: string, path: string, body: string | undefined, key: string | undefined, signal?: AbortSignal, accept = json): Promise<Answer<B>> {
    let renewed = false
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.read<B>(await this.once(method, path, body, key, accept, signal), accept)
      } catch (failure) {
        if (expired(failure) && this.renew !== undefined && !renewed) {
          renewed = true
          await this.renew()
        } else if (attempt >= (this.settings.attempts ?? 8) || signal?.aborted || !again(failure)) {
          throw failure
        } else {
          await this.wait(pause(failure, attempt))
        }
      }
    }
  }

  private once(method: string, path: string, body: string | undefined, key: string | undefined, accept: string, signal?: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = { Accept: accept }
    if (body) headers['Content-Type'] = json
    if (key !== undefined) headers['Idempotency-Key'] = key
    if (key === undefined && this.seen > 0) headers['Florin-Position'] = String(this.seen)
    return this.proven(method, path, body || undefined, headers, key, this.tokens?.access_token, signal)
  }

  /** Sends with a proof. Where the bank wants its newest nonce in it, the proof is made and signed anew. */
  private async proven(method: string, path: string, body: string | undefined, headers: Record<string, string>, signedBy: string | undefined,
    accessToken: string | undefined, signal?: AbortSignal): Promise<Response> {
    for (let asked = false; ; asked = true) {
      const dpop = await proof(this.settings.key, {
        method, url: this.settings.base + path.split('?')[0], issuedAt: this.seconds(), nonce: this.nonce, accessToken,
        signed: signedBy === undefined ? undefined : { body: body ?? '', idempotencyKey: signedBy },
      })
      const sent: Record<string, string> = { ...headers, DPoP: dpop }
      if (accessToken !== undefined) sent['Authorization'] = `DPoP ${accessToken}`
      const response = await this.fetch(this.settings.base + path, { method, headers: sent, body: body ?? null, signal: signal ?? null, redirect: 'error' })
      this.nonce = response.headers.get('DPoP-Nonce') ?? this.nonce
      if (response.ok) return response
      const refused = await refusal(response)
      if (refused.code !== 'use-dpop-nonce' || asked) throw refused
    }
  }

  private async read<B>(response: Response, accept: string): Promise<Answer<B>> {
    const position = Number(response.headers.get('Florin-Position') ?? 0)
    this.seen = Math.max(this.seen, position)
    const text = await response.text()
    return {
      status: response.status, body: (accept !== json ? text : text === '' ? undefined : JSON.parse(text)) as B, position: position || undefined,
      replayed: response.headers.get('Idempotency-Replayed') === 'true', location: response.headers.get('Location'),
      next: /<([^>]+)>; rel="next"/.exec(response.headers.get('Link') ?? '')?.[1],
    }
  }
}

/** A path with its parameters in it. */
function filled(path: string, options: { path?: unknown; query?: unknown }): string {
  const places = (options.path ?? {}) as Record<string, string>
  const bare = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = places[name]
    if (value === undefined) throw new TypeError(`${path} needs ${name}`)
    return encodeURIComponent(value)
  })
  const query = new URLSearchParams(Object.entries((options.query ?? {}) as Record<string, unknown>).flatMap(([name, value]) => value === undefined ? [] : [[name, String(value)]]))
  return query.size > 0 ? `${bare}?${query}` : bare
}

/** Whether the same order may be given again as it is: nothing is known of it, or it was not taken up. */
function again(failure: unknown): boolean {
  if (!(failure instanceof Problem)) return failure instanceof TypeError // fetch: the connection failed, before or after
  return failure.status === 429 || failure.status === 503 || failure.code === 'request-in-flight'
}

function expired(failure: unknown): boolean { return failure instanceof Problem && failure.code === 'invalid-token' }

/** As long as the bank asks for; else longer each time, and never all clients at once. */
function pause(failure: unknown, attempt: number): number {
  const asked = failure instanceof Problem && failure.retryAfter !== undefined ? failure.retryAfter * 1000 : 100 * 2 ** attempt
  return Math.min(asked, waitMax) * (1 + Math.random() / 4)
}
