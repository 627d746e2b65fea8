// A sandbox bank: the running binary, in a directory of its own, on free loopback ports.

import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Bank { base: string; kill(): Promise<void>; start(): Promise<void>; close(): Promise<void> }

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

export async function bank(): Promise<Bank> {
  const dir = mkdtempSync(join(tmpdir(), 'florin-sdk-'))
  const [port, admin] = [await freePort(), await freePort()]
  const base = `http://127.0.0.1:${port}`
  let program = process.env['FLORIN_TEST_PROGRAM']
  if (program === undefined) {
    program = join(dir, 'florin')
    execFileSync('go', ['build', '-o', program, './cmd/florin'], { cwd: fileURLToPath(new URL('../../../../../', import.meta.url)), stdio: 'inherit', env: { ...process.env, CGO_ENABLED: '0' } })
  }
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('FLORIN_') || name === 'FLORIN_TEST_MAIN'))
  let child: ChildProcess | undefined
  const gone = async () => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child?.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }
  const start = async () => {
    child = spawn(program, ['serve', '--sandbox', '--dir', join(dir, 'bank'), '--listen', `127.0.0.1:${port}`, '--admin', `127.0.0.1:${admin}`, '--issuer', base, '--rate-per-second', '10000', '--rate-burst', '10000'],
      { env: environment, stdio: 'ignore' })
    for (const until = Date.now() + 60_000; ;) {
      if (child.exitCode !== null || Date.now() > until) throw new Error('the bank did not start')
      if (await fetch(`http://127.0.0.1:${admin}/readyz`).then((r) => r.ok, () => false)) return
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  await start()
  return { base, start, kill: gone, close: async () => { await gone(); rmSync(dir, { recursive: true, force: true }) } }
}
