// A person with a phone of their own, at a sandbox bank.

import assert from 'node:assert/strict'
import { TOTP } from 'otpauth'
import { Client, Device, Problem, generateKey, type components } from '../src/index.js'
import type { Bank } from './bank.js'

type Schemas = components['schemas']
const password = 'correct horse battery staple 7'
const scope = 'openid profile accounts.read accounts.write payments.read payments.transfer notifications.read devices.manage factors.manage'
const phone = { platform: 'simulator', os: 'Node', model: 'TypeScript client', app_version: '1.0.0', fingerprint: 'sdk-test' }

let people = 0

/** Enrols a person with a phone of their own, and logs in. */
export async function enrolled(florin: Bank, name: string) {
  const client = new Client({ base: florin.base, key: await generateKey() })
  const answer = await client.open<Schemas['EnrolAnswer']>('/v1/customers', {
    user_name: name, phone: `+4930${Date.now() % 1e8}${people++}`, email: `${name}@example.test`, name: `Person ${name}`, password,
  } satisfies Schemas['EnrolCustomer'], crypto.randomUUID())
  const device = new Device(client, await generateKey())
  await device.register(phone)
  const totp = new TOTP({ secret: answer.totp.secret })
  let spent = 0 // a one-time password's step is spent once, and the bank takes the next one already
  const second = async () => {
    spent = Math.max(Math.floor(Date.now() / 30_000), spent + 1)
    return { otp: totp.generate({ timestamp: spent * 30_000 }) }
  }
  const login = (more: { acrValues?: string; maxAge?: number } = {}) => device.login({ username: name, password, scope, ...more }, second)
  /** The person's next phone, registered; it logs in with the same second factor. */
  const next = async () => {
    const another = new Device(new Client({ base: florin.base, key: await generateKey() }), await generateKey())
    await another.register(phone)
    const come = (expected?: string) => another.login({ username: name, password, scope, ...(expected === undefined ? {} : { expected }) }, second)
    return { client: another.client, login: come }
  }
  await login()
  const account = async () => (await client.order('post', '/v1/accounts', { body: { currency: 'EUR' } })).body.account
  const deposit = (to: string, amount: string) => client.order('post', '/v1/deposits', { body: { to, amount, currency: 'EUR' } })
  return { client, device, login, next, account, deposit }
}

/** Somebody else's phone, with a guess at the password. */
export async function guess(florin: Bank, name: string): Promise<Problem> {
  const device = new Device(new Client({ base: florin.base, key: await generateKey() }), await generateKey())
  await device.register(phone)
  return refused(device.login({ username: name, password: 'a guess of nine words', scope }, async () => ({ otp: '000000' })))
}

export async function refused(promise: Promise<unknown>): Promise<Problem> {
  try {
    await promise
  } catch (failure) {
    assert.ok(failure instanceof Problem, String(failure))
    return failure
  }
  assert.fail('it was not refused')
}
