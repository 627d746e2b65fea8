// npm run build: the types from the OpenAPI document, then everything to JavaScript.
// The document comes from the code: 'florin openapi' prints it, of the binary that
// FLORIN_TEST_PROGRAM names, or of one that Go builds now.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import openapiTS, { astToString } from 'openapi-typescript'

const here = fileURLToPath(new URL('.', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'florin-sdk-'))
try {
  const program = process.env.FLORIN_TEST_PROGRAM ?? join(dir, 'florin')
  if (!process.env.FLORIN_TEST_PROGRAM) {
    execFileSync('go', ['build', '-o', program, './cmd/florin'], { cwd: join(here, '../../..'), stdio: 'inherit', env: { ...process.env, CGO_ENABLED: '0' } })
  }
  const document = execFileSync(program, ['openapi', '--sandbox'], { encoding: 'utf8', maxBuffer: 64 << 20 })
  writeFileSync(join(here, 'src/api.ts'), astToString(await openapiTS(document)))
  execFileSync(process.execPath, [join(here, 'node_modules/typescript/bin/tsc'), '-p', here], { stdio: 'inherit' })
} finally {
  rmSync(dir, { recursive: true, force: true })
}
