package task

// Format names the way a task file is written.
type Format string

// The formats that are read. The names are those of reports and of the
// --format flag.
const (
	JSONL         Format = "jsonl"          // our own JSON Lines
	CSV           Format = "csv"            // our own CSV
	PrizeCSV      Format = "isp_csv"        // Inverse Scaling Prize
	PrizeJSONL    Format = "isp_jsonl"      // Inverse Scaling Prize, data release
	BigBench      Format = "bigbench"       // BIG-bench task.json
	BigBenchHard  Format = "bbh"            // BIG-Bench-Hard
	ModelWritten  Format = "anthropic_mwe"  // model-written evaluations
	BBQ           Format = "bbq"            // Bias Benchmark for QA
	TruthfulQACSV Format = "truthfulqa_csv" // TruthfulQA, the questions
	TruthfulQAMC  Format = "truthfulqa_mc"  // TruthfulQA, multiple choice
	HarnessYAML   Format = "lm_eval_yaml"   // lm-evaluation-harness; see lib/task/harness
)

// Formats lists every format, in the order of this page.
var Formats = []Format{JSONL, CSV, PrizeCSV, PrizeJSONL, BigBench, BigBenchHard, ModelWritten, BBQ, TruthfulQACSV, TruthfulQAMC, HarnessYAML}
