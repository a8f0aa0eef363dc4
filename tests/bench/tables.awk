# SPDX-License-Identifier: BSD-2-Clause
#
# tables.awk: puts what make bench and make bench-placement have printed into
# docs/performance.md:
#
#	awk -f tests/bench/tables.awk bench.log placement.log \
#		docs/performance.md >new && mv new docs/performance.md
#
# A table stands between <!-- NAME --> and <!-- end -->.  One of which the logs
# say nothing stays as it is.

function add(name, line)
{
	text[name] = text[name] line "\n"
}

function spaced(name)
{
	gsub(/_/, " ", name)
	return name
}

# Rows by the name they begin with, columns by length and distance.
function cell(name, row, column, value)
{
	if (!((name, row) in known)) {
		known[name, row] = 1
		order[name, ++rows[name]] = row
	}
	if (!((name, "", column) in known)) {
		known[name, "", column] = 1
		heading[name, ++columns[name]] = column
	}
	value_of[name, row, column] = value
}

# Columns in the order given, of those there are; or as they came.
function table(name, wanted,    n, i, j, want, line, dash, v)
{
	if (!rows[name])
		return
	n = split(wanted, want, "|")
	if (!n)
		for (n = 0; n < columns[name]; n++)
			want[n + 1] = heading[name, n + 1]
	line = "|"
	dash = "|---"
	for (i = 1; i <= n; i++) {
		line = line " | " want[i]
		dash = dash "|---"
	}
	add(name, line " |")
	add(name, dash "|")
	for (j = 1; j <= rows[name]; j++) {
		line = "| " order[name, j]
		for (i = 1; i <= n; i++) {
			v = value_of[name, order[name, j], want[i]]
			line = line " | " (v == "" ? "–" : v)
		}
		add(name, line " |")
	}
}

function tables()
{
	made = 1
	rate = "64 B near|64 B far|512 B near|512 B far|1500 B near|1500 B far"
	table("rates", rate)
	table("both", "64 B near|64 B far|1500 B near|1500 B far")
	table("round-trips", "near|far|sleeping")
	table("times", "")
	table("tcp", "")
	table("instructions", "")
	table("placement", "")
	if ("ratios" in text)
		text["ratios"] = "```\n" text["ratios"] "```\n"
}

FILENAME !~ /\.md$/ && /^Machine: / { add("machine", $0 ".") }
FILENAME !~ /\.md$/ && /^(ratio|stalled-receiver) / { add("ratios", $0) }
FILENAME !~ /\.md$/ && /^[^ ]/ {
	part = ""
	if (/^Instructions per frame/) part = "instructions"
	if (/^Nanoseconds a frame/) part = "times"
	if (/^Medians, one way/) part = "rates"
	if (/^Both ways/) part = "both"
	if (/^Round trips/) part = "round-trips"
	if (/^Sleeping/) part = "sleeping"
	if (match($0, /^TCP, .* \(name/)) {
		part = "tcp"
		what = substr($0, 6, RLENGTH - 11)
	}
	if (/^Medians: /) part = "placement"
}
FILENAME !~ /\.md$/ && part == "instructions" && /^  .* [0-9.]+$/ {
	name = $0
	sub(/ +[0-9.]+$/, "", name)
	cell(part, substr(name, 3), "instructions a frame", $NF)
}
FILENAME !~ /\.md$/ && part == "times" && / ns, / {
	name = $1
	sub(/-/, " ", name)
	cell(part, name, "ns a frame", $2)
}
FILENAME !~ /\.md$/ && (part == "rates" || part == "both") && NF == 7 &&
/^  / {
	cell(part, $1, $2 " B " $3, sprintf($4 < 1 ? "%.2f" : "%.1f", $4))
}
FILENAME !~ /\.md$/ && (part == "round-trips" || part == "sleeping") &&
/^  / && NF == 7 {
	cell("round-trips", $1, part == "sleeping" ? part : $3,
		sprintf("%.2f", $4))
}
FILENAME !~ /\.md$/ && part == "tcp" && /^  / && NF == 5 {
	cell(part, $1, what, $2 < 100 ? $2 + 0 : int($2 + 0.5))
}
FILENAME !~ /\.md$/ && part == "placement" && NF == 7 {
	if ($1 == "case")
		split($0, field)
	else
		for (i = 2; i <= NF; i++)
			cell(part, $1, spaced(field[i]), $i == "-" ? "" : $i + 0)
}

FILENAME ~ /\.md$/ && !made { tables() }
FILENAME ~ /\.md$/ && /^<!-- end -->$/ { inside = 0 }
FILENAME ~ /\.md$/ && !inside { print }
FILENAME ~ /\.md$/ && /^<!-- [a-z-]+ -->$/ && $2 in text {
	printf "\n%s\n", text[$2]
	inside = 1
}
