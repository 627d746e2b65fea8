// npm test: builds the binary once, seeds one bank, and runs every *.test.js on
// copies of it, each file in a process of its own. Files named on the command
// line run alone.

import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { seed } from './bank.js'
import { missing } from './chromium.js'

const here = fileURLToPath(new URL('.', import.meta.url))
const files = process.argv.length > 2 ? process.argv.slice(2) : readdirSync(here).filter((name) => name.endsWith('.test.js')).sort()
const dir = mkdtempSync(join(tmpdir(), 'florin-seed-'))

let status = 1
try {
  if (missing) console.log(`*** ${missing} ***`)
  await seed(dir)
  const old = Number(process.versions.node.split('.')[0]) < 20 // Node 18 has WebCrypto behind a flag
  const runner = spawn(process.execPath, ['--test', '--test-reporter=spec', ...files], {
    cwd: here, stdio: 'inherit',
    env: { ...process.env, FLORIN_TEST_SEED: dir, NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} ${old ? '--experimental-global-webcrypto' : ''}`.trim() },
  })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => runner.kill(signal))
  status = await new Promise((resolve) => runner.once('exit', (code) => resolve(code ?? 1)))
} finally {
  rmSync(dir, { recursive: true, force: true })
}
process.exitCode = status
