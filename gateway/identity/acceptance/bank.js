// A bank: the running binary, in a directory of its own, on a free loopback port.

import { execFileSync, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, openSync, closeSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as jose from 'jose'

const root = fileURLToPath(new URL('../../..', import.meta.url))

// So that what is tidied up at the end is tidied up when the runner is stopped, too.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

/** Where third parties have their customers sent back to; nothing listens there. */
export const callback = (client) => `https://${client}.example/callback`

/** Third parties that every bank of these tests knows, and the scopes they have. */
export const thirdParties = {
  shop: 'openid profile accounts.read payments.read payments.transfer',
  other: 'openid accounts.read',
  leaver: 'openid profile',
  elder: 'openid accounts.read', // reads RS256 alone
}

/** Those that have no browser to lead anybody to, and have the customer asked on the phone (CIBA). */
export const tellers = { till: 'openid accounts.read', kiosk: 'openid accounts.read' }

/** What the third parties ask for when nothing else is said: no payment, which needs its details. */
export const usual = (client) => thirdParties[client]?.replace(' payments.transfer', '')

/** The environment of a bank: none of the tester's own FLORIN_ settings. */
function environment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('FLORIN_') || name === 'FLORIN_TEST_MAIN'))
}

/** Builds the binary, unless FLORIN_TEST_PROGRAM names one that is built already. */
export function program(dir) {
  if (process.env.FLORIN_TEST_PROGRAM) return process.env.FLORIN_TEST_PROGRAM
  const path = join(dir, 'florin')
  execFileSync('go', ['build', '-o', path, './cmd/florin'], { cwd: root, stdio: 'inherit', env: { ...process.env, CGO_ENABLED: '0' } })
  return path
}

