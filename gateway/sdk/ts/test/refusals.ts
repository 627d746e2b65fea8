// schemas/vectors/refused-requests.json, made for a running bank: each case names how its
// request differs from one that is signed as it should be.

import { readFileSync } from 'node:fs'
import { accessTokenHash, base64url, contentDigest, generateKey, signingInput, type Key } from '../src/index.js'

type Members = Record<string, unknown>
export interface Wrong {
  name: string
  differs: { header?: Members; claims?: Members; key?: string; signed_by?: string; signature?: string; body?: [string, string]; idempotency_key?: string; times?: number }
  status: number
  code: string
}
interface Vectors { now: number; claims: Members; cases: Wrong[] }

export const vectors: Vectors = JSON.parse(readFileSync(new URL('../../../../../schemas/vectors/refused-requests.json', import.meta.url), 'utf8'))

/** null takes a member away. */
function onto(members: Members, by: Members): Members {
  return Object.fromEntries(Object.entries({ ...members, ...by }).filter(([, value]) => value !== null))
}

/** A signature as ASN.1 has it: two integers, which start with a nought where they would be negative. */
function der(raw: Uint8Array): Uint8Array {
  const integer = (bytes: Uint8Array) => {
    const from = bytes.findIndex((b) => b !== 0), short = bytes.slice(from)
    const whole = (short[0] ?? 0) > 127 ? [0, ...short] : [...short]
    return [2, whole.length, ...whole]
  }
  const both = [...integer(raw.slice(0, 32)), ...integer(raw.slice(32))]
  return Uint8Array.from([0x30, both.length, ...both])
}

/** What a client that gets it wrong sends. */
export async function spoilt(wrong: Wrong, on: { base: string; key: Key; token: string; nonce: string; body: string }): Promise<RequestInit> {
  const { differs } = wrong, other = await generateKey(), seconds = Math.floor(Date.now() / 1000)
  const changes = { ...differs.claims }
  if (typeof changes['iat'] === 'number') changes['iat'] += seconds - vectors.now
  if (typeof changes['htu'] === 'string') changes['htu'] = changes['htu'].replace('https://bank.example', on.base)
  const idempotencyKey = crypto.randomUUID()
  const claims = onto({
    jti: crypto.randomUUID(), htm: 'POST', htu: `${on.base}/v1/transfers`, iat: seconds, ath: await accessTokenHash(on.token), nonce: on.nonce,
    content_digest: await contentDigest(on.body), idempotency_key: idempotencyKey,
  }, changes)
  const input = signingInput(onto({ alg: 'ES256', typ: 'dpop+jwt', jwk: (differs.key === 'other' ? other : on.key).jwk }, differs.header ?? {}), claims)
  const signer = differs.key === 'other' || differs.signed_by === 'other' ? other : on.key
  const raw = new Uint8Array(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, signer.privateKey, new TextEncoder().encode(input)))
  const spelled = { der: () => base64url(der(raw)), padded: () => `${base64url(raw)}==`, cut: () => '', '': () => base64url(raw) }[differs.signature ?? '']
  if (spelled === undefined) throw new TypeError(`no such spelling: ${differs.signature}`)
  return {
    method: 'POST', body: differs.body === undefined ? on.body : on.body.replace(...differs.body),
    headers: {
      Authorization: `DPoP ${on.token}`, DPoP: `${input}.${spelled()}`, 'Content-Type': 'application/json', 'Idempotency-Key': differs.idempotency_key ?? idempotencyKey,
    },
  }
}
