// People: customers with an authenticator app, and what they do in a browser
// that runs no script.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { request } from 'node:http'
import { TOTP, Secret } from 'otpauth'
import { parse } from 'parse5'
import { ask } from './bank.js'

export const password = 'a long pass phrase of nine words, or is it'

/** Enrols a customer, as anybody may in a sandbox. */
export async function enrol(bank, name = 'anna') {
  const user = `${name}-${randomUUID().slice(0, 8)}`
  const digits = String(Math.floor(Math.random() * 1e9)).padStart(9, '0')
  const enrolled = await ask(bank, 'POST', '/v1/customers', {
    headers: { 'idempotency-key': randomUUID() },
    json: { user_name: user, phone: `+491${digits}`, email: `${user}@mail.example`, name: 'Anna Example', password },
  })
  assert.equal(enrolled.status, 201, enrolled.text)
  return new Person(user, enrolled.json.customer_id, enrolled.json.totp.secret, { phone: `+491${digits}`, email: `${user}@mail.example` })
}

export class Person {
  #last = -1

  constructor(user, customer, secret, contacts) {
    Object.assign(this, { user, customer, secret, password, ...contacts })
    this.totp = new TOTP({ secret: Secret.fromBase32(secret), digits: 6, period: 30 })
  }

  /**
   * A one-time password that was not shown yet. A step counts once, and the bank
   * takes the next one already: so a person has two logins in 30 seconds.
   */
  otp() {
    const step = Math.max(Math.floor(Date.now() / 30_000), this.#last + 1)
    this.#last = step
    return this.totp.generate({ timestamp: step * 30_000 })
  }
}

/** One exchange. fetch would not do: it decides by itself what Sec-Fetch-Mode and Origin are. */
function exchange(url, method, headers, body) {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part) => { text += part }).on('error', reject)
        .on('end', () => resolve(Object.assign(response, { text })))
    })
    sent.once('error', reject).end(body)
  })
}

/** A browser without JavaScript: it keeps cookies, fills in forms, follows nothing. */
export class Visitor {
  constructor(bank) {
    this.bank = bank
    this.cookies = new Map()
  }

  async go(method, target, { form, headers = {} } = {}) {
    const url = new URL(target, this.url ?? this.bank.issuer)
    const all = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', ...headers }
    if (this.cookies.size) all.cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    if (form) all['content-type'] ??= 'application/x-www-form-urlencoded'
    if (method === 'POST') all.origin ??= new URL(this.bank.issuer).origin
    const response = await exchange(url, method, all, form && new URLSearchParams(form).toString())
    this.status = response.statusCode
    this.headers = response.headers
    this.location = response.headers.location ?? null
    this.page = response.text
    this.url = url.href
    this.document = parse(this.page)
    for (const line of response.headers['set-cookie'] ?? []) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)
      if (/max-age=0|max-age=-/i.test(line)) this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
    return this
  }

  /** Comes from a third party's site, as browsers say it. */
  open(url) {
    return this.go('GET', url, { headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' } })
  }

  /** Everything of one name in the page. */
  all(tag, node = this.document) {
    return (node.childNodes ?? []).flatMap((child) => [...(child.tagName === tag ? [child] : []), ...this.all(tag, child)])
  }

  words(node) {
    return node.nodeName === '#text' ? node.value : (node.childNodes ?? []).map((child) => this.words(child)).join('')
  }

  get heading() { return this.words(this.all('h1')[0]).trim() }
  get alert() {
    const found = this.all('div').find((div) => attribute(div, 'role') === 'alert')
    return found && this.words(found).replace(/\s+/g, ' ').trim()
  }

  /** The fields of the form that holds the named field or button, as they stand. */
  form(name) {
    const form = this.all('form').find((f) => [...this.all('input', f), ...this.all('button', f)].some((field) => attribute(field, 'name') === name))
    assert.ok(form, `no form with ${name} on the page:\n${this.page}`)
    const fields = Object.fromEntries(this.all('input', form).map((field) => [attribute(field, 'name'), attribute(field, 'value') ?? '']))
    return { action: attribute(form, 'action'), method: attribute(form, 'method').toUpperCase(), fields }
  }

  /** Fills in the form and presses a button; button is its [name, value], if it has any. */
  submit(typed, button, headers) {
    const { action, method, fields } = this.form(button?.[0] ?? Object.keys(typed)[0])
    const all = { ...fields, ...typed }
    if (button) all[button[0]] = button[1]
    return this.go(method, action, { form: all, headers })
  }

  /** Logs in: name and password, then the authenticator's code. */
  async login(person) {
    await this.submit({ username: person.user, password: person.password })
    assert.equal(this.status, 200, this.page)
    await this.submit({ otp: person.otp() })
    assert.equal(this.status, 200, this.page)
    return this
  }

  allow() { return this.submit({}, ['decision', 'allow']) }
  deny() { return this.submit({}, ['decision', 'deny']) }

  /** Where the browser is sent: the third party's redirect URI, with the answer. */
  back() {
    assert.equal(this.status, 303, this.page)
    return new URL(this.location)
  }

  /** The page of our own on which an error ends; it leads nowhere. */
  apology(status, code) {
    assert.equal(this.status, status, this.page)
    assert.equal(this.location, null)
    assert.match(this.page, new RegExp(`\\b${code}\\b`))
  }
}

function attribute(node, name) {
  return node.attrs.find((a) => a.name === name)?.value
}
