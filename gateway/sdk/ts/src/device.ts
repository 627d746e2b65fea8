// A phone's life: it registers its keys, logs in, and confirms payments.

import { Client, type Answer, type Tokens } from './client.js'
import { Problem } from './problems.js'
import { base64url, consent, registration, sha256, type Key } from './signing.js'
import type { components } from './api.js'

/** A step of a login that wants something more: next names what would do. */
export interface Step { auth_session: string; next?: string[]; otp_send?: string[]; number?: string }

/** Gives what a step wants, such as {otp: '123456'}. */
export type Second = (step: Step) => Promise<Record<string, string>>

export interface Login { username: string; password: string; scope: string; acrValues?: string; maxAge?: number; expected?: string }

type Transfer = components['schemas']['TransferAnswer']

/** A device with its two keys: its own, and the one behind the owner's biometrics. */
export class Device {
  id: string | undefined

  constructor(readonly client: Client, readonly sca: Key, readonly clientId = 'florin-app') {}

  /** Makes the keys known to the bank. The same keys again are the same device. */
  async register(phone: Record<string, string>): Promise<string> {
    const { key, base } = this.client.settings
    const { nonce } = await this.client.open<{ nonce: string }>('/v1/devices/challenge', undefined)
    const signed = await registration(key, this.sca, { issuer: base, nonce, issuedAt: this.client.seconds(), phone })
    this.id = (await this.client.open<{ device_id: string }>('/v1/devices', { registration: signed })).device_id
    return this.id
  }

  /** Logs in without a browser (OAuth 2.0 for First-Party Applications), step by step, and holds the tokens. */
  async login(as: Login, second: Second): Promise<void> {
    const verifier = base64url(crypto.getRandomValues(new Uint8Array(32)))
    const first: Record<string, string> = {
      client_id: this.clientId, response_type: 'code', scope: as.scope, username: as.username, password: as.password,
      code_challenge: base64url(await sha256(verifier)), code_challenge_method: 'S256',
    }
    if (as.acrValues !== undefined) first['acr_values'] = as.acrValues
    if (as.maxAge !== undefined) first['max_age'] = String(as.maxAge)
    const code = await this.steps(first, second, as.expected === undefined ? {} : { expected: as.expected })
    await this.take({ grant_type: 'authorization_code', client_id: this.clientId, code, code_verifier: verifier })
    this.client.renew = () => this.refresh()
  }

  /**
   * A word for the owner's next phone, which brings it to its login as expected: strangers who guess at the name
   * meanwhile keep that phone from nothing. It proves nothing else, and is good for ten minutes.
   */
  async expect(): Promise<string> {
    return (await this.client.order('post', '/v1/devices/expected')).body.expected
  }

  private async steps(fields: Record<string, string>, second: Second, always: Record<string, string>): Promise<string> {
    for (;;) {
      try {
        return (await this.client.form<{ authorization_code: string }>('/oauth2/challenge', { ...fields, ...always })).authorization_code
      } catch (failure) {
        if (!(failure instanceof Problem) || failure.code !== 'insufficient-authorization') throw failure
        const step = failure.body as Step
        fields = { auth_session: step.auth_session, ...await second(step) }
      }
    }
  }

  /** Rotates the refresh token. An answer that was lost is asked for again with the same key: the session lives on. */
  async refresh(): Promise<void> {
    const token = this.client.tokens?.refresh_token
    if (token === undefined) throw new Error('no session to refresh')
    const key = crypto.randomUUID()
    const fields = { grant_type: 'refresh_token', client_id: this.clientId, refresh_token: token }
    this.client.tokens = await this.client.form<Tokens>('/oauth2/token', fields, key).catch((failure: unknown) => {
      if (failure instanceof TypeError) return this.client.form<Tokens>('/oauth2/token', fields, key)
      throw failure
    })
  }

  private async take(fields: Record<string, string>): Promise<void> {
    this.client.tokens = await this.client.form<Tokens>('/oauth2/token', fields)
  }

  /** Confirms a challenged transfer: what is signed is what was displayed, verbatim. */
  async authorise(transfer: Transfer, key?: string): Promise<Answer<Transfer>> {
    if (transfer.challenge === undefined) throw new TypeError('the transfer is not challenged')
    const authorization = await consent(this.sca, transfer.challenge.display as object, this.client.seconds())
    return this.client.order('post', '/v1/transfers/{id}/authorization', {
      path: { id: transfer.transfer }, body: { authorization }, ...(key === undefined ? {} : { key }),
    })
  }
}