export function florin(path, ...args) {
  return execFileSync(path, args, { env: environment(), encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

async function freePort() {
  const server = createServer()
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** The parts of one process: start it, stop it in order, kill it for real. */
class Process {
  constructor(path, dir, ports, host, flags) {
    const [listen, admin] = ports.map((port) => `127.0.0.1:${port}`)
    this.issuer = `http://${host}:${ports[0]}`
    this.admin = `http://${admin}`
    this.log = `${dir}.log`
    this.path = path
    this.args = ['serve', '--sandbox', '--dir', dir, '--listen', listen, '--admin', admin, '--issuer', this.issuer,
      '--rate-per-second', '100000', '--rate-burst', '100000', ...flags]
  }

  async start() {
    const log = openSync(this.log, 'a')
    this.child = spawn(this.path, this.args, { env: environment(), stdio: ['ignore', log, log] })
    closeSync(log)
    this.gone = new Promise((resolve) => this.child.once('exit', (code, signal) => resolve(signal ?? code)))
    let ended = false
    this.gone.then(() => { ended = true })
    for (const until = Date.now() + 30_000; ; ) {
      if (ended || Date.now() > until) throw new Error(`the bank did not start:\n${readFileSync(this.log, 'utf8')}`)
      if (await fetch(`${this.admin}/readyz`).then((r) => r.ok, () => false)) break
      await tick(20)
    }
    // A client assertion of the very second in which the process began is refused.
    for (const began = seconds(); seconds() === began; ) await tick(20)
  }

  async end(signal) {
    if (!this.child) return
    this.child.kill(signal)
    await this.gone
    this.child = undefined
  }

  stop() { return this.end('SIGTERM') }
  kill() { return this.end('SIGKILL') }
}

const seconds = () => Math.floor(Date.now() / 1000)
const tick = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/**
 * Makes what the banks of a run begin as: a sandbox in which the third parties
 * and an auditor are registered. Clients are registered on the host alone, so
 * this is done once and copied.
 */
export async function seed(dir) {
  const path = program(dir)
  const bank = join(dir, 'bank')
  const process = new Process(path, bank, [await freePort(), await freePort()], '127.0.0.1', [])
  await process.start()
  await process.stop()
  const keys = {}
  for (const [client, scopes] of Object.entries({ ...thirdParties, ...tellers })) {
    const pair = await jose.generateKeyPair('ES256', { extractable: true })
    const kid = `${client}-1`
    keys[client] = { ...await jose.exportJWK(pair.privateKey), kid, alg: 'ES256' }
    const jwks = join(dir, `${client}.jwks.json`)
    writeFileSync(jwks, JSON.stringify({ keys: [{ ...await jose.exportJWK(pair.publicKey), kid, alg: 'ES256', use: 'sig' }] }))
    const algorithm = client === 'elder' ? ['--id-token-signed-response-alg', 'RS256'] : []
    const ways = client in tellers ? ['--grant-types', 'urn:openid:params:grant-type:ciba refresh_token'] : ['--redirect-uri', callback(client)]
    florin(path, 'client', 'register', client, '--dir', bank, '--name', `${client} Ltd`, '--jwks', jwks, '--scopes', scopes, ...ways, ...algorithm)
  }
  const pem = join(dir, 'auditor.pem')
  const auditor = JSON.parse(florin(path, 'operator', 'create', '--dir', bank, '--name', 'Ada', '--scopes', 'audit.read analytics.read', '--key-file', pem, '--json'))
  writeFileSync(join(dir, 'seed.json'), JSON.stringify({ path, keys, auditor: auditor.client_id, pem: readFileSync(pem, 'utf8') }))
}

/** A seed of this run: run.js has made one, or a file that is run by itself does. */
async function seeded() {
  let dir = process.env.FLORIN_TEST_SEED
  if (!dir) {
    dir = mkdtempSync(join(tmpdir(), 'florin-seed-'))
    process.once('exit', () => rmSync(dir, { recursive: true, force: true }))
    process.env.FLORIN_TEST_SEED = dir
  }
  if (!existsSync(join(dir, 'seed.json'))) await seed(dir)
  return dir
}

/**
 * Opens a bank of the caller's own. Close it when done; whatever happens, its
 * process and directory do not outlive this one. Host 'localhost' is for
 * passkeys: browsers give none to an IP address.
 */
export async function openBank({ host = '127.0.0.1', flags = [] } = {}) {
  const from = await seeded()
  const { path, keys, auditor, pem } = JSON.parse(readFileSync(join(from, 'seed.json'), 'utf8'))
  const work = mkdtempSync(join(tmpdir(), 'florin-acceptance-'))
  const dir = join(work, 'bank')
  cpSync(join(from, 'bank'), dir, { recursive: true })
  const bank = new Process(path, dir, [await freePort(), await freePort()], host, flags)
  const tidy = () => {
    bank.child?.kill('SIGKILL')
    rmSync(work, { recursive: true, force: true })
  }
  process.once('exit', tidy)
  await bank.start()
  return Object.assign(bank, {
    dir, keys, auditor, pem,
    cli: (...args) => florin(path, ...args, '--dir', dir),
    restart: async () => { await bank.kill(); await bank.start() },
    logged: () => readFileSync(bank.log, 'utf8'),
    letters: (kind) => letters(bank.log).filter((letter) => letter.notification === kind),
    letter: (kind, after) => letter(bank.log, kind, after),
    close: async () => { await bank.stop(); process.off('exit', tidy); rmSync(work, { recursive: true, force: true }) },
  })
}

/** What customers were sent: the sandbox's notifier prints it beside the log lines. */
function letters(log) {
  return readFileSync(log, 'utf8').split('\n').filter((line) => line.startsWith('{') && line.includes('"notification"')).map((line) => JSON.parse(line))
}

/** Waits for the next letter of a kind, when there were so many of it before. */
async function letter(log, kind, before) {
  for (const until = Date.now() + 30_000; ; await tick(20)) {
    const all = letters(log).filter((one) => one.notification === kind)
    if (all.length > before) return all.at(-1)
    if (Date.now() > until) throw new Error(`no ${kind} was sent`)
  }
}

/** Asks the bank as any HTTP client would; redirects are not followed. */
export async function ask(bank, method, path, { headers = {}, form, json, body } = {}) {
  if (form) [body, headers] = [new URLSearchParams(form).toString(), { 'content-type': 'application/x-www-form-urlencoded', ...headers }]
  if (json) [body, headers] = [JSON.stringify(json), { 'content-type': 'application/json', ...headers }]
  const response = await fetch(bank.issuer + path, { method, headers, body, redirect: 'manual' })
  const text = await response.text()
  let read
  try { read = JSON.parse(text) } catch { read = undefined }
  return { status: response.status, headers: response.headers, text, json: read }
}
