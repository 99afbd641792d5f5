// Package echarts holds the script that makes the charts of a page live: Apache ECharts 6.1.0, with the
// chart kinds that Bellwether draws, and the code that finds charts on a page (page.js). It is a package
// of its own so that only what puts the script on a page links its 250 kB.
//
// The build is made by esbuild from the pinned package-lock.json; `go generate ./lib/chart/echarts` repeats
// it (with npm and a network) and a test compares the checksum. ECharts is licensed under the Apache License 2.0;
// LICENSE, NOTICE and the licences of what it contains lie beside it.
package echarts

//go:generate npm ci --no-audit --no-fund
//go:generate npm run --silent build

import (
	_ "embed"
	"encoding/base64"
	"strings"
)

// Version of Apache ECharts in the build.
const Version = "6.1.0"

//go:embed echarts.js.gz
var packed string

//go:embed echarts.js.sha256
var checksum string

//go:embed load.js
var loader string

// Script returns a <script> element of 336 kB. It may stand anywhere on a page, before or after the charts,
// and any number of times: the first one found starts the library, later ones do nothing. It makes no
// request, defines no global and does not see requirejs' define. In a browser without DecompressionStream
// (Safari before 16.4) pictures stay as they are.
func Script() string {
	sum, _, _ := strings.Cut(checksum, " ")
	var b strings.Builder
	b.WriteString("<script>")
	b.WriteString(strings.TrimSpace(loader))
	b.WriteString(`("` + sum + `","`)
	b.WriteString(base64.StdEncoding.EncodeToString([]byte(packed)))
	b.WriteString(`")</script>`)
	return b.String()
}
