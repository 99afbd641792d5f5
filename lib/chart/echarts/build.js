// Writes echarts.js.gz, its checksum and the licences. Run by `go generate ./lib/chart/echarts`.
import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { buildSync } from 'esbuild';

const { outputFiles } = buildSync({
  entryPoints: ['page.js'],
  bundle: true,
  minify: true,
  format: 'iife',
  globalName: 'bellwetherCharts',
  target: 'es2020',
  charset: 'ascii',
  legalComments: 'none', // LICENSE and NOTICE lie beside the build
  define: { 'process.env.NODE_ENV': '"production"' },
  write: false,
});
const code = outputFiles[0].contents;
writeFileSync('echarts.js.gz', gzipSync(code, { level: 9 }));
writeFileSync('echarts.js.sha256', `${createHash('sha256').update(code).digest('hex')}  echarts.js\n`);

copyFileSync('node_modules/echarts/LICENSE', 'LICENSE');
copyFileSync('node_modules/echarts/NOTICE', 'NOTICE');
copyFileSync('node_modules/echarts/licenses/LICENSE-d3', 'LICENSE-d3');
copyFileSync('node_modules/zrender/LICENSE', 'LICENSE-zrender');
copyFileSync('node_modules/tslib/LICENSE.txt', 'LICENSE-tslib');
const { version } = JSON.parse(readFileSync('node_modules/echarts/package.json', 'utf8'));
console.log(`ECharts ${version}: ${code.length} bytes`);
